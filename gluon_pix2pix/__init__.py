"""Image-to-image translation on Apache MXNet Gluon: pix2pix, explained and complete."""

from . import runtime  # isort: skip  # first: it prepares what MXNet reads as it loads

if runtime.started_as_doctor():  # it ends here, as it must work where the rest does not
    from .cli_doctor import main

    raise SystemExit(main())

runtime.load_mxnet()  # isort: split  # what it lacks is said here, in a sentence

from . import health, metrics, viz
from .blocks import count_parameters, init_weights
from .board import Board
from .checkpoint import load_checkpoint, load_generator, save_checkpoint
from .config import Pix2PixConfig, current_profile, profile_dataset
from .datasets import PairedImages, UnpairedImages
from .discriminators import Discriminator, PixelDiscriminator, receptive_field
from .download import download
from .health import HealthWatch
from .image_pool import ImagePool
from .label_instances import LabelInstanceImages
from .loaders import Loader
from .losses import GANLoss, l1_loss
from .pictures import list_pictures, read_picture
from .pix2pix import Pix2Pix, translate
from .run_list import find_runs
from .run_plots import plot_run, plot_samples
from .runs import RunFolder, best_checkpoint, checkpoint_states, read_log
from .runtime import get_context, seed_everything
from .sources import get_dataset
from .toys import draw
from .training import DivergedError, Interrupted, fit, learning_rate
from .unet import UnetGenerator, UnetSkipUnit
from .version import __version__
from .viz import LossPlot, contact_sheet, image_grid, plot_losses, show_source, to_image

__all__ = [
    "__version__",
    "best_checkpoint",
    "Board",
    "checkpoint_states",
    "contact_sheet",
    "count_parameters",
    "current_profile",
    "Discriminator",
    "DivergedError",
    "download",
    "draw",
    "find_runs",
    "fit",
    "GANLoss",
    "get_context",
    "get_dataset",
    "health",
    "HealthWatch",
    "image_grid",
    "ImagePool",
    "init_weights",
    "Interrupted",
    "l1_loss",
    "LabelInstanceImages",
    "learning_rate",
    "list_pictures",
    "load_checkpoint",
    "load_generator",
    "Loader",
    "LossPlot",
    "metrics",
    "PairedImages",
    "Pix2Pix",
    "Pix2PixConfig",
    "PixelDiscriminator",
    "plot_losses",
    "plot_run",
    "plot_samples",
    "profile_dataset",
    "read_log",
    "read_picture",
    "receptive_field",
    "RunFolder",
    "runtime",
    "save_checkpoint",
    "seed_everything",
    "show_source",
    "to_image",
    "translate",
    "UnetGenerator",
    "UnetSkipUnit",
    "UnpairedImages",
    "viz",
]
