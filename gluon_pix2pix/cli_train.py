"""The command ``train``."""

from __future__ import annotations

import sys
from pathlib import Path

from .cli_options import add_command
from .train_options import add_options

_WRITES = (
    "Train a model and write everything about it into a run folder: config.json,\n"
    "log.csv, samples/, checkpoints/, losses.png, contact_sheet.png. Whatever ends\n"
    "it early (Ctrl-C, a closed terminal, a full disk, a power cut), --resume goes\n"
    "on from the last checkpoint as if it had not happened.")

_TWO_STAGES = """

High resolution is learnt in two stages: first by a global generator at half of the
size, then by a local enhancer around it, to which --start gives the weights of the
first run. In its first epochs (--epochs-fix-global) the enhancer learns alone."""
_STAGES = """examples:
  gluon-pix2pix train pix2pixhd
  gluon-pix2pix train pix2pixhd --features encoder       with looks of objects
  gluon-pix2pix train pix2pixhd --lambda-vgg 10 --vgg-weights vgg19.npz

two stages, here on drawn streets; the second one begins with what the first learnt:
  gluon-pix2pix train pix2pixhd --size 128 --run runs/half
  gluon-pix2pix train pix2pixhd --size 256 --run runs/whole --start runs/half \\
      --generator local --ngf 8 --num-d 3 --epochs-fix-global 1
The paper's, on Cityscapes at 1024x512 and 2048x1024 pixels, with looks of objects:
  gluon-pix2pix train pix2pixhd --profile full --dataset data/cityscapes_hd \\
      --features encoder --run runs/half
  gluon-pix2pix precompute-features runs/half
  gluon-pix2pix train pix2pixhd --profile full --dataset data/cityscapes_hd \\
      --features stored --run runs/whole --start runs/half --generator local \\
      --size 2048 --ngf 32 --num-d 3 --epochs 50 --epochs-decay 50 \\
      --epochs-fix-global 10

Your own photos: `gluon-pix2pix prepare labels` matches them with their maps, and
`gluon-pix2pix check` says beforehand what is wrong with them."""


def add_commands(commands):
    parser = commands.add_parser(
        "train", help="train a model", description="Train a model.",
        epilog="Without a model: the one of the run to --resume, else pix2pix. "
        "`gluon-pix2pix train cyclegan --help` and so on tell all options.")
    models = parser.add_subparsers(title="models", metavar="MODEL", required=True)
    add_options(add_command(
        models, "pix2pix", _train, help="pairs: each picture and its translation",
        description=_WRITES,
        epilog="examples:\n  gluon-pix2pix train pix2pix\n"
        "  gluon-pix2pix train pix2pix --dataset facades --profile full\n"
        "  gluon-pix2pix train pix2pix --dataset facades --profile full --resume\n"
        "  gluon-pix2pix train pix2pix --dataset path/to/my_pairs --direction AtoB\n"
        "Your own pairs: `gluon-pix2pix prepare pairs` joins them, and\n"
        "`gluon-pix2pix check` says beforehand what is wrong with them."), "pix2pix")
    add_options(add_command(
        models, "cyclegan", _train, help="two domains without pairs, both ways",
        description=_WRITES,
        epilog="examples:\n  gluon-pix2pix train cyclegan\n"
        "  gluon-pix2pix train cyclegan --dataset apple2orange --profile full\n"
        "  gluon-pix2pix train cyclegan --dataset path/to/my_seasons\n"
        "Your own domains: `gluon-pix2pix prepare unpaired` splits two folders, and\n"
        "`gluon-pix2pix check` says beforehand what is wrong with them."), "cyclegan")
    add_options(add_command(
        models, "pix2pixhd", _train, help="label maps of objects, in high resolution",
        description=_WRITES + _TWO_STAGES, epilog=_STAGES), "pix2pixhd")


def _train(args):
    import matplotlib

    matplotlib.use("Agg")  # pictures go to files, whatever screen there is
    from .board import Board
    from .failures import Interrupted
    from .hd_inputs import check_size
    from .loaders import Loader
    from .models import build_model
    from .recovery import check_same_training
    from .run_checkpoints import saved_folders
    from .runs import RunFolder
    from .train_plan import command, data_folder, fill, settle
    from .train_views import VIEWS
    from .training_session import TrainingSession
    from .translation import opposite

    # All that can be wrong is found before an earlier run is touched.
    run_folder, config = settle(args)
    if args.save_every < 1:
        raise ValueError(f"--save-every {args.save_every} must be at least 1.")
    board = Board(run_folder) if args.tensorboard else None
    model = build_model(config, args.context)
    folder = data_folder(args, config)
    view = VIEWS[config.model](folder, config)
    if not view.held_out:
        print(view.note)
    if args.unreadable == "stop" and not args.resume:
        first, _ = view.train[0], view.shown[0]  # what cannot be items is named now
        if config.model == "pix2pixhd":
            check_size(model, *first[0].shape[1:])
    fill(model, args, run_folder)
    run = RunFolder(run_folder, config, args.overwrite, resume=args.resume,
                    save_every=args.save_every)
    if not args.resume:
        run.keep_command(command(args))
    loader = Loader(view.train, unreadable=args.unreadable)
    if saved := saved_folders(run.folder):
        check_same_training(saved[-1], model, loader, config)
    session = TrainingSession(model, view, loader, run, board)
    print(f"{view.about} of {view.pixels} from {folder}, {session.epochs} epochs on "
          f"{model.ctx}; writing to {run.folder}"
          + (f", going on after step {session.done}" if session.done else ""))
    if session.done == session.steps:
        print(f"{run.folder} is finished; --epochs or --epochs-decay lengthens it.")
    try:
        session.train(args.resume)
    except KeyboardInterrupt as error:
        # Where it is saved was told by fit if the loop's body was interrupted.
        if isinstance(error, Interrupted):
            print(error, file=sys.stderr)
        print(f"To go on: {_program()} train --run {run.folder} --resume",
              file=sys.stderr)
        return 130
    sheet, *curves = session.draw()
    other_way = (f"         with --direction {opposite(config.direction)}, the other "
                 "way round\n" if config.both_ways else "")
    print(f"\nLook at  {sheet}   ({view.title})\n"
          + "".join(f"         {path}\n" for path in curves) +
          f"Model    {run.folder / 'checkpoints'}\n"
          f"Next     {_program()} translate {run.folder} {view.to_translate}\n"
          f"{other_way}"
          f"         make lab   (the course; begin with 00_start_here.ipynb)")


def _program():
    """Give the words that start this program where the user stands."""
    if Path(sys.argv[0]).name.startswith("gluon-pix2pix"):
        return "gluon-pix2pix"
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    return f"{python} -m gluon_pix2pix"
