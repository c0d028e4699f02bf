"""Translating pictures with a generator, whatever their size, without changing it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from mxnet import Context, autograd, gluon, nd

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
    return apply(netG, real, sample=sample)[:, :, :height, :width]


def apply(net: gluon.HybridBlock, *inputs: nd.NDArray, sample: bool = True,
          ) -> nd.NDArray:
    """Apply a network to a batch outside of training; the network stays as it is.

    Parameters
    ----------
    net : HybridBlock
        Any network.
    *inputs : NDArray
        What it takes, ``(N, ...)`` each.
    sample : bool
        As in `translate`.
    """
    inputs = [array.as_in_context(context_of(net)) for array in inputs]
    # A compiled network keeps the mode as one flag, which work still queued reads when
    # it runs: so nothing may be queued where the mode changes.
    nd.waitall()
    if not sample:
        with autograd.pause(train_mode=False):
            result = net(*inputs)
            nd.waitall()
        return result
    with _statistics_kept(net), autograd.pause(train_mode=True):
        # Slices are views: a picture of many channels and pixels is not copied.
        results = [net(*(array[i:i + 1] for array in inputs))
                   for i in range(len(inputs[0]))]
        result = results[0] if len(results) == 1 else nd.concat(*results, dim=0)
        nd.waitall()
    return result


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


def context_of(net: gluon.Block) -> Context:
    """Return the device of an initialised network."""
    return next(iter(net.collect_params().values())).list_ctx()[0]


@contextlib.contextmanager
def _statistics_kept(net) -> Iterator[None]:
    """Put running statistics back as they were.

    On the CPU they move in a backward pass only, but cuDNN moves them in every forward
    pass in train mode: there, each picture looked at would change the network.
    """
    parameters = net.collect_params().values()
    statistics = [data for param in parameters
                  if param.name.endswith(("running_mean", "running_var"))
                  for data in param.list_data()]
    saved = [data.copy() for data in statistics]
    try:
        yield
    finally:
        for data, before in zip(statistics, saved):
            before.copyto(data)
