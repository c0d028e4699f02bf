"""Image-to-image translation on Apache MXNet Gluon: pix2pix, explained and complete."""

from . import runtime  # isort: skip  # first: it prepares what MXNet reads as it loads

runtime.load_mxnet()  # isort: split  # what it lacks is said here, in a sentence

from . import metrics, viz
from .blocks import count_parameters, init_weights
from .checkpoint import load_checkpoint, load_generator, save_checkpoint
from .config import Pix2PixConfig, current_profile, profile_dataset
from .datasets import PairedImages, UnpairedImages
from .discriminators import Discriminator, PixelDiscriminator, receptive_field
from .download import download
from .image_pool import ImagePool
from .label_instances import LabelInstanceImages
from .loaders import Loader
from .losses import GANLoss, l1_loss
from .pictures import list_pictures, read_picture
from .pix2pix import Pix2Pix, translate
from .runs import RunFolder, read_log
from .runtime import get_context, seed_everything
from .sources import get_dataset
from .toys import draw
from .training import DivergedError, fit, learning_rate
from .unet import UnetGenerator, UnetSkipUnit
from .version import __version__
from .viz import LossPlot, contact_sheet, image_grid, plot_losses, show_source, to_image

__all__ = [
    "__version__",
    "contact_sheet",
    "count_parameters",
    "current_profile",
    "Discriminator",
    "DivergedError",
    "download",
    "draw",
    "fit",
    "GANLoss",
    "get_context",
    "get_dataset",
    "image_grid",
    "ImagePool",
    "init_weights",
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
