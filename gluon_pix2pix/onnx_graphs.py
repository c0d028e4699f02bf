"""A generator as an ONNX graph: traced by MXNet, made readable, and able to sample.

ONNX describes a network as nodes of standard operators, which many programs run. Here
MXNet's own exporter writes them, for the plain form of a network; what is added is what
that exporter lacks.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import mxnet as mx
import numpy as np

from .convolution import plain_convolutions

OPSET = 13
MODES = ("sample", "deterministic")
_FORMAT = 7  # of the file: the oldest that knows the operators of opset 13
_LARGEST = 2**31 - 2**20  # a file of protobuf is smaller than 2 GiB
_NOISE, _DROPPED, _KEPT = "RandomUniformLike", "dropped_share_", "kept_share_"


class ExportError(RuntimeError):
    """A model that cannot be written as what it was asked for; nothing was written."""


def onnx_packages():
    """Return the modules ``onnx`` and ``onnxruntime``.

    Raises
    ------
    ImportError
        If they are not installed, or MXNet's exporter does not work with them.
    """
    remedy = 'of this package: `pip install -c constraints.txt -e ".[onnx]"`.'
    try:
        import onnx
        import onnxruntime
    except ImportError:
        raise ImportError(f"Writing ONNX files needs an extra {remedy}") from None
    if tuple(map(int, onnx.__version__.split(".")[:2])) >= (1, 17):
        raise ImportError(f"onnx {onnx.__version__} is installed, and MXNet's exporter "
                          f"works with versions before 1.17: install the extra "
                          f"{remedy}")
    return onnx, onnxruntime


def least_side(netG) -> int:
    """Return the side of the smallest square that a generator takes."""
    return max(2**netG.num_downs, getattr(netG, "smallest", 1))


def traced(netG) -> mx.sym.Symbol:
    """Return the graph of a generator, from ``input`` to its picture, in plain layers.

    Without the detours that make it fast in MXNet on the CPU, so that every operator
    stands for a layer.
    """
    with plain_convolutions():
        return netG(mx.sym.var("input"))


def onnx_graph(netG, mode: str, name: str = "generator"):
    """Write a generator as an ONNX model of opset 13.

    Its input is called ``input``, ``(N, C, H, W) float32``, its output ``output``; N, H
    and W may be anything the generator takes. Weights are named by their place in the
    network, as in a checkpoint.

    Parameters
    ----------
    netG : HybridBlock
        A generator with ``in_channels``, ``num_downs``, and its parameters on the CPU.
    mode : {"sample", "deterministic"}
        As the network samples, with the statistics of each picture itself and with
        dropout, or with running statistics and without dropout.
    name : str
        What the graph is called.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    ExportError
        If it is too large for a file, or has a layer that MXNet cannot convert.
    ImportError
        If the extra is not installed.
    """
    onnx = onnx_packages()[0]
    if mode not in MODES:
        raise ValueError(f"There is no mode {mode!r}: choose "
                         f"{' or '.join(map(repr, MODES))}.")
    places = {param.name: place
              for place, param in netG._collect_params_with_prefix().items()}
    weights = {param.name: param.data() for param in netG.collect_params().values()}
    size = sum(4 * array.size for array in weights.values())
    if size > _LARGEST:
        raise ExportError(f"The weights take {size / 1e9:.1f} GB, and an ONNX file "
                          "holds 2.1 GB at most: train one with fewer channels (ngf), "
                          "or export it as a symbol.")
    symbol = traced(netG)
    side = least_side(netG)
    model = _converted(symbol, weights, (1, netG.in_channels, side, side))
    graph = model.graph
    _bypass_identities(graph, _dropouts(symbol) if mode == "sample" else {})
    if mode == "sample":
        _normalise_each_picture(graph)
    _rename(graph, {**places, graph.output[0].name: "output"})
    _keep_used_weights(graph)

    _, (shape,), _ = symbol.infer_shape(input=(1, netG.in_channels, side, side))
    for value, channels in ((graph.input[0], netG.in_channels),
                            (graph.output[0], shape[1])):
        value.CopyFrom(onnx.helper.make_tensor_value_info(
            value.name, onnx.TensorProto.FLOAT, ["N", channels, "H", "W"]))
    graph.name = name
    # The exporter claims the newest opset there is; what it writes is that of 13.
    del model.opset_import[:]
    model.opset_import.append(onnx.helper.make_opsetid("", OPSET))
    model.ir_version = _FORMAT
    return model


def dropout_layers(model) -> int:
    """Count the dropouts of an ONNX model."""
    return sum(node.op_type == _NOISE for node in model.graph.node)


def without_dropout(model):
    """Return a copy of an ONNX model whose dropouts drop nothing."""
    onnx = onnx_packages()[0]
    copy = type(model)()
    copy.CopyFrom(model)
    for array in copy.graph.initializer:
        for name, value in ((_DROPPED, 0), (_KEPT, 1)):
            if array.name.startswith(name):
                array.CopyFrom(onnx.numpy_helper.from_array(np.float32(value),
                                                            array.name))
    return copy


def _converted(symbol, weights, shape):
    """Let MXNet's exporter write a file, and read it."""
    from mxnet import onnx as exporter

    onnx = onnx_packages()[0]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "graph.onnx")
        try:
            exporter.export_model(symbol, weights, [shape], np.float32, path,
                                  dynamic=True)
        except (AttributeError, NotImplementedError) as error:
            raise ExportError(f"MXNet's exporter cannot write this network as ONNX "
                              f"({error}): export it as a symbol.") from error
        return onnx.load(path)


