"""The command ``train``."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import inspect
import re
import sys
from pathlib import Path

from .cli_options import add_command, context_option, source_option
from .config import PROFILES, Pix2PixConfig, current_profile
from .run_command import UNREADABLE, read_command


def add_commands(commands):
    parser = add_command(
        commands, "train", _train, help="train a model",
        description="Train a model and write everything about it into a run folder:\n"
        "config.json, log.csv, samples/, checkpoints/, losses.png, contact_sheet.png.\n"
        "Whatever ends it early (Ctrl-C, a closed terminal, a full disk, a power\n"
        "cut), --resume goes on from the last checkpoint as if it had not happened.",
        epilog="examples:\n  gluon-pix2pix train pix2pix\n"
        "  gluon-pix2pix train pix2pix --dataset facades --profile full\n"
        "  gluon-pix2pix train pix2pix --dataset facades --profile full --resume\n"
        "  gluon-pix2pix train pix2pix --dataset path/to/my_pairs --direction AtoB\n"
        "Your own pairs: `gluon-pix2pix prepare pairs` joins them, and\n"
        "`gluon-pix2pix check` says beforehand what is wrong with them.")
    parser.add_argument("model", nargs="?", choices=["pix2pix"], default="pix2pix",
                        help="what to train (default: %(default)s)")
    parser.add_argument("--dataset", help="a name (draw and download list them) or a "
                        "folder of your own pairs (default: that of the run to resume, "
                        "else toy_facades)")
    parser.add_argument("--root", help="folder of the data sets (default: that of the "
                        "run to resume, else data)")
    source_option(parser)
    parser.add_argument("--profile", choices=PROFILES,
                        help="smoke: seconds; lesson: minutes on two CPU cores; full: "
                        "the paper, for a GPU (default: PIX2PIX_PROFILE, else lesson)")
    parser.add_argument("--run", help="run folder (default: runs/DATASET)")
    earlier = parser.add_mutually_exclusive_group()
    earlier.add_argument("--resume", action="store_true", help="go on with the run in "
                         "that folder, with its configuration; --epochs and "
                         "--epochs-decay may lengthen it")
    earlier.add_argument("--overwrite", action="store_true",
                         help="replace an earlier run in that folder")
    parser.add_argument("--save-every", type=int, metavar="EPOCHS",
                        help="epochs between checkpoints, each three times as large as "
                        "the networks; the newest two and the best by validation are "
                        "kept (default: as the run to resume, else 1)")
    parser.add_argument("--unreadable", choices=UNREADABLE,
                        help="what to do about a picture that cannot be read: stop, "
                        "or name it and show another one in its place (default: as "
                        "the run to resume, else stop)")
    parser.add_argument("--tensorboard", action="store_true", help="also write "
                        "RUN/tensorboard/, for `tensorboard --logdir runs` (an extra)")
    context_option(parser)
    group = parser.add_argument_group(
        "configuration", "Each option changes one number of the profile.")
    teaches = _field_help(Pix2PixConfig)
    profiles = {name: Pix2PixConfig.for_profile(name) for name in PROFILES}
    for field in dataclasses.fields(Pix2PixConfig):
        flag = "--" + field.name.replace("_", "-")
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
            if field.name in Pix2PixConfig.choices:
                options["choices"] = Pix2PixConfig.choices[field.name]
                options["metavar"] = None
        group.add_argument(flag, **options)


def _field_help(config_class) -> dict[str, str]:
    """Read what each field means from the class's docstring, the one place for it."""
    entries = re.findall(r"^(\w[\w, ]*) :[^\n]*\n((?: {4}[^\n]*\n?)+)",
                         inspect.getdoc(config_class), flags=re.MULTILINE)
    # %% because argparse would take a single one for a format.
    return {name: " ".join(text.split()).replace("`", "").replace("%", "%%")
            for names, text in entries for name in names.split(", ")}


