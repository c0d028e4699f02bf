"""Models out: ONNX files and symbols give the pictures that the networks give."""

import collections
import sys

import mxnet as mx
import numpy as np
import pytest
from mxnet import nd
from mxnet.gluon import nn

from gluon_pix2pix import (
    CycleGAN,
    Pix2Pix,
    Pix2PixHD,
    __version__,
    export,
    onnx_graphs,
    save_checkpoint,
)
from gluon_pix2pix.checkpoint import load_translating
from gluon_pix2pix.export import ExportError, to_onnx, to_symbol
from gluon_pix2pix.export_facts import licence
from gluon_pix2pix.translation import apply


def lively(net):
    """Give running statistics and affine parameters values a training would."""
    for name, param in net.collect_params().items():
        if name.endswith("running_mean"):
            param.set_data(nd.random.normal(0, 0.3, param.shape))
        elif name.endswith("running_var"):
            param.set_data(nd.random.uniform(0.5, 2, param.shape))
        elif name.endswith(("gamma", "beta")) and param.grad_req != "null":
            param.set_data(nd.random.normal(0.5, 0.5, param.shape))
    return net


def runs(path):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path),
                                           providers=["CPUExecutionProvider"])
    return lambda x: session.run(["output"], {"input": x.asnumpy()})[0]


def noise(*shape):
    return nd.random.uniform(-1, 1, shape)


@pytest.mark.parametrize("changes", [
    {}, {"ngf": 16}, {"norm": "batch_plain"}, {"norm": "instance"}, {"norm": "none"},
    {"upsampling": "resize"}, {"skip": False}, {"in_channels": 1, "out_channels": 1},
], ids=str)
@pytest.mark.parametrize("mode", ["sample", "deterministic"])
def test_a_unet_paints_the_same_in_onnxruntime(onnx, tiny, tmp_path, changes, mode):
    model = Pix2Pix(tiny.replace(use_dropout=False, init="xavier", init_gain=0.7,
                                 **changes))
    lively(model.netG)
    found = to_onnx(model, tmp_path / "a.onnx", mode=mode)
    assert set(found.differences) == {(1, 32, 32), (2, 32, 32), (1, 32, 64),
                                      (2, 32, 64)}
    run, x = runs(found.files[0]), noise(2, model.config.in_channels, 64, 32)
    ours = model.translate(x, sample=mode == "sample").asnumpy()
    assert ours.std() > 0.01
    np.testing.assert_allclose(run(x), ours, atol=1e-4)
    assert found.difference <= 1e-4


@pytest.mark.parametrize("changes", [
    {}, {"norm": "batch", "padding": "zero"}, {"norm": "none", "upsampling": "resize"},
    {"in_channels": 1, "lambda_identity": 0.0},
], ids=str)
def test_both_ways_of_a_cyclegan(onnx, tiny_cycle, tmp_path, changes):
    model = CycleGAN(tiny_cycle.replace(**changes))
    for direction, net in (("AtoB", model.netG), ("BtoA", model.netF)):
        lively(net)
        x = noise(2, net.in_channels, 12, 20)
        for mode in ("sample", "deterministic"):
            path = tmp_path / f"{direction}_{mode}.onnx"
            to_onnx(model, path, direction, mode)
            np.testing.assert_allclose(
                runs(path)(x),
                model.translate(x, direction, mode == "sample").asnumpy(), atol=1e-4)


@pytest.mark.parametrize("changes", [
    {"features": "none"}, {}, {"generator": "local"}, {"generator": "local", "ngf": 16,
                                                       "n_enhancers": 2},
    {"label_nc": 0, "features": "none"}, {"norm": "batch", "upsampling": "resize"},
], ids=str)
def test_a_pix2pixhd_paints_what_is_encoded(onnx, tiny_hd, tmp_path, changes):
    model = Pix2PixHD(tiny_hd.replace(**changes))
    lively(model.netG)
    to_onnx(model, tmp_path / "a.onnx")
    x = noise(2, model.config.generator_channels, 16, 24)
    np.testing.assert_allclose(runs(tmp_path / "a.onnx")(x),
                               apply(model.netG, x).asnumpy(), atol=1e-4)


