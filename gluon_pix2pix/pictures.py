"""Picture files as arrays: colours as RGB bytes, label and instance maps as numbers."""

from __future__ import annotations

import contextlib
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .layouts import PICTURES, is_picture

_ENDINGS = ("_leftImg8bit", "_gtFine_labelIds", "_gtFine_instanceIds")  # of Cityscapes
_ID_MODES = ("1", "L", "P", "I", "I;16", "I;16L", "I;16B")
_SWAPPED_SIDES = (5, 6, 7, 8)  # EXIF orientations that turn a picture by 90 degrees


class PictureError(ValueError):
    """A file that cannot be used as the picture it should be.

    Attributes
    ----------
    path : Path
        The file.
    reason, remedy : str
        What is wrong with it, to follow its name, and what to do.
    """

    def __init__(self, path: str | os.PathLike, reason: str, remedy: str):
        self.path, self.reason, self.remedy = Path(path), reason, remedy
        super().__init__(f"{path} {reason}: {remedy}.")


def natural_order(name: str) -> tuple:
    """Give a key that sorts 2.jpg before 10.jpg, and any two names the same way."""
    parts = re.split(r"([0-9]+)", name)
    numbered = [int(part) if i % 2 else part.lower() for i, part in enumerate(parts)]
    return numbered, name


def list_pictures(folder: str | Path) -> list[Path]:
    """List the pictures of a folder in natural order: 2.jpg before 10.jpg.

    The order is the same on every file system, hidden files are left out.

    Raises
    ------
    FileNotFoundError
        If the folder does not exist or holds no picture.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")

    paths = [path for path in folder.iterdir() if is_picture(path)]
    if not paths:
        raise FileNotFoundError(
            f"{folder} holds no picture ({', '.join(sorted(PICTURES))})."
        )
    return sorted(paths, key=lambda path: natural_order(path.name))


def common_stem(path: str | os.PathLike) -> str:
    """Return the part of a name that a photo shares with its label and instance map.

    Examples
    --------
    >>> common_stem("aachen_000000_000019_gtFine_labelIds.png")
    'aachen_000000_000019'
    >>> common_stem("train_label/17.png")
    '17'
    """
    stem = Path(path).stem
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    # Macs may write an accent as a letter of its own; the name is the same.
    return unicodedata.normalize("NFC", stem)


def read_picture(path: str | Path, channels: int = 3) -> np.ndarray:
    """Read a picture file as ``(H, W, channels) uint8``, grey (1) or RGB (3).

    Pictures come as their owner sees them: turned as the camera noted (EXIF), palettes
    looked up, 16-bit grey scaled to 8 bits, inks (CMYK) converted to RGB, and what is
    transparent on white.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    PictureError
        If the file is no picture, is cut off, or is of a kind without a fixed range
        (32-bit numbers); the file is named.
    """
    with _opened(path) as file:
        wide = file.mode.startswith("I;16") or file.mode == "I" and file.format == "PNG"
        if file.mode in ("I", "F") and not wide:
            raise PictureError(
                path, "holds 32-bit numbers, which have no fixed black and white",
                "save it with 8 bits a channel")
        image = ImageOps.exif_transpose(file)
        if wide:  # 16 bits; convert("L") would cut at 255
            grey = np.round(np.asarray(image, np.float32) / 257)
            image = Image.fromarray(grey.astype(np.uint8))
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        picture = np.asarray(image.convert({1: "L", 3: "RGB"}[channels]))
    return picture.reshape(*picture.shape[:2], channels)


def read_ids(path: str | Path) -> np.ndarray:
    """Read a label or instance map as ``(H, W) int32``: a number for each pixel.

    Grey values of up to 32 bits are taken as they are, of a palette picture its
    indices. Nothing is turned or scaled.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    PictureError
        If the file is no picture, is cut off, in colour, or a JPEG, whose values are
        not those that were stored.
    """
    with _opened(path) as image:
        if image.format == "JPEG" or image.info.get("compression") == "jpeg":  # TIFF
            raise PictureError(path, "is a JPEG, which changes the numbers it stores",
                               "save label and instance maps as PNG")
        if image.mode not in _ID_MODES:
            raise PictureError(
                path, f"is in colour (mode {image.mode}), not a map of numbers",
                "store the number of its class or object in each pixel")
        # Pillow stretches 2 and 4 bits of grey to 0..255.
        stored = image.tile[0][3] if image.tile else None
        step = {"L;2": 85, "L;4": 17}.get(stored, 1)
        return np.asarray(image).astype(np.int32) // step


def picture_size(path: str | Path) -> tuple[int, int]:
    """Return (width, height) as `read_picture` gives them, without decoding."""
    with _opened(path) as image:
        turned = image.getexif().get(0x0112) in _SWAPPED_SIDES
        return image.size[::-1] if turned else image.size


@contextlib.contextmanager
def _opened(path) -> Iterator[Image.Image]:
    """Open a picture with Pillow; what fails inside becomes one error with its name."""
    try:
        with Image.open(path) as image:
            yield image
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {path}.") from None
    except (PictureError, PermissionError):
        raise
    except UnidentifiedImageError:
        raise PictureError(path, "cannot be read as a picture (of no known format)",
                           "replace or remove it") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(path, f"cannot be read as a picture ({error})",
                           "replace or remove it") from error
