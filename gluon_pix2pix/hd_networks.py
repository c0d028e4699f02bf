"""The generators and the encoder of pix2pixHD.

Wang et al. 2018, "High-Resolution Image Synthesis and Semantic Manipulation with
Conditional GANs", sections 3.2 and 3.4.
"""

from __future__ import annotations

from mxnet import nd
from mxnet.gluon import nn

from .blocks import halved
from .instance_norm import FastInstanceNetwork
from .instance_pooling import instance_mean
from .resnet import Layers, ResnetGenerator, check_numbers, check_sides


class GlobalGenerator(ResnetGenerator):
    """The generator of the whole scene: CycleGAN's, which halves four times here.

    182,546,755 parameters from 36 channels to RGB.

    Parameters
    ----------
    in_channels : int
        Channels of the input: one-hot labels, edges, perhaps looks of objects.
    out_channels : int
        Channels of the output image.
    ngf : int
        Channels behind the first layer; they double wherever the size is halved.
        Multiples of 16 are fastest.
    n_downsampling : int
        How often it halves its input, and doubles it again.
    n_blocks : int
        Residual blocks between.
    norm : {"batch", "batch_plain", "instance", "none"}
        Kind of normalisation.
    upsampling : {"deconvolution", "resize"}
        How height and width are doubled; see `doubling`.

    Attributes
    ----------
    num_downs : int
        How often it halves its input.
    smallest : int
        The least height and width it takes.

    Input ``(N, in_channels, H, W) float32``, H and W multiples of ``2**num_downs``;
    output ``(N, out_channels, H, W)`` in (-1, 1).
    """

    def __init__(self, in_channels: int, out_channels: int = 3, ngf: int = 64,
                 n_downsampling: int = 4, n_blocks: int = 9, norm: str = "instance", *,
                 upsampling: str = "deconvolution", **kwargs):
        super().__init__(in_channels, out_channels, ngf, n_blocks, norm,
                         upsampling=upsampling, use_bias=True, num_downs=n_downsampling,
                         **kwargs)


class Enhancer(nn.HybridBlock):
    """What a `LocalEnhancer` puts around a generator of half the size.

    Parameters
    ----------
    layers : Layers
        How its layers are made.
    in_channels : int
        Channels of the picture it sees.
    channels : int
        Its channels at the full size; it has twice as many at half the size.
    n_blocks : int
        Residual blocks at half the size.
    ending : list of HybridBlock
        Layers behind the others.

    Attributes
    ----------
    down : HybridSequential
        Takes the picture, ``(N, in_channels, H, W)``, to half the size,
        ``(N, 2 channels, H / 2, W / 2)``.
    up : HybridSequential
        Takes that, with what the other generator makes of the picture added to it, to
        ``(N, channels, H, W)``, or to what the `ending` makes of that.
    """

    def __init__(self, layers: Layers, in_channels: int, channels: int, n_blocks: int,
                 ending: list, **kwargs):
        super().__init__(**kwargs)
        with self.name_scope():
            self.down, self.up = nn.HybridSequential(), nn.HybridSequential()
            self.down.add(*layers.first(channels, in_channels),
                          *layers.halving(channels))
            self.up.add(*layers.blocks(n_blocks, 2 * channels),
                        *layers.doubling(2 * channels), *ending)


