"""The commands about data: ``download``, ``draw``, ``prepare``, ``check``."""

from __future__ import annotations

from pathlib import Path

from .cli_options import add_command, root_option, source_option
from .layouts import LAYOUTS
from .street_labels import LABEL_NC


def add_commands(commands):
    _add_download(commands)
    _add_draw(commands)
    _add_prepare(commands)
    _add_check(commands)


# download, draw

def _add_download(commands):
    parser = add_command(
        commands, "download", _download, help="fetch a public data set",
        description="Fetch, check and unpack a public data set into a folder. "
        "Interrupted, the same\ncommand goes on where it was.",
        epilog="examples:\n  gluon-pix2pix download --list\n"
        "  gluon-pix2pix download facades\n"
        "  gluon-pix2pix download facades --source ~/Downloads/facades.tar.gz")
    parser.add_argument("name", nargs="?", help="data set, see --list")
    parser.add_argument("--list", action="store_true", help="show all data sets, and "
                        "which are here")
    parser.add_argument("--info", action="store_true", help="tell about this one")
    root_option(parser)
    source_option(parser)


def _download(args):
    from .data_table import archive_details, archive_table
    from .download import download

    if args.list or not args.name:
        from .toys import TOYS

        print(archive_table(args.root, TOYS))
        return
    if args.info:
        print(archive_details(args.name, args.root))
        return
    print(f"{args.name} is in {download(args.name, args.root, args.source)}")


def _add_draw(commands):
    parser = add_command(
        commands, "draw", _draw, help="draw a toy data set, without a network",
        description="Draw a data set by code, in the layout of the real ones.",
        epilog="examples:\n  gluon-pix2pix draw toy_facades --size 256 --count 400\n"
        "  gluon-pix2pix draw toy_fruit")
    parser.add_argument("name", nargs="?", default="toy_facades",
                        help="data set, see `download --list` (default: %(default)s)")
    parser.add_argument("--size", type=int, default=128, help="height of a picture in "
                        "pixels (default: %(default)s)")
    parser.add_argument("--count", type=int, default=200, help="training pictures; a "
                        "tenth as many are drawn for each other split (default: "
                        "%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other "
                        "pictures (default: %(default)s)")
    root_option(parser)


def _draw(args):
    from .toys import draw

    folder = draw(args.name, args.root, size=args.size, count=args.count,
                  seed=args.seed)
    print(f"{args.name} is in {folder}: name this folder to use it")


# prepare, check

def _add_prepare(commands):
    parser = add_command(
        commands, "prepare", None, help="lay out pictures of your own",
        description="Make a data set from pictures of your own. They are copied, never "
        "changed,\nand everything is looked at before anything is written.",
        epilog="`gluon-pix2pix prepare pairs --help` and so on tell more.")
    kinds = parser.add_subparsers(title="kinds of data", metavar="KIND", required=True)
    _add_prepare_pairs(kinds)
    _add_prepare_unpaired(kinds)
    _add_prepare_labels(kinds)
    _add_prepare_cityscapes(kinds)


def _add_prepare_pairs(kinds):
    parser = add_command(
        kinds, "pairs", _prepare_pairs, help="two folders with the same names, or one "
        "of A | B",
        description="Join the pictures of two folders that have the same names, A on "
        "the left and\nB on the right; or split one folder of such pairs into train/ "
        "and val/.",
        epilog="examples:\n"
        "  gluon-pix2pix prepare pairs photos/ labels/ data/my_pairs\n"
        "  gluon-pix2pix prepare pairs photos/ labels/ data/my_pairs --size 256 "
        "--nearest B\n  gluon-pix2pix prepare pairs side_by_side/ data/my_pairs")
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="A and B, or one "
                        "folder of pairs; then the data set to make")
    _share_options(parser, "val")
    parser.add_argument("--size", type=int, help="resize both halves to squares of so "
                        "many pixels (default: they keep their size)")
    parser.add_argument("--nearest", default="", choices=["A", "B", "AB"],
                        help="halves to resize without mixing colours, as label maps "
                        "need it")


def _prepare_pairs(args):
    from .prepare import join_pairs, split_pairs

    *folders, target = args.folders
    if len(folders) == 2:
        join_pairs(*folders, target, val=args.val, seed=args.seed, size=args.size,
                   nearest=args.nearest)
    elif len(folders) == 1:
        if args.size or args.nearest:
            raise ValueError("--size and --nearest are for joining two folders; pairs "
                             "that are joined already are copied as they are.")
        split_pairs(*folders, target, val=args.val, seed=args.seed)
    else:
        raise ValueError(f"Named were {', '.join(args.folders)}: name A, B and the "
                         "data set to make, or a folder of pairs and the data set to "
                         "make.")
    _tell(target)


