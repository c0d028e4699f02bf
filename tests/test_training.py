import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix import (
    DivergedError,
    Loader,
    PairedImages,
    Pix2Pix,
    Pix2PixConfig,
    RunFolder,
    fit,
    learning_rate,
)
from gluon_pix2pix.checkpoint_files import read_arrays
from gluon_pix2pix.models import build_model
from gluon_pix2pix.train_views import LabelView


class Toy:
    """A model that only counts its steps."""

    config = Pix2PixConfig(epochs=2, epochs_decay=1)

    def __init__(self, nan_at=None):
        self.steps, self.nan_at, self.rates = 0, nan_at, []

    def step(self, x):
        self.steps += 1
        self.rates.append(self.learning_rate)
        value = float("nan") if self.steps == self.nan_at else self.steps
        return {"loss_D": nd.array([1.0]), "loss_G": nd.array([value])}


class Batches(list):
    def __init__(self, batches):
        super().__init__(nd.zeros((2, 1)) for _ in range(batches))

    def __iter__(self):
        return ((x,) for x in list.__iter__(self))


def test_the_learning_rate_falls_linearly_after_the_constant_half():
    """Erratum 8 and the MindSpore table: the rate really decays, by epochs."""
    config = Pix2PixConfig()
    rates = [learning_rate(config, epoch) for epoch in range(1, 201)]
    assert rates[:100] == [2e-4] * 100
    np.testing.assert_allclose(np.diff(rates[99:]), -2e-4 / 101)
    assert 0 < rates[-1] < 2.1e-6


def test_fit_sets_the_rate_of_each_epoch():
    model = Toy()
    list(fit(model, Batches(3)))
    np.testing.assert_allclose(model.rates, [2e-4] * 6 + [1e-4] * 3)


def test_reports_come_every_so_many_steps_and_at_each_epochs_end():
    reports = list(fit(Toy(), Batches(5), report_every=2))
    assert [r.iteration for r in reports] == [2, 4, 5, 7, 9, 10, 12, 14, 15]
    assert [r.epoch for r in reports] == [1] * 3 + [2] * 3 + [3] * 3
    assert [r.epoch_ends for r in reports] == [False, False, True] * 3
    assert reports[0].losses == {"loss_D": 1.0, "loss_G": 1.5}
    assert reports[2].losses["loss_G"] == 5.0
    assert all(r.images_per_second > 0 for r in reports)
    assert "epoch 1  step 2" in str(reports[0])


def test_it_trains_only_while_it_is_looped_over():
    model = Toy()
    reports = fit(model, Batches(5), report_every=2)
    assert model.steps == 0
    next(reports)
    assert model.steps == 2


def test_nan_stops_and_says_since_when():
    with pytest.raises(DivergedError, match=r"loss_G .* step 7 \(epoch 2\).*learning"):
        list(fit(Toy(nan_at=7), Batches(5), report_every=3))


def test_a_real_training_that_diverges_is_stopped(tiny, pairs):
    model = Pix2Pix(tiny.replace(lr=1e30))
    with pytest.raises(DivergedError, match="step"):
        list(fit(model, Loader(PairedImages(pairs, "train", model.config))))


def test_epochs_see_different_orders_that_can_be_repeated(tiny, pairs):
    def seen():
        model, batches = Toy(), []
        model.step = lambda x, y: batches.append(x.asnumpy()) or {"loss": nd.ones(1)}
        loader = Loader(PairedImages(pairs, "train", tiny), batch_size=12)
        loader.epoch = 7  # it was used before; a training begins with epoch 0
        list(fit(model, loader))
        return batches

    first, again = seen(), seen()
    assert len(first) == 3 and (first[0] != first[1]).any()
    loader = Loader(PairedImages(pairs, "train", tiny), batch_size=12)
    assert (first[0] == next(iter(loader))[0].asnumpy()).all()
    assert all((a == b).all() for a, b in zip(first, again))


def test_useless_report_every_is_refused():
    with pytest.raises(ValueError, match="report_every=0"):
        next(fit(Toy(), Batches(1), report_every=0))


