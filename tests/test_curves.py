import math

import numpy as np
import pytest
from matplotlib import pyplot as plt

from gluon_pix2pix import LossPlot, plot_losses
from gluon_pix2pix.health import HealthWarning
from gluon_pix2pix.training import Report
from gluon_pix2pix.viz import COLOURS


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def _report(step):
    losses = {"loss_D": 0.7, "loss_G": 30.0, "loss_gan": 1.0, "loss_l1": 0.3,
              "accuracy_D": 0.6}
    return Report(1, step, losses, 10.0, 2e-4, False)


def test_curves_have_the_line_of_a_balanced_discriminator():
    columns = {"iteration": [1, 2], "loss_D": [0.7, 0.6], "loss_gan": [0.7, 0.8],
               "loss_l1": [0.5, 0.4], "accuracy_D": [0.5, 0.6],
               "val_l1": [math.nan, 0.3]}
    figure = plot_losses(columns)
    levels = [line.get_ydata()[0] for line in figure.axes[0].lines]
    assert any(abs(level - math.log(2)) < 1e-9 for level in levels)
    assert figure.axes[1].lines[1].get_ydata().tolist() == [0.3]


CYCLE = {"iteration": [1, 2], "loss_G": [9.0, 8.0],
         "accuracy_D_A": [0.5, 0.6], "accuracy_D_B": [0.7, 0.8],
         "loss_G_A2B": [0.3, 0.4], "loss_G_B2A": [0.5, 0.6], "loss_D_A": [0.25, 0.2],
         "loss_D_B": [0.2, 0.1], "loss_cycle_A": [0.9, 0.3], "loss_cycle_B": [0.8, 0.2],
         "val_cycle_A": [math.nan, 0.35], "val_cycle_B": [math.nan, 0.25]}


def _shown(ax):
    return {line.get_label(): list(line.get_ydata()) for line in ax.lines}


def test_curves_of_a_cyclegan_show_opponents_and_cycles():
    adversarial, distance, accuracy = plot_losses(CYCLE, 0.25).axes
    assert _shown(adversarial) == {
        "D of B": [0.2, 0.1], "G, A to B": [0.3, 0.4], "D of A": [0.25, 0.2],
        "F, B to A": [0.5, 0.6], "D cannot tell: 0.25": [0.25, 0.25]}
    assert _shown(distance) == {
        "cycle of A": [0.9, 0.3], "cycle of B": [0.8, 0.2],
        "cycle of A, held out": [0.35], "cycle of B, held out": [0.25]}
    assert _shown(accuracy) == {"D of A": [0.5, 0.6], "D of B": [0.7, 0.8],
                                "chance": [0.5, 0.5]}
    identity = {"loss_identity_A": [0.1, 0.1], "loss_identity_B": [0.1, 0.1]}
    assert "identity of A" in _shown(plot_losses({**CYCLE, **identity}).axes[1])


HD = {"iteration": [1, 2], "loss_D": [0.5, 0.4], "loss_gan": [0.6, 0.7],
      "accuracy_D": [0.5, 0.6], "loss_feat": [3.0, 2.0], "loss_vgg": [1.5, 1.0],
      "val_l1": [math.nan, 0.3]}


def test_curves_of_a_pix2pixhd_show_distances_of_features():
    adversarial, distance, _ = plot_losses(HD, 0.5).axes
    assert "D cannot tell: 0.50" in _shown(adversarial)
    assert _shown(distance) == {"features of D": [3.0, 2.0], "validation": [0.3],
                                "features of VGG19": [1.5, 1.0]}
    assert distance.get_title() == "distances (validation: L1)"


def test_without_a_distance_there_are_two_panels():
    columns = {name: HD[name] for name in HD if name not in ("loss_feat", "loss_vgg")}
    _, measured, _ = plot_losses(columns).axes
    assert _shown(measured) == {"validation": [0.3]}
    assert measured.get_title() == "L1 distance, on [-1, 1]"
    figure = plot_losses({**columns, "val_l1": [math.nan] * 2})
    assert [ax.get_title() for ax in figure.axes] == ["adversarial losses",
                                                      "patches that D tells apart"]


@pytest.mark.parametrize("missing", ["loss", "accuracy"])
def test_a_panel_without_a_curve_names_what_is_missing(missing):
    columns = {name: CYCLE[name] for name in CYCLE if missing not in name}
    with pytest.raises(KeyError, match=f"{missing}_D"):
        plot_losses(columns)


def test_loss_plot_takes_whatever_was_measured():
    plot = LossPlot(0.25)
    losses = {name: column[0] for name, column in CYCLE.items() if "loss" in name}
    for step in (1, 2):
        report = Report(1, step, {**losses, "accuracy_D_A": 0.5}, 10.0, 2e-4, False)
        plot.update(report, val_cycle_A=0.5, **{"val_cycle_B": 0.4} if step > 1 else {})
    np.testing.assert_equal(plot.columns["val_cycle_B"], [math.nan, 0.4])
    assert _shown(plot.figure().axes[1])["cycle of A, held out"] == [0.5, 0.5]


