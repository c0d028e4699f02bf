"""The command ``translate`` with a pix2pixHD: label maps and the looks of objects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .cli_pictures import given_pictures, output_files
from .pictures import common_stem, list_pictures
from .pix2pixhd_config import Pix2PixHDConfig

if TYPE_CHECKING:
    from .label_files import LabelFiles
    from .styles import Styles

OPTIONS = ("instances", "split", "photos", "features", "look", "width", "full_size")
_LOOKS = ("photos", "features", "look", "seed")


def add_options(parser):
    group = parser.add_argument_group(
        "pix2pixHD", "The pictures are label maps, except for a run with label_nc=0. "
        "All files of\none scene have the same name, endings of Cityscapes aside. A "
        "run with features\nneeds looks for the objects: --photos, --features or "
        "--look name them, else they\nare drawn by the --seed from those that "
        "encode-features found.")
    group.add_argument("--instances", metavar="FOLDER", help="the instance maps")
    group.add_argument("--split", help="the one folder named is a data set: take "
                       "label and instance maps of this split of it, such as test")
    looks = group.add_mutually_exclusive_group()
    looks.add_argument("--photos", metavar="FOLDER", help="looks as an encoder sees "
                       "them in these photos of the same scenes")
    looks.add_argument("--features", metavar="FOLDER", help="looks from feature maps "
                       "that were stored before")
    looks.add_argument("--look", type=int, metavar="N", help="of the looks that "
                       "encode-features found, number N of each class, from 0, the "
                       "most frequent; the last one of a class that has fewer")
    sizes = group.add_mutually_exclusive_group()
    sizes.add_argument("--width", type=int, help="resize all to this width first "
                       "(default: as for the training)")
    sizes.add_argument("--full-size", action="store_true", help="resize nothing")


def translate_labels(args, checkpoint: Path, config: Pix2PixHDConfig) -> None:
    """Paint label maps. What can be wrong is found before anything takes its time."""
    from mxnet import nd
    from tqdm.auto import tqdm

    from .hd_translation import LabelTranslator
    from .label_files import network_arrays, read_files, shared_size
    from .runtime import get_context
    from .transforms import scaled_size
    from .viz import save_picture, to_image

    _check_looks(args, checkpoint, config)
    if args.width is not None and args.width < 1:
        raise ValueError(f"--width {args.width} is not possible: name 1 or more.")
    scenes, targets = _find(args, config)
    width = args.width or (None if args.full_size else config.load_width)
    sizes = [scaled_size(*shared_size(files), width) for files in scenes]
    drawn = config.features != "none" and not (args.photos or args.features)
    translator = LabelTranslator.load(checkpoint, get_context(args.context),
                                      with_styles=drawn)
    styles = translator.styles
    if args.look is not None:
        styles = _only(styles, args.look)
    Path(args.output).mkdir(parents=True, exist_ok=True)
    bar = tqdm(scenes, unit="picture", disable=len(scenes) < 3)
    for files, size, target in zip(bar, sizes, targets):
        arrays = network_arrays(read_files(files, config, *size))
        labels, instances, *looks = (nd.array(array[None], dtype=array.dtype)
                                     for array in arrays)
        features = looks[0] if looks else None
        if files.photo:
            features = translator.features_of(features, instances)
        elif drawn:
            features = styles.features(labels, instances, seed=args.seed or 0)
        painted = translator.translate(labels, instances, features)
        save_picture(to_image(painted), target)
    print(targets[0] if len(targets) == 1 else
          f"{len(targets)} pictures in {args.output}")


def _check_looks(args, checkpoint, config):
    """Refuse looks that the run cannot paint with, and a lack of those it needs."""
    from .hd_translation import styles_file

    given = [name for name in _LOOKS if getattr(args, name) is not None]
    if config.features == "none":
        if given:
            raise ValueError(f"{args.run} knows no looks of objects "
                             f"(features='none'): leave out --{given[0]}.")
        return
    if len(given) > 1:
        raise ValueError(f"--{given[0]} and --{given[1]} both say how objects look: "
                         "leave out one of them.")
    if args.photos and config.features != "encoder":
        raise ValueError(f"{args.run} has no encoder to see looks in --photos with: "
                         "name stored ones with --features.")
    if args.features and config.n_features not in (1, 3):
        raise ValueError(f"{args.run} has n_features={config.n_features}, and stored "
                         "feature maps are pictures, which have 1 channel or 3: leave "
                         "out --features.")
    if args.look is not None and args.look < 0:
        raise ValueError(f"--look {args.look} is not possible: count from 0.")
    if args.photos or args.features:
        return
    if not styles_file(checkpoint).is_file():
        ways = ["--photos FOLDER takes them from photos"] * (
            config.features == "encoder") + [
            "--features FOLDER takes stored ones"] + [
            "`gluon-pix2pix encode-features` finds some to choose from"] * bool(
            config.use_instances and config.label_nc)
        raise FileNotFoundError(
            f"{args.run} paints objects by their looks, and there is no "
            f"{styles_file(checkpoint)}: {'; '.join(ways)}.")


def _find(args, config) -> tuple[list[LabelFiles], list[Path]]:
    """Return the files of each scene, and where to write what is painted of it."""
    from .label_files import match_files
    from .label_instances import LabelInstanceImages

    if args.instances and (args.split or not config.use_instances):
        why = "--split names them already" if args.split else \
            f"{args.run} was trained without instance maps"
        raise ValueError(f"{why}: leave out --instances.")
    partners = {}
    if args.split:
        if len(args.pictures) > 1:
            raise ValueError(f"--split is that of one data set: name {args.pictures[0]}"
                             " alone.")
        dataset = LabelInstanceImages(
            args.pictures[0], args.split, config.replace(features="none"), train=False,
            use_photos=False)
        labels = [files.labels for files in dataset.paths]
        if config.use_instances:
            partners["instances"] = [files.instances for files in dataset.paths]
    else:
        labels = given_pictures(args.pictures)
        if config.use_instances:
            if not args.instances:
                raise ValueError(f"{args.run} sees the edges of objects: name the "
                                 "folder of the instance maps with --instances.")
            partners["instances"] = list_pictures(args.instances)
    if args.photos:
        partners["photo"] = list_pictures(args.photos)
    if args.features:
        partners["features"] = list_pictures(args.features)
    targets = output_files([*labels, *sum(partners.values(), [])],
                           map(common_stem, labels), args.output, args.overwrite)
    return match_files(labels, surplus=True, **partners), targets


def _only(styles: Styles, number) -> Styles:
    """Leave each class one look: the one of a number, or its last."""
    from .styles import Styles

    chosen = {label: slice(last := min(number, len(looks) - 1), last + 1)
              for label, looks in styles.looks.items()}
    return Styles(*({label: each[label][one] for label, one in chosen.items()}
                    for each in (styles.looks, styles.counts)))