def _add_prepare_unpaired(kinds):
    parser = add_command(
        kinds, "unpaired", _prepare_unpaired, help="two folders without partners",
        description="Split two folders of pictures into trainA/, trainB/, testA/ and "
        "testB/.",
        epilog="example:\n"
        "  gluon-pix2pix prepare unpaired summer/ winter/ data/my_seasons")
    for name in ("folder_a", "folder_b", "target"):
        parser.add_argument(name, metavar=name.upper())
    _share_options(parser, "test")


def _prepare_unpaired(args):
    from .prepare import split_unpaired

    split_unpaired(args.folder_a, args.folder_b, args.target, test=args.test,
                   seed=args.seed)
    _tell(args.target)


def _add_prepare_labels(kinds):
    parser = add_command(
        kinds, "labels", _prepare_labels, help="photos with label and instance maps",
        description="Match photos, label maps and instance maps by their names and "
        "split them into\ntrain_img/, train_label/, train_inst/ and the same for test.",
        epilog="example:\n"
        "  gluon-pix2pix prepare labels photos/ labels/ data/my_streets "
        "--instances objects/")
    for name in ("images", "labels", "target"):
        parser.add_argument(name, metavar=name.upper())
    parser.add_argument("--instances", help="folder of instance maps")
    _share_options(parser, "test")


def _prepare_labels(args):
    from .prepare import collect_labels

    collect_labels(args.images, args.labels, args.target, instances=args.instances,
                   test=args.test, seed=args.seed)
    _tell(args.target, label_nc=256)  # any byte is a label here


def _share_options(parser, split):
    parser.add_argument(f"--{split}", type=float, default=0.1, metavar="SHARE",
                        help=f"share to hold out as {split} (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="another seed holds out "
                        "others (default: %(default)s)")


def _add_prepare_cityscapes(kinds):
    parser = add_command(
        kinds, "cityscapes", _prepare_cityscapes, help="Cityscapes from its owner's "
        "zips",
        description="Make the pairs of pix2pix, 0.4 GB, and on request the folders of "
        "pix2pixHD,\n8 GB at full size, from gtFine_trainvaltest.zip and "
        "leftImg8bit_trainvaltest.zip\n(www.cityscapes-dataset.com, after "
        "registration), which may be unpacked already.\nInterrupted, the same command "
        "goes on where it was.",
        epilog="examples:\n  gluon-pix2pix prepare cityscapes ~/Downloads\n"
        "  gluon-pix2pix prepare cityscapes ~/Downloads --hd --width 1024")
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="the two zips, "
                        "the folders they unpack to, or a folder that holds them")
    root_option(parser)
    parser.add_argument("--size", type=int, default=256, help="side of each half of a "
                        "pair in pixels (default: %(default)s)")
    parser.add_argument("--hd", action="store_true", help="also make cityscapes_hd")
    parser.add_argument("--no-pairs", action="store_true", help="make no pairs")
    parser.add_argument("--width", type=int, help="reduce cityscapes_hd to this width "
                        "(default: 2048, copied as it is)")


def _prepare_cityscapes(args):
    from .catalog import counts_text
    from .cityscapes import prepare_cityscapes
    from .layouts import count_pictures

    folders = prepare_cityscapes(args.sources, args.root, pairs=not args.no_pairs,
                                 hd=args.hd, size=args.size, width=args.width)
    for name, folder in folders.items():
        print(f"{name} is in {folder}: {counts_text(count_pictures(folder))}")


def _add_check(commands):
    parser = add_command(
        commands, "check", _check, help="find what is wrong with a data set",
        description="Read every picture of a data set as training would, and report "
        "all that is wrong\nat once, with what to do about it. Exits with 1 if there "
        "is a problem.",
        epilog="examples:\n  gluon-pix2pix check data/my_pairs --size 256\n"
        "  gluon-pix2pix check data/my_streets --label-nc 12")
    parser.add_argument("folder", help="the data set: its folder, or a name in --root")
    root_option(parser)
    parser.add_argument("--kind", choices=tuple(LAYOUTS), help="its layout (default: "
                        "the one that its folders show)")
    parser.add_argument("--size", type=int, help="size to train at, to find smaller "
                        "pictures")
    parser.add_argument("--label-nc", type=int, default=LABEL_NC, help="number of "
                        "labels (default: %(default)s, as in Cityscapes)")


def _check(args):
    from .checks import check

    folder = Path(args.folder)
    if not folder.is_dir() and (Path(args.root) / folder).is_dir():
        folder = Path(args.root) / folder
    report = check(folder, kind=args.kind, size=args.size, label_nc=args.label_nc)
    print(report)
    return 0 if report.ok else 1


def _tell(folder, **options):
    """Say that a data set is there, and what `check` thinks of it."""
    from .checks import check

    print(f"The data set is written. What `check` says of it:\n"
          f"{check(folder, **options)}")
