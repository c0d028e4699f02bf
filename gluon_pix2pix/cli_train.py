"""The command ``train``."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import re
import sys
from pathlib import Path

from .cli_options import add_command, context_option, root_option, source_option
from .config import PROFILES, Pix2PixConfig


def add_commands(commands):
    parser = add_command(
        commands, "train", _train, help="train a model",
        description="Train a model and write everything about it into a run folder:\n"
        "config.json, log.csv, samples/, checkpoints/, losses.png, contact_sheet.png.",
        epilog="examples:\n  gluon-pix2pix train pix2pix\n"
        "  gluon-pix2pix train pix2pix --dataset facades --profile full\n"
        "  gluon-pix2pix train pix2pix --dataset path/to/my_pairs --direction AtoB\n"
        "Your own pairs: `gluon-pix2pix prepare pairs` joins them, and\n"
        "`gluon-pix2pix check` says beforehand what is wrong with them.")
    parser.add_argument("model", nargs="?", choices=["pix2pix"], default="pix2pix",
                        help="what to train (default: %(default)s)")
    parser.add_argument("--dataset", default="toy_facades", help="a name (draw and "
                        "download list them) or a folder of your own pairs (default: "
                        "%(default)s)")
    root_option(parser)
    source_option(parser)
    parser.add_argument("--profile", choices=PROFILES,
                        help="smoke: seconds; lesson: minutes on two CPU cores; full: "
                        "the paper, for a GPU (default: PIX2PIX_PROFILE, else lesson)")
    parser.add_argument("--run", help="run folder (default: runs/DATASET)")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace an earlier run in that folder")
    parser.add_argument("--save-every", type=int, default=1, metavar="EPOCHS",
                        help="epochs between checkpoints (default: %(default)s)")
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
    from .catalog import ARCHIVES
    from .datasets import PairedImages
    from .layouts import find_layout
    from .loaders import Loader
    from .pix2pix import Pix2Pix
    from .runs import RunFolder, read_log
    from .sources import default_direction, get_dataset
    from .toys import TOYS
    from .training import fit

    changes = {field.name: getattr(args, field.name)
               for field in dataclasses.fields(Pix2PixConfig)
               if field.name in args}
    usual = default_direction(args.dataset, args.root)
    changes.setdefault("direction", usual)
    config = Pix2PixConfig.for_profile(args.profile, **changes)
    # All that can be wrong is found before an earlier run is touched.
    model = Pix2Pix(config, args.context)
    if args.save_every < 1:
        raise ValueError(f"--save-every {args.save_every} must be at least 1.")
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
    train = PairedImages(folder, "train", config)
    # The split to look at while training; the test split stays unseen.
    val = PairedImages(folder, "val", config) if (folder / "val").is_dir() else None
    shown = val or PairedImages(folder, "train", config, train=False)
    if val is None:
        print(f"{folder} has no val/: nothing is measured on held-out pairs, and the "
              "samples show training pairs.")
    train[0], shown[0]  # what cannot be a pair is named now
    name = Path(args.dataset).resolve().name
    if config.direction != usual:
        name += f"_{config.direction}"
    run = RunFolder(args.run or Path("runs") / name, config, args.overwrite)
    loader = Loader(train)
    epochs = config.epochs + config.epochs_decay
    print(f"{len(train)} pairs of {config.size} pixels from {folder}, {epochs} epochs "
          f"on {model.ctx}; writing to {run.folder}")

    _follow(fit(model, loader), run, model, val, shown, epochs, len(loader),
            args.save_every)

    sheet = run.folder / "contact_sheet.png"
    viz.save_figure(viz.contact_sheet(model, shown), sheet)
    curves = run.folder / "losses.png"
    viz.save_figure(viz.plot_losses(read_log(run.folder), model.gan.balance), curves)
    print(f"\nLook at  {sheet}   (input | output | target)\n"
          f"         {curves}\n"
          f"Model    {run.folder / 'checkpoints'}\n"
          f"Next     {_program()} translate {run.folder} YOUR_PICTURE\n"
          f"         make lab   (the course; begin with 00_start_here.ipynb)")


def _follow(reports, run, model, val, shown, epochs, steps, save_every):
    """Let a training run, and show, log and save what it reports."""
    from tqdm.auto import tqdm

    from . import metrics, viz

    # In a file, a line now and then is enough.
    seconds = 0.1 if sys.stderr.isatty() else 30
    with tqdm(total=epochs * steps, unit="step", dynamic_ncols=True,
              mininterval=seconds, maxinterval=2 * seconds) as bar:
        for report in reports:
            bar.set_description(f"epoch {report.epoch}/{epochs}", refresh=False)
            bar.set_postfix_str("  ".join(
                f"{name.replace('loss_', '')} {value:.2f}"
                for name, value in report.losses.items()), refresh=False)
            bar.update(report.iteration - bar.n)
            val_l1 = None
            if report.epoch_ends:
                if val:
                    val_l1 = metrics.mean_l1(model, val)
                    bar.write(f"epoch {report.epoch:3d}  validation L1 {val_l1:.4f}  "
                              f"{report.images_per_second:.1f} images/s")
                viz.save_figure(viz.contact_sheet(model, shown, range(4)),
                                run.sample_path(report.epoch))
                if report.epoch % save_every == 0 or report.epoch == epochs:
                    run.save(model, report)
            run.log(report, val_l1)


def _program():
    """Give the words that start this program where the user stands."""
    if Path(sys.argv[0]).name.startswith("gluon-pix2pix"):
        return "gluon-pix2pix"
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    return f"{python} -m gluon_pix2pix"
