"""The command ``evaluate``."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace

from .cli_options import add_command, context_option
from .config import DIRECTIONS


def add_commands(commands):
    parser = add_command(
        commands, "evaluate", _evaluate, help="score a model on held-out pictures",
        description="Translate a whole split, score each output, and write a folder:\n"
        "scores.json, scores.csv (a row a picture), summary.csv and index.html, a\n"
        "page of input | output | target to be sorted by any score. Where half of the\n"
        "pairs are labels in known colours, a small network finds classes in the\n"
        "outputs; it is trained first (a minute at 128 pixels) and kept with the\n"
        "data. A CycleGAN is scored on its own domains by what is lost there and\n"
        "back, and on pairs (--dataset facades) as a pix2pix is.",
        epilog="examples:\n  gluon-pix2pix evaluate runs/facades\n"
        "  gluon-pix2pix evaluate runs/facades --samples 5\n"
        "  gluon-pix2pix evaluate runs/facades --pictures my_labels/\n"
        "  gluon-pix2pix evaluate runs/apple2orange\n"
        "Up to 200 pictures become part of the page, which then is a single file to\n"
        "pass on; more are put into a folder pictures/ beside it.")
    parser.add_argument("run", help="run folder or checkpoint")
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--dataset", help="a name or a folder of pairs (default: "
                       "those the run was trained on)")
    given.add_argument("--pictures", metavar="FOLDER", help="a folder of inputs "
                       "without targets: outputs are shown, and not scored")
    parser.add_argument("--root", help="folder of the data sets (default: that of the "
                        "run, else data)")
    parser.add_argument("--direction", choices=DIRECTIONS, help="a CycleGAN "
                        "translates pairs both ways (default: as its configuration "
                        "says)")
    parser.add_argument("--split", help="the folder of the data set to evaluate "
                        "(default: test, else val)")
    parser.add_argument("--count", type=int, help="only so many pictures, the first "
                        "ones")
    parser.add_argument("--samples", type=int, default=1, help="outputs for each "
                        "picture, which differ by the dropout; their mean and spread "
                        "are told (default: %(default)s)")
    parser.add_argument("--deterministic", action="store_true", help="no dropout, "
                        "running statistics; by default it samples as the paper does")
    parser.add_argument("--seed", type=int, default=0, help="of the dropout (default: "
                        "%(default)s)")
    parser.add_argument("--classes", action=argparse.BooleanOptionalAction,
                        default=None, help="score the classes found in the outputs "
                        "(default: where half of the pairs are labels)")
    parser.add_argument("--segmenter", metavar="FOLDER", help="keep the network that "
                        "finds classes there instead of in the data set's folder")
    parser.add_argument("--features", metavar="NETWORK", help="the network of the "
                        "Fréchet distance: one of MXNet's model zoo, such as "
                        "inceptionv3 (default: the one that finds classes)")
    parser.add_argument("--weights", metavar="FILE", help="the weights of that "
                        "network, if they are not in ~/.mxnet/models")
    parser.add_argument("--output", help="folder for the results (default: evaluation/ "
                        "in the run folder)")
    context_option(parser)


def _evaluate(args):
    from .configs import read_config
    from .evaluation import InputPictures, check_sampling, evaluate
    from .evaluation_files import check_place
    from .feature_networks import ZooFeatures
    from .generators import load_generator
    from .layouts import find_layout
    from .run_checkpoints import find_checkpoint, run_of
    from .runtime import get_context
    from .translation import translate

    # What can be wrong is found before anything takes its time.
    if args.weights and not args.features:
        raise ValueError("--weights are those of a network: name it with --features.")
    check_sampling(args.samples, not args.deterministic, args.count)
    checkpoint = find_checkpoint(args.run, whole=False)
    config, run = read_config(checkpoint / "config.json"), run_of(checkpoint)
    if config.model == "pix2pixhd":
        raise ValueError(
            f"{args.run} is a {config.model}, which evaluate does not score: its "
            "log.csv has the L1 distance to held-out photos (val_l1), and `translate` "
            "paints pictures to look at.")
    output = check_place(args.output or run / "evaluation")
    ctx = get_context(args.context)
    if config.model == "cyclegan" and not args.pictures:
        folder = _data_folder(args, run, config)
        if find_layout(folder) == "unpaired":
            found, pictures = _evaluate_cycles(args, checkpoint, config, folder, ctx)
            _finish(found, pictures, run, checkpoint, config, output)
            return
    netG = load_generator(checkpoint, ctx, args.direction)
    config = _of_direction(config, args.direction or config.direction)
    features = ZooFeatures(args.features, args.weights, ctx) if args.features else None
    train, reader = None, None
    if args.pictures:
        if given := _given(args, "classes", "features", "segmenter", "split"):
            raise ValueError(f"{given} would need a data set with targets, and "
                             "--pictures have none: name a --dataset instead.")
        dataset, about = InputPictures(args.pictures, config), {}
    else:
        dataset, train = _pairs(args, run, config)
        reader = _class_reader(args, dataset, ctx)
        about = {"split": dataset.split}
    model = SimpleNamespace(translate=lambda x, sample: translate(netG, x, sample))
    found = evaluate(model, dataset, samples=args.samples,
                     sample=not args.deterministic, seed=args.seed, train=train,
                     reader=reader, features=features, count=args.count)
    found.about.update(about, direction=config.direction)
    _finish(found, dataset, run, checkpoint, config, output)


def _finish(found, dataset, run, checkpoint, config, output):
    """Write down what was found, and tell it."""
    from .evaluation_files import write_evaluation
    from .version import __version__

    found.about.update(
        run=run.resolve().name, checkpoint=checkpoint.name, size=config.size,
        data=str(Path(dataset.folder.resolve().name) / found.about.get("split", "")),
        version=__version__)
    page = write_evaluation(found, dataset, output)
    print(f"{found}\n\nLook at  {page}")


def _evaluate_cycles(args, checkpoint, config, folder, ctx):
    """Score a CycleGAN on two domains; return what was found, and the pictures."""
    from .cycle_evaluation import BothDomains, evaluate_cycles
    from .datasets import UnpairedImages
    from .generators import load_generators
    from .translation import Generators

    given = _given(args, "classes", "features", "segmenter", "direction")
    if args.samples > 1:
        given = ", ".join(filter(None, ["--samples", given]))
    if given:
        raise ValueError(f"{folder} holds no pairs, so both cycles are scored: leave "
                         f"out {given}, or name pairs with --dataset.")
    split = args.split or "test"
    if not (args.split or all((folder / f"test{domain}").is_dir() for domain in "AB")):
        raise FileNotFoundError(
            f"{folder} has no testA/ or no testB/, so there are no held-out pictures; "
            "--split train scores those it was trained on.")
    pictures = BothDomains(UnpairedImages(folder, split, config, train=False),
                           args.count)
    model = Generators(load_generators(checkpoint, ctx), not args.deterministic)
    found = evaluate_cycles(model, pictures, seed=args.seed)
    found.about["split"] = split
    return found, pictures


def _given(args, *names):
    """Name those of some options that were given."""
    return ", ".join(f"--{name}" for name in names if getattr(args, name))


def _of_direction(config, direction):
    """Return a configuration to read inputs and targets of a direction with.

    The channels of a pix2pix are those of input and output, a CycleGAN's those of A
    and of B.
    """
    if config.model == "cyclegan" and direction == "BtoA":
        config = config.replace(in_channels=config.out_channels,
                                out_channels=config.in_channels)
    return config.replace(direction=direction)


def _data_folder(args, run, config):
    """Return the folder of the data set to evaluate on."""
    from .run_data import data_of_run

    return data_of_run(run, config, args.dataset, args.root,
                       otherwise=", or a folder of inputs with --pictures")


def _pairs(args, run, config):
    """Return the split to evaluate, and the training pairs if they are there."""
    from .datasets import PairedImages
    from .layouts import find_layout

    folder = _data_folder(args, run, config)
    if find_layout(folder) != "paired":
        raise ValueError(f"{folder} holds no pairs: name a folder of inputs with "
                         "--pictures.")
    split = args.split or next((name for name in ("test", "val")
                                if (folder / name).is_dir()), None)
    if split is None:
        raise FileNotFoundError(
            f"{folder} has neither test/ nor val/, so there are no held-out pairs; "
            "--split train scores those it was trained on.")
    dataset = PairedImages(folder, split, config, train=False)
    dataset[0]  # what cannot be a pair is named now
    train = PairedImages(folder, "train", config, train=False)
    return dataset, train


def _class_reader(args, dataset, ctx):
    """Return what finds classes in outputs, if there are labels and it is wanted."""
    from .class_reader import ClassReader

    if args.classes is False:
        if args.segmenter:
            raise ValueError("--segmenter is for classes: leave it out, or "
                             "--no-classes.")
        return None
    reader = ClassReader.of(dataset, ctx, place=args.segmenter)
    given = _given(args, "classes", "segmenter")
    if given and reader is None:
        raise ValueError(f"Neither half of the pictures in {dataset.folder} is a map "
                         "of labels in the colours of facades or streets: leave out "
                         f"{given}.")
    return reader
