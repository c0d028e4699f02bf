"""An evaluation on disk: scores as JSON and CSV, and a page to look at."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

from PIL import Image

from . import durable
from .evaluation import Evaluation
from .evaluation_page import page
from .transforms import to_uint8

EMBEDDED = 200  # pictures; a page with more of them in it opens slowly
_FILES = {"scores.json", "scores.csv", "summary.csv", "index.html", "pictures"}


def check_place(folder: str | Path) -> Path:
    """Refuse a folder that holds anything but an evaluation, before work is done.

    Raises
    ------
    FileExistsError
        If it does, or is a file.
    SaveError
        If it cannot be written to.
    """
    folder = Path(folder)
    if folder.is_file():
        raise FileExistsError(f"{folder} is a file: name a folder for the evaluation.")
    if folder.is_dir():
        foreign = sorted({path.name for path in folder.iterdir()} - _FILES)
        if foreign:
            raise FileExistsError(
                f"{folder} holds {', '.join(foreign[:3])}, which is no part of an "
                "evaluation and would be lost: name another folder.")
    durable.check_writable(folder)
    return folder


def write_evaluation(evaluation: Evaluation, dataset, folder: str | Path) -> Path:
    """Write all of an evaluation into a folder, whole or not at all.

    ::

        scores.json   about, summary, cautions, and the scores of each picture
        scores.csv    a row a picture
        summary.csv   a row a score
        index.html    input | output | target, to be sorted by any score

    Up to 200 pictures are part of the page, a single file that can be passed on. More
    lie beside it in ``pictures/``, and the page needs that folder. An evaluation that
    is there already is replaced.

    Parameters
    ----------
    evaluation : Evaluation
        What `evaluate` returned.
    dataset : PairedImages or InputPictures
        What it was called with, for the inputs and targets.
    folder : str or Path
        Where to write.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    FileExistsError
        If the folder holds anything else.
    SaveError
        If it cannot be written to.
    """
    folder = check_place(folder)
    with durable.explained(folder), durable.whole_folder(folder) as temporary:
        told = {"about": evaluation.about, "summary": evaluation.summary,
                "cautions": evaluation.cautions, "pictures": evaluation.rows}
        durable.write_text(temporary / "scores.json",
                           json.dumps(_finite(told), indent=2, allow_nan=False) + "\n")
        durable.write_text(temporary / "scores.csv", _table(evaluation.rows))
        durable.write_text(temporary / "summary.csv", _table(
            [{"score": name, **entry} for name, entry in evaluation.summary.items()]))
        beside = None
        if len(evaluation.rows) > EMBEDDED:
            beside = temporary / "pictures"
            beside.mkdir()
        rows = _picture_rows(evaluation, dataset, beside)
        durable.write_text(temporary / "index.html", page(evaluation, rows))
    return folder / "index.html"


def encoded(picture) -> tuple[str, bytes]:
    """Compress ``(H, W, C) uint8``; return the ending and the file's bytes.

    PNG for drawings of few colours, whose edges a JPEG would blur, and JPEG for photos,
    whatever is smaller.
    """
    image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
    files = {}
    for ending, options in (("png", {"optimize": True}),
                            ("jpeg", {"quality": 92, "subsampling": 0})):
        image.save(buffer := io.BytesIO(), ending, **options)
        files[ending] = buffer.getvalue()
    ending = min(files, key=lambda name: len(files[name]))
    return ending, files[ending]


def _picture_rows(evaluation, dataset, beside):
    """Give for each row its pictures: (ending, bytes), or the name of a file."""
    for index, outputs in enumerate(evaluation.outputs):
        real_in, target = dataset[index]
        pictures = [to_uint8(real_in), *outputs]
        if target is not None:
            pictures.append(to_uint8(target))
        files = [encoded(picture) for picture in pictures]
        if beside:
            names = [f"{index + 1:05d}_{place}.{ending}"
                     for place, (ending, _) in enumerate(files)]
            for name, (_, content) in zip(names, files):
                (beside / name).write_bytes(content)
            files = [f"{beside.name}/{name}" for name in names]
        yield files


def _table(rows):
    """Write dictionaries as CSV; a value that is missing or not finite stays empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value
                      for name, value in _finite(row).items()} for row in rows)
    return text.getvalue()


def _finite(value):
    """Put None in the place of NaN and infinity, which JSON does not know."""
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
