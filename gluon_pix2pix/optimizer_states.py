"""The memory of Adam as plain arrays: what a training needs to go on as if nothing was.

MXNet's own way to save a Trainer is a pickle, which may run any code when it is opened,
and it numbers the states where these have names. `FusedAdam` and MXNet's Adam remember
the same, so what one has saved, the other can load.
"""

from __future__ import annotations

from collections.abc import Mapping

import mxnet as mx
import numpy as np
from mxnet import gluon, nd

_PARTS = ("mean", "variance", "updates")


def optimizer_arrays(trainer: gluon.Trainer, net: gluon.Block) -> dict[str, np.ndarray]:
    """Return the states of a network's optimiser by the place of each parameter.

    Parameters
    ----------
    trainer : Trainer
        With Adam or FusedAdam.
    net : Block
        The network it updates.

    Returns
    -------
    dict of str to ndarray
        For each parameter updated so far ``<name>.mean`` and ``<name>.variance``, of
        its shape, and ``<name>.updates``, how often it was.
    """
    optimizer, names = _adam(trainer), _names(trainer, net)
    arrays = {}
    for index, (mean, variance) in trainer._updaters[0].states.items():
        values = mean.asnumpy(), variance.asnumpy(), np.array(
            optimizer._index_update_count[index])
        arrays.update({f"{names[index]}.{part}": value
                       for part, value in zip(_PARTS, values)})
    return arrays


def check_optimizer(trainer: gluon.Trainer, net: gluon.Block,
                    arrays: Mapping[str, np.ndarray], source: str) -> None:
    """Raise ValueError unless `set_optimizer` can take these arrays."""
    _adam(trainer)
    shapes = {f"{name}.{part}": () if part == "updates" else net_shape
              for name, net_shape in _trained_shapes(trainer, net).items()
              for part in _PARTS}
    wrong = sorted(name for name, array in arrays.items()
                   if shapes.get(name) != array.shape or not _is_possible(name, array))
    # All of a parameter's three, or none of them.
    known = {name.rpartition(".")[0] for name in arrays}
    wrong += sorted(f"{name}.{part}" for name in known for part in _PARTS
                    if f"{name}.{part}" not in arrays)
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise ValueError(
            f"{source} does not fit the optimiser: missing, surplus, misshapen or of "
            f"impossible values are {', '.join(wrong[:3])}{more}.")


def _is_possible(name, array):
    if name.endswith(".updates"):
        return array.dtype.kind in "iu" and array >= 0
    return array.dtype == np.float32 and np.isfinite(array).all()


def set_optimizer(trainer: gluon.Trainer, net: gluon.Block,
                  arrays: Mapping[str, np.ndarray]) -> None:
    """Put the states of `optimizer_arrays` into a trainer, in place of all it had."""
    optimizer, names = _adam(trainer), _names(trainer, net)
    for updater, ctx in zip(trainer._updaters, trainer._contexts):
        updater.states.clear()
        updater.states_synced.clear()
        optimizer._set_current_context(ctx.device_id)
        counts = optimizer._index_update_count
        counts.clear()
        for index, name in names.items():
            if f"{name}.mean" not in arrays:
                continue
            updater.states[index] = tuple(
                nd.array(arrays[f"{name}.{part}"], ctx=ctx,
                         dtype=arrays[f"{name}.{part}"].dtype)
                for part in ("mean", "variance"))
            updater.states_synced[index] = True
            counts[index] = int(arrays[f"{name}.updates"])
        optimizer.num_update = max(counts.values(), default=optimizer.begin_num_update)


def _adam(trainer):
    if not isinstance(trainer.optimizer, mx.optimizer.Adam):
        raise ValueError(
            f"Only the states of Adam can be saved, not of "
            f"{type(trainer.optimizer).__name__}: train with 'adam' or 'fusedadam'.")
    return trainer.optimizer


def _names(trainer, net):
    """Name the parameters behind a trainer's indices by their place in the network."""
    places = {id(param): name
              for name, param in net._collect_params_with_prefix().items()}
    return {index: places[id(param)] for index, param in enumerate(trainer._params)}


def _trained_shapes(trainer, net):
    # Running statistics have no states. Weights that are frozen just now may have some
    # of an earlier or a later time, so `grad_req` does not tell.
    return {name: trainer._params[index].shape
            for index, name in _names(trainer, net).items()
            if trainer._params[index]._differentiable}