class LocalEnhancer(FastInstanceNetwork):
    """A global generator at a fraction of the size, and enhancers around it.

    Each enhancer doubles the size. It adds what it sees in the picture itself to the
    activations of the network within, which is the global generator or another
    enhancer, without its last layers (section 3.2).

    Parameters
    ----------
    in_channels, out_channels, norm, upsampling :
        As in `GlobalGenerator`.
    ngf : int
        Channels behind the first layer of the last enhancer. Each network within has
        twice as many: 32 and one enhancer fit a global generator of 64.
    n_downsampling, n_blocks : int
        Of the global generator.
    n_enhancers : int
        How often the size is doubled, at least once.
    n_blocks_local : int
        Residual blocks of each enhancer.

    Attributes
    ----------
    trunk : HybridSequential
        The layers of the global generator but the last three, named as there.
    enhancers : HybridSequential
        The enhancers, from the smallest picture to the largest.
    num_downs, smallest : int
        As in `GlobalGenerator`.

    Input ``(N, in_channels, H, W) float32``, H and W multiples of ``2**num_downs``;
    output ``(N, out_channels, H, W)`` in (-1, 1).
    """

    def __init__(self, in_channels: int, out_channels: int = 3, ngf: int = 32,
                 n_downsampling: int = 4, n_blocks: int = 9, n_enhancers: int = 1,
                 n_blocks_local: int = 3, norm: str = "instance", *,
                 upsampling: str = "deconvolution", **kwargs):
        super().__init__(**kwargs)
        check_numbers(1, in_channels=in_channels, out_channels=out_channels, ngf=ngf,
                      n_downsampling=n_downsampling, n_enhancers=n_enhancers)
        check_numbers(0, n_blocks=n_blocks, n_blocks_local=n_blocks_local)
        layers = Layers(norm, upsampling=upsampling)
        self.in_channels = in_channels
        self.num_downs = n_downsampling + n_enhancers
        self.smallest = layers.smallest(n_downsampling, n_blocks) * 2**n_enhancers
        with self.name_scope():
            self.trunk, self.enhancers = nn.HybridSequential(), nn.HybridSequential()
            self.trunk.add(*layers.trunk(in_channels, ngf * 2**n_enhancers,
                                         n_downsampling, n_blocks))
            for level in reversed(range(n_enhancers)):
                ending = [] if level else layers.picture(out_channels, ngf)
                self.enhancers.add(Enhancer(layers, in_channels, ngf * 2**level,
                                            n_blocks_local, ending))
        self._thawed = {}  # the frozen parameters, and how they take their gradients

    def freeze_trunk(self, frozen: bool) -> None:
        """Let the global generator get no gradients, or let it have them again.

        So that new enhancers do not spoil what it has learned before they have learned
        anything themselves.
        """
        if frozen:
            for param in self.trunk.collect_params().values():
                if param.grad_req != "null":
                    self._thawed[param] = param.grad_req
                    param.grad_req = "null"
        else:
            for param, grad_req in self._thawed.items():
                param.grad_req = grad_req
            self._thawed.clear()

    def forward(self, x):
        check_sides(self, x)
        return super().forward(x)

    def hybrid_forward(self, F, x):
        seen = []
        # The largest picture first, which takes the most memory: nothing else is there.
        for enhancer in reversed(self.enhancers):
            seen.append(enhancer.down(x))
            x = halved(F, x, self.in_channels)
        y = self.trunk(x)
        for enhancer in self.enhancers:
            y = enhancer.up(seen.pop() + y)
        return y


class Encoder(ResnetGenerator):
    """The looks of objects: a few numbers for each, from the photo they are in.

    An encoder-decoder without residual blocks, whose features are averaged over each
    object (section 3.4).

    Parameters
    ----------
    in_channels : int
        Channels of the photo.
    out_channels : int
        Numbers for each object.
    ngf : int
        Channels behind the first layer.
    n_downsampling, norm, upsampling :
        As in `GlobalGenerator`.

    ``encoder(image, instances)`` takes photos ``(N, in_channels, H, W) float32 in
    [-1, 1]`` and the object of each pixel, ``(N, 1, H, W) int32``; it returns
    ``(N, out_channels, H, W)`` in (-1, 1), the same at all pixels of an object.
    """

    def __init__(self, in_channels: int = 3, out_channels: int = 3, ngf: int = 16,
                 n_downsampling: int = 4, norm: str = "instance", *,
                 upsampling: str = "deconvolution", **kwargs):
        super().__init__(in_channels, out_channels, ngf, 0, norm, upsampling=upsampling,
                         use_bias=True, num_downs=n_downsampling, **kwargs)

    def forward(self, image: nd.NDArray, instances: nd.NDArray) -> nd.NDArray:
        return instance_mean(super().forward(image), instances)
