import numpy as np
import pytest
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn

from gluon_pix2pix import fused_adam  # noqa: F401  # registers the optimiser
from gluon_pix2pix.optimizer_states import (
    check_optimizer,
    optimizer_arrays,
    set_optimizer,
)


def _network(optimizer="adam"):
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3, in_channels=2), nn.BatchNorm(in_channels=4), nn.Dense(
        1, in_units=4 * 36))
    net.initialize()
    parameters = list(net._collect_params_with_prefix().values())
    return net, gluon.Trainer(parameters, optimizer, {"learning_rate": 0.01})


def _train(net, trainer, steps):
    for step in range(steps):
        x = nd.array(
            np.random.RandomState(step).normal(size=(3, 2, 8, 8)))
        with autograd.record():
            loss = (net(x) ** 2).mean()
        loss.backward()
        trainer.step(1)


def _copy(source, target):
    for name, param in source._collect_params_with_prefix().items():
        target._collect_params_with_prefix()[name].set_data(param.data())


@pytest.mark.parametrize("saved", ["adam", "fusedadam"])
@pytest.mark.parametrize("loaded", ["adam", "fusedadam"])
def test_either_adam_goes_on_where_either_stopped(saved, loaded):
    net, trainer = _network(saved)
    _train(net, trainer, 3)
    # More layers were built meanwhile, so automatic names sort differently.
    for _ in range(9):
        _network()
    other, its = _network(loaded)
    _copy(net, other)
    arrays = optimizer_arrays(trainer, net)
    check_optimizer(its, other, arrays, "the file")
    set_optimizer(its, other, arrays)
    _train(net, trainer, 3)
    _train(other, its, 3)
    for name, param in net._collect_params_with_prefix().items():
        twin = other._collect_params_with_prefix()[name]
        assert (param.data().asnumpy() == twin.data().asnumpy()).all(), name
    assert trainer.optimizer.num_update == its.optimizer.num_update == 6


def test_arrays_are_named_by_place_and_statistics_have_none():
    net, trainer = _network()
    assert optimizer_arrays(trainer, net) == {}
    _train(net, trainer, 2)
    arrays = optimizer_arrays(trainer, net)
    assert arrays["0.weight.mean"].shape == (4, 2, 3, 3)
    assert arrays["1.gamma.updates"] == 2
    assert not any("running" in name for name in arrays)
    assert len(arrays) == 3 * 6


def test_an_untrained_state_takes_back_all_that_was_learnt():
    net, trainer = _network()
    fresh = optimizer_arrays(trainer, net)
    _train(net, trainer, 2)
    set_optimizer(trainer, net, fresh)
    assert optimizer_arrays(trainer, net) == {}
    assert trainer.optimizer.num_update == 0


def test_frozen_weights_may_have_states_or_none():
    """Of a time before they were frozen; and after it they begin anew."""
    net, trainer = _network()
    _train(net, trainer, 2)
    arrays = optimizer_arrays(trainer, net)
    net[0].collect_params().setattr("grad_req", "null")
    check_optimizer(trainer, net, arrays, "the file")
    set_optimizer(trainer, net, arrays)
    _train(net, trainer, 1)
    found = optimizer_arrays(trainer, net)
    assert (found["0.weight.updates"], found["1.gamma.updates"]) == (2, 3)
    rest = {name: array for name, array in found.items() if not name.startswith("0.")}
    check_optimizer(trainer, net, rest, "the file")
    set_optimizer(trainer, net, rest)
    net[0].collect_params().setattr("grad_req", "write")
    _train(net, trainer, 1)
    found = optimizer_arrays(trainer, net)
    assert (found["0.weight.updates"], found["1.gamma.updates"]) == (1, 4)
    statistics = {f"1.running_mean.{part}": found[f"1.gamma.{part}"]
                  for part in ("mean", "variance", "updates")}
    with pytest.raises(ValueError, match="1.running_mean"):
        check_optimizer(trainer, net, {**found, **statistics}, "the file")


def test_what_does_not_fit_is_refused_and_named():
    net, trainer = _network()
    _train(net, trainer, 1)
    arrays = optimizer_arrays(trainer, net)
    for wrong in ({**arrays, "0.weight.mean": np.zeros(3)},
                  {**arrays, "7.weight.mean": np.zeros(3)},
                  {**arrays, "0.weight.mean": arrays["0.weight.mean"].astype(float)},
                  {**arrays, "0.weight.variance": arrays["0.weight.variance"] + np.inf},
                  {**arrays, "0.weight.updates": np.array(-1)},
                  {**arrays, "0.weight.updates": np.array(1.5)},
                  {name: array for name, array in arrays.items()
                   if name != "0.weight.mean"}):
        with pytest.raises(ValueError, match="the file does not fit the optimiser: "
                           r"missing, .* or of impossible values are .\.weight"):
            check_optimizer(trainer, net, wrong, "the file")


def test_other_optimisers_are_refused():
    net, trainer = _network("sgd")
    with pytest.raises(ValueError, match="states of Adam can be saved, not of SGD"):
        optimizer_arrays(trainer, net)
