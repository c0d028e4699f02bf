"""The commands ``encode-features`` and ``precompute-features``."""

from __future__ import annotations

from pathlib import Path

from .cli_options import add_command, context_option


def add_commands(commands):
    parser = add_command(
        commands, "encode-features", _encode, help="find looks to choose from",
        description="Let the encoder of a pix2pixhd describe every object of its\n"
        "training set, and find the looks that each class has: RUN/features.npz and\n"
        "RUN/styles.npz, which translate and notebook 11 choose from. Of a run with\n"
        "--features stored, those are taken. Do it again when the run was trained\n"
        "further.",
        epilog="examples:\n  gluon-pix2pix encode-features runs/streets\n"
        "  gluon-pix2pix encode-features runs/streets --clusters 5\n"
        "  gluon-pix2pix translate runs/streets labels/ --instances instances/ "
        "--look 3")
    _data_options(parser)
    parser.add_argument("--split", default="train", help="the split whose objects are "
                        "looked at (default: %(default)s)")
    parser.add_argument("--clusters", type=int, default=10, help="looks for each class "
                        "(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="where the search begins "
                        "(default: %(default)s)")
    context_option(parser)

    parser = add_command(
        commands, "precompute-features", _precompute,
        help="store the looks of objects beside the photos",
        description="Write what the encoder of a pix2pixhd says of each object as\n"
        "pictures beside the photos, train_feat/ and test_feat/, at their full size:\n"
        "a training at twice the size reads them (--features stored). An interrupted\n"
        "command goes on where it was.",
        epilog="examples:\n  gluon-pix2pix precompute-features runs/streets\n"
        "  gluon-pix2pix train pix2pixhd --generator local --features stored "
        "--start runs/streets")
    _data_options(parser)
    parser.add_argument("--split", help="only this split (default: all that have "
                        "photos and instance maps)")
    parser.add_argument("--overwrite", action="store_true", help="replace features of "
                        "another encoder, or of other photos")
    context_option(parser)


def _data_options(parser):
    parser.add_argument("run", help="run folder or checkpoint of a pix2pixhd that "
                        "knows looks (--features encoder)")
    parser.add_argument("--dataset", help="a name or a folder (default: what the run "
                        "was trained on)")
    parser.add_argument("--root", help="folder of the data sets (default: that of the "
                        "run, else data)")


def _encode(args):
    from .feature_maps import whole_pictures
    from .hd_translation import styles_file
    from .instance_features import encode_objects
    from .label_instances import LabelInstanceImages
    from .styles import cluster

    if args.clusters < 1:
        raise ValueError(f"--clusters {args.clusters} must be at least 1.")
    if not 0 <= args.seed < 2**31:
        raise ValueError(f"--seed {args.seed} is not possible: name one from 0 to "
                         "2**31 - 1.")
    run, model, folder = _opened(args, "encoder", "stored")
    dataset = LabelInstanceImages(folder, args.split, whole_pictures(model.config),
                                  train=False)
    objects = encode_objects(model, dataset)
    objects.save(run / "features.npz")
    styles = cluster(objects, args.clusters, args.seed)
    styles.save(styles_file(run), model.netE)
    print(f"{len(objects)} objects of {len(styles.looks)} classes in {len(dataset)} "
          f"pictures: {run / 'features.npz'}\n"
          f"{sum(map(len, styles.looks.values()))} looks: {styles_file(run)}")


def _precompute(args):
    from .feature_maps import precompute_features

    _, model, folder = _opened(args, "encoder")
    splits = [args.split] if args.split else _complete_splits(folder, model.config)
    for split in splits:
        print(precompute_features(model, folder, split, overwrite=args.overwrite))


def _opened(args, *features):
    """Return run folder, model and data folder; what is impossible is said first."""
    from .configs import read_config
    from .hd_translation import LabelTranslator
    from .instance_features import check_looks
    from .run_checkpoints import find_checkpoint, run_of
    from .run_data import data_of_run
    from .runtime import get_context

    checkpoint = find_checkpoint(args.run, whole=False)
    run = run_of(checkpoint)
    config = read_config(checkpoint / "config.json")
    try:
        check_looks(config, features)
    except ValueError as error:
        raise ValueError(f"{args.run}: {error}") from None
    ctx = get_context(args.context)
    folder = data_of_run(run, config, args.dataset, args.root)
    # Looks that were found before are to be replaced, even if damaged.
    return run, LabelTranslator.load(checkpoint, ctx, with_styles=False), folder


def _complete_splits(folder: Path, config) -> list[str]:
    """Name the splits that have labels, photos and instance maps; train at least."""
    parts = ("label", "img") if config.label_nc else ("A", "B")
    needed = [[f"test{part}", f"test_{part}"] for part in (*parts, "inst")]
    held_out = all(any((folder / name).is_dir() for name in names) for names in needed)
    return ["train", "test"] if held_out else ["train"]
