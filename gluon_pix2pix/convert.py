"""Weights from PyTorch, and to it: those of the reference implementations.

pix2pix and CycleGAN are pytorch-CycleGAN-and-pix2pix, pix2pixHD is the code of its
authors. ::

    state = read_torch("latest_net_G.pth")
    load_torch(netG, state)

PyTorch need not be installed. The other way, ``numpy.savez("G.npz", **to_torch(netG))``
is a file whose arrays PyTorch's ``load_state_dict`` takes as tensors.
"""

from __future__ import annotations

from collections.abc import Mapping

import mxnet as mx
import numpy as np
from mxnet import gluon, nd

from .failures import WeightsError
from .torch_files import read_torch
from .torch_names import counter_names, ignored_names, weight_names

__all__ = ["load_torch", "read_torch", "to_torch"]

_SHOWN = 3  # of each kind of names that do not fit
_PARALLEL = "module."  # what DataParallel puts before each name


def load_torch(net: gluon.Block, state: Mapping[str, np.ndarray]) -> None:
    """Fill a network with weights that the reference implementation has trained.

    Parameters
    ----------
    net : Block
        A `UnetGenerator`, `ResnetGenerator`, `GlobalGenerator`, `LocalEnhancer`,
        `Encoder`, `Discriminator`, `PixelDiscriminator` or `MultiscaleDiscriminator`,
        built with the numbers and options of the training. One that is not initialised
        is, on the CPU.
    state : mapping of str to array
        What ``state_dict()`` returns there, floats of any precision, by name; see
        `read_torch`. What nobody needs of it is ignored: counters of batches, running
        statistics of an instance normalisation, and the ``module.`` before all names.

    Raises
    ------
    WeightsError
        If names are missing or surplus, shapes differ, or numbers are none or NaN: all
        of it is counted. If there are mappings of weights instead of weights. The
        network is untouched then.
    """
    nested = [name for name, value in state.items() if isinstance(value, Mapping)]
    if nested:
        raise WeightsError(
            f"These are mappings of weights, {', '.join(map(repr, nested[:_SHOWN]))}: "
            f"pass the one you want, as state[{nested[0]!r}].")
    if state and all(name.startswith(_PARALLEL) for name in state):
        state = {name.removeprefix(_PARALLEL): array for name, array in state.items()}
    plain = any(name.startswith("layer0.") for name in state)
    parameters = weight_names(net, plain)
    ignored = ignored_names(net, plain)
    arrays = {name: _as_float32(array) for name, array in state.items()
              if name not in ignored}
    _check(net, parameters, arrays)

    for param in net.collect_params().values():
        if param._data is None:
            param.initialize(default_init=mx.init.Zero())
    for name, param in parameters.items():
        param.set_data(nd.array(arrays[name], dtype="float32"))


def to_torch(net: gluon.Block) -> dict[str, np.ndarray]:
    """Return the weights of an initialised network as the reference names them.

    Parameters
    ----------
    net : Block
        One that `load_torch` knows.

    Returns
    -------
    dict of str to ndarray
        float32, and the counters of batches, which count none: int64. PyTorch's
        ``load_state_dict`` takes all of it in its strict mode, as tensors. What the
        reference does not know (``upsampling="resize"``, ``skip=False``, and
        ``padding="zero"`` in the first and last layer) is named by its place.

    Raises
    ------
    WeightsError
        If the reference implementations have no such network.
    """
    state = {name: param.data(param.list_ctx()[0]).asnumpy()
             for name, param in weight_names(net).items()}
    return state | {name: np.array(0, np.int64) for name in counter_names(net)}


def _as_float32(array):
    array = np.asarray(array)
    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):
        return array.astype(np.float32, copy=False)


def _check(net, parameters, arrays):
    """Raise WeightsError unless arrays fit parameters; count all that do not."""
    wrong = {"missing": [name for name in parameters if name not in arrays],
             "surplus": [name for name in arrays if name not in parameters],
             "misshapen": [], "without floats": [], "with NaN or infinity": []}
    for name in (name for name in parameters if name in arrays):
        array, wanted = arrays[name], parameters[name].shape
        if array.shape != wanted:
            wrong["misshapen"].append(f"{name} is {array.shape} instead of {wanted}")
        elif array.dtype.kind != "f":
            wrong["without floats"].append(f"{name} is of {array.dtype}")
        elif not np.isfinite(array).all():
            wrong["with NaN or infinity"].append(name)
    told = [f"{len(names)} {kind}: {_first(names)}" for kind, names in wrong.items()
            if names]
    if told:
        raise WeightsError(
            f"These weights do not fit this {type(net).__name__}. {'; '.join(told)}. "
            "Build it with the numbers and options that they were trained with.")


def _first(names):
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
