#!/usr/bin/env python3
"""Translate pictures with an ONNX file that `gluon-pix2pix export` wrote.

This file stands alone: take it along with the model. It needs Python 3.10 or newer and

    pip install numpy pillow onnxruntime

and neither MXNet nor gluon_pix2pix, whose `translate` paints the same pictures.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
import unicodedata
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_ENDINGS = ("_leftImg8bit", "_gtFine_labelIds", "_gtFine_instanceIds")  # of Cityscapes
EPILOG = """examples:
  python translate_onnx.py generator.onnx my_labels.png
  python translate_onnx.py generator.onnx folder/ --output painted/
with a pix2pixHD, whose pictures are label maps (all files of a scene have the
same name):
  python translate_onnx.py generator.onnx labels/ --instances objects/
  python translate_onnx.py generator.onnx labels/ --instances objects/ \\
      --features looks/ --width 1024

Pictures may have any size, and come out at that size; a model paints best at the
one it was trained at. --about shows that, what the model is, and the licence of
the data it learned from."""


class PictureError(ValueError):
    """A file that cannot be used as the picture it should be."""


class Translator:
    """An ONNX generator and what its file says of it.

    Parameters
    ----------
    path : str or Path
        The file.
    seed : int, optional
        Of the dropout, in a model that samples; by default each time another one.

    Attributes
    ----------
    about : dict of str to str
        What the file says of the model.
    """

    def __init__(self, path, seed=None):
        import onnxruntime

        if not Path(path).is_file():
            raise FileNotFoundError(f"There is no file {path}.")
        if seed is not None:
            onnxruntime.set_seed(seed)  # noticed by sessions that begin later
        known = onnxruntime.get_available_providers()
        wanted = [name for name in ("CUDAExecutionProvider", "CPUExecutionProvider")
                  if name in known]
        try:
            self._session = onnxruntime.InferenceSession(str(path), providers=wanted)
        except Exception as error:  # onnxruntime has a dozen kinds, of no common base
            raise ValueError(f"{path} cannot be read as an ONNX model ({error}): "
                             "export it again.") from None
        self.about = self._session.get_modelmeta().custom_metadata_map
        if "size_multiple" not in self.about:
            raise ValueError(f"{path} does not say how to use it: name a file that "
                             "`gluon-pix2pix export` wrote.")

    def number(self, name: str) -> int:
        """Return a number that the file tells; 0 where it tells none."""
        return int(self.about.get(name) or 0)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Translate ``(N, C, H, W) float32`` of any size.

        Sides that the network cannot halve are continued by their mirror image, and the
        result is cropped.
        """
        height, width = images.shape[2:]
        multiple, least = self.number("size_multiple"), self.number("smallest_side")
        bottom, right = (max(-(-side // multiple) * multiple, least) - side
                         for side in (height, width))
        images = np.pad(images, ((0, 0), (0, 0), (0, bottom), (0, right)), "symmetric")
        try:
            result, = self._session.run(["output"], {"input": images})
        except Exception as error:  # as above
            reason = " ".join(str(error).split())  # on one line
            raise ValueError(f"onnxruntime cannot translate {width}x{height} pixels "
                             f"({reason}): take a smaller picture.") from None
        return result[:, :, :height, :width]


# ------------------------------------------------------------------- pictures


def read_picture(path: Path, channels: int) -> np.ndarray:
    """Read a picture as ``(H, W, channels) uint8``, grey (1) or RGB (3).

    Turned as the camera noted (EXIF), 16-bit grey scaled to 8 bits, and what is
    transparent on white.
    """
    with _opened(path) as image:
        wide = image.mode.startswith("I;16") or (
            image.mode == "I" and image.format == "PNG")
        if image.mode in ("I", "F") and not wide:
            raise PictureError(f"{path} holds 32-bit numbers, which have no fixed "
                               "black and white: save it with 8 bits a channel.")
        image = ImageOps.exif_transpose(image)
        if wide:
            grey = np.round(np.asarray(image, np.float32) / 257)
            image = Image.fromarray(grey.astype(np.uint8))
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        picture = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    return picture.reshape(*picture.shape[:2], channels)


def read_ids(path: Path) -> np.ndarray:
    """Read a label or instance map as ``(H, W) int32``: the numbers that are stored."""
    with _opened(path) as image:
        if image.format == "JPEG" or image.info.get("compression") == "jpeg":
            raise PictureError(f"{path} is a JPEG, which changes the numbers it "
                               "stores: save label and instance maps as PNG.")
        if image.mode not in ("1", "L", "P", "I", "I;16", "I;16L", "I;16B"):
            raise PictureError(f"{path} is in colour (mode {image.mode}), not a map "
                               "of numbers: store the number of its class or object in "
                               "each pixel.")
        stored = image.tile[0][3] if image.tile else None
        step = {"L;2": 85, "L;4": 17}.get(stored, 1)  # Pillow stretches few bits
        return np.asarray(image).astype(np.int32) // step


@contextlib.contextmanager
def _opened(path):
    """Open a picture; what Pillow stumbles over becomes one error with its name."""
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no file {path}.")
    try:
        with Image.open(path) as image:
            yield image
    except (PictureError, PermissionError):
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(f"{path} cannot be read as a picture ({error}): replace or "
                           "remove it.") from error


def to_float(picture: np.ndarray) -> np.ndarray:
    """Turn ``(H, W, C) uint8`` into ``(C, H, W) float32 in [-1, 1]``."""
    return picture.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1


def to_picture(image: np.ndarray) -> np.ndarray:
    """Turn ``(C, H, W)`` in [-1, 1] into ``(H, W, 3) uint8``."""
    values = np.round(np.clip((image + 1) * 127.5, 0, 255)).astype(np.uint8)
    picture = values.transpose(1, 2, 0)
    return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture


def nearest(ids: np.ndarray, width: int, height: int) -> np.ndarray:
    """Resize ``(H, W)`` or ``(H, W, C)`` to its nearest neighbours."""
    rows = (np.arange(height) * 2 + 1) * ids.shape[0] // (2 * height)
    columns = (np.arange(width) * 2 + 1) * ids.shape[1] // (2 * width)
    return ids[rows[:, None], columns]


# -------------------------------------------------------------------- pix2pixHD


def one_hot(labels: np.ndarray, classes: int) -> np.ndarray:
    """Give each class a channel: ``(H, W)`` to ``(classes, H, W) float32``."""
    return (labels == np.arange(classes)[:, None, None]).astype(np.float32)


def edges(instances: np.ndarray) -> np.ndarray:
    """Mark pixels of ``(H, W)`` with a neighbour of another object: ``(1, H, W)``."""
    found = np.zeros(instances.shape, bool)
    across = instances[:, 1:] != instances[:, :-1]
    down = instances[1:] != instances[:-1]
    found[:, 1:] |= across
    found[:, :-1] |= across
    found[1:] |= down
    found[:-1] |= down
    return found[None].astype(np.float32)


def read_scene(translator: Translator, labels: Path, partners: dict, width=None,
               ) -> np.ndarray:
    """Read what a pix2pixHD sees of a scene: ``(C, H, W) float32``.

    Parameters
    ----------
    translator : Translator
        Of a pix2pixHD.
    labels : Path
        The label map; a picture, for a model without classes (``label_nc`` 0).
    partners : dict of str to Path
        ``instances`` and ``features``, as far as the model wants them.
    width : int, optional
        Resize all to this width.
    """
    number = translator.number
    classes, looks = number("label_nc"), number("n_features")
    arrays = [read_ids(labels) if classes else read_picture(
        labels, number("in_channels") - number("use_instances") - looks)]
    if "instances" in partners:
        arrays.append(read_ids(partners["instances"]))
    if "features" in partners:
        arrays.append(read_picture(partners["features"], looks))
    height, old = arrays[0].shape[:2]
    for path, array in zip(partners.values(), arrays[1:]):
        if array.shape[:2] != (height, old):
            raise ValueError(f"{path} is {array.shape[1]}x{array.shape[0]} pixels and "
                             f"{labels.name} {old}x{height}: both must show the same "
                             "picture.")
    size = (width, max(1, round(height * width / old))) if width else (old, height)
    if classes:
        wrong = np.unique(arrays[0][(arrays[0] < 0) | (arrays[0] >= classes)])
        if len(wrong):
            raise ValueError(f"{labels} holds {', '.join(map(str, wrong[:5]))}, and "
                             f"labels end at {classes - 1}: correct the label map.")
        parts = [one_hot(nearest(arrays[0], *size), classes)]
    else:
        parts = [to_float(_bicubic(arrays[0], *size))]
    for name, array in zip(partners, arrays[1:]):
        array = nearest(array, *size)
        parts.append(edges(array) if name == "instances" else to_float(array))
    return np.concatenate(parts)


def _bicubic(picture, width, height):
    if picture.shape[:2] == (height, width):
        return picture
    image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
    return np.asarray(image.resize((width, height), Image.BICUBIC)).reshape(
        height, width, -1)


# ------------------------------------------------------------------ command line


def main(argv=None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        prog="translate_onnx.py", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Translate pictures with an ONNX generator, by onnxruntime alone.")
    parser.add_argument("model", help="the .onnx file")
    parser.add_argument("pictures", nargs="*", help="pictures, or folders of pictures")
    parser.add_argument("--about", action="store_true",
                        help="show what the file says of the model, and end")
    parser.add_argument("--output", default="translated", help="folder for the results "
                        "(default: %(default)s)")
    parser.add_argument("--overwrite", action="store_true",
                        help="replace results that exist already")
    parser.add_argument("--seed", type=int, help="of the dropout, in a model that "
                        "samples (default: each time another one)")
    group = parser.add_argument_group("pix2pixHD")
    group.add_argument("--instances", metavar="FOLDER", help="the instance maps")
    group.add_argument("--features", metavar="FOLDER", help="the looks of objects, as "
                       "`gluon-pix2pix precompute-features` stores them")
    sizes = group.add_mutually_exclusive_group()
    sizes.add_argument("--width", type=int, help="resize all to this width first "
                       "(default: as for the training)")
    sizes.add_argument("--full-size", action="store_true", help="resize nothing")
    args = parser.parse_args(argv)
    try:
        translate(args)
    except (ValueError, OSError, ImportError) as error:
        print(f"translate_onnx.py: {error}", file=sys.stderr)
        return 1
    return 0


def translate(args) -> None:
    """Do what the command line asks for."""
    translator = Translator(args.model, args.seed)
    if args.about:
        print(*(f"{name:<15} {value}" for name, value in translator.about.items()),
              sep="\n")
        return
    paths = list_pictures(args.pictures)
    partners = _partners(args, translator, paths)
    targets = _targets(args, translator, paths, [
        path for found in partners for path in found.values()])
    Path(args.output).mkdir(parents=True, exist_ok=True)
    width = args.width or (None if args.full_size else translator.number("load_width"))
    for path, target, found in zip(paths, targets, partners):
        if translator.about["model"] == "pix2pixhd":
            image = read_scene(translator, path, found, width)
        else:
            image = to_float(read_picture(path, translator.number("in_channels")))
        picture = Image.fromarray(to_picture(translator(image[None])[0]))
        _save(picture, target)
    print(targets[0] if len(targets) == 1 else
          f"{len(targets)} pictures in {args.output}")


def _save(picture, target):
    """Write a picture whole or not at all."""
    hidden = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        picture.save(hidden, format="PNG")
        os.replace(hidden, target)
    finally:
        hidden.unlink(missing_ok=True)


def list_pictures(places) -> list[Path]:
    """List pictures that are named one by one or by their folders."""
    found = []
    for place in map(Path, places):
        if place.is_dir():
            inside = sorted((path for path in place.iterdir()
                             if path.suffix.lower() in SUFFIXES
                             and not path.name.startswith(".")), key=_natural_order)
            if not inside:
                raise FileNotFoundError(f"{place} holds no picture "
                                        f"({', '.join(SUFFIXES)}).")
            found += inside
        elif place.is_file():
            found.append(place)
        else:
            raise FileNotFoundError(f"There is no picture or folder {place}.")
    if not found:
        raise ValueError("Name pictures to translate, or folders of pictures.")
    return found


def _natural_order(path):
    """Sort 2.jpg before 10.jpg."""
    parts = re.split(r"([0-9]+)", path.name)
    return [int(part) if i % 2 else part.lower() for i, part in enumerate(parts)]


def _stem(path):
    """Return the part of a name that all files of a scene share."""
    stem = path.stem
    for ending in _ENDINGS:
        if stem.endswith(ending):
            stem = stem[:-len(ending)]
    return unicodedata.normalize("NFC", stem)


def _partners(args, translator, paths):
    """Find instance and feature maps of each picture; refuse what has no use."""
    wanted = {"instances": translator.number("use_instances"),
              "features": translator.number("n_features")}
    if translator.about["model"] != "pix2pixhd" and (args.width or args.full_size):
        raise ValueError(f"{args.model} is a {translator.about['model']}, which has no "
                         "use for --width and --full-size: leave them out.")
    if args.width is not None and args.width < 1:
        raise ValueError(f"--width {args.width} is not possible: name 1 or more.")
    found = [{} for _ in paths]
    for name, folder in (("instances", args.instances), ("features", args.features)):
        if folder and not wanted[name]:
            raise ValueError(f"{args.model} has no use for --{name}: leave it out.")
        if wanted[name] and not folder:
            what = {"instances": "sees the edges of objects: name the folder of the "
                                 "instance maps",
                    "features": "paints objects by their looks: name the folder of the "
                                "feature maps"}[name]
            raise ValueError(f"{args.model} {what} with --{name}.")
        if folder:
            files = list_pictures([folder])
            for path, partners in zip(paths, found):
                same = [file for file in files if _stem(file) == _stem(path)]
                if len(same) != 1:
                    raise FileNotFoundError(
                        f"{path} has {len(same)} partners in {folder} instead of one: "
                        "all files of a scene must have the same name.")
                partners[name] = same[0]
    return found


def _targets(args, translator, paths, partners):
    """Name the files for the results, and refuse to lose what is there."""
    hd = translator.about["model"] == "pix2pixhd"
    targets = [Path(args.output) / f"{_stem(path) if hd else path.stem}.png"
               for path in paths]
    sources = {path.resolve() for path in (*paths, *partners)}
    for target in targets:
        if targets.count(target) > 1:
            raise ValueError(f"Several pictures would become {target}: translate them "
                             "one folder at a time, with different --output.")
        if target.resolve() in sources:
            raise ValueError(f"A translation would replace the picture {target}: name "
                             "another --output.")
        if target.exists() and not args.overwrite:
            raise FileExistsError(f"{target} exists already: name another --output, or "
                                  "add --overwrite.")
    return targets


if __name__ == "__main__":
    sys.exit(main())
