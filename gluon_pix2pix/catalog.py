"""The table of data sets that can be downloaded: what, whose, from where, and why."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass

from .layouts import LAYOUTS, missing_folders


class DownloadError(RuntimeError):
    """A data set that cannot be had; the message says why and what would help.

    Attributes
    ----------
    brief : str or None
        The message without what would help, where it is to be said once for several.
    """

    brief: str | None = None


@dataclass(frozen=True)
class Archive:
    """One row of the table: an archive, what it holds, and whose it is.

    Attributes
    ----------
    name, title : str
        Name of the data set and of its folder; what it shows.
    kind : str
        Its layout, a key of `layouts.LAYOUTS`: ``"paired"``, ``"unpaired"`` or
        ``"labels"``.
    splits : mapping of str to int
        Number of pictures in each folder of the public archive.
    bytes : int
        Size of the public archive.
    direction : str
        The direction that the paper shows first, ``"AtoB"`` or ``"BtoA"``; without a
        meaning for ``"labels"``.
    licence, citation : str
        Terms of use; whom to cite.
    why : str
        What it teaches that the others do not.
    note : str
        How to get it, where nobody may serve it.
    urls : tuple of str
        Public hosts, asked in this order; none when nobody may serve it.
    exact : bool
        Whether `bytes` and `splits` are exact and checked, or figures to plan with.
    sha256 : str, optional
        Checksum, where one is public.
    """

    name: str
    title: str
    kind: str
    splits: Mapping[str, int]
    bytes: int
    direction: str
    licence: str
    citation: str
    why: str
    note: str = ""
    urls: tuple[str, ...] = ()
    exact: bool = True
    sha256: str | None = None

    @property
    def filename(self) -> str:
        """Name of the archive on a mirror: the data set's, with the public suffix."""
        return self.name + (".zip" if self.urls[:1] and self.urls[0].endswith(".zip")
                            else ".tar.gz")

    @property
    def max_files(self) -> int:
        """Most members to unpack; generous, a user's own archive may be larger."""
        return max(20_000, 4 * sum(self.splits.values()))

    @property
    def max_bytes(self) -> int:
        """Most bytes to fetch or unpack; pictures are compressed already."""
        return max(2 * 2**30, 4 * self.bytes)


# One host serves all, by http and by https. Its https was misconfigured at times, so
# http goes first where no checksum is public anyway, and second where one protects.
# Older addresses at people.eecs.berkeley.edu (~tinghuiz, ~taesung_park) answer 404.
_HOST = "efrosgans.eecs.berkeley.edu"


def _pix2pix(name):
    path = f"{_HOST}/pix2pix/datasets/{name}.tar.gz"
    return (f"http://{path}", f"https://{path}")


# Sizes, checksums and counts of these are those that TensorFlow Datasets recorded when
# the files were at people.eecs.berkeley.edu/~taesung_park/CycleGAN/datasets. The host
# of today serves horse2zebra with the same size; the others were not compared.
def _cyclegan(name):
    path = f"{_HOST}/cyclegan/datasets/{name}.zip"
    return (f"https://{path}", f"http://{path}")


_OWNER = ("Cityscapes is given out by its owner alone, after registration "
          "(www.cityscapes-dataset.com): make it from the owner's zips with "
          "`gluon-pix2pix prepare cityscapes ~/Downloads`.")
_CITYSCAPES = {"licence": "Cityscapes: registration with its owner, not commercial",
               "citation": "Cordts et al., CVPR 2016", "exact": False, "note": _OWNER}