def _train(args):
    import matplotlib

    matplotlib.use("Agg")  # pictures go to files, whatever screen there is
    from . import viz
    from .board import Board
    from .datasets import PairedImages
    from .failures import Interrupted
    from .health import HealthWatch
    from .interruption import terminations_interrupt
    from .loaders import Loader
    from .pix2pix import Pix2Pix
    from .runs import RunFolder, checkpoint_states, read_log
    from .training import fit

    # All that can be wrong is found before an earlier run is touched.
    run_folder, config = _what_to_train(args)
    if args.save_every < 1:
        raise ValueError(f"--save-every {args.save_every} must be at least 1.")
    board = Board(run_folder) if args.tensorboard else None
    model = Pix2Pix(config, args.context)
    folder = _paired_folder(args, config)
    train = PairedImages(folder, "train", config)
    # The split to look at while training; the test split stays unseen.
    val = PairedImages(folder, "val", config) if (folder / "val").is_dir() else None
    shown = val or PairedImages(folder, "train", config, train=False)
    if val is None:
        print(f"{folder} has no val/: nothing is measured on held-out pairs, and the "
              "samples show training pairs.")
    if args.unreadable == "stop" and not args.resume:
        train[0], shown[0]  # what cannot be a pair is named now
    run = RunFolder(run_folder, config, args.overwrite, resume=args.resume,
                    save_every=args.save_every)
    if not args.resume:
        run.keep_command(_command(args))
    loader = Loader(train, unreadable=args.unreadable)
    epochs = config.epochs + config.epochs_decay
    done = max((state.iteration for state in checkpoint_states(run.folder)), default=0)
    print(f"{len(train)} pairs of {config.size} pixels from {folder}, {epochs} epochs "
          f"on {model.ctx}; writing to {run.folder}"
          + (f", going on after step {done}" if done else ""))
    if done == epochs * len(loader):
        print(f"{run.folder} is finished; --epochs or --epochs-decay lengthens it.")
    watch = HealthWatch(config, read_log(run.folder))
    try:
        # Closed here, and so saved: an error's traceback would keep it for a while.
        resume = "auto" if args.resume else None
        with terminations_interrupt(), board or contextlib.nullcontext(), \
                contextlib.closing(fit(model, loader, run=run, resume=resume)) \
                as reports, _progress_bar(epochs, len(loader), done) as bar:
            for report in reports:
                _show_progress(bar, report, epochs)
                _look_and_log(report, model, val, shown, run, watch, board, bar)
    except KeyboardInterrupt as error:
        # Where it is saved was told by fit if the loop's body was interrupted.
        if isinstance(error, Interrupted):
            print(error, file=sys.stderr)
        print(f"To go on: {_program()} train --run {run.folder} --resume",
              file=sys.stderr)
        return 130

    sheet = run.folder / "contact_sheet.png"
    viz.save_figure(viz.contact_sheet(model, shown), sheet)
    curves = run.folder / "losses.png"
    log = read_log(run.folder)
    if log:  # or it was lost, and all epochs were done before
        viz.save_figure(viz.plot_losses(log, model.gan.balance,
                                        warnings=watch.warnings), curves)
    print(f"\nLook at  {sheet}   (input | output | target)\n"
          + (f"         {curves}\n" if log else "") +
          f"Model    {run.folder / 'checkpoints'}\n"
          f"Next     {_program()} translate {run.folder} YOUR_PICTURE\n"
          f"         make lab   (the course; begin with 00_start_here.ipynb)")


def _what_to_train(args):
    """Settle run folder, configuration and data set, from the run that is resumed."""
    from .sources import default_direction

    changes = {field.name: getattr(args, field.name)
               for field in dataclasses.fields(Pix2PixConfig)
               if field.name in args}
    if args.resume and args.run:
        _take_up_command(args, Path(args.run))
    args.dataset = args.dataset or "toy_facades"
    usual = default_direction(args.dataset, args.root or "data")
    name = Path(args.dataset).resolve().name
    if changes.get("direction", usual) != usual:
        name += f"_{changes['direction']}"
    run_folder = Path(args.run or Path("runs") / name)
    if args.resume:
        config = _config_to_resume(run_folder).replace(**changes)
        _take_up_command(args, run_folder)
    else:
        changes.setdefault("direction", usual)
        config = Pix2PixConfig.for_profile(args.profile, **changes)
    args.root, args.unreadable = args.root or "data", args.unreadable or "stop"
    args.save_every = 1 if args.save_every is None else args.save_every
    return run_folder, config


