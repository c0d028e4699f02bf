"""What `train` looks at: the data, figures and pictures of each kind of model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from . import health, metrics, viz
from .cycle_evaluation import cycle_l1
from .datasets import PairedImages, UnpairedImages
from .label_instances import LabelInstanceImages
from .label_painting import photo_l1
from .layouts import count_pictures
from .pictures import PictureError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_NOTE = ("{folder} has no {lacks}: nothing is measured on held-out pictures, and the "
         "samples show pictures that are trained on.")


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
        Whether what is shown is not trained on, and can be measured.
    about, pixels : str
        How much is trained on, and at which size.
    note : str
        What to say where nothing is held out.
    to_translate : str
        What to give the command ``translate`` besides the run.
    """

    layout, learns_from, prepare = "paired", "pairs", "pairs"
    dataset = "toy_facades"  # by default
    to_translate = "YOUR_PICTURE"
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
        self.pixels = f"{config.size} pixels"
        self.note = _NOTE.format(folder=folder, lacks="val/")

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
    to_translate = "YOUR_PICTURE"
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
        self.pixels = f"{config.size} pixels"
        self.note = _NOTE.format(folder=folder, lacks="testA/ or no testB/")

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


class LabelView:
    """pix2pixHD: labels, what is painted of them, and the photo where there is one.

    Parameters and attributes as of `PairedView`, except:

    Attributes
    ----------
    shown : LabelInstanceImages
        The test split, without photos or stored features where it has none; the train
        split if there are no test labels.
    held_out : bool
        Whether the test split has all that is trained on, so that outputs can be
        compared with photos. Nothing else is chosen by it.
    """

    layout, prepare = "labels", "labels"
    learns_from = "photos with label maps"
    dataset = "toy_streets_hd"
    losses = {"D": ("loss_D",), "accuracy": ("accuracy_D",), "G": ("loss_gan",),
              "features": ("loss_feat",), "VGG": ("loss_vgg",)}

    def __init__(self, folder: Path, config):
        self.train = LabelInstanceImages(folder, "train", config)
        missing = _missing_in_test(folder, config)
        self.held_out = not missing
        if missing & {"labels", "instances"}:
            self.shown = LabelInstanceImages(folder, "train", config, train=False)
            self.note = _NOTE.format(folder=folder, lacks="test split with labels")
        else:
            stored = {"features": "none"} if "features" in missing else {}
            self.shown = LabelInstanceImages(
                folder, "test", config.replace(**stored), train=False,
                use_photos="photos" not in missing)
            self.note = (f"{folder} has no test {' and no '.join(sorted(missing))}: "
                         "nothing is measured on held-out pictures.")
        self.title = " | ".join(viz.label_sheet_titles(config, self.shown))
        self.about = _counted(len(self.train), "photo")
        files = self.shown.paths[0]
        self.to_translate = " ".join([
            str(files.labels.parent),
            *([f"--instances {files.instances.parent}"] if files.instances else []),
            *(["--photos YOUR_PHOTOS"] if config.features == "encoder" else []),
            *(["--features FOLDER"] if config.features == "stored" else [])])

    @property
    def pixels(self) -> str:
        """The size of the first picture; others may be higher or lower."""
        try:
            height, width = self.train[0][0].shape[1:]
        except PictureError:  # which may be skipped
            return "unknown size"
        return f"{width}x{height} pixels"

    def sheet(self, model, count: int) -> Figure:
        return viz.label_sheet(model, self.shown, range(count))

    def variety(self, model) -> float:
        photos = self.shown if self.shown.use_photos else self.train
        return health.label_variety(model, self.shown, photos)

    def measure(self, model) -> dict[str, float]:
        return {"val_l1": photo_l1(model, self.shown)}

    def tell(self, measured: dict[str, float]) -> str:
        return f"held-out L1 {measured['val_l1']:.4f}"


def _missing_in_test(folder, config) -> set[str]:
    """Name what the test split lacks of what a configuration trains on."""
    source, target = "AB" if config.direction == "AtoB" else "BA"
    parts = {"labels": {"test_label"}, "photos": {"test_img"}} if config.label_nc else {
        "labels": {f"test_{source}", f"test{source}"},
        "photos": {f"test_{target}", f"test{target}"}}
    if config.use_instances:
        parts["instances"] = {"test_inst"}
    if config.features == "stored":
        parts["features"] = {"test_feat"}
    found = set(count_pictures(folder))
    return {part for part, names in parts.items() if not names & found}


def _counted(number, thing):
    return f"{number} {thing}{'s' * (number != 1)}"


VIEWS = {"pix2pix": PairedView, "cyclegan": UnpairedView, "pix2pixhd": LabelView}
