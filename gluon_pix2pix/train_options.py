"""The options of ``train``: those of every training, and a model's configuration."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import inspect
import re
from pathlib import Path

from .cli_options import context_option, source_option
from .configs import CONFIGS, read_config
from .profiles import PROFILES
from .recipes import RECIPES
from .run_command import UNREADABLE
from .train_views import VIEWS


def with_model(argv: list[str]) -> list[str]:
    """Name the model where ``train`` does not: the run's to resume, or pix2pix."""
    named = argv[1:2] and (not argv[1].startswith("-") or argv[1] in ("-h", "--help"))
    if argv[:1] != ["train"] or named:
        return argv
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--resume", action="store_true")
    model = "pix2pix"
    # What is wrong with the run or the options will be said by those who use them.
    with contextlib.suppress(OSError, ValueError, argparse.ArgumentError):
        given, _ = parser.parse_known_args(argv[1:])
        if given.resume and given.run:
            model = read_config(given.run / "config.json").model
    return ["train", model, *argv[1:]]


def add_options(parser: argparse.ArgumentParser, model: str) -> None:
    """Add the options of a model's training."""
    view = VIEWS[model]
    parser.set_defaults(model=model, recipe=None, start=None, vgg_weights=None)
    parser.add_argument("--dataset", help="a name (draw and download list them) or a "
                        f"folder of your own {view.learns_from} (default: that of the "
                        f"run to resume, else {view.dataset})")
    parser.add_argument("--root", help="folder of the data sets (default: that of the "
                        "run to resume, else data)")
    source_option(parser)
    parser.add_argument("--profile", choices=PROFILES,
                        help="smoke: seconds; lesson: minutes on two CPU cores; full: "
                        "the paper, for a GPU (default: PIX2PIX_PROFILE, else lesson)")
    if model == "pix2pix":
        parser.add_argument("--recipe", choices=RECIPES, help="train as somebody has "
                            "published it; what else is given has the last word "
                            "(default: that of the run to resume, else paper)")
    if model == "pix2pixhd":
        _add_files(parser)
    parser.add_argument("--run", help="run folder (default: runs/DATASET)")
    earlier = parser.add_mutually_exclusive_group()
    earlier.add_argument("--resume", action="store_true", help="go on with the run in "
                         "that folder, with its configuration; --epochs and "
                         "--epochs-decay may lengthen it")
    earlier.add_argument("--overwrite", action="store_true",
                         help="replace an earlier run in that folder")
    parser.add_argument("--save-every", type=int, metavar="EPOCHS",
                        help="epochs between checkpoints, each three times as large as "
                        "the networks; the newest two are kept, and the best by "
                        "validation where that can tell (default: as the run to "
                        "resume, else 1)")
    parser.add_argument("--unreadable", choices=UNREADABLE,
                        help="what to do about a picture that cannot be read: stop, "
                        "or name it and show another one in its place (default: as "
                        "the run to resume, else stop)")
    parser.add_argument("--tensorboard", action="store_true", help="also write "
                        "RUN/tensorboard/, for `tensorboard --logdir runs` (an extra)")
    context_option(parser)
    _add_fields(parser.add_argument_group(
        "configuration", "Each option changes one number of the profile."),
        CONFIGS[model])


def _add_files(parser):
    parser.add_argument("--start", metavar="RUN", help="begin with the weights of "
                        "another run, mostly one at half the size: a global generator "
                        "becomes the global part of a local one, discriminators are "
                        "taken over from the coarsest on, so that at twice the size "
                        "one more (--num-d) suits; an encoder goes on learning. With "
                        "--resume it is not needed")
    parser.add_argument("--vgg-weights", metavar="FILE", help="weights of VGG19, where "
                        "--lambda-vgg is not 0 (default: those of the run to resume, "
                        "else PIX2PIX_VGG19, else the model zoo's, fetched once)")


def _add_fields(group, config_class):
    teaches = _field_help(config_class)
    profiles = {name: config_class.for_profile(name) for name in PROFILES}
    for field in dataclasses.fields(config_class):
        values = {name: getattr(profiles[name], field.name) for name in PROFILES}
        default = (", ".join(f"{name} {value}" for name, value in values.items())
                   if len(set(values.values())) > 1 else values["full"])
        if field.name == "direction":
            default = "the data set's own"
        options = {"dest": field.name, "default": argparse.SUPPRESS,
                   "help": f"{teaches[field.name]} (default: {default})"}
        if field.type == "bool":
            options["action"] = argparse.BooleanOptionalAction
        else:
            base = field.type.split(" |")[0]
            options["type"] = {"int": int, "float": float, "str": str}[base]
            options["metavar"] = base.upper()
            if field.name in config_class.choices:
                options["choices"] = config_class.choices[field.name]
                options["metavar"] = None
        group.add_argument("--" + field.name.replace("_", "-"), **options)


def _field_help(config_class) -> dict[str, str]:
    """Read what each field means from the classes' docstrings, the one place for it."""
    text = "\n".join(inspect.getdoc(parent) for parent in config_class.__mro__[-2::-1])
    entries = re.findall(r"^(\w[\w, ]*) :[^\n]*\n((?: {4}[^\n]*\n?)+)", text,
                         flags=re.MULTILINE)
    # %% because argparse would take a single one for a format.
    return {name: " ".join(text.split()).replace("`", "").replace("%", "%%")
            for names, text in entries for name in names.split(", ")}