def test_loss_plot_collects_reports_and_works_without_a_notebook():
    plot = LossPlot()
    for step in (1, 2):
        plot.update(_report(step), images=[np.zeros((3, 8, 8))] * 3)
    plot.close(_report(2))
    assert plot.columns["iteration"] == [1, 2]
    assert len(plot.figure().axes) == 6


def test_loss_plot_redraws_one_picture_in_place(monkeypatch):
    shown = []

    class Handle:
        def update(self, figure):
            shown.append("update")

    def display(figure, display_id):
        shown.append("display")
        return Handle()

    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    monkeypatch.setattr("IPython.display.display", display)
    plot = LossPlot(every=0)
    for step in (1, 2, 3):
        plot.update(_report(step))
    assert shown == ["display", "update", "update"]
    assert not plt.get_fignums()
    patient = LossPlot(every=1000)
    for step in (1, 2, 3):
        patient.update(_report(step))
    assert shown[3:] == ["display"]


def test_long_curves_get_a_running_mean_of_the_right_height():
    steps = list(range(200))
    columns = {"iteration": steps, "loss_l1": [0.3] * 200, "accuracy_D": [0.5] * 200,
               "loss_D": [0.5 + 0.3 * (-1) ** step for step in steps],
               "loss_gan": [1.0] * 200}
    figure = plot_losses(columns)
    raw, smooth = (line.get_ydata() for line in figure.axes[0].lines[:2])
    assert np.ptp(raw) > 0.5 and np.ptp(smooth[10:-10]) < 0.1
    constant = figure.axes[1].lines[1].get_ydata()
    np.testing.assert_allclose(constant, 0.3)  # at both ends too
    assert figure.axes[0].get_ylim()[1] > 1.0


def test_a_single_report_is_seen():
    plot = LossPlot()
    plot.update(_report(1))
    assert plot.figure().axes[1].lines[0].get_marker() == "."
    for step in (2, 3):
        plot.update(_report(step))
    assert plot.figure().axes[1].lines[0].get_marker() == "None"


def test_loss_plot_draws_validation_where_it_was_measured():
    plot = LossPlot()
    plot.update(_report(1))
    plot.update(_report(2), val_l1=0.25)
    training, validation = plot.figure().axes[1].lines
    assert validation.get_xydata().tolist() == [[2, 0.25]]
    assert training.get_xdata().tolist() == [1, 2]


def _warnings(*steps):
    return [HealthWarning("one picture", 1, step, f"Seen at {step}.", "Try this.")
            for step in steps]


def test_warnings_are_marked_and_the_last_ones_told():
    plot = LossPlot()
    for step in (1, 2, 3, 4):
        plot.update(_report(step), warnings=_warnings(*range(1, step + 1)))
    figure = plot.figure()
    for ax in figure.axes:
        marks = [line.get_xdata()[0] for line in ax.lines
                 if line.get_color() == COLOURS["warning"]]
        assert marks == [1, 2, 3, 4]
    text = figure.subfigs[0]._supxlabel.get_text()
    assert text.splitlines() == [f"Step {step}: Seen at {step}. Try this."
                                 for step in (2, 3, 4)]
    healthy = LossPlot()
    healthy.update(_report(1))
    assert healthy.figure().get_figheight() < figure.get_figheight()
    assert healthy.figure().subfigs[0]._supxlabel is None


def test_a_long_warning_is_told_in_several_lines():
    warning = HealthWarning("one picture", 1, 1, "Seen. " * 60, "Try this.")
    figure = plot_losses({"iteration": [1], "loss_D": [0.7], "loss_gan": [0.7],
                          "loss_l1": [0.5], "accuracy_D": [0.5]}, warnings=[warning])
    figure.draw_without_rendering()
    text = figure.subfigs[0]._supxlabel
    assert text.get_text().count("\n") >= 2
    box = text.get_window_extent()
    assert box.x1 < figure.bbox.x1 and box.y0 >= 0
    below_axes = min(ax.get_tightbbox().y0 for ax in figure.axes)
    assert box.y1 <= below_axes + 1


def test_a_resumed_training_goes_on_in_the_same_plot():
    first = LossPlot()
    for step in (10, 20, 30):
        first.update(_report(step), val_l1=step / 100)
    log = {**first.columns, "learning_rate": [2e-4] * 3}
    again = LossPlot(log=log)
    for step in (20, 40):  # from the checkpoint of step 10
        again.update(_report(step))
    assert again.columns["iteration"] == [10, 20, 40]
    np.testing.assert_equal(again.columns["val_l1"], [0.1, math.nan, math.nan])
    assert {len(column) for column in again.columns.values()} == {3}
    assert log["iteration"] == [10, 20, 30]
    again.figure()
