"""Floating-point operations of a network and of a training step, from its own graph.

Counted are the convolutions, a multiplication and an addition as two operations, with
the borders' zeros as if they were pixels. Normalisations, activations, losses and Adam
are left out: few operations, though they take more of the time. A layer's gradient for
its weights takes as many operations as the layer itself, and so does the one for its
input, which is needed only where something in front of it learns.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import prod

import mxnet as mx

LAYERS = ("Convolution", "Deconvolution", "FullyConnected")


@dataclass(frozen=True)
class Layer:
    """One convolution: its operations, and whether anything in front of it learns."""

    name: str
    operations: int
    behind_weights: bool


def layers(net: mx.gluon.HybridBlock, shape: tuple[int, ...]) -> list[Layer]:
    """List the layers with weights of a built network.

    Parameters
    ----------
    net : HybridBlock
        It is traced with a symbol, not run.
    shape : tuple of int
        Of its input.

    Raises
    ------
    ValueError
        If nothing in the graph is a layer that is counted.
    """
    graph = mx.sym.Group(_flat(net(mx.sym.var("data"))))
    everything = graph.get_internals()
    _, shapes, _ = everything.infer_shape(data=shape)
    shapes = dict(zip(everything.list_outputs(), shapes))
    trained = {name for name, parameter in net.collect_params().items()
               if parameter.grad_req != "null"}
    nodes = json.loads(graph.tojson())["nodes"]

    found, learns = [], []  # of each node: whether it holds, or comes behind, weights
    for node in nodes:
        sources = [entry[0] for entry in node["inputs"]]
        learns.append(node["name"] in trained or any(learns[i] for i in sources))
        kernel = (_learned(nodes[sources[1]], nodes, trained)
                  if node["op"] in LAYERS else None)
        if kernel is not None:  # None: a mean, say, whose kernel nobody trains
            before = nodes[sources[0]]
            # Each place of a convolution's output is a sum over all filters; each place
            # of a transposed one's input is multiplied with all of them.
            tensor = before if node["op"] == "Deconvolution" else node
            pictures, _, *sides = shapes[_output(tensor)]
            operations = 2 * pictures * prod(sides) * prod(shapes[kernel])
            found.append(Layer(node["name"], operations, learns[sources[0]]))
    if not found:
        raise ValueError(f"No convolution found in {type(net).__name__}.")
    return found


def _flat(results):
    """List what a network returns: a symbol, or lists of lists of them."""
    if isinstance(results, mx.sym.Symbol):
        return [results]
    return [symbol for result in results for symbol in _flat(result)]


def _learned(node, nodes, trained):
    """Name the weight behind what a layer multiplies with, which may be padded."""
    while node["name"] not in trained:
        if not node["inputs"]:
            return None
        node = nodes[node["inputs"][0][0]]
    return node["name"]


def _output(node):
    """Name what a node gives, as MXNet lists it."""
    return node["name"] if node["op"] == "null" else f"{node['name']}_output"


def forward(network: list[Layer]) -> int:
    """Count a forward pass."""
    return sum(layer.operations for layer in network)


def backward(network: list[Layer], to_weights: bool = True, to_input: bool = False,
             ) -> int:
    """Count a backward pass: to the weights, through the network to its input, or both.

    Only the layers in front of all weights need nothing for their input by default.
    """
    return sum(layer.operations * (to_weights + (to_input or layer.behind_weights))
               for layer in network)


def step(generator: list[Layer], discriminator: list[Layer]) -> int:
    """Count a training step of pix2pix: what it cannot do without.

    G forward and backward once; D forward and backward on a fake and a real pair; in
    the generator's turn D forward, and backward to the picture but not to its weights.
    """
    return (forward(generator) + backward(generator)
            + 2 * (forward(discriminator) + backward(discriminator))
            + forward(discriminator)
            + backward(discriminator, to_weights=False, to_input=True))


def cycle_step(generator: list[Layer], discriminator: list[Layer]) -> int:
    """Count a training step of CycleGAN: what it cannot do without.

    Each generator runs forward and backward on a real picture, on a generated one (and
    back to that picture), and for the identity loss; each discriminator once on the way
    to a generator, to the picture but not to its own weights, and on a fake and a real
    picture in its own turn.
    """
    runs = (3 * forward(generator) + 2 * backward(generator)
            + backward(generator, to_input=True))
    judgements = (3 * forward(discriminator) + 2 * backward(discriminator)
                  + backward(discriminator, to_weights=False, to_input=True))
    return 2 * (runs + judgements)


def hd_step(generator: list[Layer], discriminator: list[Layer], encoder: list[Layer],
            ) -> int:
    """Count a training step of pix2pixHD: what it cannot do without.

    G and E forward and backward once; D forward and backward on a fake and a real pair,
    and once more backward from the fake one to the picture but not to D's weights. The
    few operations of G's first layer towards E's features are left out.
    """
    return (forward(generator) + backward(generator)
            + forward(encoder) + backward(encoder)
            + 2 * (forward(discriminator) + backward(discriminator))
            + backward(discriminator, to_weights=False, to_input=True))
