"""The command ``evaluate``."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace

from .cli_options import add_command, context_option, root_option


def add_commands(commands):
    parser = add_command(
        commands, "evaluate", _evaluate, help="score a model on held-out pictures",
        description="Translate a whole split, score each output, and write a folder:\n"
        "scores.json, scores.csv (a row a picture), summary.csv and index.html, a\n"
        "page of input | output | target to be sorted by any score. Where half of the\n"
        "pairs are labels in known colours, a small network finds classes in the\n"
        "outputs; it is trained first (a minute at 128 pixels) and kept with the data.",
        epilog="examples:\n  gluon-pix2pix evaluate runs/facades\n"
        "  gluon-pix2pix evaluate runs/facades --samples 5\n"
        "  gluon-pix2pix evaluate runs/facades --pictures my_labels/\n"
        "Up to 200 pictures become part of the page, which then is a single file to\n"
        "pass on; more are put into a folder pictures/ beside it.")
    parser.add_argument("run", help="run folder or checkpoint")
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--dataset", help="a name or a folder of pairs (default: "
                       "those the run was trained on)")
    given.add_argument("--pictures", metavar="FOLDER", help="a folder of inputs "
                       "without targets: outputs are shown, and not scored")
    root_option(parser)
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
    from .checkpoint import load_generator
    from .evaluation import InputPictures, check_sampling, evaluate
    from .evaluation_files import check_place, write_evaluation
    from .feature_networks import ZooFeatures
    from .pix2pix import translate
    from .run_checkpoints import find_checkpoint
    from .runtime import get_context
    from .version import __version__

    # What can be wrong is found before anything takes its time.
    if args.weights and not args.features:
        raise ValueError("--weights are those of a network: name it with --features.")
    check_sampling(args.samples, not args.deterministic, args.count)
    checkpoint = find_checkpoint(args.run, whole=False)
    run = checkpoint.parent.parent if checkpoint.parent.name == "checkpoints" else \
        checkpoint
    output = check_place(args.output or run / "evaluation")
    ctx = get_context(args.context)
    netG = load_generator(checkpoint, ctx)
    features = args.features and ZooFeatures(args.features, args.weights, ctx)
    train, reader = None, None
    if args.pictures:
        if args.classes or args.features:
            raise ValueError("--classes and --features compare with targets, and "
                             "--pictures have none: name a --dataset.")
        dataset, about = InputPictures(args.pictures, netG.config), {}
    else:
        dataset, train = _pairs(args, run, netG.config)
        reader, seen = _class_reader(args, dataset, ctx)
        features = features or seen
        about = {"split": dataset.split, "direction": netG.config.direction,
                 "features_by": args.features or (seen and "that network")}
    model = SimpleNamespace(translate=lambda x, sample: translate(netG, x, sample))
    found = evaluate(model, dataset, samples=args.samples,
                     sample=not args.deterministic, seed=args.seed, train=train,
                     reader=reader, features=features, count=args.count)
    found.about.update(
        run=run.resolve().name, checkpoint=checkpoint.name, size=netG.config.size,
        data=str(Path(dataset.folder.resolve().name) / about.get("split", "")), **about,
        version=__version__)
    page = write_evaluation(found, dataset, output)
    _tell(found)
    print(f"Look at  {page}")


def _pairs(args, run, config):
    """Return the split to evaluate, and the training pairs if they are there."""
    from .datasets import PairedImages
    from .layouts import find_layout
    from .run_command import read_command
    from .sources import get_dataset

    asked = read_command(run)
    name = args.dataset or asked.get("dataset")
    if name is None:
        raise ValueError(f"{args.run} does not tell what it was trained on: name it "
                         "with --dataset, or a folder of inputs with --pictures.")
    # A profile says how many pictures of a toy there are: those of the training.
    profile = asked.get("profile") if name == asked.get("dataset") else None
    folder = get_dataset(name, args.root, profile, size=config.size)
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
    """Return what finds classes in outputs, and its features, if there are labels."""
    from .evaluation import ClassReader
    from .labelled_photos import LabelledPhotos, find_labels
    from .segmenter_training import get_segmenter
    from .viz import to_image

    if args.classes is False:
        return None, None
    folder, config = dataset.folder, dataset.config
    labels = find_labels(folder, dataset.split)
    if labels is None:
        if args.classes:
            raise ValueError(f"Neither half of the pictures in {folder} is a map of "
                             "labels in the colours of facades or streets: leave out "
                             "--classes.")
        return None, None
    truth = LabelledPhotos(folder, dataset.split, labels, config, train=False)
    input_half = "A" if config.direction == "AtoB" else "B"
    if labels.half != input_half:  # it paints labels: their colours tell the classes
        def nearest(picture):
            return labels.palette.nearest(to_image(picture))

        return ClassReader(truth, nearest, "the colours of the outputs"), None
    segmenter = get_segmenter(folder, config, ctx, place=args.segmenter)
    return ClassReader(truth, lambda picture: segmenter.classes(picture)[0],
                       "a segmentation network trained on the real photos"), \
        segmenter.features


def _tell(found):
    """Print the scores of the split."""
    columns = {"mean": "this run", "between_samples": "± between samples",
               "between_pictures": "± between pictures",
               "one_picture": "one picture for all",
               "real": "real pictures"}
    columns = {name: title for name, title in columns.items()
               if any(name in entry for entry in found.summary.values())}
    rows = [("", *columns.values())] + [
        (name, *(f"{entry[column]:.4f}" if column in entry else ""
                 for column in columns)) for name, entry in found.summary.items()]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows if found.summary else ():
        print("  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
              .rstrip())
