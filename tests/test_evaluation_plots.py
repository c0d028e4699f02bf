import numpy as np
import pytest
from matplotlib import pyplot as plt

from gluon_pix2pix import evaluation_plots
from gluon_pix2pix.metrics import diversity


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def test_the_spread_is_that_of_all_samples_on_one_scale():
    rng = np.random.RandomState(0)
    many = rng.uniform(-1, 1, (6, 3, 8, 8))
    rows = {"few": [many[0], many[0]], "many": many}
    figure = evaluation_plots.draw_spread(rows, most=3)
    axes = np.array(figure.axes[:8]).reshape(2, 4)
    drawn = [line[-1].images[0] for line in axes]
    assert (drawn[0].get_array() == 0).all()
    assert np.allclose(drawn[1].get_array(), many.std(axis=0).mean(axis=0))
    assert drawn[0].get_clim() == drawn[1].get_clim()
    assert axes[1, -1].get_title() == f"diversity {diversity(many):.3f}"
    assert not axes[0, 2].images and len(axes[1, 2].images) == 1


def test_the_better_score_is_the_darker_whichever_way_is_better():
    rows = {"good": {"l1": 0.1, "ssim": 0.9}, "bad": {"l1": 0.3, "ssim": 0.1},
            "between": {"l1": 0.2, "ssim": 0.9}}
    ax, = evaluation_plots.draw_score_table(rows).axes
    shade = ax.images[0].get_array()
    assert shade[:, 0].tolist() == [1, 0, 0.5]
    assert shade[0, 1] == shade[2, 1] > shade[1, 1]  # equal scores, equal shade
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["0.1000", "0.9000", "0.3000", "0.1000", "0.2000", "0.9000"]
    assert [label.get_text() for label in ax.get_yticklabels()] == list(rows)
    assert "less is better" in ax.get_xticklabels()[0].get_text()


def test_curves_have_a_panel_a_score():
    scores = [{"l1": value, "class_iou": 1 - value} for value in (0.1, 0.4)]
    figure = evaluation_plots.draw_score_curves(
        [0, 2], {"real": scores, "output": scores[::-1]}, "blur", ["l1", "class_iou"])
    first, second = figure.axes
    assert first.lines[1].get_ydata().tolist() == [0.4, 0.1]
    assert second.lines[0].get_ydata().tolist() == [0.9, 0.6]
    assert "more is better" in second.get_title() and second.get_ylim()[0] == 0


def test_between_blind_and_real():
    summary = {"l1": {"mean": 0.2, "one_picture": 0.4}, "psnr": {"mean": 20.0},
               "ssim": {"mean": 0.1, "one_picture": 0.2},
               "frechet": {"mean": 3.0, "one_picture": 9.0, "real": 1.0},
               "class_iou": {"mean": 0.1, "one_picture": 0.5, "real": 0.5},
               "diversity": {"mean": 0.1}}
    ax, = evaluation_plots.draw_between(summary).axes
    assert [label.get_text().strip() for label in ax.get_yticklabels()] == [
        "L1", "SSIM", "Fréchet distance"]
    assert [text.get_text() for text in ax.texts] == ["0.50", "-0.12", "0.75"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx([0.5, -0.125, 0.75])


def test_a_bar_that_is_cut_off_says_so():
    summary = {"l1": {"mean": 1.6, "one_picture": 0.4},
               "ssim": {"mean": 0.2, "one_picture": 0.4},
               "class_iou": {"mean": 0.5, "one_picture": 0.1, "real": 0.3}}
    ax, = evaluation_plots.draw_between(summary).axes
    assert [text.get_text() for text in ax.texts] == ["← -3.00", "-0.33", "2.00 →"]
    assert [bar.get_width() for bar in ax.patches] == pytest.approx(
        [-0.5, -1 / 3, 1.5])


def test_an_ellipse_has_the_axes_of_its_gaussian():
    rng = np.random.RandomState(0)
    points = rng.normal(size=(5000, 2)) * (3, 1) @ [[0.8, 0.6], [-0.6, 0.8]]
    ax, = evaluation_plots.draw_gaussians({"turned": points}).axes
    ellipse = ax.patches[0]
    assert ellipse.width == pytest.approx(12, rel=0.05)
    assert ellipse.height == pytest.approx(4, rel=0.05)
    assert np.tan(np.radians(ellipse.angle)) == pytest.approx(0.75, rel=0.05)
    assert ellipse.center == pytest.approx(points.mean(axis=0))
