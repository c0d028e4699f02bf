import subprocess
import sys
import warnings

import mxnet as mx
import numpy as np
import pytest
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn

import gluon_pix2pix  # noqa: F401  # registers the optimiser
from gluon_pix2pix import fused_adam
from gluon_pix2pix.fused_adam import FusedAdam

pytest.importorskip("numba")
SHAPES = [(1,), (3,), (7, 5), (17,), (1, 64, 4, 4), (64, 3, 4, 4), (256, 256, 4, 4)]


def _updated(optimizer, updater=None, steps=20, shapes=SHAPES, as_list=True):
    """Give an optimiser gradients of all magnitudes; return weights and moments."""
    rng = np.random.default_rng(0)
    weights = [nd.array(rng.normal(0, 0.02, shape)) for shape in shapes]
    update = mx.optimizer.get_updater(optimizer)
    for step in range(steps):
        if step == steps // 2:
            optimizer.set_learning_rate(1e-4)
        grads = [nd.array(rng.normal(0, 10.0 ** rng.integers(-9, 2), shape))
                 for shape in shapes]
        if as_list:
            update(list(range(len(shapes))), grads, weights)
        else:
            for i, (grad, weight) in enumerate(zip(grads, weights)):
                update(i, grad, weight)
    moments = [moment for state in update.states.values() for moment in state]
    return [array.asnumpy() for array in weights + moments]


@pytest.mark.parametrize("options", [
    {}, {"beta1": 0.5}, {"wd": 1e-2}, {"clip_gradient": 0.5}, {"epsilon": 1e-3},
    {"rescale_grad": 0.25, "wd": 0.1, "clip_gradient": 0.1},
], ids=str)
def test_it_equals_adam(options):
    plain = _updated(mx.optimizer.Adam(learning_rate=2e-4, **options), as_list=False)
    fused = _updated(FusedAdam(learning_rate=2e-4, **options))
    assert all((a == b).all() for a, b in zip(plain, fused))


def test_numbers_are_rounded_as_mxnet_rounds_them():
    rng = np.random.default_rng(0)
    numbers = [0.0, 1.0, 0.1, 1e-8, 8.7e-5, -0.25, 1e6,
               *map(float, 10.0 ** rng.uniform(-12, 3, 300))]
    for number in numbers:
        read = nd.sgd_update(nd.zeros((1,)), nd.array([-1.0]), lr=number).asscalar()
        assert fused_adam._as_mxnet_reads(number) == read


def test_lists_and_single_arrays_come_out_equal_and_so_does_a_second_time():
    first = _updated(FusedAdam(wd=0.1))
    for again in (_updated(FusedAdam(wd=0.1)), _updated(FusedAdam(wd=0.1),
                                                        as_list=False)):
        assert all((a == b).all() for a, b in zip(first, again))


def test_one_update_by_hand():
    weight, grad = nd.array([1.0]), nd.array([0.5])
    update = mx.optimizer.get_updater(FusedAdam(learning_rate=0.1))
    update(0, grad, weight)
    # The first step of Adam is the learning rate, against the gradient's sign.
    assert weight.asscalar() == pytest.approx(0.9, abs=1e-5)


def _net(seed=0):
    mx.random.seed(seed)
    net = nn.HybridSequential()
    net.add(nn.Conv2D(32, 3, in_channels=3), nn.BatchNorm(in_channels=32),
            nn.Activation("relu"), nn.Conv2D(16, 3, in_channels=32))
    net.initialize()
    net.hybridize(static_alloc=True, static_shape=True)
    return net


def _trainer(net, name, **options):
    return gluon.Trainer(list(net._collect_params_with_prefix().values()), name,
                         {"learning_rate": 1e-3, **options})


def _train(net, trainer, steps=5, seed=1, between=lambda net, images: None):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        images = nd.array(rng.normal(size=(2, 3, 12, 12)))
        between(net, images)
        with autograd.record():
            loss = net(images).square().mean()
        loss.backward()
        trainer.step(1)
    return [param.data().asnumpy() for param in net.collect_params().values()]


def test_states_are_saved_and_loaded_like_any_others(tmp_path):
    net = _net()
    trainer = _trainer(net, "fusedadam")
    _train(net, trainer)
    trainer.save_states(str(tmp_path / "states"))
    net.save_parameters(str(tmp_path / "net"))
    expected = _train(net, trainer, seed=2)

    other = _net(seed=3)
    other.load_parameters(str(tmp_path / "net"))
    resumed = _trainer(other, "fusedadam")
    resumed.load_states(str(tmp_path / "states"))
    resumed_weights = _train(other, resumed, seed=2)
    assert all((a == b).all() for a, b in zip(expected, resumed_weights))


@pytest.mark.parametrize("first, second",
                         [("adam", "fusedadam"), ("fusedadam", "adam")])
def test_one_goes_on_with_the_states_of_the_other(first, second):
    grads = [nd.random.normal(shape=(6, 5)) for _ in range(10)]
    results = []
    for then in (first, second):
        weight = nd.ones((6, 5))
        updater = mx.optimizer.get_updater(mx.optimizer.create(first))
        for grad in grads[:5]:
            updater(0, grad, weight)
        resumed = mx.optimizer.get_updater(
            mx.optimizer.create(then, begin_num_update=5))
        resumed.set_states(updater.get_states())
        for grad in grads[5:]:
            resumed(0, grad, weight)
        results.append(weight.asnumpy())
    np.testing.assert_array_equal(*results)