def test_dropout_is_another_one_each_time(onnx, tiny, tmp_path):
    model = Pix2Pix(tiny.replace(size=128, num_downs=7))
    path = to_onnx(model, tmp_path / "a.onnx").files[0]
    x = noise(2, 3, 128, 128)
    run = runs(path)
    first, second = run(x), run(x)
    assert np.abs(first - second).max() > 1e-3
    graph = onnx.load(path).graph
    masks = [node.output[0] for node in graph.node if node.op_type == "Cast"]
    assert len(masks) == 2  # units around the innermost one
    drawn = with_outputs(onnx, path, masks)(x)
    for mask in drawn:
        values = mask.size
        assert abs((mask == 0).mean() - 0.5) < 4 * 0.5 / values**0.5
        assert set(np.unique(mask)) == {0, 1}
        assert (mask[0] != mask[1]).any()  # nor do two pictures share one
    first, second = (mask.ravel()[:1000] for mask in drawn)  # nor do two layers
    assert abs((first == second).mean() - 0.5) < 0.1


def with_outputs(onnx, path, names):
    """Run a file that shows what is inside as well."""
    import onnxruntime

    model = onnx.load(path)
    for name in names:
        model.graph.output.append(
            onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return lambda x: session.run(names, {"input": x.asnumpy()})


def test_what_is_kept_is_enlarged_as_in_mxnet(onnx, tiny, tmp_path):
    model = Pix2Pix(tiny.replace(size=64, num_downs=6))
    path = to_onnx(model, tmp_path / "a.onnx").files[0]
    node, = (node for node in onnx.load(path).graph.node if node.op_type == "Div")
    before, = (node for node in onnx.load(path).graph.node if node.op_type == "Mul")
    x, y = with_outputs(onnx, path, [before.input[0], node.output[0]])(noise(1, 3, 64,
                                                                             64))
    kept = y != 0
    np.testing.assert_allclose(y[kept], 2 * x[kept], rtol=1e-6)


def test_deterministic_has_no_dropout(onnx, tiny, tmp_path):
    model = Pix2Pix(tiny.replace(size=64, num_downs=6))
    run = runs(to_onnx(model, tmp_path / "a.onnx", mode="deterministic").files[0])
    x = noise(1, 3, 64, 64)
    np.testing.assert_array_equal(run(x), run(x))
    np.testing.assert_allclose(run(x), model.translate(x, sample=False).asnumpy(),
                               atol=1e-4)


def test_a_picture_does_not_depend_on_its_neighbour(onnx, tiny, tmp_path):
    model = Pix2Pix(tiny)
    lively(model.netG)
    run, x = runs(to_onnx(model, tmp_path / "a.onnx").files[0]), noise(2, 3, 32, 32)
    np.testing.assert_allclose(run(x)[:1], run(x[:1]), atol=1e-5)


def test_the_file_is_plain_and_says_what_it_is(onnx, tiny_hd, tmp_path):
    model = Pix2PixHD(tiny_hd.replace(norm="none"))
    found = to_onnx(model, tmp_path / "a.onnx", dataset="cityscapes_hd")
    file = onnx.load(found.files[0])
    assert [(entry.domain, entry.version) for entry in file.opset_import] == [("", 13)]
    assert [value.name for value in file.graph.input] == ["input"]
    assert [value.name for value in file.graph.output] == ["output"]
    shapes = [[side.dim_param or side.dim_value
               for side in value.type.tensor_type.shape.dim]
              for value in (*file.graph.input, *file.graph.output)]
    assert shapes == [["N", 39, "H", "W"], ["N", 3, "H", "W"]]
    operators = collections.Counter(node.op_type for node in file.graph.node)
    assert set(operators) == {"Pad", "Conv", "Relu", "Add", "ConvTranspose", "Tanh"}
    weights = {array.name: tuple(array.dims) for array in file.graph.initializer}
    for name, param in model.netG._collect_params_with_prefix().items():
        assert weights[name] == param.shape
    about = {entry.key: entry.value for entry in file.metadata_props}
    assert about == found.facts
    assert about["data_range"] == "-1 1" and about["channel_order"] == "RGB"
    assert about["size_multiple"] == "2" and about["licence"].startswith("Cityscapes")
    assert (about["label_nc"], about["use_instances"], about["n_features"]) == (
        "35", "1", "3")
    assert "one-hot" in about["input"]
    assert about["mxnet"] == mx.__version__ and about["gluon_pix2pix"] == __version__


def test_data_of_ones_own_has_no_known_licence(onnx, model, tmp_path):
    found = to_onnx(model, tmp_path / "a.onnx", dataset="my_pictures")
    assert found.facts["licence"].startswith("unknown")
    assert to_onnx(model, tmp_path / "a.onnx", dataset="toy_facades_64px_8"
                   ).facts["licence"].endswith("Apache-2.0")
    assert licence("toy_cars").startswith("unknown")  # somebody's photos


def test_a_run_is_exported_as_its_model_is(onnx, tiny_cycle, tmp_path):
    model = CycleGAN(tiny_cycle)
    save_checkpoint(tmp_path / "run", model)
    found = to_onnx(load_translating(tmp_path / "run"), tmp_path / "a.onnx", "BtoA")
    x = noise(1, 3, 32, 32)
    np.testing.assert_allclose(runs(found.files[0])(x),
                               model.translate(x, "BtoA").asnumpy(), atol=1e-4)
    assert found.facts["direction"] == "BtoA"


def test_model_and_random_numbers_stay_as_they_are(onnx, model, batch, tmp_path):
    model.step(*batch)
    before = {name: param.data().asnumpy()
              for name, param in model.netG.collect_params().items()}
    mx.random.seed(3)
    expected = nd.random.uniform(shape=4).asnumpy()
    mx.random.seed(3)
    to_onnx(model, tmp_path / "a.onnx")
    np.testing.assert_array_equal(nd.random.uniform(shape=4).asnumpy(), expected)
    for name, param in model.netG.collect_params().items():
        np.testing.assert_array_equal(param.data().asnumpy(), before[name])
    model.step(*batch)


def test_files_are_the_same_whatever_was_built_before(onnx, model, tmp_path):
    first = to_onnx(model, tmp_path / "a.onnx").files[0].read_bytes()
    Pix2Pix(model.config)
    assert to_onnx(model, tmp_path / "b.onnx").files[0].read_bytes() == first


def test_what_differs_is_not_left_on_disk(onnx, model, tmp_path, monkeypatch):
    (tmp_path / "a.onnx").write_bytes(b"earlier")
    with pytest.raises(ExportError, match="differ by up to .* Nothing was written"):
        to_onnx(model, tmp_path / "a.onnx", tolerance=0)
    monkeypatch.setattr(onnx_graphs, "_normalise_each_picture", lambda graph: None)
    lively(model.netG)
    with pytest.raises(ExportError, match="differ by up to"):
        to_onnx(model, tmp_path / "a.onnx")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"earlier"]


