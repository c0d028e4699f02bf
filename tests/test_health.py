import dataclasses

import numpy as np
import pytest
from mxnet import nd
from PIL import Image

from gluon_pix2pix import (
    CycleGAN,
    CycleGANConfig,
    Loader,
    PairedImages,
    Pix2Pix,
    Pix2PixConfig,
    UnpairedImages,
    fit,
    health,
)
from gluon_pix2pix.health import HealthWatch, share_of_variety
from gluon_pix2pix.label_instances import LabelInstanceImages
from gluon_pix2pix.pix2pixhd_config import Pix2PixHDConfig
from gluon_pix2pix.training import Report

CONFIG = Pix2PixConfig()  # looks at 200 steps


def _report(step, accuracy=0.8, loss_gan=2.0):
    losses = {"accuracy_D": accuracy, "loss_gan": loss_gan}
    return Report(1 + step // 400, step, losses, 10.0, 2e-4, step % 400 == 0)


def _follow(watch, steps, accuracy, loss_gan):
    """Report every 10 steps; accuracy and loss are numbers or functions of the step."""
    new = []
    for step in steps:
        values = [value(step) if callable(value) else value
                  for value in (accuracy, loss_gan)]
        new += watch.update(_report(step, *values))
    return new


def _climbing(step):
    return 1 + step / 50


# Variety

@pytest.fixture
def targets():
    return np.random.RandomState(0).uniform(-1, 1, (4, 3, 16, 16))


def test_variety_is_a_share_of_that_of_the_targets(targets):
    assert share_of_variety(targets, targets) == pytest.approx(1)
    assert share_of_variety(0.5 * targets, targets) == pytest.approx(0.5)


def test_one_picture_for_all_and_flat_pictures_have_no_variety(targets):
    same = np.repeat(targets[:1], 4, axis=0)
    flat = np.repeat(targets[:, :, :1, :1], 256, axis=3).reshape(targets.shape)
    assert share_of_variety(same, targets) == pytest.approx(0, abs=1e-9)
    assert share_of_variety(flat, targets) == pytest.approx(0, abs=1e-9)


def test_a_single_picture_is_compared_by_its_pixels(targets):
    assert share_of_variety(targets[1:2], targets[:1]) == pytest.approx(1, abs=0.1)
    assert share_of_variety(0 * targets[:1], targets[:1]) == 0


def test_flat_targets_ask_for_no_variety(targets):
    assert np.isnan(share_of_variety(targets, 0 * targets))


def test_variety_translates_the_first_pairs_and_changes_nothing(model, pairs):
    dataset = PairedImages(pairs, "train", model.config, train=False)
    before = {name: param.data().asnumpy()
              for name, param in model.netG.collect_params().items()}
    seen, translate = [], model.translate
    model.translate = lambda x: seen.append(x) or translate(x)
    assert 0 < health.variety(model, dataset, count=3) < 10
    assert [(x.asnumpy()[0] == dataset[i][0]).all() for i, x in enumerate(seen)] \
        == [True] * 3
    after = model.netG.collect_params()
    assert all((after[name].data().asnumpy() == before[name]).all() for name in before)


# The discriminator

def test_a_healthy_training_is_left_in_peace():
    """Measured: the toys of the lesson, and real facades, stay below these."""
    noise = np.random.RandomState(0)
    watch = HealthWatch(CONFIG)
    assert _follow(watch, range(10, 4000, 10), lambda _: 0.92 + noise.normal(0, 0.04),
                   lambda step: 2.5 + step / 4000 + noise.normal(0, 0.3)) == []


def test_a_discriminator_that_wins_is_told_once():
    watch = HealthWatch(CONFIG)
    (warning,) = _follow(watch, range(10, 2000, 10), 0.995, _climbing)
    assert warning.kind == "discriminator won"
    assert (warning.iteration, warning.epoch) == (210, 1)
    assert "99.5 %" in warning.seen and "(2.3 to 4.3)" in warning.seen
    assert "pool_size=50" in warning.remedy and "look at the samples" in str(warning)
    assert watch.warnings == [warning]


def test_neither_a_short_win_nor_an_answered_one_is_told():
    assert _follow(HealthWatch(CONFIG), range(10, 200, 10), 1.0, _climbing) == []
    falling = _follow(HealthWatch(CONFIG), range(10, 2000, 10), 1.0,
                      lambda step: 5 - step / 1000)
    assert falling == []


def test_it_is_told_again_when_it_was_over_in_between():
    watch = HealthWatch(CONFIG)

    def told(steps, accuracy):
        return [w.iteration for w in _follow(watch, steps, accuracy, _climbing)]

    assert told(range(10, 410, 10), 1.0) == [210]
    assert told(range(410, 810, 10), 0.97) == []  # better, but not well
    assert told(range(810, 1210, 10), 1.0) == []
    assert told(range(1210, 1610, 10), 0.9) == []
    assert len(told(range(1610, 2010, 10), 1.0)) == 1


def test_rare_reports_are_enough_for_a_trend():
    watch = HealthWatch(CONFIG)
    (warning,) = _follow(watch, range(500, 5000, 500), 1.0, _climbing)
    assert warning.iteration == 2000  # the fourth
    assert "over 1500 steps" in warning.seen


def test_a_discriminator_without_an_opponent_is_no_trouble():
    watch = HealthWatch(CONFIG.replace(lambda_gan=0.0))
    assert _follow(watch, range(10, 2000, 10), 1.0, _climbing) == []


@pytest.mark.parametrize(("changes", "there", "absent"), [
    ({}, "smaller lambda_gan", "100 times"),
    ({"lambda_l1": 10.0}, "lambda_l1 at 100 times lambda_gan", "smaller lambda_gan"),
    ({"lambda_gan": 0.01}, "larger lambda_gan", "smaller lambda_gan"),
    ({"lambda_l1": 0.0}, "Nothing else teaches", "L1 teaches on"),
    ({"pool_size": 50}, "smaller discriminator", "pool_size"),
])
def test_only_what_is_left_to_try_is_advised(changes, there, absent):
    watch = HealthWatch(CONFIG.replace(**changes))
    (warning,) = _follow(watch, range(10, 400, 10), 1.0, _climbing)
    assert there in warning.remedy and absent not in warning.remedy


# The pictures

def test_one_picture_for_everything_is_told_once():
    watch = HealthWatch(CONFIG)
    assert watch.update(_report(100), variety=0.01) == []  # it has just begun
    (warning,) = watch.update(_report(400), variety=0.06)
    assert warning.kind == "one picture" and "6 %" in warning.seen
    assert "direction" in warning.remedy and "100 times" not in warning.remedy
    assert watch.update(_report(410)) == []
    assert watch.update(_report(800), variety=0.02) == []
    assert watch.update(_report(1200), variety=0.15) == []  # better, but not well
    assert watch.update(_report(1600), variety=0.09) == []
    assert watch.update(_report(2000), variety=0.3) == []
    assert len(watch.update(_report(2400), variety=0.09)) == 1


def test_pictures_without_l1_are_advised_to_take_it():
    watch = HealthWatch(CONFIG.replace(lambda_l1=0.0))
    (warning,) = watch.update(_report(400), variety=0.0)
    assert "lambda_l1 at 100 times lambda_gan" in warning.remedy


def test_varied_pictures_and_unknown_variety_are_fine():
    watch = HealthWatch(CONFIG)
    assert watch.update(_report(400), variety=0.25) == []
    assert watch.update(_report(800), variety=float("nan")) == []


def test_thresholds_are_those_of_the_configuration():
    never = CONFIG.replace(warn_accuracy=1.0, warn_variety=0.0)
    watch = HealthWatch(never)
    assert _follow(watch, range(10, 2000, 10), 1.0, _climbing) == []
    assert watch.update(_report(2000), variety=0.0) == []
    strict = CONFIG.replace(warn_window=40, warn_accuracy=0.6, warn_variety=0.9)
    watch = HealthWatch(strict)
    assert _follow(watch, range(10, 90, 10), 0.7, _climbing)[0].iteration == 50
    assert watch.update(_report(90), variety=0.8)


# A CycleGAN

CYCLE = CycleGANConfig()


def _cycle_report(step, accuracy_A, accuracy_B, a2b, b2a):
    losses = {"accuracy_D_A": accuracy_A, "accuracy_D_B": accuracy_B,
              "loss_G_A2B": a2b, "loss_G_B2A": b2a}
    return Report(1 + step // 400, step, losses, 10.0, 2e-4, step % 400 == 0)


@pytest.mark.parametrize(("accuracies", "who"), [
    ((0.99, 0.5), "A"), ((0.5, 0.99), "B")])
def test_each_discriminator_of_a_cyclegan_is_watched(accuracies, who):
    watch, log = HealthWatch(CYCLE), {}
    for step in range(10, 400, 10):
        climbs, falls = 0.5 + step / 1000, 0.5 - step / 1000
        losses = (falls, climbs) if who == "A" else (climbs, falls)
        report = _cycle_report(step, *accuracies, *losses)
        watch.update(report)
        for name, value in {"epoch": 1, "iteration": step, **report.losses}.items():
            log.setdefault(name, []).append(float(f"{value:.6g}"))
    (warning,) = watch.warnings
    assert warning.iteration == 210
    assert warning.seen.startswith(f"The discriminator of {who} has won: over 200 ")
    assert "99.0 %" in warning.seen
    generator = {"A": "F", "B": "G"}[who]
    assert f"loss of {generator} climbs (0.56 to 0.67)" in warning.seen
    assert "ndf" in warning.remedy and "pool_size" not in warning.remedy
    assert "lambda_l1" not in warning.remedy and "lambda_gan" not in warning.remedy
    assert HealthWatch(CYCLE, log).warnings == [warning]


def test_a_discriminator_is_compared_with_its_own_generator():
    watch = HealthWatch(CYCLE)
    for step in range(10, 400, 10):  # D of A wins, and it is G that climbs
        watch.update(_cycle_report(step, 1.0, 0.7, _climbing(step), 1 - step / 1000))
    assert watch.warnings == []


def test_both_discriminators_are_told_each_once():
    watch = HealthWatch(CYCLE)
    for step in range(10, 800, 10):
        watch.update(_cycle_report(step, 1.0 if step > 300 else 0.7, 1.0,
                                   _climbing(step), _climbing(step)))
    told = [(warning.iteration, warning.seen[:22]) for warning in watch.warnings]
    assert told == [(210, "The discriminator of B"), (490, "The discriminator of A")]


@pytest.mark.parametrize(("changes", "there", "absent"), [
    ({}, "a lower lr", "lambda_cycle"),
    ({"lambda_cycle": 1.0}, "lambda_cycle at 10", "lambda_l1"),
    ({"pool_size": 0}, "pool_size=50", "lambda")])
def test_a_cyclegan_is_advised_what_is_left_to_try(changes, there, absent):
    watch = HealthWatch(CYCLE.replace(**changes))
    for step in range(10, 400, 10):
        watch.update(_cycle_report(step, 1.0, 1.0, step, step), variety=0.01)
    told = {warning.kind: warning.remedy for warning in watch.warnings}
    assert there in told["discriminator won"] and absent not in \
        told["discriminator won"]
    assert "each domain show many things" in told["one picture"]


class _Directions:
    """Passes on what goes to B, and paints one grey on the way to A."""

    def translate(self, real, direction):
        return real if direction == "AtoB" else 0 * real


def test_the_variety_of_a_cyclegan_is_that_of_its_worse_direction(tiny_cycle, domains):
    dataset = UnpairedImages(domains, "test", tiny_cycle)
    assert health.cycle_variety(_Directions(), dataset) == 0
    model = CycleGAN(tiny_cycle)
    A, B = ([dataset[i][place] for i in range(count)]  # each picture once
            for place, count in ((0, 2), (1, 3)))
    one_by_one = [share_of_variety(_translated(model, A, "AtoB"), np.stack(B)),
                  share_of_variety(_translated(model, B, "BtoA"), np.stack(A))]
    assert health.cycle_variety(model, dataset) == pytest.approx(min(one_by_one))


def _translated(model, pictures, direction):
    return np.stack([model.translate(nd.array(picture[None]), direction).asnumpy()[0]
                     for picture in pictures])


class _Negatives:
    """Turns each picture into its negative: as varied as it was."""

    def translate(self, real, direction):
        return -real


@pytest.mark.parametrize("counts", [(8, 8), (8, 1), (1, 1), (2, 8)])
def test_a_domain_of_few_pictures_is_no_generator_that_paints_one(
        counts, tiny_cycle, tmp_path):
    noise = np.random.RandomState(0)
    for domain, count in zip("AB", counts):
        folder = tmp_path / f"test{domain}"
        folder.mkdir()
        for number in range(count):
            Image.fromarray(noise.randint(0, 256, (32, 32, 3), np.uint8)).save(
                folder / f"{number}.png")
    dataset = UnpairedImages(tmp_path, "test", tiny_cycle)
    assert health.cycle_variety(_Negatives(), dataset) == pytest.approx(1, abs=0.4)


# Interruptions

def _log(watched):
    """Return the columns as they are read from log.csv, where they are rounded."""
    columns = {"epoch": [], "iteration": [], "accuracy_D": [], "loss_gan": [],
               "variety": []}
    for report, variety in watched:
        row = {"epoch": report.epoch, "iteration": report.iteration,
               **{name: float(f"{value:.6g}") for name, value in report.losses.items()},
               "variety": float("nan" if variety is None else f"{variety:.5f}")}
        for name, column in columns.items():
            column.append(row[name])
    return columns


def _story():
    """Two wins of the discriminator, and one picture for everything at the end."""
    for step in range(10, 1610, 10):
        report = _report(step, 0.8 if 500 < step < 900 else 1.0, _climbing(step) / 7)
        yield report, 1 / 19 if step == 1200 else 0.5 if step % 400 == 0 else None


def test_a_log_tells_the_same_as_the_training_did():
    watch = HealthWatch(CONFIG)
    for report, variety in _story():
        watch.update(report, variety)
    assert len(watch.warnings) == 3
    assert HealthWatch(CONFIG, _log(_story())).warnings == watch.warnings
    without = {name: column for name, column in _log(_story()).items()
               if name != "variety"}
    assert HealthWatch(CONFIG, without).warnings == [
        w for w in watch.warnings if w.kind == "discriminator won"]
    assert HealthWatch(CONFIG, {}).warnings == []


@pytest.mark.parametrize("seen, back", [(300, 300), (1300, 1190), (1100, 0)])
def test_a_resumed_training_is_told_what_an_uninterrupted_one_is(seen, back):
    whole = HealthWatch(CONFIG, _log(_story()))
    before = [pair for pair in _story() if pair[0].iteration <= seen]
    resumed = HealthWatch(CONFIG, _log(before))
    for report, variety in _story():
        if report.iteration > back:
            resumed.update(report, variety)
    assert resumed.warnings == whole.warnings


# A pix2pixHD

@pytest.mark.parametrize(("changes", "there", "absent"), [
    ({}, "a lower lr", "lambda_feat"),
    ({"lambda_feat": 1.0}, "lambda_feat at 10", "Nothing else"),
    ({"lambda_feat": 0.0, "lambda_vgg": 0.0}, "Nothing else teaches", "samples"),
    ({"pool_size": 50}, "more photos", "pool_size")])
def test_a_pix2pixhd_is_advised_what_is_left_to_try(changes, there, absent):
    watch = HealthWatch(Pix2PixHDConfig(**changes))
    for step in range(10, 400, 10):
        losses = {"accuracy_D": 1.0, "loss_gan": _climbing(step)}
        watch.update(Report(1, step, losses, 1.0, 2e-4, False), variety=0.01)
    one, won = watch.warnings
    assert won.seen == ("The discriminators have won: over 200 steps they told 100.0 % "
                        "of the patches apart, and the generator's adversarial loss "
                        "climbs (2.30 to 4.30).")
    assert there in won.remedy and absent not in won.remedy
    assert "varies by 1 % of what photos do. Look at a batch: do labels" in str(one)


def test_the_variety_of_painted_labels_is_a_share_of_that_of_photos(tiny_hd, scenes):
    photos = LabelInstanceImages(scenes, "test", tiny_hd, train=False)
    more = LabelInstanceImages(scenes, "train", tiny_hd, train=False)

    class Copies:  # each photo, with less contrast
        config = tiny_hd
        contrast = 0.5

        def features_of(self, photo, instances):
            return photo

        def translate(self, labels, instances, features):
            return features * self.contrast

    model = Copies()
    assert health.label_variety(model, photos, photos) == pytest.approx(0.5, rel=1e-5)
    model.contrast = 0
    assert health.label_variety(model, photos, photos) == 0
    model.contrast = 1
    varied = health.label_variety(model, photos, more)
    assert varied == pytest.approx(1, abs=0.6) and varied != 1


# A real training

def test_a_planted_collapse_is_noticed(tiny, pairs):
    """A generator whose last layer is dead paints grey, and D sees it."""
    config = tiny.replace(epochs=14, warn_window=40, pool_size=0, lr=1e-3)
    model = Pix2Pix(config)
    for param in list(model.netG.collect_params().values())[-2:]:
        param.set_data(0 * param.data())
        param.grad_req = "null"
    val = PairedImages(pairs, "val", config)
    watch = HealthWatch(config)
    for report in fit(model, Loader(PairedImages(pairs, "train", config), workers=0)):
        watch.update(report, health.variety(model, val) if report.epoch_ends else None)
    assert {w.kind for w in watch.warnings} == {"discriminator won", "one picture"}
    assert all(w.iteration >= 40 for w in watch.warnings)


def test_a_warning_is_plain_values():
    """So that it can be compared and written down."""
    watch = HealthWatch(CONFIG, _log(_story()))
    for warning in watch.warnings:
        values = dataclasses.asdict(warning)
        assert {type(value) for value in values.values()} == {str, int}
        assert "\n" not in str(warning)  # a line of the log
