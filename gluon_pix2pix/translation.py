"""Translating pictures with a generator, whatever their size, without changing it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from mxnet import autograd, gluon, nd

from .blocks import check_images, mirrored
from .config import DIRECTIONS


def translate(netG: gluon.HybridBlock, real: nd.NDArray, sample: bool = True,
              ) -> nd.NDArray:
    """Translate images of any size; the network stays as it is.

    Parameters
    ----------
    netG : HybridBlock
        A generator; ``in_channels`` and ``num_downs`` say what it takes, and so does
        ``smallest``, the least height and width, if it has one.
    real : NDArray
        ``(N, in_channels, H, W) float32 in [-1, 1]``.
    sample : bool
        True samples as pix2pix does (Isola et al. 2017, sections 3.3 and 6.2): dropout
        on, and each image normalised by its own statistics. It is done image by image,
        so that none depends on its neighbours in the batch. The dropout draws from
        MXNet's one stream of random numbers. False is deterministic: no dropout,
        running statistics.

    Returns
    -------
    NDArray
        ``(N, out_channels, H, W)`` in (-1, 1), on the network's device.

    Sides that are no multiple of ``2**num_downs``, or shorter than ``smallest``, are
    continued by their mirror image, and the result is cropped.

    Raises
    ------
    ValueError
        If the shape is another.
    """
    check_images(real, netG.in_channels, "translate")
    height, width = real.shape[2:]
    real = mirrored(real, 2 ** netG.num_downs, getattr(netG, "smallest", 1))
    real = real.as_in_context(_context(netG))
    # A compiled network keeps the mode as one flag, which work still queued reads when
    # it runs: so nothing may be queued where the mode changes.
    nd.waitall()
    if sample:
        with _statistics_kept(netG), autograd.pause(train_mode=True):
            fakes = [netG(image.expand_dims(0)) for image in real]
            fake = nd.concat(*fakes, dim=0)
            nd.waitall()
    else:
        with autograd.pause(train_mode=False):
            fake = netG(real)
            nd.waitall()
    return fake[:, :, :height, :width]


def opposite(direction: str) -> str:
    """Return the way back."""
    return DIRECTIONS[1 - DIRECTIONS.index(direction)]


class Generators:
    """Both generators of a CycleGAN: all that it translates with.

    Parameters
    ----------
    nets : mapping of str to HybridBlock
        ``"AtoB"`` and ``"BtoA"``, as `load_generators` returns them.
    sample : bool
        As in `translate`.
    """

    def __init__(self, nets: Mapping[str, gluon.HybridBlock], sample: bool = True):
        self.nets, self.sample = nets, sample

    def translate(self, real: nd.NDArray, direction: str) -> nd.NDArray:
        """Translate in one direction; see `CycleGAN.translate`."""
        if direction not in self.nets:
            raise ValueError(f"There is no direction {direction!r}: choose "
                             f"{' or '.join(map(repr, self.nets))}.")
        return translate(self.nets[direction], real, self.sample)

    def reconstruct(self, real: nd.NDArray, direction: str,
                    ) -> tuple[nd.NDArray, nd.NDArray]:
        """Translate there and back again; see `CycleGAN.reconstruct`."""
        fake = self.translate(real, direction)
        return fake, self.translate(fake, opposite(direction))


def _context(net):
    return next(iter(net.collect_params().values())).list_ctx()[0]


@contextlib.contextmanager
def _statistics_kept(net) -> Iterator[None]:
    """Put running statistics back as they were.

    On the CPU they move in a backward pass only, but cuDNN moves them in every forward
    pass in train mode: there, each picture looked at would change the network.
    """
    parameters = net.collect_params().values()
    statistics = [data for param in parameters if param.grad_req == "null"
                  for data in param.list_data()]
    saved = [data.copy() for data in statistics]
    try:
        yield
    finally:
        for data, before in zip(statistics, saved):
            before.copyto(data)
