"""Instance normalisation that is fast on the CPU.

MXNet's own takes as long there as the convolutions around it, its batch normalisation a
fraction of that. In a batch of one picture, the statistics of the batch are those of
the picture: so an `InstanceNorm` may compute a batch normalisation of each picture. But
it must know how many there are, and training mode must be on, as batch normalisation
takes its running statistics otherwise. Neither is known to a layer in a compiled graph.
The network around it sees to both: it is a `FastInstanceNetwork`.
"""

from __future__ import annotations

import contextvars
import copy
from collections import UserDict

from mxnet import autograd, nd
from mxnet.gluon import nn

_KEPT = 2  # compiled networks: for whole batches, and for the rest at an epoch's end
# How many pictures a network is handing on in training mode; 0 if nobody says so.
_pictures = contextvars.ContextVar("pictures", default=0)


class InstanceNorm(nn.InstanceNorm):
    """``nn.InstanceNorm`` without affine parameters: each channel of each picture.

    Within a `FastInstanceNetwork` it is fast. Elsewhere, and where a network is traced
    with a symbol to be exported, it is MXNet's own operator, with the same result.

    Parameters
    ----------
    channels : int
        Channels of the input, ``(N, channels, H, W)``.
    """

    def __init__(self, channels: int, **kwargs):
        super().__init__(epsilon=1e-5, center=False, scale=False, in_channels=channels,
                         **kwargs)

    def hybrid_forward(self, F, x, gamma, beta):
        count = _pictures.get()
        if not count:
            return super().hybrid_forward(F, x, gamma, beta)

        def normalised(picture):
            # gamma is 1 and beta 0, always: they do for the running statistics too,
            # which a momentum of 1 leaves as they are. (A picture with a NaN makes both
            # NaN, as it would other weights in its step: set or initialise them anew.)
            return F.BatchNorm(picture, gamma, beta, beta, gamma, eps=self._epsilon,
                               momentum=1, fix_gamma=False)

        if count == 1:
            return normalised(x)
        pictures = F.split(x, num_outputs=count, axis=0)
        return F.concat(*[normalised(pictures[n]) for n in range(count)], dim=0)


class FastInstanceNetwork(nn.HybridBlock):
    """A network from images to results, ``(N, C, H, W)``, whose `InstanceNorm` is fast.

    It is so on the CPU, unless it holds dropout or batch normalisation and is in
    predict mode. It is compiled once for each number of images at once, and kept for
    the last two of these numbers: each takes the memory of a pass, and a third one in
    turn the time to compile it again. Its own graph, which is the one that is exported,
    has MXNet's operators.
    """

    def forward(self, x):
        if not (isinstance(x, nd.NDArray) and self._is_fast(x)):
            return super().forward(x)
        count = len(x)
        token = _pictures.set(count)
        try:
            with autograd.train_mode():
                return nn.HybridBlock.forward(self._network_for(count), x)
        finally:
            _pictures.reset(token)

    def export(self, path, *args, **kwargs):
        """As ``HybridBlock.export``: once compiled, and run forward."""
        if vars(self).get("_networks") and self._active and not self._cached_graph:
            # Only the copies are compiled so far. Of the input, not even its shape
            # matters here.
            self._build_cache(nd.zeros(1))
        return super().export(path, *args, **kwargs)

    def _is_fast(self, x):
        return (x.context.device_type == "cpu" and len(x) > 0
                and _holds(self, InstanceNorm)
                and (autograd.is_training()
                     or not _holds(self, (nn.Dropout, nn.BatchNorm))))

    def _network_for(self, count):
        """Return the same layers once more, to be compiled for so many pictures."""
        # Not as children, which would be saved too; and Gluon warns of a plain dict.
        networks = vars(self).setdefault("_networks", UserDict())
        network = networks.pop(count, None)
        if network is None:
            network = copy.copy(self)
            network._clear_cached_op()
        networks[count] = network  # behind those that were asked for before
        while len(networks) > _KEPT:
            del networks[next(iter(networks))]
        return network

    def _clear_cached_op(self):
        super()._clear_cached_op()
        vars(self).pop("_networks", None)


def _holds(block, kinds):
    return isinstance(block, kinds) or any(
        _holds(child, kinds) for child in block._children.values())