def _config_to_resume(run_folder):
    try:
        return Pix2PixConfig.from_json(run_folder / "config.json")
    except FileNotFoundError:
        raise FileNotFoundError(f"{run_folder} holds no run to resume: train without "
                                "--resume, or name its folder with --run.") from None


def _take_up_command(args, run_folder):
    """Take from the command that began a run what this one does not say."""
    began = read_command(run_folder)
    profile = began.get("profile", args.profile)
    if args.profile not in (None, profile):
        raise ValueError(f"{run_folder} was begun with --profile {profile}, not "
                         f"{args.profile}: leave that out, or name another --run.")
    for name, value in began.items():
        if getattr(args, name) is None:
            setattr(args, name, value)


def _command(args):
    """Return what a command to resume the run should know, wherever it is given."""
    from .catalog import ARCHIVES

    dataset = args.dataset
    if dataset not in ARCHIVES and Path(dataset).is_dir():
        dataset = str(Path(dataset).absolute())
    return {"dataset": dataset, "root": str(Path(args.root).absolute()),
            "profile": current_profile(args.profile), "unreadable": args.unreadable,
            "save_every": args.save_every}


def _paired_folder(args, config):
    """Return the folder of the pairs, which is drawn or fetched if need be."""
    from .catalog import ARCHIVES
    from .layouts import find_layout
    from .sources import get_dataset
    from .toys import TOYS

    known = TOYS.get(args.dataset) or ARCHIVES.get(args.dataset)
    if known is None or known.kind == "paired":  # or it would be fetched in vain
        folder = get_dataset(args.dataset, args.root, args.profile, args.source,
                             config.size)
    kind = known.kind if known else find_layout(folder)
    if kind != "paired":
        toys = ", ".join(name for name, toy in TOYS.items() if toy.kind == "paired")
        raise ValueError(
            f"{args.dataset} is laid out as {kind!r} data, and pix2pix learns from "
            f"pairs: take {toys}, or see `gluon-pix2pix prepare pairs --help`.")
    return folder


def _progress_bar(epochs, steps, done):
    from tqdm.auto import tqdm

    # In a file, a line now and then is enough.
    seconds = 0.1 if sys.stderr.isatty() else 30
    return tqdm(total=epochs * steps, initial=done, unit="step", dynamic_ncols=True,
                mininterval=seconds, maxinterval=2 * seconds)


def _show_progress(bar, report, epochs):
    bar.set_description(f"epoch {report.epoch}/{epochs}", refresh=False)
    bar.set_postfix_str("  ".join(
        f"{name.replace('loss_', '')} {value:.2f}"
        for name, value in report.losses.items()), refresh=False)
    bar.update(report.iteration - bar.n)


def _look_and_log(report, model, val, shown, run, watch, board, bar):
    """Do all that follows a report: measure, draw, warn, write down."""
    from . import health, metrics, viz

    val_l1 = variety = samples = None
    if report.epoch_ends:
        variety, samples = health.variety(model, shown), run.sample_path(report.epoch)
        viz.save_figure(viz.contact_sheet(model, shown, range(4)), samples)
        if val:
            val_l1 = metrics.mean_l1(model, val)
            bar.write(f"epoch {report.epoch:3d}  validation L1 {val_l1:.4f}  "
                      f"{report.images_per_second:.1f} images/s")
    warnings = watch.update(report, variety)
    for warning in warnings:
        bar.write(f"step {warning.iteration}: {warning}")
    run.log(report, val_l1, variety, warnings)
    if board:
        board.update(report, val_l1, variety, samples, warnings)


def _program():
    """Give the words that start this program where the user stands."""
    if Path(sys.argv[0]).name.startswith("gluon-pix2pix"):
        return "gluon-pix2pix"
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    return f"{python} -m gluon_pix2pix"
