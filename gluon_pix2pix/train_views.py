"""What `train` looks at: the data, figures and pictures of each kind of model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import health, metrics, viz
from .cycle_evaluation import cycle_l1
from .datasets import PairedImages, UnpairedImages

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class PairedView:
    """pix2pix: input | output | target, and the distance to held-out targets.

    Parameters
    ----------
    folder : Path
        The data set.
    config : ModelConfig
        What is trained.

    Attributes
    ----------
    train, shown : PictureDataset
        To train on, and to look at. The test split stays unseen.
    held_out : bool
        Whether what is shown is not trained on.
    """

    layout, learns_from, prepare = "paired", "pairs", "pairs"
    dataset = "toy_facades"  # by default
    title = "input | output | target"
    # What a bar shows: means of losses, under names that leave room for each other.
    losses = {"D": ("loss_D",), "accuracy": ("accuracy_D",), "G": ("loss_gan",),
              "L1": ("loss_l1",)}

    def __init__(self, folder: Path, config):
        self.held_out = (folder / "val").is_dir()
        self.train = PairedImages(folder, "train", config)
        self.shown = PairedImages(folder, "val" if self.held_out else "train", config,
                                  train=False)
        self.about = _counted(len(self.train), "pair")
        self.lacks = "val/"

    def sheet(self, model, count: int) -> Figure:
        """Draw the first of the pictures to look at."""
        return viz.contact_sheet(model, self.shown, range(count))

    def variety(self, model) -> float:
        """Measure what a `HealthWatch` wants to know."""
        return health.variety(model, self.shown)

    def measure(self, model) -> dict[str, float]:
        """Measure what a run's log has columns for, on held-out pictures."""
        return {"val_l1": metrics.mean_l1(model, self.shown)}

    def tell(self, measured: dict[str, float]) -> str:
        """Say what was measured."""
        return f"validation L1 {measured['val_l1']:.4f}"


class UnpairedView:
    """CycleGAN: both ways there and back, and how closely the cycles close.

    Parameters and attributes as of `PairedView`. What is shown is the test split: these
    data sets have no other, and nothing is chosen by it.
    """

    layout, prepare = "unpaired", "unpaired"
    learns_from = "pictures of two domains without partners"
    dataset = "toy_fruit"
    title = "A | G(A) | F(G(A)) | B | F(B) | G(F(B))"
    losses = {"D": ("loss_D_A", "loss_D_B"), "G": ("loss_G_A2B", "loss_G_B2A"),
              "cycle": ("loss_cycle_A", "loss_cycle_B"),
              "identity": ("loss_identity_A", "loss_identity_B")}

    def __init__(self, folder: Path, config):
        self.held_out = all((folder / f"test{domain}").is_dir() for domain in "AB")
        self.train = UnpairedImages(folder, "train", config)
        self.shown = UnpairedImages(folder, "test" if self.held_out else "train",
                                    config, train=False)
        self.about = (f"{_counted(len(self.train.paths_A), 'picture')} of A and "
                      f"{len(self.train.paths_B)} of B")
        self.lacks = "testA/ or no testB/"

    def sheet(self, model, count: int) -> Figure:
        return viz.cycle_sheet(model, self.shown, range(count))

    def variety(self, model) -> float:
        return health.cycle_variety(model, self.shown)

    def measure(self, model) -> dict[str, float]:
        return {f"val_cycle_{domain}": value
                for domain, value in cycle_l1(model, self.shown).items()}

    def tell(self, measured: dict[str, float]) -> str:
        return (f"held-out cycle L1 of A {measured['val_cycle_A']:.4f}, "
                f"of B {measured['val_cycle_B']:.4f}")


def _counted(number, thing):
    return f"{number} {thing}{'s' * (number != 1)}"


VIEWS = {"pix2pix": PairedView, "cyclegan": UnpairedView}
