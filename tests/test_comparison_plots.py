import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from gluon_pix2pix.comparison import Comparison
from gluon_pix2pix.comparison_plots import (
    ComparisonPlot,
    comparison_grid,
    plot_comparison,
)
from gluon_pix2pix.experiments import Experiment, Result


@pytest.fixture
def compared(tiny, tmp_path):
    asked = Experiment(
        "tried", "Which is it?", tiny, {"A": {"ndf": 4}, "B": {"ndf": 8}},
        seeds=(0, 1), scores=("class_iou", "l1"),
        paper={"A": {"class_iou": .1}, "B": {"class_iou": .2}})
    results = []
    for variant in "AB":
        for seed in (0, 1):
            folder = tmp_path / f"{variant}{seed}"
            (folder / "outputs").mkdir(parents=True)
            for number in range(2):
                Image.new("RGB", (32, 32), (10 * number, 100 * seed, 200)).save(
                    folder / "outputs" / f"{number}.png")
            results.append(Result(variant, seed, {"class_iou": 0.1 + seed, "l1": 0.3},
                                  {"real": {"class_iou": 0.9}}, folder))
    yield Comparison(asked, results)
    plt.close("all")


def _dots(ax):
    return sorted(x for line in ax.lines if line.get_marker() == "o"
                  for x in line.get_xdata())


def test_every_seed_is_a_dot_and_the_paper_has_its_own_panel(compared):
    figure = plot_comparison(compared)
    iou, l1, paper = figure.axes
    assert _dots(iou) == [0.1, 0.1, 1.1, 1.1] and _dots(l1) == [0.3] * 4
    assert [line.get_xdata()[0] for line in paper.lines] == [0.1, 0.2]
    assert [text.get_text() for text in iou.get_yticklabels()] == ["A", "B"]
    assert len(iou.lines) == len(l1.lines) + 1  # no real picture has an L1
    legend, = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["real pictures"]
    figure.canvas.draw()


def test_the_floor_is_a_line_of_its_own(compared):
    for result in compared.results.values():
        result.references["one_picture"] = {"class_iou": 0.05, "l1": 0.4}
    figure = plot_comparison(compared)
    iou, l1, _ = figure.axes
    for ax, floor in ((iou, 0.05), (l1, 0.4)):
        dotted, = (line for line in ax.lines if line.get_linestyle() == ":")
        assert list(dotted.get_xdata()) == [floor, floor]
    legend, = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "real pictures", "one picture for all"]


def test_it_grows(compared):
    del compared.results["B", 1], compared.results["B", 0]
    assert _dots(plot_comparison(compared).axes[0]) == [0.1, 1.1]
    compared.results.clear()
    assert _dots(plot_comparison(compared).axes[0]) == []


def test_outside_of_a_notebook_nothing_is_shown(compared, capsys):
    ComparisonPlot(compared).update()
    assert capsys.readouterr().out == "" and not plt.get_fignums()


def test_pictures_stand_side_by_side(compared):
    image = np.zeros((3, 32, 32), np.float32)
    held_out = [(image - 1, image + 1)] * 3
    axes = np.array(comparison_grid(compared, held_out, seed=1,
                                    numbers=range(2)).axes).reshape(2, 4)
    titles = [ax.get_title() for ax in axes[0]]
    assert titles == ["input", "A", "B", "target"]
    shown = [ax.images[0].get_array() for ax in axes[1]]
    assert [tuple(picture[0, 0]) for picture in shown] == [
        (0, 0, 0), (10, 100, 200), (10, 100, 200), (255, 255, 255)]
    small = comparison_grid(compared, held_out, numbers=[0], crop=8).axes
    assert all(ax.images[0].get_array().shape == (8, 8, 3) for ax in small)


def test_what_was_not_trained_is_not_shown(compared):
    with pytest.raises(ValueError, match="seed 7"):
        comparison_grid(compared, [], seed=7)
