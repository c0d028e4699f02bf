import mxnet as mx
from matplotlib import pyplot as plt

from gluon_pix2pix import ResnetGenerator
from gluon_pix2pix.graph_plots import draw_symbol
from gluon_pix2pix.onnx_graphs import traced
from gluon_pix2pix.resnet import ResnetBlock


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def test_every_operator_is_drawn_once_with_its_weights():
    figure = draw_symbol(traced(ResnetBlock(16, padding="zero")))
    said = texts(figure)
    assert said.count("Convolution") == said.count("InstanceNorm") == 2
    assert said.count("input") == said.count("Activation") == 1
    assert said.count("2 arrays") == 4  # weight and bias, gamma and beta
    plt.close(figure)


def test_connections_are_all_there():
    figure = draw_symbol(traced(ResnetGenerator(3, n_blocks=1)))
    arrows = [text for text in figure.axes[0].texts if not text.get_text()]
    assert len(arrows) == len(figure.axes[0].patches)  # a chain, and one skip
    plt.close(figure)


def test_a_variable_alone():
    figure = draw_symbol(mx.sym.var("x"))
    assert texts(figure) == ["x"]
    plt.close(figure)
