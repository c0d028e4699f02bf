"""All networks in PyTorch, put together and named as the reference implementations do.

pix2pix and CycleGAN: pytorch-CycleGAN-and-pix2pix. pix2pixHD: its authors' code. What
the names of their weights are follows from the order of the layers, those without
weights among them. `gluon_pix2pix.convert` is checked against these networks.

``norm`` is ``"batch"`` or ``"instance"``. As in the references, convolutions in front
of a batch normalisation have no bias, but in pix2pixHD they have.
"""

from __future__ import annotations

import itertools

import torch
from torch import nn
from torch.nn.functional import avg_pool2d

_NORMS = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d}


class UnetUnit(nn.Module):
    """One level of the U-Net around the next smaller one."""

    def __init__(self, outer, inner, inside=None, before=None, dropout=False,
                 norm="batch"):
        super().__init__()
        outermost, normed = before is not None, _NORMS[norm]
        bias = norm == "instance"
        layers = [] if outermost else [nn.LeakyReLU(0.2)]
        layers.append(nn.Conv2d(before or outer, inner, 4, 2, 1, bias=bias))
        if inside is not None:
            layers += [inside] if outermost else [normed(inner), inside]
        layers += [nn.ReLU(),
                   nn.ConvTranspose2d(inner * (2 if inside else 1), outer, 4, 2, 1,
                                      bias=bias or outermost),
                   nn.Tanh() if outermost else normed(outer)]
        if dropout:
            layers.append(nn.Dropout(0.5))
        self.model, self.outermost = nn.Sequential(*layers), outermost

    def forward(self, x):
        y = self.model(x)
        return y if self.outermost else torch.cat([x, y], 1)


class UnetGenerator(nn.Module):
    """pix2pix's generator."""

    def __init__(self, before: int, after: int, num_downs: int, ngf: int = 64,
                 dropout: bool = False, norm: str = "batch"):
        super().__init__()
        unit = UnetUnit(8 * ngf, 8 * ngf, norm=norm)
        for _ in range(num_downs - 5):
            unit = UnetUnit(8 * ngf, 8 * ngf, unit, dropout=dropout, norm=norm)
        for width in (4 * ngf, 2 * ngf, ngf):
            unit = UnetUnit(width, 2 * width, unit, norm=norm)
        self.model = UnetUnit(after, ngf, unit, before, norm=norm)

    def forward(self, x):
        return self.model(x)


class ResnetBlock(nn.Module):
    """A residual block of a `ResnetGenerator`."""

    def __init__(self, channels, norm, dropout, bias):
        super().__init__()
        layers = [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3, bias=bias),
                  _NORMS[norm](channels), nn.ReLU()]
        if dropout:
            layers.append(nn.Dropout(0.5))
        self.conv_block = nn.Sequential(
            *layers, nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3, bias=bias), _NORMS[norm](channels))

    def forward(self, x):
        return x + self.conv_block(x)


class _Layers:
    """How the layers of a residual generator are made; lists of them, in order."""

    def __init__(self, norm, bias=True, dropout=False):
        self.norm, self.bias, self.dropout = norm, bias, dropout

    def _normed(self, channels):
        return [_NORMS[self.norm](channels), nn.ReLU()]

    def first(self, before, width):
        return [nn.ReflectionPad2d(3), nn.Conv2d(before, width, 7, bias=self.bias),
                *self._normed(width)]

    def down(self, width):
        return [nn.Conv2d(width, 2 * width, 3, 2, 1, bias=self.bias),
                *self._normed(2 * width)]

    def blocks(self, count, width):
        return [ResnetBlock(width, self.norm, self.dropout, self.bias)
                for _ in range(count)]

    def up(self, width):
        return [nn.ConvTranspose2d(2 * width, width, 3, 2, 1, 1, bias=self.bias),
                *self._normed(width)]

    def trunk(self, before, ngf, downs, n_blocks):
        widths = [ngf << n for n in range(downs)]
        return [*self.first(before, ngf),
                *itertools.chain.from_iterable(map(self.down, widths)),
                *self.blocks(n_blocks, ngf << downs),
                *itertools.chain.from_iterable(map(self.up, widths[::-1]))]

    def picture(self, ngf, after):
        return [nn.ReflectionPad2d(3), nn.Conv2d(ngf, after, 7), nn.Tanh()]


class ResnetGenerator(nn.Module):
    """CycleGAN's generator."""

    def __init__(self, before: int, after: int = 3, ngf: int = 64, n_blocks: int = 9,
                 norm: str = "instance", dropout: bool = False):
        super().__init__()
        layers = _Layers(norm, norm == "instance", dropout)
        self.model = nn.Sequential(*layers.trunk(before, ngf, 2, n_blocks),
                                   *layers.picture(ngf, after))

    def forward(self, x):
        return self.model(x)


class GlobalGenerator(nn.Module):
    """pix2pixHD's generator of half the size."""

    def __init__(self, before: int, after: int = 3, ngf: int = 64, downs: int = 4,
                 n_blocks: int = 9, norm: str = "instance"):
        super().__init__()
        layers = _Layers(norm)
        self.model = nn.Sequential(*layers.trunk(before, ngf, downs, n_blocks),
                                   *layers.picture(ngf, after))

    def forward(self, x):
        return self.model(x)


