"""Small pieces all networks share: normalisation, initial weights, concatenation."""

from __future__ import annotations

import mxnet as mx
import numpy as np
from mxnet import nd
from mxnet.gluon import nn

from .convolution import Conv2D, Conv2DTranspose
from .instance_norm import InstanceNorm


def norm_layer(norm: str, channels: int) -> nn.HybridBlock:
    """Return a fresh normalisation of a ``(N, channels, H, W)`` activation.

    ``batch``: over batch and space, affine, with running statistics. ``batch_plain``:
    the same without affine parameters (what the MindSpore tutorial calls its instance
    norm). ``instance``: over the space of each picture alone, without affine
    parameters. ``none``: identity.

    MXNet's ``momentum`` weighs the *old* running value, PyTorch's the new one: the
    reference's 0.1 there is 0.9 here.
    """
    if norm in ("batch", "batch_plain"):
        affine = norm == "batch"
        return nn.BatchNorm(momentum=0.9, epsilon=1e-5, center=affine, scale=affine,
                            in_channels=channels)
    if norm == "instance":
        return InstanceNorm(channels)
    if norm == "none":
        return nn.HybridLambda("identity")
    raise ValueError(f"Unknown norm {norm!r}: choose 'batch', 'batch_plain', "
                     "'instance' or 'none'.")


def doubling(upsampling: str, channels: int, in_channels: int, kernel_size: int = 4,
             use_bias: bool = True) -> nn.HybridBlock:
    """Return the layer that turns ``(N, in_channels, H, W)`` into twice the size.

    Parameters
    ----------
    upsampling : {"deconvolution", "resize"}
        A transposed convolution of stride 2, as in the papers, or each pixel repeated
        2 x 2 times and a convolution of stride 1. Where a kernel is no multiple of its
        stride, a transposed convolution paints some pixels more often than others, in a
        checkerboard (Odena et al. 2016, "Deconvolution and Checkerboard Artifacts");
        even where it is, nothing keeps neighbours alike.
    channels : int
        Channels of the output.
    in_channels : int
        Channels of the input.
    kernel_size : int
        4 in a U-Net, 3 in a ResnetGenerator. After a resize it is always 3, which has
        a middle.
    use_bias : bool
        Add a bias to each channel.
    """
    if upsampling == "deconvolution":
        return Conv2DTranspose(channels, kernel_size, strides=2,
                               padding=(kernel_size - 1) // 2,
                               output_padding=kernel_size % 2,
                               in_channels=in_channels, use_bias=use_bias)
    if upsampling == "resize":
        layer = nn.HybridSequential()
        layer.add(nn.HybridLambda(lambda F, x: F.UpSampling(x, scale=2,
                                                            sample_type="nearest")),
                  Conv2D(channels, 3, padding=1, in_channels=in_channels,
                         use_bias=use_bias))
        return layer
    raise ValueError(f"Unknown upsampling {upsampling!r}: choose 'deconvolution' or "
                     "'resize'.")


def concat_channels(F, a, b, channels: tuple[int, int]):
    """Concatenate ``a`` and ``b`` along the channels: ``(N, Ca + Cb, H, W)``.

    The CPU backend of MXNet 1.9.1 slices the gradient in blocks of 16 channels and
    kills the process where a boundary falls inside one. Flattening the space makes the
    gradient a plain 3-d array, which is cut anywhere; multiples of 16 go the short way.

    Parameters
    ----------
    F : module
        ``mxnet.nd`` or ``mxnet.sym``, as ``hybrid_forward`` gets it.
    a, b : NDArray or Symbol
        ``(N, Ca, H, W)`` and ``(N, Cb, H, W)``.
    channels : (int, int)
        ``Ca`` and ``Cb``; a symbol does not know its own.
    """
    if all(c % 16 == 0 for c in channels):
        return F.concat(a, b, dim=1)
    flat = F.concat(a.reshape((0, 0, -1)), b.reshape((0, 0, -1)), dim=1)
    # The height and width of a (right side) behind the N and C of the left side.
    return F.reshape_like(flat, a, lhs_begin=2, lhs_end=3, rhs_begin=2, rhs_end=4)


