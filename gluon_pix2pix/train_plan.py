"""What a ``train`` command asks for, and what it takes from the run it goes on with."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from .catalog import ARCHIVES
from .config import ModelConfig
from .configs import CONFIGS, read_config
from .layouts import find_layout
from .profiles import current_profile
from .recipes import recipe
from .run_checkpoints import saved_folders
from .run_command import read_command
from .sources import default_direction, get_dataset
from .toys import TOYS
from .train_views import VIEWS


def settle(args) -> tuple[Path, ModelConfig]:
    """Settle run folder and configuration; complete the other options in `args`.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no run to resume, or it was begun with something else.
    """
    changes = {field.name: getattr(args, field.name)
               for field in dataclasses.fields(CONFIGS[args.model])
               if field.name in args}
    for name in ("start", "vgg_weights"):  # as the run remembers them
        if getattr(args, name):
            setattr(args, name, str(Path(getattr(args, name)).absolute()))
    if args.resume and args.run:
        _to_resume(args, Path(args.run))
    args.dataset = args.dataset or VIEWS[args.model].dataset
    usual = default_direction(args.dataset, args.root or "data")
    name = Path(args.dataset).resolve().name
    if changes.get("direction", usual) != usual and not CONFIGS[args.model].both_ways:
        name += f"_{changes['direction']}"
    if changes.get("generator") == "local":  # not where its global part was trained
        name += "_local"
    if args.recipe:
        name += f"_{args.recipe}"
    run_folder = Path(args.run or Path("runs") / name)
    if args.resume:
        config = _to_resume(args, run_folder).replace(**changes)
    else:
        changes.setdefault("direction", usual)
        config = (recipe(args.recipe, args.profile, **changes) if args.recipe else
                  CONFIGS[args.model].for_profile(args.profile, **changes))
    args.root, args.unreadable = args.root or "data", args.unreadable or "stop"
    args.save_every = 1 if args.save_every is None else args.save_every
    return run_folder, config


def _to_resume(args, run_folder):
    """Return a run's configuration; take what is not said from its first command."""
    try:
        config = read_config(run_folder / "config.json")
    except FileNotFoundError:
        raise FileNotFoundError(f"{run_folder} holds no run to resume: train without "
                                "--resume, or name its folder with --run.") from None
    if config.model != args.model:
        raise ValueError(
            f"{run_folder} is a run of {config.model}, not of {args.model}: go on with "
            f"it by `gluon-pix2pix train --run {run_folder} --resume`, or name another "
            "--run.")
    began = read_command(run_folder)
    saved = {"profile": began.get("profile", args.profile),
             "recipe": began.get("recipe"), "start": began.get("start")}
    for name, value in saved.items():
        if getattr(args, name) not in (None, value):
            told = f"with --{name} {value}" if value else f"without --{name}"
            raise ValueError(f"{run_folder} was begun {told}, not {getattr(args, name)}"
                             ": leave that out, or name another --run.")
    for name, value in began.items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    return config


def command(args) -> dict:
    """Return what a command to resume the run should know, wherever it is given."""
    dataset = args.dataset
    if dataset not in ARCHIVES and Path(dataset).is_dir():
        dataset = str(Path(dataset).absolute())
    return {"dataset": dataset, "root": str(Path(args.root).absolute()),
            "profile": current_profile(args.profile), "unreadable": args.unreadable,
            "save_every": args.save_every,
            **{name: getattr(args, name) for name in ("recipe", "start", "vgg_weights")
               if getattr(args, name)}}


def fill(model, args, run_folder: Path) -> None:
    """Read what a training begins with besides its data, and tell what was taken.

    Of a pix2pixHD the weights of VGG19, and those of the run it starts from: only at
    the very beginning, as a checkpoint has its own. Nothing of an earlier run is
    touched.

    Raises
    ------
    FileNotFoundError, DownloadError, CheckpointError, ValueError
        If something is missing, damaged, or does not fit.
    """
    if args.vgg_weights and not model.config.lambda_vgg:
        raise ValueError(f"--vgg-weights {args.vgg_weights} is of no use at "
                         "lambda_vgg=0: give --lambda-vgg 10 as well, or leave it out.")
    if args.model == "pix2pixhd":
        model.vgg_weights = args.vgg_weights
        model.vgg  # noqa: B018  # it is read here, or its error raised
    if not args.start or (args.resume and saved_folders(run_folder)):
        return
    if run_folder.resolve() in (Path(args.start).resolve(),
                                *Path(args.start).resolve().parents):
        raise ValueError(f"--start {args.start} would be replaced by the training that "
                         "begins with it: name another --run.")
    from .hd_stages import start_from

    for name, taken in start_from(model, args.start).items():
        print(f"{name} begins with {args.start}: {taken}")


def data_folder(args, config: ModelConfig) -> Path:
    """Return the folder of the data, which is drawn or fetched if need be.

    Raises
    ------
    ValueError
        If it is not laid out as the model needs it.
    """
    view = VIEWS[config.model]
    known = TOYS.get(args.dataset) or ARCHIVES.get(args.dataset)
    if getattr(config, "label_nc", None) == 0:
        if known:
            raise ValueError(
                f"label_nc=0 learns from pictures instead of label maps, and "
                f"{args.dataset} has none: name a folder of your own, with pictures "
                "and their partners of the same names in train_A/ and train_B/.")
        return get_dataset(args.dataset, args.root)
    if known is None or known.kind == view.layout:  # or it would be fetched in vain
        folder = get_dataset(args.dataset, args.root, args.profile, args.source,
                             config.toy_size)
    kind = known.kind if known else find_layout(folder)
    if kind != view.layout:
        toys = ", ".join(name for name, toy in TOYS.items() if toy.kind == view.layout)
        others = [name for name, other in VIEWS.items() if other.layout == kind]
        instead = f", train {others[0]} on it" if others else ""
        raise ValueError(
            f"{args.dataset} is laid out as {kind!r} data, and {config.model} learns "
            f"from {view.learns_from}: take {toys}{instead}, or see `gluon-pix2pix "
            f"prepare {view.prepare} --help`.")
    return folder