def test_a_layer_that_mxnet_cannot_convert_is_named(onnx, tiny, tmp_path, monkeypatch):
    built = export.MODELS["pix2pix"].networks

    def strange(config):
        networks = built(config)
        networks["generator"].model.model.add(nn.HybridLambda(
            lambda F, x: F.rsqrt(F.abs(x) + 1)))
        return networks

    model = Pix2Pix(tiny)
    monkeypatch.setitem(export.MODELS, "pix2pix",
                        export.MODELS["pix2pix"]._replace(networks=strange))
    with pytest.raises(ExportError, match="rsqrt"):
        to_onnx(model, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_impossible_wishes_are_refused(onnx, model, tmp_path):
    with pytest.raises(ValueError, match="translates AtoB, and not BtoA"):
        to_onnx(model, tmp_path / "a.onnx", "BtoA")
    with pytest.raises(ValueError, match="no mode 'noise'"):
        to_onnx(model, tmp_path / "a.onnx", mode="noise")
    assert not list(tmp_path.iterdir())


def test_a_file_too_large_for_onnx_is_refused(onnx, model, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_graphs, "_LARGEST", 1000)
    with pytest.raises(ExportError, match="2.1 GB at most"):
        to_onnx(model, tmp_path / "a.onnx")


def test_without_the_extra_it_is_named(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r'pip install .*"\.\[onnx\]"'):
        to_onnx(model, tmp_path / "a.onnx")


@pytest.mark.filterwarnings("ignore:Cannot decide type")
@pytest.mark.parametrize("sample", [True, False])
def test_a_symbol_is_read_without_the_package(tiny, tmp_path, sample):
    model = Pix2Pix(tiny.replace(ngf=16))
    lively(model.netG)
    found = to_symbol(model, tmp_path / "g", dataset="facades")
    names = [path.name for path in found.files]
    assert names == ["g-symbol.json", "g-0000.params", "g.json"]
    block = nn.SymbolBlock.imports(str(found.files[0]), ["input"], str(found.files[1]))
    x = noise(2, 3, 32, 64)
    np.testing.assert_allclose(apply(block, x, sample=sample).asnumpy(),
                               model.translate(x, sample).asnumpy(), atol=1e-4)
    assert found.facts["licence"] in found.files[2].read_text(encoding="utf-8")


def test_a_symbol_that_differs_is_not_left_on_disk(model, tmp_path):
    with pytest.raises(ExportError, match="Nothing was written"):
        to_symbol(model, tmp_path / "g", tolerance=-1)
    assert not list(tmp_path.iterdir())