def halved(F, images, channels: int):
    """Average ``(N, channels, H, W)`` over 3x3 pixels around every second: half a size.

    Beyond the border there is nothing, which does not count: so it does not fade. Odd
    sides are rounded up.

    Parameters
    ----------
    F : module
        ``mxnet.nd`` or ``mxnet.sym``, as ``hybrid_forward`` gets it.
    images : NDArray or Symbol
        The images.
    channels : int
        How many they have; a symbol does not know its own.
    """
    # A pooling would say it in a word. But on the CPU MXNet's takes twice as long, and
    # writes a line about itself to stderr for each new size.
    def summed(a, channels):
        return F.Convolution(a, F.ones((channels, 1, 3, 3)), kernel=(3, 3),
                             stride=(2, 2), pad=(1, 1), num_filter=channels,
                             num_group=channels, no_bias=True)

    ones = F.ones_like(F.slice_axis(images, axis=1, begin=0, end=1))
    return F.broadcast_div(summed(images, channels), F.BlockGrad(summed(ones, 1)))


def mirrored(images: nd.NDArray, multiple: int, least: int = 1) -> nd.NDArray:
    """Continue ``(N, C, H, W)`` by its mirror image until both sides are multiples.

    They also become at least ``least`` pixels long, which is a multiple or smaller than
    one. A tiny image is mirrored to and fro.
    """
    bottom, right = (max(-(-side // multiple) * multiple, least) - side
                     for side in images.shape[2:])
    if not (bottom or right):
        return images
    padding = ((0, 0), (0, 0), (0, bottom), (0, right))
    return nd.array(np.pad(images.asnumpy(), padding, mode="symmetric"),
                    dtype=images.dtype)


def check_images(images, channels: int, network: str) -> None:
    """Refuse anything but ``(N, channels, H, W)`` before native code sees it.

    Raises
    ------
    ValueError
        Naming the network, the shape it got and the shape it wants.
    """
    if images.ndim != 4 or images.shape[1] != channels:
        raise ValueError(
            f"{network} wants images of shape (N, {channels}, H, W) but got "
            f"{tuple(images.shape)}."
        )


def init_weights(net, init: str = "normal", gain: float = 0.02, ctx=None) -> None:
    """Initialise all parameters of ``net`` as the paper does (section 6.2).

    Weights from ``normal`` N(0, gain), ``xavier`` N(0, gain sqrt(2 / (fan_in +
    fan_out))), ``xavier_uniform`` of the same variance, or the ``constant`` gain, with
    which all filters of a layer begin alike; biases 0; normalisation gamma N(1, gain),
    beta 0, running mean 0 and running variance **1**, since predict mode divides by it.

    Parameters
    ----------
    net : Block
        Any Gluon network.
    init : {"normal", "xavier", "xavier_uniform", "constant"}
        Distribution of convolution weights.
    gain : float
        Its standard deviation, factor or value.
    ctx : Context or list of Context, optional
        Where the parameters live.
    """
    initializers = {
        "normal": mx.init.Normal(gain),
        "xavier": mx.init.Xavier("gaussian", "avg", magnitude=gain**2),
        "xavier_uniform": mx.init.Xavier("uniform", "avg", magnitude=3 * gain**2),
        "constant": mx.init.Constant(gain),
    }
    if init not in initializers:
        raise ValueError(f"Unknown init {init!r}: choose {', '.join(initializers)}.")
    # Gluon applies this to weights only; its layers state ones and zeros for the rest.
    net.initialize(initializers[init], ctx=ctx, force_reinit=True)
    for name, param in net.collect_params().items():
        if name.endswith("gamma") and param.grad_req != "null":
            param.set_data(nd.random.normal(1, gain, param.shape))


def count_parameters(net) -> int:
    """Return the number of trainable parameters of an initialised network."""
    return sum(
        int(param.data().size)
        for param in net.collect_params().values()
        if param.grad_req != "null"
    )
