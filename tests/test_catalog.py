"""The table of data sets: its facts, and how it is shown."""

import re
from types import SimpleNamespace

import pytest
from local_server import PICTURE, write

from gluon_pix2pix.catalog import ARCHIVES, DownloadError, find_archive, list_archives
from gluon_pix2pix.data_table import archive_details, archive_table
from gluon_pix2pix.layouts import LAYOUTS

PAIRED = ["facades", "maps", "edges2shoes", "edges2handbags", "night2day", "cityscapes"]
UNPAIRED = ["apple2orange", "horse2zebra", "summer2winter_yosemite", "monet2photo",
            "facades_unpaired", "maps_unpaired"]
DRAWN = {
    "toy_streets": SimpleNamespace(kind="paired", direction="BtoA", title="toy houses"),
    "toy_fruit": SimpleNamespace(kind="unpaired", direction="AtoB", title="toy fruit"),
}


def rows_of(table):
    head, line, *rows = table.split("\n\n")[0].splitlines()
    assert set(line) == {"-", " "}
    starts = [match.start() for match in re.finditer("-+", line)]
    ends = [*starts[1:], None]
    cells = [[row[a:b].strip() for a, b in zip(starts, ends)] for row in (head, *rows)]
    return {row[0]: dict(zip(cells[0], row)) for row in cells[1:]}


def fill(folder, splits):
    for split, count in splits.items():
        for number in range(count):
            write(folder / split / f"{number}.jpg", PICTURE)


def test_table_holds_the_facts():
    assert [a.name for a in list_archives()] == [*PAIRED, "cityscapes_hd", *UNPAIRED]
    facades, maps = ARCHIVES["facades"], ARCHIVES["maps"]
    assert (facades.direction, maps.direction) == ("BtoA", "AtoB")
    assert (facades.bytes, sum(facades.splits.values())) == (30_168_306, 606)
    assert (maps.bytes, sum(maps.splits.values())) == (250_242_400, 2194)
    horses = ARCHIVES["horse2zebra"]
    assert (horses.bytes, horses.splits["trainB"]) == (116_867_962, 1334)


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_row_is_complete(name):
    archive = ARCHIVES[name]
    assert archive.name == name
    assert archive.kind == ("paired" if name in PAIRED else
                            "unpaired" if name in UNPAIRED else "labels")
    assert set(archive.splits) <= set(LAYOUTS[archive.kind].folders)
    assert set(archive.splits) >= set(LAYOUTS[archive.kind].required)
    assert archive.direction in ("AtoB", "BtoA")
    assert all((archive.title, archive.licence, archive.citation, archive.why))
    assert bool(archive.urls) != bool(archive.note)  # served, or said why not
    assert archive.sha256 is None or re.fullmatch("[0-9a-f]{64}", archive.sha256)
    if archive.kind == "unpaired":
        assert archive.sha256 and archive.exact and archive.filename == name + ".zip"
    else:
        assert archive.filename == name + ".tar.gz"


def test_hosts_sums_and_files_of_mirrors_are_distinct():
    for values in ([u for a in list_archives() for u in a.urls],
                   [a.sha256 for a in list_archives() if a.sha256],
                   [a.filename for a in list_archives()]):
        assert len(set(values)) == len(values)


@pytest.mark.parametrize("name", ARCHIVES)
def test_bounds_leave_room_for_the_real_archives(name):
    archive = ARCHIVES[name]
    assert archive.max_files > sum(archive.splits.values()) + 10
    assert archive.max_bytes > 2 * archive.bytes


def test_unknown_name_gets_a_hint():
    with pytest.raises(DownloadError, match="'horse_zebra'.+mean 'horse2zebra'.+toy_"):
        find_archive("horse_zebra")


def test_table_lists_everything_aligned(tmp_path):
    fill(tmp_path / "facades", {"train": 400, "val": 100, "test": 106})
    fill(tmp_path / "maps", {"train": 1})
    fill(tmp_path / "night2day", {"val": 1})
    fill(tmp_path / "horse2zebra", {"trainA": 2, "trainB": 3, "train": 9})
    fill(tmp_path / "cityscapes_hd", {"train_img": 1, "train_label": 1})
    fill(tmp_path / "toy_streets_hd_64px_9", {"train": 1})  # not that of toy_streets
    fill(tmp_path / "toy_fruit_64px_9", {"trainA": 1, "trainB": 1})
    table = archive_table(tmp_path, DRAWN)
    rows = rows_of(table)
    assert list(rows) == [*ARCHIVES, *DRAWN]
    assert {name: row["here"] for name, row in rows.items() if row["here"] != "-"} == {
        "facades": "yes", "maps": "1 of 2194", "night2day": "incomplete",
        "horse2zebra": "5 of 2661", "cityscapes_hd": "2 of ~10425", "toy_fruit": "yes"}
    assert rows["maps"] == {
        "name": "maps", "kind": "paired", "here": "1 of 2194", "size": "250 MB",
        "pictures": "2194", "direction": "AtoB"}
    assert rows["edges2shoes"]["size"] == "~2.2 GB"
    assert rows["toy_streets"]["direction"] == "BtoA"
    assert max(map(len, table.splitlines())) <= 79
    assert rows["cityscapes_hd"]["direction"] == "-"  # it has no A and B
    flat = " ".join(table.split())
    for archive in list_archives():
        for text in (archive.title, archive.why, archive.licence, archive.citation):
            assert text in flat
    assert "trainA 1067, trainB 1334, testA 120, testB 140" in table
    assert "toy_fruit: toy fruit" in table


def test_table_of_an_empty_or_absent_folder(tmp_path):
    for root in (tmp_path, tmp_path / "absent"):
        rows = rows_of(archive_table(root))
        assert list(rows) == list(ARCHIVES)  # no toys unless they are given
        assert {row["here"] for row in rows.values()} == {"-"}
    assert list(tmp_path.iterdir()) == []


def test_details_tell_the_hosts_or_the_owner(tmp_path):
    text = archive_details("apple2orange", tmp_path)
    assert max(map(len, text.splitlines())) <= 79
    for part in (*ARCHIVES["apple2orange"].urls, "trainA/", "Deng et al.", "78 MB"):
        assert part in text
    assert "gluon-pix2pix prepare cityscapes" in archive_details("cityscapes", tmp_path)
    with pytest.raises(DownloadError, match="no data set 'apple'"):
        archive_details("apple", tmp_path)
