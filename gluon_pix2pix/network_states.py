"""The weights of a network as plain arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from mxnet import gluon, nd


def parameter_arrays(net: gluon.Block) -> dict[str, np.ndarray]:
    """Return all parameters and running statistics by their place in the network.

    The keys ("model.model.1.weight") do not depend on Gluon's automatic names.
    """
    parameters = net._collect_params_with_prefix()
    return {name: param.data(param.list_ctx()[0]).asnumpy()
            for name, param in parameters.items()}


def weights_digest(net: gluon.Block) -> str:
    """Return the SHA-256 of all parameters and running statistics, and their names."""
    summed = hashlib.sha256()
    for name, array in parameter_arrays(net).items():
        summed.update(name.encode())
        summed.update(array.tobytes())
    return summed.hexdigest()


def check_parameters(net: gluon.Block, arrays: Mapping[str, np.ndarray],
                     source: str) -> None:
    """Raise ValueError unless arrays fit a network, initialised or not.

    Names, shapes and types must, and all numbers be finite; what is not so is listed.
    """
    parameters = net._collect_params_with_prefix()
    found = {"missing": sorted(set(parameters) - set(arrays)),
             "surplus": sorted(set(arrays) - set(parameters)),
             "misshapen": [], "of another type": [], "NaN or infinite": []}
    for name in sorted(set(parameters) & set(arrays)):
        array, wanted = arrays[name], parameters[name]
        if array.shape != wanted.shape:
            found["misshapen"].append(f"{name} is {array.shape} instead of "
                                      f"{wanted.shape}")
        elif array.dtype != wanted.dtype:
            found["of another type"].append(f"{name} is {array.dtype}")
        elif not np.isfinite(array).all():
            found["NaN or infinite"].append(name)
    problems = [f"{kind}: {', '.join(names)}" for kind, names in found.items() if names]
    if problems:
        raise ValueError(f"{source} does not fit the network. {'; '.join(problems)}.")


def set_parameters(net: gluon.Block, arrays: Mapping[str, np.ndarray],
                   source: str = "the given arrays") -> None:
    """Fill an initialised network with arrays by name.

    Raises
    ------
    ValueError
        If they do not fit; see `check_parameters`.
    """
    check_parameters(net, arrays, source)
    for name, param in net._collect_params_with_prefix().items():
        param.set_data(nd.array(arrays[name], dtype=arrays[name].dtype))
