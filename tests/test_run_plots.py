import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

from gluon_pix2pix.run_plots import plot_run, plot_samples, redraw

COLUMNS = ("epoch", "iteration", "loss_D", "accuracy_D", "loss_G", "loss_gan",
           "loss_l1", "learning_rate", "images_per_second", "val_l1")


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture
def run(tmp_path, tiny):
    """A run in which the discriminator wins, with samples of 11 epochs."""
    folder = tmp_path / "won"
    (folder / "samples").mkdir(parents=True)
    (folder / "config.json").write_text(tiny.replace(gan_loss="lsgan").to_json())
    rows = [(1, step, 0.1, 1.0, 40, step / 100, 0.4, 2e-4, 9.0, "")
            for step in range(10, 400, 10)]
    (folder / "log.csv").write_text("".join(
        ",".join(map(str, row)) + "\n" for row in [COLUMNS, *rows]))
    for epoch in range(1, 12):
        Image.new("RGB", (30, 40), (20 * epoch, 0, 0)).save(
            folder / "samples" / f"epoch_{epoch:04d}.png")
    return folder


def test_curves_come_from_the_folder_alone_with_their_warnings(run):
    figure = plot_run(run)
    adversarial = figure.axes[0]
    levels = [line.get_ydata()[0] for line in adversarial.lines]
    assert 0.25 in levels  # of least squares, as the configuration says
    marks = [line.get_xdata()[0] for line in adversarial.lines
             if len(set(line.get_xdata())) == 1]
    assert marks == [210]


def test_the_balance_of_several_discriminators_is_that_of_all(run, tiny_hd):
    (run / "config.json").write_text(tiny_hd.replace(num_d=3).to_json())
    adversarial = plot_run(run).axes[0]
    assert 0.75 in [line.get_ydata()[0] for line in adversarial.lines]


def test_samples_show_the_first_the_last_and_some_between(run):
    axes = plot_samples(run).axes
    assert [ax.get_title() for ax in axes] == ["epoch 1", "epoch 4", "epoch 8",
                                               "epoch 11"]
    assert axes[3].images[0].get_array()[0, 0].tolist() == [220, 0, 0]
    assert len(plot_samples(run, most=50).axes) == 11


def test_epochs_are_ordered_as_numbers(run):
    Image.new("RGB", (30, 40)).save(run / "samples" / "epoch_10000.png")
    Image.new("RGB", (30, 40)).save(run / "samples" / "epoch_9999.png")
    assert plot_samples(run).axes[-1].get_title() == "epoch 10000"


def test_redraw_writes_both_pictures(run):
    paths = redraw(run)
    assert paths == [run / "losses.png", run / "samples.png"]
    for path in paths:
        assert np.ptp(np.asarray(Image.open(path).convert("L"))) > 50
    assert not plt.get_fignums()
    for path in (run / "samples").iterdir():
        path.unlink()
    assert redraw(run) == [run / "losses.png"]


@pytest.mark.parametrize(("name", "content"), [
    ("config.json", b"{"), ("config.json", b"\xff"), ("config.json", b'{"size": 33}'),
    ("config.json", 100_000 * b'{"a":'), ("log.csv", b"\xff"),
    ("log.csv", b"epoch,iteration,loss_D\n1,2,x\n"),
    ("log.csv", b"epoch,iteration,loss_X\n1,2,0.5\n")])
def test_damage_is_named_with_its_file(run, name, content):
    (run / name).write_bytes(content)
    with pytest.raises(ValueError, match=str(run / name)):
        redraw(run)


def test_what_cannot_be_drawn_is_told(run, tmp_path):
    with pytest.raises(FileNotFoundError, match="no run folder"):
        redraw(tmp_path)
    (run / "samples" / "epoch_0011.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match="epoch_0011.png"):
        plot_samples(run)
    (run / "log.csv").write_text("")
    with pytest.raises(ValueError, match="no curves yet"):
        redraw(run)
    with pytest.raises(FileNotFoundError, match="no samples"):
        plot_samples(tmp_path)