ARCHIVES: dict[str, Archive] = {archive.name: archive for archive in (
    Archive(
        "facades", "photos of facades (A) and their label maps (B), 256 px", "paired",
        {"train": 400, "val": 100, "test": 106}, 30_168_306, "BtoA",
        "CMP Facade Database: research, with attribution",
        "Tylecek and Sara, GCPR 2013",
        "small, and used by everyone: there are figures to compare with",
        urls=_pix2pix("facades"),
    ),
    Archive(
        "maps", "aerial photos (A) and street maps (B), 600 px", "paired",
        {"train": 1096, "val": 1098}, 250_242_400, "AtoB",
        "scraped from Google Maps: do not redistribute", "Isola et al., CVPR 2017",
        "both directions are of use: one invents houses, the other recognises them",
        urls=_pix2pix("maps"),
    ),
    Archive(
        "edges2shoes", "edges (A) and photos (B) of shoes, 256 px", "paired",
        {"train": 49_825, "val": 200}, 2_200_000_000, "AtoB",
        "UT Zappos50K: academic, not commercial",
        "Yu and Grauman, CVPR 2014; Xie and Tu, ICCV 2015",
        "many pairs, few epochs; draw a shoe of your own",
        urls=_pix2pix("edges2shoes"), exact=False,
    ),
    Archive(
        "edges2handbags", "edges (A) and photos (B) of handbags, 256 px", "paired",
        {"train": 137_000, "val": 200}, 8_600_000_000, "AtoB",
        "product photos of Amazon: do not redistribute",
        "Zhu et al., ECCV 2016; Xie and Tu, ICCV 2015",
        "more than fits in memory: what a loader has to do",
        urls=_pix2pix("edges2handbags"), exact=False,
    ),
    Archive(
        "night2day", "outdoor scenes by night (A) and by day (B), 256 px", "paired",
        {"train": 20_000}, 2_000_000_000, "BtoA",
        "Transient Attributes: research, with attribution",
        "Laffont et al., SIGGRAPH 2014",
        "the same cameras at all hours: pairs that agree only roughly",
        urls=_pix2pix("night2day"), exact=False,
    ),
    Archive(
        "cityscapes", "photos of streets (A) and their label maps (B), 256 px",
        "paired", {"train": 2975, "val": 500}, 360_000_000, "BtoA",
        why="the benchmark of the paper's FCN scores", **_CITYSCAPES,
    ),
    Archive(
        "cityscapes_hd", "photos, label maps and instance maps of streets, 2048 px",
        "labels", {f"{split}_{part}": count for split, count in (
            ("train", 2975), ("test", 500)) for part in ("img", "label", "inst")},
        8_000_000_000, "AtoB",
        why="class and instance numbers, not colours: what pix2pixHD is made for",
        **_CITYSCAPES,
    ),
    Archive(
        "apple2orange", "apples (A) and oranges (B), 256 px", "unpaired",
        {"trainA": 995, "trainB": 1019, "testA": 266, "testB": 248}, 78_456_409, "AtoB",
        "pictures of ImageNet: research and teaching, do not redistribute",
        "Zhu et al., ICCV 2017; Deng et al., CVPR 2009",
        "the smallest one: the colour has to change, the shape stays",
        urls=_cyclegan("apple2orange"),
        sha256="845a191e9af8926408ea597001cd03a452e3300a1f44a79fe329b3d59f6e3eb8",
    ),
    Archive(
        "horse2zebra", "horses (A) and zebras (B), 256 px", "unpaired",
        {"trainA": 1067, "trainB": 1334, "testA": 120, "testB": 140}, 116_867_962,
        "AtoB", "pictures of ImageNet: research and teaching, do not redistribute",
        "Zhu et al., ICCV 2017; Deng et al., CVPR 2009",
        "the paper's show piece, with its famous failures (riders turn striped)",
        urls=_cyclegan("horse2zebra"),
        sha256="a74d9d392eecca9966b51287a76ca126af473d9de4f3e8fc0e9cda08fa1730a1",
    ),
    Archive(
        "summer2winter_yosemite", "Yosemite in summer (A) and in winter (B), 256 px",
        "unpaired", {"trainA": 1231, "trainB": 962, "testA": 309, "testB": 238},
        132_640_856, "AtoB",
        "photos of Flickr, each its owner's: do not redistribute",
        "Zhu et al., ICCV 2017",
        "one place, two seasons: the whole picture changes, no object does",
        urls=_cyclegan("summer2winter_yosemite"),
        sha256="167fe1726807a9d22bd106b4a6c0bd7953b688af924ac1bf967439c4961e49f9",
    ),
    Archive(
        "monet2photo", "paintings by Monet (A) and landscape photos (B), 256 px",
        "unpaired", {"trainA": 1072, "trainB": 6287, "testA": 121, "testB": 751},
        305_231_073, "AtoB",
        "WikiArt and Flickr: paintings free, photos their owners'",
        "Zhu et al., ICCV 2017",
        "unequal sets, and the case where the identity loss keeps the colours",
        urls=_cyclegan("monet2photo"),
        sha256="88f91b00fc228f97c9411fbf1880ec1d119c98f1722e4cfcfaa2fb35fac05b04",
    ),
    Archive(
        "facades_unpaired", "the facades again, photos (A) apart from labels (B)",
        "unpaired", {"trainA": 400, "trainB": 400, "testA": 106, "testB": 106},
        35_135_868, "BtoA", "CMP Facade Database: research, with attribution",
        "Tylecek and Sara, GCPR 2013; Zhu et al., ICCV 2017",
        "what pairs are worth: the same pictures as facades, without them",
        urls=_cyclegan("facades"),
        sha256="9a31ebf3a31b9b5cd195dd5bf62e9308e00cb94604d1019e3889ac84248695c0",
    ),
    Archive(
        "maps_unpaired", "the maps again, aerial photos (A) apart from maps (B)",
        "unpaired", {"trainA": 1096, "trainB": 1096, "testA": 1098, "testB": 1098},
        1_476_754_427, "AtoB", "scraped from Google Maps: do not redistribute",
        "Isola et al., CVPR 2017; Zhu et al., ICCV 2017",
        "what pairs are worth; and a network that hides one picture in another",
        urls=_cyclegan("maps"),
        sha256="639534f69dbf9f36bef8d6292a7698006361221f83f0285d7c9ca78afe6e8a9e",
    ),
)}


def list_archives() -> list[Archive]:
    """Return the rows of the table, in the order in which they are shown."""
    return list(ARCHIVES.values())


def find_archive(name):
    if name in ARCHIVES:
        return ARCHIVES[name]
    if str(name).startswith("toy_"):
        raise DownloadError(f"{name} is no data set to download: toys are drawn, by "
                            f"`gluon-pix2pix draw {name}`.")
    similar = difflib.get_close_matches(str(name), ARCHIVES, n=1)
    raise DownloadError(
        f"There is no data set {name!r} to download"
        + (f"; did you mean {similar[0]!r}? " if similar else ". ")
        + f"Choose one of {', '.join(ARCHIVES)}; toys (toy_...) are drawn, and "
        "pictures of your own are named by their folder, of which there is none so "
        "called."
    )


def is_there(archive, target):
    missing = missing_folders(archive.kind, target)
    if not missing:
        return True
    if not os.path.lexists(target) or (target.is_dir() and not any(target.iterdir())):
        return False
    raise DownloadError(
        f"{target} exists, but has no pictures in {' and '.join(missing)}: it is no "
        f"complete data set {archive.name!r}. Move it away or delete it and try again."
    )


def layout_text(archive):
    """Name a data set's layout: ``train/, val/, test/: each picture holds ...``."""
    layout = LAYOUTS[archive.kind]
    return f"{', '.join(name + '/' for name in layout.folders)}: {layout.title}"


def counts_text(counts, about=""):
    return ", ".join(f"{split} {about}{count}" for split, count in counts.items())


def size_text(number):
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"