def _dropouts(symbol):
    """Return the rates of dropouts by their names: MXNet's exporter leaves them out."""
    return {node["name"]: float(node["attrs"]["p"])
            for node in json.loads(symbol.tojson())["nodes"] if node["op"] == "Dropout"}


def _bypass_identities(graph, dropouts):
    """Remove nodes that change nothing; those in the places of dropouts become such."""
    nodes, instead = [], {}
    for node in graph.node:
        node.input[:] = [instead.get(name, name) for name in node.input]
        result = node.output[0]
        if node.op_type != "Identity":
            nodes.append(node)
        elif result in dropouts:
            nodes += _dropout(node.input[0], result, dropouts[result])
        else:
            instead[result] = node.input[0]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(array for rate in sorted(set(dropouts.values()))
                             for array in _rates(rate))


def _dropout(x, result, rate):
    """Drop values at random, and enlarge the others, so that their mean stays.

    Not by ONNX's Dropout: onnxruntime removes it from a graph that it is to run,
    whatever its training mode says.
    """
    make_node = onnx_packages()[0].helper.make_node
    noise, chosen, mask, left = (f"{result}_{part}" for part in
                                 ("noise", "chosen", "mask", "left"))
    return [make_node(_NOISE, [x], [noise], name=noise, low=0.0, high=1.0),
            make_node("GreaterOrEqual", [noise, f"{_DROPPED}{rate}"], [chosen],
                      name=chosen),
            make_node("Cast", [chosen], [mask], name=mask, to=1),
            make_node("Mul", [x, mask], [left], name=left),
            make_node("Div", [left, f"{_KEPT}{rate}"], [result], name=result)]


def _rates(rate):
    from_array = onnx_packages()[0].numpy_helper.from_array
    return [from_array(np.float32(rate), f"{_DROPPED}{rate}"),
            from_array(np.float32(1 - rate), f"{_KEPT}{rate}")]


def _normalise_each_picture(graph):
    """Take the statistics of each picture instead of running ones.

    In a batch of one, which is how a generator samples, a batch normalisation does what
    an instance normalisation with the same gamma and beta does.
    """
    onnx = onnx_packages()[0]
    for node in graph.node:
        if node.op_type == "BatchNormalization":
            eps, = (a.f for a in node.attribute if a.name == "epsilon")
            node.CopyFrom(onnx.helper.make_node(
                "InstanceNormalization", node.input[:3], node.output, name=node.name,
                epsilon=eps))


def _rename(graph, names):
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = names.get(value.name, value.name)


def _keep_used_weights(graph):
    """Drop weights that no node takes, and take all of them from the inputs."""
    used = {name for node in graph.node for name in node.input}
    weights = [array for array in graph.initializer if array.name in used]
    del graph.initializer[:]
    graph.initializer.extend(weights)
    inputs = [value for value in graph.input if value.name == "input"]
    del graph.input[:]
    graph.input.extend(inputs)