def test_a_loaded_optimiser_is_still_the_fused_one(tmp_path):
    net = _net()
    trainer = _trainer(net, "fusedadam")
    _train(net, trainer)
    trainer.save_states(str(tmp_path / "states"))
    trainer.load_states(str(tmp_path / "states"))
    assert type(trainer._optimizer) is FusedAdam
    assert trainer._optimizer.num_update == 5


@pytest.mark.timeout(60)
@pytest.mark.parametrize("hybridize", [True, False])
@pytest.mark.parametrize("wait", [True, False])
def test_predictions_between_the_steps_change_nothing(hybridize, wait):
    """They leave weights in oneDNN's order, which the update must not take for plain.

    Taken as they are, the update would wait for ever.
    """
    def predict(net, images):
        many = nd.tile(images, (16, 1, 1, 1))
        net(many)
        if wait:
            nd.waitall()

    results = []
    for between in (lambda net, images: None, predict):
        net = _net()
        net.hybridize(hybridize, static_alloc=True, static_shape=True)
        results.append(_train(net, _trainer(net, "fusedadam"), between=between))
    assert all((a == b).all() for a, b in zip(*results))


def test_arrays_may_be_dropped_before_the_update_ran():
    optimizer = FusedAdam(learning_rate=1.0)
    slow = nd.ones((1500, 1500))
    for _ in range(5):
        busy = nd.dot(nd.dot(slow, slow), slow)
        weight = nd.zeros((1000,))
        state = optimizer.create_state(0, weight)
        optimizer.update([0], [weight], [busy[0, :1000]], [state])
        kept = weight.as_in_context(mx.cpu()).copy()
        del weight, state, busy
    # Every first step goes down by the learning rate; later ones of one index by less.
    assert (kept.asnumpy() < 0).all()


def test_an_update_waits_for_its_gradients_and_later_work_for_it():
    weight, slow = nd.zeros((4, 4)), nd.ones((1500, 1500))
    optimizer = FusedAdam(learning_rate=0.5)
    state = optimizer.create_state(0, weight)
    grad = nd.dot(nd.dot(slow, slow), slow)[:4, :4]
    optimizer.update(0, weight, grad, state)
    after = weight * 2
    np.testing.assert_allclose(after.asnumpy(), -1.0, rtol=1e-5)


def test_the_users_bulk_goes_on():
    with mx.engine.bulk(100):
        weight = nd.zeros((4, 4)) + 1
        FusedAdam(learning_rate=0.5).update(
            0, weight, nd.ones((4, 4)), (nd.zeros((4, 4)), nd.zeros((4, 4))))
        weight += 1
    np.testing.assert_allclose(weight.asnumpy(), 1.5, rtol=1e-5)


def test_other_types_go_to_adam_update_and_it_says_so_once():
    optimizer, plain = FusedAdam(), mx.optimizer.Adam()
    results = []
    for each in (optimizer, plain):
        weight, grad = nd.ones((5,), dtype="float64"), nd.ones((5,), dtype="float64")
        state = each.create_state(0, weight)
        if each is optimizer:
            with pytest.warns(RuntimeWarning, match="dense float32 arrays only"):
                each.update([0], [weight], [grad], [state])
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                each.update([0], [weight], [grad], [state])
        else:
            each.update(0, weight, grad, state)
            each.update(0, weight, grad, state)
        results.append(weight.asnumpy())
    np.testing.assert_array_equal(*results)


def test_without_numba_adam_update_does_the_work(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)  # makes its import fail
    fused_adam._numba_problem.cache_clear()
    try:
        with pytest.warns(RuntimeWarning, match="pip install numba") as caught:
            fused = _updated(FusedAdam(), steps=4, shapes=SHAPES[:4])
        told = [warning for warning in caught if warning.category is RuntimeWarning]
        assert len(told) == 1
    finally:
        fused_adam._numba_problem.cache_clear()
    plain = _updated(mx.optimizer.Adam(), steps=4, shapes=SHAPES[:4], as_list=False)
    assert all((a == b).all() for a, b in zip(plain, fused))


PROGRAM = """
import numpy as np, gluon_pix2pix, mxnet as mx
from mxnet import nd
weight = nd.ones((300, 1000))
update = mx.optimizer.get_updater(mx.optimizer.create("fusedadam"))
for i in range(30):
    update([0], [nd.sin(weight * i)], [weight])
{end}
"""


def _start(end):
    return subprocess.Popen([sys.executable, "-c", PROGRAM.format(end=end)],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_side_by_side_get_the_same_numbers():
    both = [_start("print(weight.asnumpy().astype('f8').sum())") for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in both]
    assert outputs[0] == outputs[1] and float(outputs[0]) != 300_000


def test_a_program_may_end_with_updates_still_queued():
    process = _start("")
    assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == 0


def test_numba_is_not_imported_before_it_is_needed():
    code = "import sys, gluon_pix2pix; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
