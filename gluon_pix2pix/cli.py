"""The command line: parse, build a configuration, call what the notebooks call."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import os
import re
import sys
from pathlib import Path

from .config import PROFILES, Pix2PixConfig
from .version import __version__


def main(argv: list[str] | None = None) -> int:
    """Run one command; return its exit status (0 well, 1 failed, 130 interrupted)."""
    parser = build_parser()
    args = parser.parse_args(argv)
    if "command" not in args:
        parser.print_help()
        return 0
    try:
        args.command(args)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        if os.environ.get("PIX2PIX_DEBUG"):
            raise
        print(f"gluon-pix2pix: {error}", file=sys.stderr)
        return 1
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Describe all commands and their options."""
    parser = argparse.ArgumentParser(
        prog="gluon-pix2pix",
        description="Image-to-image translation: get data, train, translate.",
        epilog="Start with `gluon-pix2pix train pix2pix`: it draws little houses and "
        "learns to paint them within minutes on two CPU cores. Set PIX2PIX_DEBUG=1 to "
        "see the whole traceback of an error.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name, function, **texts):
        command = commands.add_parser(
            name, formatter_class=argparse.RawDescriptionHelpFormatter, **texts)
        command.set_defaults(command=function)
        return command

    _download_options(add("download", _download, help="fetch a public data set",
        description="Fetch, check and unpack a public data set into a folder.",
        epilog="examples:\n  gluon-pix2pix download --list\n"
        "  gluon-pix2pix download facades\n"
        "  gluon-pix2pix download facades --source ~/Downloads/facades.tar.gz"))
    _draw_options(add("draw", _draw, help="draw a toy data set, without a network",
        description="Draw paired pictures by code, in the layout of the real ones.",
        epilog="example:\n  gluon-pix2pix draw toy_facades --size 256 --count 400"))
    _train_options(add("train", _train, help="train a model",
        description="Train a model and write everything about it into a run folder:\n"
        "config.json, log.csv, samples/, checkpoints/, losses.png, contact_sheet.png.",
        epilog="examples:\n  gluon-pix2pix train pix2pix\n"
        "  gluon-pix2pix train pix2pix --dataset facades --profile full\n"
        "  gluon-pix2pix train pix2pix --dataset path/to/my_pairs --direction AtoB\n"
        "Your own pairs: a folder with train/ (and val/), each picture holding A on\n"
        "the left and B on the right."))
    _translate_options(add("translate", _translate, help="translate your pictures",
        description="Translate pictures with a trained model. They need no partner\n"
        "and may have any size; what things look like, the model has learnt at the\n"
        "size it was trained on, and there it translates best.",
        epilog="examples:\n  gluon-pix2pix translate runs/demo my_labels.png\n"
        "  gluon-pix2pix translate runs/demo folder/ --output painted/"))
    return parser


# download, draw

def _download_options(parser):
    parser.add_argument("name", nargs="?", help="data set, see --list")
    parser.add_argument("--list", action="store_true", help="show the data sets")
    _root_option(parser)
    _source_option(parser)


def _root_option(parser):
    parser.add_argument("--root", default="data", help="folder of the data sets "
                        "(default: %(default)s)")


def _source_option(parser):
    parser.add_argument("--source", help="a URL or local archive to take it from "
                        "instead of the public host")


def _download(args):
    from .download import archive_table, download

    if args.list or not args.name:
        print(archive_table(args.root))
        return
    print(f"{args.name} is in {download(args.name, args.root, args.source)}")


def _draw_options(parser):
    parser.add_argument("name", nargs="?", default="toy_facades",
                        help="data set (default: %(default)s)")
    parser.add_argument("--size", type=int, default=128, help="side of a picture in "
                        "pixels (default: %(default)s)")
    parser.add_argument("--count", type=int, default=200, help="training pictures; a "
                        "tenth as many are drawn for val and test (default: "
                        "%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other "
                        "houses (default: %(default)s)")
    _root_option(parser)


def _draw(args):
    from .toys import draw

    folder = draw(args.name, args.root, size=args.size, count=args.count,
                  seed=args.seed)
    print(f"{args.name} is in {folder}")


# train

def _train_options(parser):
    parser.add_argument("model", nargs="?", choices=["pix2pix"], default="pix2pix",
                        help="what to train (default: %(default)s)")
    parser.add_argument("--dataset", default="toy_facades", help="a name (draw and "
                        "download list them) or a folder of your own pairs (default: "
                        "%(default)s)")
    _root_option(parser)
    _source_option(parser)
    parser.add_argument("--profile", choices=PROFILES,
                        help="smoke: seconds; lesson: minutes on two CPU cores; full: "
                        "the paper, for a GPU (default: PIX2PIX_PROFILE, else lesson)")
    parser.add_argument("--run", help="run folder (default: runs/DATASET)")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace an earlier run in that folder")
    parser.add_argument("--save-every", type=int, default=1, metavar="EPOCHS",
                        help="epochs between checkpoints (default: %(default)s)")
    _context_option(parser)
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


def _context_option(parser):
    parser.add_argument("--context", default=None, help="auto, cpu or gpu (default: "
                        "PIX2PIX_CONTEXT, else auto)")


def _train(args):
    import matplotlib

    matplotlib.use("Agg")  # pictures go to files, whatever screen there is
    from . import viz
    from .datasets import PairedDataset, PairedLoader
    from .pix2pix import Pix2Pix
    from .runs import RunFolder, read_log
    from .sources import default_direction, get_dataset
    from .training import fit

    changes = {field.name: getattr(args, field.name)
               for field in dataclasses.fields(Pix2PixConfig)
               if field.name in args}
    changes.setdefault("direction", default_direction(args.dataset))
    config = Pix2PixConfig.for_profile(args.profile, **changes)
    # All that can be wrong is found before an earlier run is touched.
    model = Pix2Pix(config, args.context)
    if args.save_every < 1:
        raise ValueError(f"--save-every {args.save_every} must be at least 1.")
    folder = get_dataset(args.dataset, args.root, args.profile, args.source,
                         config.size)
    train = PairedDataset(folder, "train", config)
    # The split to look at while training; the test split stays unseen.
    val = PairedDataset(folder, "val", config) if (folder / "val").is_dir() else None
    shown = val or PairedDataset(folder, "train", config, train=False)
    if val is None:
        print(f"{folder} has no val/: nothing is measured on held-out pairs, and the "
              "samples show training pairs.")
    train[0], shown[0]  # what cannot be a pair is named now
    name = Path(args.dataset).resolve().name
    run = RunFolder(args.run or Path("runs") / name, config, args.overwrite)
    loader = PairedLoader(train)
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


# translate

def _translate_options(parser):
    parser.add_argument("run", help="run folder or checkpoint")
    parser.add_argument("pictures", nargs="+", help="pictures, or folders of pictures")
    parser.add_argument("--output", default="translated", help="folder for the results "
                        "(default: %(default)s)")
    parser.add_argument("--half", choices=["left", "right"], help="take this half of "
                        "paired pictures")
    parser.add_argument("--deterministic", action="store_true", help="no dropout, "
                        "running statistics; by default it samples as the paper does")
    parser.add_argument("--seed", type=int, default=0, help="of the dropout (default: "
                        "%(default)s)")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace results that exist already")
    _context_option(parser)


def _translate(args):
    from mxnet import nd
    from tqdm.auto import tqdm

    from .checkpoint import load_generator
    from .datasets import list_pictures, read_picture
    from .pix2pix import translate
    from .runtime import get_context, seed_everything
    from .transforms import to_float
    from .viz import save_picture, to_image

    paths = [path for given in map(Path, args.pictures)
             for path in (list_pictures(given) if given.is_dir() else [given])]
    for path in paths:
        if not path.is_file():
            raise FileNotFoundError(f"There is no picture or folder {path}.")
    targets = [Path(args.output) / f"{path.stem}.png" for path in paths]
    taken = {target for target in targets if targets.count(target) > 1}
    if taken:
        raise ValueError(
            f"Several pictures would become {min(taken)}: translate them one folder at "
            "a time, with different --output.")
    sources = {path.resolve() for path in paths}
    replaced = [target for target in targets if target.resolve() in sources]
    if replaced:
        raise ValueError(
            f"The translation of {replaced[0]} would replace the picture itself: name "
            "another --output.")
    existing = [target for target in targets if target.exists()]
    if existing and not args.overwrite:
        raise FileExistsError(
            f"{existing[0]} exists already: name another --output, or add --overwrite.")
    ctx = get_context(args.context)
    netG = load_generator(args.run, ctx)
    seed_everything(args.seed)
    Path(args.output).mkdir(parents=True, exist_ok=True)
    bar = tqdm(paths, unit="picture", disable=len(paths) < 3)
    for path, target in zip(bar, targets):
        picture = read_picture(path, netG.config.in_channels)
        height, width = picture.shape[:2]
        if width == 2 * height and not args.half:
            bar.write(f"{path} looks like a pair: to translate one half of it, add "
                      "--half left or --half right.")
        if args.half:
            middle = width // 2
            left, right = picture[:, :middle], picture[:, width - middle:]
            picture = left if args.half == "left" else right
        real_in = nd.array(to_float(picture)[None], ctx=ctx)
        fake_out = translate(netG, real_in, sample=not args.deterministic)
        save_picture(to_image(fake_out), target)
    print(targets[0] if len(paths) == 1 else f"{len(paths)} pictures in {args.output}")
