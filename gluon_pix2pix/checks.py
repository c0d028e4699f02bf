"""Read a data set as training would, and report all that is wrong with it at once."""

from __future__ import annotations

import os
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from .examine import Facts, examine, in_threads
from .layouts import LAYOUTS, count_pictures, find_layout, is_picture
from .pictures import common_stem, natural_order
from .reports import Problem, Report
from .street_labels import LABEL_NC

_UNLIKE = 1.5  # so many times wider or narrower than usual is worth a look
# Where files of several folders belong together: the folder of what is to be painted.
_TARGETS = {"labels": "test_img", "aligned": "test_B"}


def check(folder: str | os.PathLike, *, kind: str | None = None,
          size: int | None = None, label_nc: int = LABEL_NC,
          progress: bool = True) -> Report:
    """Decode every picture of a data set and report all that is wrong at once.

    Nothing is changed.

    Parameters
    ----------
    folder : str or path
        The data set.
    kind : str, optional
        Its layout, a key of `layouts.LAYOUTS`; by default the one that its folders
        show.
    size : int, optional
        Size to train at in pixels, to find smaller pictures: the width, where pictures
        and maps are files of their own.
    label_nc : int
        Number of labels; those in label maps must lie in ``[0, label_nc)``.
    progress : bool
        Show a progress bar when there are more than 50 pictures.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If there is no such kind.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {folder}.")
    if kind not in (None, *LAYOUTS):
        raise ValueError(f"kind={kind!r} must be one of: {', '.join(LAYOUTS)}.")
    report = Report(folder, kind or _likely_kind(folder))
    if report.kind is None:
        known = ", or ".join(f"{' and '.join(layout.required)} ({layout.kind})"
                             for layout in LAYOUTS.values())
        report.problems.append(Problem(
            folder, "is not laid out as a data set", f"it needs pictures in {known}; "
            "`gluon-pix2pix prepare` makes these from pictures of your own"))
        return report

    files = _list_files(report)
    roles = {"label": "label", "inst": "instance"}
    usual = "pair" if report.kind == "paired" else "picture"
    jobs = [(path, roles.get(name.split("_")[-1], usual))
            for name, paths in files.items() for path in paths]
    results = iter(in_threads(lambda job: examine(*job, label_nc), jobs, "checking",
                              progress))
    facts = {name: [next(results) for _ in paths] for name, paths in files.items()}

    for name, found in facts.items():
        sizes = [file.size for file in found if file.size]
        if sizes:
            report.sizes[name] = tuple(tuple(map(pick, zip(*sizes)))
                                       for pick in (min, max))
        report.counts[name] = len(found)
        report.modes[name] = dict(Counter(f.mode or "unreadable" for f in found))
    if report.kind in _TARGETS:
        _compare_partners(facts, report)
    photos = {name: found for name, found in facts.items()
              if not name.endswith(("_label", "_inst", "_feat"))}
    for found in photos.values():
        _compare_shapes(found, report.kind, size)
    _find_copies(photos)
    for found in facts.values():
        for file in found:
            report.problems += file.problems
            report.warnings += file.warnings
    return report


def match_partners(
    folders: Mapping[str, list[Path]],
) -> tuple[dict[str, dict[str, Path]], list[Problem]]:
    """Find the files of the same name, whatever their suffix, in several folders.

    Parameters
    ----------
    folders : mapping of str to list of Path
        The pictures of each folder.

    Returns
    -------
    partners : dict of str to dict of str to Path
        For each name, its file in each folder that holds it.
    problems : list of Problem
        Files that lack a partner, or have too many.
    """
    named: dict[str, dict[str, Path]] = {}
    problems = []
    for folder, paths in folders.items():
        for path in paths:
            stem = common_stem(path)
            other = named.setdefault(stem, {}).setdefault(folder, path)
            if other is not path:
                problems.append(Problem(
                    path, f"has the same name as {other.name}, but for the ending",
                    "keep one of the two"))
    for found in named.values():
        missing = [folder for folder in folders if folder not in found]
        problems += [Problem(path, f"has no partner in {' and '.join(missing)}",
                             "add the missing file, or remove this one")
                     for path in found.values() if missing]
    return named, problems


def find_clashes(names: Mapping[str, Path]) -> list[Problem]:
    """Find names, of the paths beside them, that differ in capital letters only."""
    first: dict[str, str] = {}
    others = ((name, first.setdefault(name.casefold(), name)) for name in names)
    return [Problem(names[name], f"differs from {other} in capitals only",
                    "rename one: on Windows and Macs they are the same file")
            for name, other in others if name != other]


def compare_sizes(partners: Iterable[Facts], remedy: str,
                  scaled: bool = False) -> None:
    """Note where partners differ in size from the first of them, or in shape alone.

    With `scaled` they may be scaled copies of each other: half as wide and as high.
    """
    readable = [file for file in partners if file.size]
    for file in readable[1:]:
        (width, height), (first_width, first_height) = file.size, readable[0].size
        # Scaled to the first one's width, it is at most a pixel or a per cent off.
        off = abs(height * first_width / width - first_height)
        alike = off <= max(1, 0.01 * first_height)
        if file.size != readable[0].size and not (scaled and alike):
            name = readable[0].path.name
            file.problem(f"is {width}x{height} pixels, its partner {name} "
                         f"{first_width}x{first_height}", remedy)


def _likely_kind(folder):
    """The layout of a folder, or the one it comes closest to, or None."""
    try:
        return find_layout(folder)
    except ValueError:
        present = {kind: sum((folder / name).is_dir() for name in layout.folders)
                   for kind, layout in LAYOUTS.items()}
        kind = max(present, key=present.get)
        return kind if present[kind] else None


def _list_files(report):
    """List the pictures of each folder, and report what else there is, or is not."""
    layout, files = LAYOUTS[report.kind], {}
    for name in layout.folders:
        path = report.folder / name
        if not path.is_dir() and name not in layout.required:
            continue
        entries = path.iterdir() if path.is_dir() else ()
        entries = sorted(entries, key=lambda entry: natural_order(entry.name))
        files[name] = [entry for entry in entries if is_picture(entry)]
        if not files[name]:
            report.problems.append(Problem(
                path, "holds no pictures" if path.is_dir() else "does not exist",
                "put pictures into it" if name in layout.required
                else "put pictures into it, or remove it"))
        if len(files[name]) == 1:
            report.warnings.append(Problem(
                path, "holds a single picture", "more would tell more"))
        for entry in entries:
            if not is_picture(entry) and not entry.name.startswith("."):
                what = "is a folder" if entry.is_dir() else "is no picture by its name"
                report.warnings.append(Problem(
                    entry, f"{what} and is not read", "move or remove it"))
        report.warnings += find_clashes({entry.name: entry for entry in files[name]})
    for name in count_pictures(report.folder):
        if name not in layout.folders:
            report.warnings.append(Problem(
                report.folder / name, "holds pictures, but is not read",
                f"folders of this layout are {', '.join(layout.folders)}"))
    target = _TARGETS.get(report.kind)
    if target and target not in files and any(name.startswith("test_")
                                              for name in files):
        report.warnings.append(Problem(
            report.folder / target, "does not exist", "without these, outputs cannot "
            "be compared with what they should be"))
    if not any(files[name] for name in files if not name.startswith("train")):
        report.warnings.append(Problem(
            report.folder, "holds no pictures beside those to train on",
            "without others, nothing tells what the model has learnt"))
    return {name: paths for name, paths in files.items() if paths}


def _compare_shapes(files, kind, size):
    """Warn of pictures that will be squeezed or enlarged, or are unlike the others."""
    files = [file for file in files if file.size and not file.problems]
    sizes = [(width // 2 if kind == "paired" else width, height)
             for width, height in (file.size for file in files)]
    usual = statistics.median(w / h for w, h in sizes) if sizes else 1
    what = "has halves that are" if kind == "paired" else "is"
    for file, (width, height) in zip(files, sizes):
        aspect = width / height
        if not 1 / _UNLIKE <= aspect / usual <= _UNLIKE:
            file.warning("is {}x{} pixels, unlike the others in shape".format(
                *file.size), "crop it to the shape of the others, or remove it")
        elif kind not in _TARGETS and not 0.95 <= aspect <= 1.05:
            file.warning(f"{what} not square and will be squeezed into squares",
                         "crop first if shapes matter")
        if size and (width if kind in _TARGETS else min(width, height)) < size:
            file.warning(f"{what} smaller than {size} pixels and will be enlarged",
                         "train at a smaller size, or find larger pictures")


def _compare_partners(facts, report):
    """Compare photos, label maps and instance maps of the same name."""
    by_path = {file.path: file for files in facts.values() for file in files}
    for split in ("train", "test"):
        folders = {name: [file.path for file in files]
                   for name, files in facts.items() if name.startswith(split)}
        partners, problems = match_partners(folders)
        report.problems += problems
        for paths in partners.values():
            found = {name: by_path[path] for name, path in paths.items()}
            compare_sizes(found.values(), "make all maps from the photo's own pixels, "
                          "none cropped or resized alone")
            label, inst = found.get(f"{split}_label"), found.get(f"{split}_inst")
            # With 16 bits they may: a street without people and cars has no objects.
            if (label and inst and inst.mode in ("1", "L", "P")
                    and inst.digest and inst.digest == label.digest):
                inst.warning("holds the same numbers as its label map", "give each "
                             "object its own number, or leave instance maps out")


def _find_copies(folders):
    """Look for the same pixels twice: in two splits that is a leak."""
    first = {}
    for name, files in folders.items():
        for file in files:
            other = first.setdefault(file.digest, file) if file.digest else file
            if other is file:
                continue
            where = other.path.parent.name
            if where == name:
                file.warning(f"shows the same as {other.path.name}", "keep one of them")
            elif name.startswith("train"):
                file.warning(f"shows the same as {where}/{other.path.name}",
                             "it belongs to one domain only")
            else:
                file.problem(
                    f"shows the same as {where}/{other.path.name}", "remove one of the "
                    "two: what was trained on tells nothing about new pictures")