def test_random_numbers_of_a_step_depend_on_its_number_alone(tiny, pairs):
    """What the body draws changes nothing, and the body's draws repeat as well."""
    def losses(draws):
        model, seen = Pix2Pix(tiny), []
        for report in fit(model, Loader(PairedImages(pairs, "train", tiny)),
                          report_every=1):
            body = [float(nd.random.uniform().asscalar()) for _ in range(draws)]
            seen.append((report.losses, body[:1]))
        return seen

    one, many = losses(1), losses(5)
    assert one == many
    assert len({body[0] for _, body in one}) == len(one)


def test_losses_are_read_one_step_late_and_the_error_names_the_right_step():
    model = Toy(nan_at=3)
    with pytest.raises(DivergedError, match=r"loss_G .* step 3 \(epoch 1\).* No "
                       "checkpoint was saved before"):
        list(fit(model, Batches(9), report_every=9))
    assert model.steps == 4


def test_an_empty_loader_is_refused():
    with pytest.raises(ValueError, match="loader is empty"):
        next(fit(Toy(), Batches(0)))


def test_a_loader_that_gives_too_little_is_told():
    class Liar(Batches):
        def __len__(self):
            return 7

    with pytest.raises(ValueError, match="promised 7 batches an epoch and gave 3"):
        list(fit(Toy(), Liar(3)))


# What changes from epoch to epoch ---------------------------------------------------


def test_a_model_that_wants_to_know_is_told_which_epoch_begins():
    model, told = Toy(), []
    model.begin_epoch = lambda epoch: told.append((epoch, model.steps))
    list(fit(model, Batches(3)))
    assert told == [(0, 0), (1, 3), (2, 6)]


@pytest.fixture(scope="module")
def local(tiny_hd):
    """A local enhancer whose global part waits for two of four epochs, of 3 steps."""
    return tiny_hd.replace(generator="local", epochs_fix_global=2, ngf=2, epochs=2,
                           epochs_decay=2, features="none")


def train_local(config, folder, scenes, stops=()):
    """Train to the end, with a new model behind each stop; return the epochs told."""
    told = []
    for stop in (*stops, None):
        model = build_model(config, "cpu")
        begin = model.begin_epoch
        model.begin_epoch = lambda epoch, begin=begin: (told.append(epoch),
                                                        begin(epoch))
        run = RunFolder(folder, config, resume=True, keep=9)
        for report in fit(model, Loader(LabelView(scenes, config).train), run=run,
                          resume="auto", report_every=1):
            run.log(report)
            if report.iteration == stop:
                break
    return told


def contents(run, epoch):
    folder = run / "checkpoints" / f"epoch_{epoch:04d}"
    return {f"{path.name}/{name}": array for path in folder.glob("*.npz")
            for name, array in read_arrays(path).items()}


def trunk_of(arrays, file):
    return {name: array for name, array in arrays.items()
            if name.startswith(f"{file}/trunk.")}


@pytest.fixture(scope="module")
def whole(local, scenes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert train_local(local, folder, scenes) == [0, 1, 2, 3]
    return folder


def test_a_global_part_waits_and_then_learns(whole):
    weights = [trunk_of(contents(whole, epoch), "generator.npz") for epoch in (0, 2, 3)]
    assert weights[0]
    for name, array in weights[0].items():
        assert (weights[1][name] == array).all()
    assert any((weights[2][name] != array).any() for name, array in weights[1].items())
    waiting, learning = (trunk_of(contents(whole, epoch), "optimizer_generator.npz")
                         for epoch in (2, 3))
    assert not waiting
    assert learning["optimizer_generator.npz/trunk.1.weight.updates"] == 3


@pytest.mark.parametrize(("stops", "told"), [
    ((2,), [0, 0, 1, 2, 3]), ((6,), [0, 1, 2, 3]), ((7,), [0, 1, 2, 2, 3]),
    ((4, 8, 10), [0, 1, 1, 2, 2, 3, 3])])
def test_a_break_while_it_waits_or_learns_changes_nothing(local, scenes, whole,
                                                          tmp_path, stops, told):
    assert train_local(local, tmp_path / "run", scenes, stops) == told
    expected, found = contents(whole, 4), contents(tmp_path / "run", 4)
    assert found.keys() == expected.keys()
    assert not [name for name in expected if (found[name] != expected[name]).any()]
