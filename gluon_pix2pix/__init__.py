"""Image-to-image translation on Apache MXNet Gluon: pix2pix, explained and complete."""

from . import runtime  # isort: skip  # first: it prepares what MXNet reads as it loads

if runtime.started_as_doctor():  # it ends here, as it must work where the rest does not
    from .cli_doctor import main

    raise SystemExit(main())

runtime.load_mxnet()  # isort: split  # what it lacks is said here, in a sentence

from . import health, metrics, viz
from .ablations import EXPERIMENTS, experiment
from .blocks import count_parameters, init_weights
from .board import Board
from .checkerboards import checkerboard
from .checkpoint import (
    load_checkpoint,
    load_generator,
    load_generators,
    save_checkpoint,
)
from .class_reader import ClassReader
from .colour_distance import colour_distance
from .comparison import Comparison
from .comparison_plots import ComparisonPlot, comparison_grid, plot_comparison
from .curves import LossPlot, plot_losses
from .cycle_evaluation import cycle_l1, identity_l1
from .cyclegan import CycleGAN
from .cyclegan_config import CycleGANConfig
from .datasets import PairedImages, UnpairedImages
from .discriminators import Discriminator, PixelDiscriminator, receptive_field
from .download import download
from .evaluation import Scorer, evaluate
from .evaluation_files import write_evaluation
from .experiments import Experiment
from .frechet import frechet_distance
from .health import HealthWatch
from .image_pool import ImagePool
from .label_instances import LabelInstanceImages
from .labelled_photos import LabelledPhotos, find_labels
from .loaders import Loader
from .losses import GANLoss, l1_loss
from .pictures import list_pictures, read_picture
from .pix2pix import Pix2Pix
from .pix2pix_config import Pix2PixConfig
from .profiles import current_profile, profile_dataset
from .recipes import RECIPES, recipe
from .resnet import ResnetGenerator
from .run_list import find_runs
from .run_plots import plot_run, plot_samples
from .runs import RunFolder, best_checkpoint, checkpoint_states, read_log
from .runtime import get_context, seed_everything
from .segmentation_scores import SegmentationScores, confusion_matrix
from .segmenter import Segmenter
from .segmenter_training import get_segmenter, train_segmenter
from .sources import get_dataset
from .toys import draw
from .training import DivergedError, Interrupted, fit, learning_rate
from .translation import translate
from .unet import UnetGenerator, UnetSkipUnit
from .version import __version__
from .viz import contact_sheet, cycle_sheet, image_grid, show_source, to_image

__all__ = [
    "__version__",
    "best_checkpoint",
    "Board",
    "checkerboard",
    "checkpoint_states",
    "ClassReader",
    "colour_distance",
    "Comparison",
    "comparison_grid",
    "ComparisonPlot",
    "confusion_matrix",
    "contact_sheet",
    "count_parameters",
    "current_profile",
    "cycle_l1",
    "cycle_sheet",
    "CycleGAN",
    "CycleGANConfig",
    "Discriminator",
    "DivergedError",
    "download",
    "draw",
    "evaluate",
    "Experiment",
    "experiment",
    "EXPERIMENTS",
    "find_labels",
    "find_runs",
    "fit",
    "frechet_distance",
    "GANLoss",
    "get_context",
    "get_dataset",
    "get_segmenter",
    "health",
    "HealthWatch",
    "identity_l1",
    "image_grid",
    "ImagePool",
    "init_weights",
    "Interrupted",
    "l1_loss",
    "LabelInstanceImages",
    "LabelledPhotos",
    "learning_rate",
    "list_pictures",
    "load_checkpoint",
    "load_generator",
    "load_generators",
    "Loader",
    "LossPlot",
    "metrics",
    "PairedImages",
    "Pix2Pix",
    "Pix2PixConfig",
    "PixelDiscriminator",
    "plot_comparison",
    "plot_losses",
    "plot_run",
    "plot_samples",
    "profile_dataset",
    "read_log",
    "read_picture",
    "receptive_field",
    "recipe",
    "RECIPES",
    "ResnetGenerator",
    "RunFolder",
    "runtime",
    "save_checkpoint",
    "Scorer",
    "seed_everything",
    "SegmentationScores",
    "Segmenter",
    "show_source",
    "to_image",
    "train_segmenter",
    "translate",
    "UnetGenerator",
    "UnetSkipUnit",
    "UnpairedImages",
    "viz",
    "write_evaluation",
]
