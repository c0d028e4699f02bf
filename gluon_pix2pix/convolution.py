"""Gluon's 2-d convolution, with what oneDNN's fast kernels want on the CPU.

They take channels 16 at a time, and they compute in bfloat16 where the processor can.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Iterator
from pathlib import Path

from mxnet import autograd, nd
from mxnet.contrib.amp.amp import bfloat16
from mxnet.gluon import HybridBlock, nn

PRECISIONS = ("float32", "bfloat16")
_BLOCK = 16  # channels that oneDNN's kernels take at once
_LARGE = 2**24  # numbers; 64 MB
_plain = contextvars.ContextVar("plain", default=False)


class Conv2D(nn.Conv2D):
    """``nn.Conv2D`` with the same parameters and result, for ``(N, C, H, W)``.

    To fewer than 8 channels (a map of logits, a picture) it is computed as to 16, of
    which the others have zeros for weights and are thrown away: alone they would be
    left to a way that takes 2 to 4 times as long. With ``even_result`` the 16 are used
    better: 4 neighbouring pixels of a picture become channels of one, and a kernel of
    stride 2, larger by a pixel, computes them together.

    More than 16 channels that are no multiple of 16, as label maps have, get channels
    of zeros beside them: without, gradients take up to four times as long.

    On the CPU, where nothing is compiled or recorded, a large input is convolved some
    rows at a time: MXNet copies what it convolves into another order, and keeps the
    memory of up to four such copies for good.

    Parameters
    ----------
    even_result : bool
        Promises that height and width of the result are even, which a layer cannot see
        in a compiled network. It only matters to few channels, in strides of 1.
    zeros_given : bool
        The input has these channels of zeros already, as `ReflectionPad2D` adds them.

    All other parameters are those of ``nn.Conv2D``.

    Attributes
    ----------
    precision : {"float32", "bfloat16"}
        What it multiplies in; see `set_precision`. Input, output, weights and
        gradients are float32 in any case.

    Raises
    ------
    ValueError
        If the layout is not NCHW; when called, if a promised even result would be odd.
    """

    precision = "float32"

    def __init__(self, *args, even_result: bool = False, zeros_given: bool = False,
                 **kwargs):
        super().__init__(*args, **kwargs)
        options = self._kwargs
        if options["layout"] != "NCHW":
            raise ValueError(f"layout={options['layout']!r} is not possible here: "
                             "use 'NCHW', or nn.Conv2D.")
        self._few = self._channels < _BLOCK // 2
        self._zeros = (_missing_channels(self._in_channels)
                       if options["num_group"] == 1 else 0)
        self._zeros_given = zeros_given
        self._by_fours = (
            even_result and self._few and min(options["kernel"]) > 1
            and options["num_group"] == 1
            and {*options["stride"], *options["dilate"]} == {1})

    def forward(self, x, *args):
        if self._by_fours and isinstance(x, nd.NDArray):
            height, width = (
                side + 2 * pad - kernel + 1 for side, pad, kernel in
                zip(x.shape[2:], self._kwargs["pad"], self._kwargs["kernel"],
                    strict=True))
            if height % 2 or width % 2:
                raise ValueError(
                    f"A convolution to {height}x{width} pixels was built with "
                    "even_result=True: leave that out for odd sides.")
        return super().forward(x, *args)

    def hybrid_forward(self, F, x, weight, bias=None):
        if _plain.get():
            return super().hybrid_forward(F, x, weight, bias)
        options = dict(self._kwargs)
        if self._zeros:
            weight = _with_zero_channels(F, weight, self._zeros)
            if not self._zeros_given:
                x = _with_zero_channels(F, x, self._zeros)
        if self._by_fours:
            options.update(kernel=[side + 1 for side in options["kernel"]],
                           stride=(2, 2), num_filter=4 * self._channels)
            weight = _at_four_places(F, weight)
            bias = None if bias is None else F.concat(*[bias] * 4, dim=0)
        channels = options["num_filter"]
        missing = -channels % _BLOCK if self._few else 0
        if missing:
            options["num_filter"] = channels + missing
            weight = _with_zeros(F, weight, missing)
            bias = None if bias is None else _with_zeros(F, bias, missing)
        arrays = [x, weight] if bias is None else [x, weight, bias]
        if self.precision == "bfloat16":
            arrays = [F.amp_cast(array, dtype=bfloat16) for array in arrays]
        if (F is nd and x.size > _LARGE and not autograd.is_recording()
                and x.context.device_type == "cpu"
                and self.precision == "float32"):  # nd.pad knows no bfloat16
            y = _in_strips(*arrays, options=options)
        else:
            y = F.Convolution(*arrays, **options)
        if self.precision == "bfloat16":
            y = F.amp_cast(y, dtype="float32")
        if missing:
            y = F.slice_axis(y, axis=1, begin=0, end=channels)
        if self._by_fours:
            y = F.depth_to_space(y, block_size=2)
        return y if self.act is None else self.act(y)


@contextlib.contextmanager
def plain_convolutions() -> Iterator[None]:
    """Compute convolutions as Gluon does, in float32: one operator, and none around it.

    For a network that is traced with a symbol here, to run on something else.
    """
    token = _plain.set(True)
    try:
        yield
    finally:
        _plain.reset(token)


class ReflectionPad2D(nn.ReflectionPad2D):
    """``nn.ReflectionPad2D`` for a `Conv2D` that gets its channels of zeros from here.

    Added before the border, and not after it, they leave one copy less in memory: 0.3
    GB of the label map of a picture of 2048x1024.

    Parameters
    ----------
    padding : int
        Pixels to add at each side.
    in_channels : int
        Channels of the input.
    """

    def __init__(self, padding: int, in_channels: int, **kwargs):
        super().__init__(padding, **kwargs)
        self._zeros = _missing_channels(in_channels)

    def hybrid_forward(self, F, x):
        if self._zeros and not _plain.get():
            x = _with_zero_channels(F, x, self._zeros)
        return super().hybrid_forward(F, x)


class Conv2DTranspose(nn.Conv2DTranspose):
    """``nn.Conv2DTranspose``, with half of its memory outside of training.

    For a bias, MXNet's operator keeps a scratch space as large as its result, and keeps
    it for good. Where nothing is compiled or recorded, the bias is added in place.
    """

    def hybrid_forward(self, F, x, weight, bias=None):
        if bias is None or F is not nd or autograd.is_recording():
            return super().hybrid_forward(F, x, weight, bias)
        y = F.Deconvolution(x, weight, **{**self._kwargs, "no_bias": True})
        y = F.broadcast_add(y, bias.reshape((1, -1, 1, 1)), out=y)
        return y if self.act is None else self.act(y)


def _missing_channels(in_channels):
    return -in_channels % _BLOCK if in_channels > _BLOCK else 0


def _in_strips(x, *weights, options):
    """Convolve some rows at a time: so many that they are no large input."""
    (kernel, _), (stride, _), (pad, beside) = (
        options[name] for name in ("kernel", "stride", "pad"))
    reach = options["dilate"][0] * (kernel - 1) + 1
    height = (x.shape[2] + 2 * pad - reach) // stride + 1
    rows = max(1, height * _LARGE // x.size)
    strips = []
    for top in range(0, height, rows):
        first = top * stride - pad
        last = (min(top + rows, height) - 1) * stride - pad + reach
        strip = x[:, :, max(first, 0):last]
        above, below = max(-first, 0), max(last - x.shape[2], 0)
        if above or below:
            strip = nd.pad(strip, mode="constant", constant_value=0,
                           pad_width=(0, 0, 0, 0, above, below, 0, 0))
        strips.append(nd.Convolution(strip, *weights,
                                     **{**options, "pad": (0, beside)}))
    return nd.concat(*strips, dim=2)


def _at_four_places(F, filters):
    """Put the filters into kernels larger by a pixel, four times: at each corner.

    In the order in which ``depth_to_space`` puts the results side by side.
    """
    def placed(top, left):
        return F.pad(filters, mode="constant", constant_value=0,
                     pad_width=(0, 0, 0, 0, top, 1 - top, left, 1 - left))

    return F.concat(*[placed(top, left) for top in (0, 1) for left in (0, 1)], dim=0)


def _with_zero_channels(F, arrays, count):
    """Append so many channels of zeros, which are one in memory."""
    zero = F.zeros_like(F.slice_axis(arrays, axis=1, begin=0, end=1))
    # Flat, for the reason that `concat_channels` has.
    parts = [F.reshape(part, shape=(0, 0, -1)) for part in (arrays, *[zero] * count)]
    return F.reshape_like(F.concat(*parts, dim=1), arrays, lhs_begin=2, lhs_end=3,
                          rhs_begin=2, rhs_end=4)


def _with_zeros(F, filters, count):
    """Append so many filters of zeros, or zeros to the biases."""
    zero = F.zeros_like(F.slice_axis(filters, axis=0, begin=0, end=1))
    return F.concat(filters, *[zero] * count, dim=0)


def set_precision(net, precision: str, ctx=None) -> None:
    """Let the convolutions of a network multiply in another precision.

    bfloat16 keeps the range of float32 and 8 of its 24 significant bits, and sums up in
    float32. It is used where it saves time: in convolutions from and to at least 16
    channels. Transposed convolutions stay in float32, because MXNet 1.9.1 crashes in
    the gradient of their weights.

    Parameters
    ----------
    net : Block
        A network of `Conv2D` layers.
    precision : {"float32", "bfloat16"}
        The weights stay float32 either way.
    ctx : Context, optional
        Where the network computes; by default on the CPU.

    Raises
    ------
    ValueError
        If there is no such precision.
    RuntimeError
        If this device cannot multiply in it.
    """
    if precision not in PRECISIONS:
        raise ValueError(f"There is no precision {precision!r}: choose one of "
                         f"{', '.join(PRECISIONS)}.")
    problem = None
    if precision == "bfloat16":
        on_gpu = ctx is not None and ctx.device_type != "cpu"
        problem = ("MXNet 1.9.1 multiplies in it on CPUs only" if on_gpu
                   else bfloat16_problem())
    if problem:
        raise RuntimeError(f"precision='bfloat16' is not possible here: {problem}. Use "
                           "precision='float32'.")

    def change(layer):
        if isinstance(layer, Conv2D):
            wide = min(layer._in_channels, layer._channels) >= _BLOCK
            layer.precision = precision if wide else "float32"
        if isinstance(layer, HybridBlock):
            layer._clear_cached_op()  # a graph that was compiled keeps its precision

    net.apply(change)


@functools.cache
def bfloat16_problem() -> str | None:
    """Say why this computer's CPU cannot multiply in bfloat16; None if it can."""
    import mxnet as mx

    if not mx.runtime.Features().is_enabled("MKLDNN"):
        return "this MXNet is built without oneDNN, whose kernels do it"
    try:
        info = Path("/proc/cpuinfo").read_text()
    except OSError:
        return "only on Linux can be seen whether the processor has instructions for it"
    if not {"avx512_bf16", "amx_bf16"} & set(info.split()):
        return ("the processor has no instructions for it (/proc/cpuinfo lists neither "
                "avx512_bf16 nor amx_bf16)")
    return None
