"""Image-to-image translation on Apache MXNet Gluon: pix2pix, explained and complete."""

from . import runtime  # isort: skip  # first: it prepares what MXNet reads as it loads

if runtime.started_as_doctor():  # it ends here, as it must work where the rest does not
    from .cli_doctor import main

    raise SystemExit(main())

runtime.load_mxnet()  # isort: split  # what it lacks is said here, in a sentence

from . import convert, export, health, metrics, viz
from .ablations import EXPERIMENTS, experiment
from .blocks import count_parameters, init_weights
from .board import Board
from .checkerboards import checkerboard
from .checkpoint import load_checkpoint, save_checkpoint
from .class_reader import ClassReader
from .colour_distance import colour_distance
from .comparison import Comparison
from .comparison_plots import ComparisonPlot, comparison_grid, plot_comparison
from .curves import LossPlot, plot_losses
from .cycle_evaluation import cycle_l1, identity_l1
from .cyclegan import CycleGAN
from .cyclegan_config import CycleGANConfig
from .datasets import PairedImages, UnpairedImages
from .discriminators import (
    Discriminator,
    MultiscaleDiscriminator,
    PixelDiscriminator,
    receptive_field,
)
from .download import download
from .editor_widget import edit
from .evaluation import Scorer, evaluate
from .evaluation_files import write_evaluation
from .experiments import Experiment
from .feature_maps import precompute_features
from .frechet import frechet_distance
from .generators import load_generator, load_generators
from .hd_networks import Encoder, GlobalGenerator, LocalEnhancer
from .hd_stages import start_from
from .hd_translation import LabelTranslator
from .health import HealthWatch
from .image_pool import ImagePool
from .instance_features import ObjectFeatures, encode_objects
from .instance_pooling import instance_mean
from .label_instances import LabelInstanceImages
from .labelled_photos import LabelledPhotos, find_labels
from .loaders import Loader
from .losses import GANLoss, MultiscaleGANLoss, feature_matching, l1_loss
from .perceptual import VGGLoss
from .pictures import list_pictures, read_picture
from .pix2pix import Pix2Pix
from .pix2pix_config import Pix2PixConfig
from .pix2pixhd import Pix2PixHD
from .pix2pixhd_config import Pix2PixHDConfig
from .profiles import current_profile, profile_dataset
from .recipes import RECIPES, recipe
from .resnet import ResnetGenerator
from .run_list import find_runs
from .run_plots import plot_run, plot_samples
from .runs import RunFolder, best_checkpoint, checkpoint_states, read_log
from .runtime import get_context, seed_everything
from .scene_editor import SceneEditor
from .segmentation_scores import SegmentationScores, confusion_matrix
from .segmenter import Segmenter
from .segmenter_training import get_segmenter, train_segmenter
from .sources import get_dataset
from .styles import Styles, cluster
from .toys import draw
from .training import DivergedError, Interrupted, fit, learning_rate
from .transforms import encode_input
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
    "cluster",
    "colour_distance",
    "Comparison",
    "comparison_grid",
    "ComparisonPlot",
    "confusion_matrix",
    "contact_sheet",
    "convert",
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
    "edit",
    "encode_input",
    "encode_objects",
    "Encoder",
    "evaluate",
    "Experiment",
    "experiment",
    "EXPERIMENTS",
    "export",
    "feature_matching",
    "find_labels",
    "find_runs",
    "fit",
    "frechet_distance",
    "GANLoss",
    "get_context",
    "get_dataset",
    "get_segmenter",
    "GlobalGenerator",
    "health",
    "HealthWatch",
    "identity_l1",
    "image_grid",
    "ImagePool",
    "init_weights",
    "instance_mean",
    "Interrupted",
    "l1_loss",
    "LabelInstanceImages",
    "LabelledPhotos",
    "LabelTranslator",
    "learning_rate",
    "list_pictures",
    "load_checkpoint",
    "load_generator",
    "load_generators",
    "Loader",
    "LocalEnhancer",
    "LossPlot",
    "metrics",
    "MultiscaleDiscriminator",
    "MultiscaleGANLoss",
    "ObjectFeatures",
    "PairedImages",
    "Pix2Pix",
    "Pix2PixConfig",
    "Pix2PixHD",
    "Pix2PixHDConfig",
    "PixelDiscriminator",
    "plot_comparison",
    "plot_losses",
    "plot_run",
    "plot_samples",
    "precompute_features",
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
    "SceneEditor",
    "Scorer",
    "seed_everything",
    "SegmentationScores",
    "Segmenter",
    "show_source",
    "start_from",
    "Styles",
    "to_image",
    "train_segmenter",
    "translate",
    "UnetGenerator",
    "UnetSkipUnit",
    "UnpairedImages",
    "VGGLoss",
    "viz",
    "write_evaluation",
]
