"""Adam for networks of a model, as the papers set it."""

from __future__ import annotations

from mxnet import gluon

from . import fused_adam  # noqa: F401  # registers the optimiser
from .config import ModelConfig


def adam(net: gluon.Block, config: ModelConfig, ctx) -> gluon.Trainer:
    """Return the optimiser of all parameters of a network, or of several in a row.

    MXNet's Adam adds its epsilon before the correction of the moments' bias, PyTorch
    after it: where gradients are tiny, the first steps differ.

    Parameters
    ----------
    net : Block
        A network, or a ``HybridSequential`` of networks that learn together.
    config : ModelConfig
        Has ``lr``, ``beta1`` and ``beta2``.
    ctx : Context
        Where the parameters live.
    """
    # The structural order of the parameters, not Gluon's default by automatic name:
    # names count up with each network built, and "unit10" sorts before "unit9".
    parameters = list(net._collect_params_with_prefix().values())
    numbers = {"learning_rate": config.lr, "beta1": config.beta1, "beta2": config.beta2}
    optimizer = "fusedadam" if ctx.device_type == "cpu" else "adam"
    return gluon.Trainer(parameters, optimizer, numbers)
