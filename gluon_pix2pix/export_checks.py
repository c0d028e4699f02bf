"""Whether an exported generator gives the pictures that the network gives."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
from mxnet import nd
from mxnet.gluon import nn

from .onnx_graphs import ExportError, least_side

_SIDE = 256  # compared at most at this size, which takes seconds
Differences = dict[tuple[int, int, int], float]
Translate = Callable[[nd.NDArray], nd.NDArray]


def differences(theirs: Translate, ours: Translate, netG, size: int) -> Differences:
    """Compare two ways to translate, at two sizes, with one and with two pictures.

    Parameters
    ----------
    theirs, ours : callable
        Turn a batch into translations.
    netG : HybridBlock
        A generator with ``in_channels``, ``num_downs`` and perhaps ``smallest``.
    size : int
        Side of the first pictures, as far as the generator takes it, and 256 at most.
        The others are wider by one step.

    Returns
    -------
    dict of (int, int, int) to float
        By ``(N, H, W)``: the largest difference of any value.
    """
    multiple = 2**netG.num_downs
    side = max(min(size, _SIDE) // multiple * multiple, least_side(netG))
    rng = np.random.RandomState(0)
    found = {}
    for width in (side, side + multiple):
        for count in (1, 2):
            x = nd.array(rng.uniform(-1, 1, (count, netG.in_channels, side, width)))
            found[count, side, width] = float(
                np.abs(theirs(x).asnumpy() - ours(x).asnumpy()).max())
    return found


def check_differences(found: Differences, tolerance: float, by: str) -> None:
    """Raise ExportError if any is larger than the tolerance, or NaN."""
    wrong = {shape: value for shape, value in found.items() if not value <= tolerance}
    if wrong:
        (count, height, width), value = max(wrong.items(), key=lambda item: item[1])
        raise ExportError(
            f"What was exported gives other pictures in {by}: values differ by up to "
            f"{value:.2g} in {count} of {width}x{height} pixels, and {tolerance:.2g} "
            "is allowed. Nothing was written.")


def check_noise(run: Translate, netG) -> None:
    """Raise ExportError if a graph with dropout paints the same picture twice."""
    side = least_side(netG)
    x = nd.array(np.random.RandomState(0).randn(1, netG.in_channels, side, side))
    if np.array_equal(run(x).asnumpy(), run(x).asnumpy()):
        raise ExportError("onnxruntime paints the same picture twice where dropout is "
                          "on: export with mode='deterministic'.")


def checked_bytes(onnx, model) -> bytes:
    """Let ``onnx`` check a model, and return it as bytes; ExportError if it fails."""
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ExportError(f"The graph does not pass the checks of onnx ({error}): "
                          "export it as a symbol.") from error
    return model.SerializeToString()


def runner(onnxruntime, content: bytes) -> Translate:
    """Return what runs an ONNX model."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    return lambda x: nd.array(session.run(["output"], {"input": x.asnumpy()})[0])


@contextlib.contextmanager
def dropout_off(netG) -> Iterator[None]:
    """Leave dropout out, in train mode too: with it, no two pictures are the same."""
    rates = {}

    def find(layer):
        if isinstance(layer, nn.Dropout):
            rates[layer] = layer._rate

    netG.apply(find)
    try:
        for layer in rates:
            layer._rate = 0
        yield
    finally:
        for layer, rate in rates.items():
            layer._rate = rate