class LocalEnhancer(nn.Module):
    """pix2pixHD's generator of the whole size."""

    def __init__(self, before: int, after: int = 3, ngf: int = 32, downs: int = 4,
                 n_blocks: int = 9, n_enhancers: int = 1, n_blocks_local: int = 3,
                 norm: str = "instance"):
        super().__init__()
        layers = _Layers(norm)
        self.n_enhancers = n_enhancers
        self.model = nn.Sequential(
            *layers.trunk(before, ngf << n_enhancers, downs, n_blocks))
        for n in range(1, n_enhancers + 1):
            width = ngf << (n_enhancers - n)
            last = layers.picture(ngf, after) if n == n_enhancers else []
            setattr(self, f"model{n}_1", nn.Sequential(*layers.first(before, width),
                                                       *layers.down(width)))
            setattr(self, f"model{n}_2", nn.Sequential(
                *layers.blocks(n_blocks_local, 2 * width), *layers.up(width), *last))

    def forward(self, x):
        pictures = [x]
        for _ in range(self.n_enhancers):
            pictures.append(halved(pictures[-1]))
        y = self.model(pictures.pop())
        for n in range(1, self.n_enhancers + 1):
            before, behind = (getattr(self, f"model{n}_{part}") for part in (1, 2))
            y = behind(before(pictures.pop()) + y)
        return y


class Encoder(nn.Module):
    """pix2pixHD's encoder of what objects look like."""

    def __init__(self, before: int = 3, after: int = 3, ngf: int = 16, downs: int = 4,
                 norm: str = "instance"):
        super().__init__()
        layers = _Layers(norm)
        self.model = nn.Sequential(*layers.trunk(before, ngf, downs, 0),
                                   *layers.picture(ngf, after))

    def forward(self, picture, instances):
        """Average over each object of each picture."""
        features = self.model(picture)
        means = torch.zeros_like(features)
        for n, one in enumerate(instances[:, 0]):
            for instance in one.unique():
                pixels = one == instance
                means[n][:, pixels] = features[n][:, pixels].mean(1, keepdim=True)
        return means


def _stages(before, ndf, n_layers, norm, padding, bias):
    """List the layers of a PatchGAN, those up to each activation together."""
    stages = [[nn.Conv2d(before, ndf, 4, 2, padding), nn.LeakyReLU(0.2)]]
    width = ndf
    for n in range(1, n_layers + 1):
        wider = min(2 * width, 8 * ndf)
        stages.append([nn.Conv2d(width, wider, 4, 2 if n < n_layers else 1, padding,
                                 bias=bias),
                       _NORMS[norm](wider), nn.LeakyReLU(0.2)])
        width = wider
    return [*stages, [nn.Conv2d(width, 1, 4, 1, padding)]]


class Discriminator(nn.Module):
    """The PatchGAN of pix2pix and CycleGAN."""

    def __init__(self, before: int, ndf: int = 64, n_layers: int = 3,
                 norm: str = "batch"):
        super().__init__()
        stages = _stages(before, ndf, n_layers, norm, 1, norm == "instance")
        self.model = nn.Sequential(*itertools.chain.from_iterable(stages))

    def forward(self, x):
        return self.model(x)


class PixelDiscriminator(nn.Module):
    """The discriminator of single pixels."""

    def __init__(self, before: int, ndf: int = 64, norm: str = "batch"):
        super().__init__()
        bias = norm == "instance"
        self.net = nn.Sequential(
            nn.Conv2d(before, ndf, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(ndf, 2 * ndf, 1, bias=bias), _NORMS[norm](2 * ndf),
            nn.LeakyReLU(0.2), nn.Conv2d(2 * ndf, 1, 1, bias=bias))

    def forward(self, x):
        return self.net(x)


class MultiscaleDiscriminator(nn.Module):
    """pix2pixHD's discriminators, which return what they find on the way.

    The last scale sees the picture as it is. With ``plain``, the layers of a scale are
    a single chain, as where the reference returns logits alone.
    """

    def __init__(self, before: int, ndf: int = 64, n_layers: int = 3, num_d: int = 2,
                 norm: str = "instance", plain: bool = False):
        super().__init__()
        self.shape = num_d, n_layers + 2, plain
        for i in range(num_d):
            stages = _stages(before, ndf, n_layers, norm, 2, True)
            if plain:
                chain = itertools.chain.from_iterable(stages)
                setattr(self, f"layer{i}", nn.Sequential(*chain))
            else:
                for j, stage in enumerate(stages):
                    setattr(self, f"scale{i}_layer{j}", nn.Sequential(*stage))

    def forward(self, x):
        """List what each scale finds, the finest first."""
        (num_d, n_stages, plain), found = self.shape, []
        for i in reversed(range(num_d)):
            stages = ([getattr(self, f"layer{i}")] if plain else
                      [getattr(self, f"scale{i}_layer{j}") for j in range(n_stages)])
            found.append(list(itertools.accumulate(
                stages, lambda y, stage: stage(y), initial=x))[1:])
            x = halved(x)
        return found


def halved(x: torch.Tensor) -> torch.Tensor:
    """Halve a picture; what is beyond its border does not count."""
    return avg_pool2d(x, 3, 2, 1, count_include_pad=False)
