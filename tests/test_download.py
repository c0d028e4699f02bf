"""Downloading: what is asked for is complete, or is not there and an error says why.

Everything runs against a server on this machine; no test needs a network.
"""

import dataclasses
import errno
import hashlib
import importlib
import json
import os
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from filelock import FileLock
from hostile_archives import HOSTILE
from local_server import (
    ETAG,
    LOGIN_PAGE,
    PICTURE,
    files_of,
    left_overs,
    running,
    short_sleep,
    tar_bytes,
    write,
    zip_bytes,
)

import gluon_pix2pix.archives
from gluon_pix2pix.download import (
    ARCHIVES,
    MIRROR_VARIABLE,
    DownloadError,
    count_pictures,
    download,
)

ARCHIVES_MODULE = importlib.import_module("gluon_pix2pix.archives")
SPLITS = {"train": 6, "val": 2, "test": 1}
GOOD = tar_bytes(files_of(SPLITS))
EVIL = tar_bytes({**files_of(SPLITS), "../evil.jpg": PICTURE})


def tree(folder):
    """Everything in a folder with its content and time, to compare later."""
    return {path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes())
            for path in sorted(Path(folder).rglob("*"))}


def assert_complete(root, splits=SPLITS, name="facades"):
    folder = root / name
    for member, content in files_of(splits, "").items():
        assert (folder / member).read_bytes() == content
    assert count_pictures(folder) == splits
    assert left_overs(root) == []


server = pytest.fixture(running)


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """No mirror, proxy or waiting of this machine; toy figures for facades."""
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(time, "sleep", short_sleep)
    monkeypatch.setitem(ARCHIVES, "facades", dataclasses.replace(
        ARCHIVES["facades"], splits=SPLITS, bytes=len(GOOD), urls=()))


@pytest.fixture
def publish(server, monkeypatch):
    """Make the local server the public host of the facades."""
    def publish(*answers, paths=("/facades.tar.gz",), **fields):
        for path in paths:
            server.serve(path, *answers)
        monkeypatch.setitem(ARCHIVES, "facades", dataclasses.replace(
            ARCHIVES["facades"], urls=tuple(server.base + path for path in paths),
            **fields))
        return server
    return publish


@pytest.fixture
def closed_port():
    http = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    http.server_close()
    return http.server_port


# Where it may come from

@pytest.mark.parametrize(("name", "content"), [
    ("facades.tar.gz", GOOD),
    ("facades.tgz", GOOD),
    ("any name.tar", tar_bytes(files_of(SPLITS), "w")),
    ("facades.tar.bz2", tar_bytes(files_of(SPLITS), "w:bz2")),
    ("facades.tar.xz", tar_bytes(files_of(SPLITS), "w:xz")),
    ("facades.zip", zip_bytes(files_of(SPLITS))),
    ("without a top folder.zip", zip_bytes(files_of(SPLITS, ""))),
    ("below two folders.tar", tar_bytes(files_of(SPLITS, "./my/own data/"), "w")),
    ("with a readme.zip", zip_bytes({"facades/README": b"", "NOTES": b"",
                                     **files_of(SPLITS)})),
])
def test_archive_on_disk_by_argument(tmp_path, name, content):
    path = write(tmp_path / "downloads" / name, content)
    folder = download("facades", tmp_path / "data", path, progress=False)
    assert folder == tmp_path / "data" / "facades"
    assert_complete(tmp_path / "data")
    assert path.read_bytes() == content  # the user's own file stays


@pytest.mark.parametrize("place", ["", "facades", "facades.tar.gz"])
def test_folder_on_disk_by_argument(tmp_path, place):
    if place == "facades.tar.gz":
        write(tmp_path / "own" / place, GOOD)
    else:
        for name, content in files_of(SPLITS, "").items():
            write(tmp_path / "own" / place / name, content)
        write(tmp_path / "own" / place / ".hidden/file", b"not to be copied")
    before = tree(tmp_path / "own")
    folder = download("facades", tmp_path / "data", tmp_path / "own", progress=False)
    assert_complete(tmp_path / "data")
    assert not (folder / ".hidden").exists()
    assert tree(tmp_path / "own") == before


def test_file_url_and_home_folder_are_understood(tmp_path, monkeypatch):
    path = write(tmp_path / "a b.tar.gz", GOOD)
    download("facades", tmp_path / "data", path.as_uri(), progress=False)
    assert_complete(tmp_path / "data")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    download("facades", "~/data2", "~/a b.tar.gz", progress=False)
    assert_complete(tmp_path / "data2")


@pytest.mark.parametrize("place", ["facades.tar.gz", "facades.zip", "facades"])
def test_mirror_folder_by_environment(tmp_path, monkeypatch, publish, place):
    server = publish({"body": GOOD})
    if place == "facades":
        for name, content in files_of(SPLITS, "").items():
            write(tmp_path / "mirror" / place / name, content)
    else:
        content = GOOD if place.endswith("gz") else zip_bytes(files_of(SPLITS))
        write(tmp_path / "mirror" / place, content)
    monkeypatch.setenv(MIRROR_VARIABLE, str(tmp_path / "mirror"))
    download("facades", tmp_path / "data", progress=False)
    assert_complete(tmp_path / "data")
    assert server.requests == []  # the public host was not asked


def test_argument_goes_before_mirror_url_of_environment(tmp_path, monkeypatch, server):
    server.serve("/course/facades.tar.gz", body=GOOD)
    monkeypatch.setenv(MIRROR_VARIABLE, server.base + "/course/")
    download("facades", tmp_path / "data", progress=False)
    assert_complete(tmp_path / "data")
    own = write(tmp_path / "own.tar.gz", tar_bytes(files_of({"train": 3})))
    download("facades", tmp_path / "data2", own, progress=False)
    assert_complete(tmp_path / "data2", {"train": 3})
    assert server.requests == ["/course/facades.tar.gz"]


def test_mirror_folder_with_pictures_of_its_own_is_not_any_data_set(
    tmp_path, monkeypatch
):
    write(tmp_path / "maps/train/1.jpg", PICTURE)
    monkeypatch.setenv(MIRROR_VARIABLE, str(tmp_path / "maps"))
    with pytest.raises(DownloadError, match="maps holds neither facades"):
        download("facades", tmp_path / "data", progress=False)


def test_mirror_names_an_unpaired_set_by_its_own_name(tmp_path, monkeypatch, server):
    # The public host has maps.zip beside maps.tar.gz: in one folder they would clash.
    splits = {"trainA": 2, "trainB": 1, "testA": 1, "testB": 1}
    body = zip_bytes(files_of(splits, "maps/"))
    server.serve("/maps_unpaired.zip", body=body)
    monkeypatch.setenv(MIRROR_VARIABLE, server.base)
    folder = download("maps_unpaired", tmp_path / "data", progress=False,
                      keep_archive=True)
    assert_complete(tmp_path / "data", splits, "maps_unpaired")
    monkeypatch.setenv(MIRROR_VARIABLE, str(folder.parent))
    download("maps_unpaired", tmp_path / "data2", progress=False)
    assert_complete(tmp_path / "data2", splits, "maps_unpaired")
    with pytest.raises(DownloadError, match="neither maps.tar.gz"):
        download("maps", tmp_path / "data2", progress=False)


def test_several_mirrors_are_asked_in_order(tmp_path, monkeypatch, server, caplog):
    (tmp_path / "empty").mkdir()
    server.serve("/b/facades.tar.gz", body=GOOD)
    monkeypatch.setenv(MIRROR_VARIABLE, f"{tmp_path / 'empty'}; {server.base}/a ;"
                                        f"{server.base}/b;{server.base}/c;")
    download("facades", tmp_path / "data", progress=False)
    assert_complete(tmp_path / "data")
    assert server.requests == ["/a/facades.tar.gz", "/b/facades.tar.gz"]
    assert "the host has no such file (404)" in caplog.text


def test_public_host_and_its_mirrors(tmp_path, publish, server):
    publish({"body": GOOD}, paths=("/first.tar.gz", "/second.tar.gz"))
    server.serve("/first.tar.gz", status=404)
    folder = download("facades", tmp_path / "data", progress=False)
    assert_complete(tmp_path / "data")
    record = json.loads((folder / ".source.json").read_text())
    assert record.pop("date").startswith("20")
    assert record == {"source": server.base + "/second.tar.gz", "bytes": len(GOOD),
                      "sha256": hashlib.sha256(GOOD).hexdigest(), "pictures": SPLITS}


def test_named_source_that_fails_is_never_replaced(tmp_path, monkeypatch, publish):
    server = publish({"body": GOOD})
    with pytest.raises(DownloadError, match="404"):
        download("facades", tmp_path / "data", server.base + "/gone", progress=False)
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv(MIRROR_VARIABLE, str(tmp_path / "empty"))
    with pytest.raises(DownloadError, match=r"holds neither facades\.tar\.gz"):
        download("facades", tmp_path / "data", progress=False)
    monkeypatch.setenv(MIRROR_VARIABLE, server.base + "/mirror")
    with pytest.raises(DownloadError, match=r"/mirror/facades\.tar\.gz: .+404"):
        download("facades", tmp_path / "data", progress=False)
    assert server.requests == ["/gone", "/mirror/facades.tar.gz"]
    monkeypatch.setenv(MIRROR_VARIABLE, f"{tmp_path / 'empty'};public")  # asked for
    download("facades", tmp_path / "data", progress=False)
    assert_complete(tmp_path / "data")


def test_progress_is_shown_or_not(tmp_path, publish, capfd):
    publish({"body": GOOD})
    download("facades", tmp_path / "quiet", progress=False)
    assert capfd.readouterr() == ("", "")
    download("facades", tmp_path / "loud")
    err = capfd.readouterr().err
    assert "100%" in err
    assert "unpacking facades: 9 files" in err


def test_archive_is_deleted_unless_it_is_to_be_kept(tmp_path, publish):
    publish({"body": GOOD})
    download("facades", tmp_path / "a", progress=False)
    assert not list((tmp_path / "a").rglob("*.tar.gz"))
    download("facades", tmp_path / "b", progress=False, keep_archive=True)
    assert (tmp_path / "b/facades.tar.gz").read_bytes() == GOOD
    assert_complete(tmp_path / "b")
    download("facades", tmp_path / "c", tmp_path / "b", progress=False)  # as a mirror
    assert_complete(tmp_path / "c")


# What is there already

def test_second_call_touches_nothing_and_needs_no_network(tmp_path, publish, caplog):
    server = publish({"body": GOOD})
    folder = download("facades", tmp_path / "data", progress=False)
    server.answers.clear()
    before = tree(tmp_path)
    assert download("facades", tmp_path / "data", progress=False) == folder
    assert download("facades", tmp_path / "data", server.base + "/facades.tar.gz",
                    progress=False) == folder
    assert tree(tmp_path) == before
    assert len(server.requests) == 1
    assert caplog.text == ""


def test_folder_put_there_by_hand_is_taken_as_it_is(tmp_path, publish):
    server = publish({"body": GOOD})
    write(tmp_path / "data/facades/train/1.PNG", PICTURE)
    before = tree(tmp_path)
    assert download("facades", tmp_path / "data") == tmp_path / "data/facades"
    assert tree(tmp_path) == before
    assert server.requests == []


def test_other_source_than_that_of_the_folder_is_said_to_be_ignored(tmp_path, caplog):
    for name in ("a", "b"):
        write(tmp_path / name / "facades.tar.gz", GOOD)
    download("facades", tmp_path / "data", tmp_path / "a", progress=False)
    download("facades", tmp_path / "data", tmp_path / "a", progress=False)
    download("facades", tmp_path / "data", tmp_path / "a/facades.tar.gz")
    assert caplog.text == ""
    for itself in (tmp_path / "data", tmp_path / "data/facades"):
        download("facades", tmp_path / "data", itself, progress=False)
    assert caplog.text == ""  # nobody is told to delete what he names
    download("facades", tmp_path / "data", tmp_path / "b", progress=False)
    assert "is there already; delete it" in caplog.text


def test_link_to_nowhere_is_refused_before_the_download(tmp_path, server):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data/facades").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DownloadError, match="data/facades is a link.*by root"):
        download("facades", tmp_path / "data", server.serve("/a", body=GOOD))
    assert server.requests == []


def test_mistyped_mirror_is_not_passed_over_silently(tmp_path, monkeypatch, caplog):
    write(tmp_path / "good/facades.tar.gz", GOOD)
    monkeypatch.setenv(MIRROR_VARIABLE, f"{tmp_path / 'typo'};{tmp_path / 'good'}")
    download("facades", tmp_path / "data", progress=False)
    assert "no file or folder" in caplog.text and "typo" in caplog.text


def test_other_layout_is_told_what_to_ask_for(tmp_path):
    path = write(tmp_path / "a.tar.gz", tar_bytes({
        f"x/{part}/1.jpg": PICTURE for part in ("train_img", "train_label")}))
    with pytest.raises(DownloadError, match="laid out as 'labels'.*cityscapes_hd"):
        download("facades", tmp_path / "data", path, progress=False)


@pytest.mark.parametrize("content", ["train", "train/notes.txt", "val/1.jpg",
                                     "train/.1.jpg"])
def test_incomplete_folder_is_neither_used_nor_destroyed(tmp_path, content):
    write(tmp_path / "data/facades" / content, PICTURE)
    before = tree(tmp_path)
    with pytest.raises(DownloadError, match=r"has no pictures in train.+delete it"):
        download("facades", tmp_path / "data", write(tmp_path / "a", GOOD))
    before.update(tree(tmp_path / "a"))
    assert {path: tree(tmp_path)[path] for path in before} == before


def test_erratum_10_folder_of_a_failed_download_is_not_a_data_set(tmp_path, publish):
    """The old tutorial made the folder first: a failed download looked finished.

    Its second run then found the folder and went on to train on nothing.
    """
    server = publish({"status": 404}, {"body": GOOD[:-50]}, {"body": GOOD})
    (tmp_path / "data/facades").mkdir(parents=True)  # what an old failure left
    for _ in range(2):
        with pytest.raises(DownloadError):
            download("facades", tmp_path / "data", progress=False)
        assert not list((tmp_path / "data").glob("facades/*"))
    download("facades", tmp_path / "data", progress=False)
    assert_complete(tmp_path / "data")
    assert len(server.requests) == 3


def test_erratum_10_failed_download_makes_no_folder(tmp_path, publish):
    """The old tutorial made the folder before it asked the host."""
    publish({"status": 404})
    with pytest.raises(DownloadError):
        download("facades", tmp_path / "data", progress=False)
    assert not (tmp_path / "data/facades").exists()


def test_erratum_10_archive_is_not_trusted(tmp_path):
    """The old tutorial called ``extractall``, which wrote wherever a name led to."""
    path = write(tmp_path / "hostile.tar.gz", EVIL)
    with pytest.raises(DownloadError, match=r"was refused.+\.\./evil\.jpg"):
        download("facades", tmp_path / "data", path, progress=False)
    assert not list(tmp_path.rglob("evil.jpg"))
    assert not (tmp_path / "data/facades").exists()
    assert left_overs(tmp_path / "data") == []


# What goes wrong

BAD_ANSWERS = {
    "not found": ({"status": 404}, r"the host has no such file \(404\)", 1),
    "forbidden": ({"status": 403}, "answers 403 Forbidden", 1),
    "server error": ({"status": 503}, "answers 503", 3),
    "breaks off": ({"body": GOOD, "cut": 300}, "connection broke off", 3),
    "captive portal": ({"body": LOGIN_PAGE}, "web page.+captive portal", 1),
    "empty": ({}, "is empty", 1),
    "truncated": ({"body": GOOD[:-40]}, rf"{len(GOOD) - 40} bytes instead of", 1),
    "replaced": ({"body": tar_bytes(files_of({"train": 4}))}, "bytes instead of", 1),
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_bad_answer_of_the_public_host_is_a_clear_error(tmp_path, publish, case):
    answer, message, requests = BAD_ANSWERS[case]
    server = publish(answer)
    with pytest.raises(DownloadError, match=message) as caught:
        download("facades", tmp_path / "data", progress=False)
    assert "source=" in str(caught.value)
    assert len(server.requests) == requests
    assert not (tmp_path / "data/facades").exists()
    assert left_overs(tmp_path / "data") == []
    server.serve("/facades.tar.gz", body=GOOD)  # nothing is left to stumble over
    download("facades", tmp_path / "data", progress=False)
    assert_complete(tmp_path / "data")


def test_answer_that_breaks_off_is_asked_for_again(tmp_path, publish):
    server = publish({"body": GOOD, "cut": 99}, {"status": 502}, {"body": GOOD})
    download("facades", tmp_path / "data", progress=False)
    assert_complete(tmp_path / "data")
    assert len(server.requests) == 3


def test_unreachable_host_fails_at_once_with_the_remedies(tmp_path, closed_port):
    start = time.perf_counter()
    with pytest.raises(DownloadError) as caught:
        download("facades", tmp_path / "data",
                 f"http://user:secret@127.0.0.1:{closed_port}/facades.tar.gz")
    assert time.perf_counter() - start < 3
    message = str(caught.value)
    for part in ("cannot be reached", f"http://127.0.0.1:{closed_port}/facades.tar.gz",
                 "source=", MIRROR_VARIABLE, "PIX2PIX_PROFILE=lesson"):
        assert part in message
    assert "secret" not in message
    assert not (tmp_path / "data/facades").exists()


def test_all_sources_that_failed_are_told(tmp_path, publish, caplog):
    publish({"status": 404}, paths=("/1", "/2"))
    with pytest.raises(DownloadError, match=r"None of 2 sources .+/2: .+404"):
        download("facades", tmp_path / "data", progress=False)
    assert "/1: the host has no such file" in caplog.text


def test_public_archive_with_other_pictures_is_refused(tmp_path, publish):
    other = tar_bytes(files_of({"train": 4, "val": 5}))
    publish({"body": other}, bytes=len(other))
    with pytest.raises(DownloadError, match="train 4, val 5 pictures instead"):
        download("facades", tmp_path / "data", progress=False)
    assert not (tmp_path / "data/facades").exists()


def test_own_archive_of_another_size_is_taken_and_told(tmp_path, caplog):
    path = write(tmp_path / "a.zip", zip_bytes(files_of({"train": 4})))
    download("facades", tmp_path / "data", path, progress=False)
    assert_complete(tmp_path / "data", {"train": 4})
    assert "train 4 pictures; the public archive has train 6, val 2" in caplog.text


def test_rough_figures_of_the_table_stop_nobody(tmp_path, publish, caplog):
    publish({"body": GOOD}, bytes=9 * len(GOOD), splits={"train": 9}, exact=False)
    download("facades", tmp_path / "a", progress=False)
    assert_complete(tmp_path / "a")
    assert caplog.text == ""
    publish({"body": GOOD}, splits={"train": 99}, exact=False)
    download("facades", tmp_path / "b", progress=False)
    assert "the public archive has train ~99" in caplog.text


@pytest.mark.parametrize("content", [GOOD[:-40], GOOD[:len(GOOD) // 2], LOGIN_PAGE, b"",
                                     zip_bytes(files_of(SPLITS))[:-40], b"\0" * 999])
def test_bad_archive_on_disk_is_a_clear_error(tmp_path, content):
    path = write(tmp_path / "facades.tar.gz", content)
    with pytest.raises(DownloadError, match=re.escape(str(path)) + " is .+Nothing was"):
        download("facades", tmp_path / "data", path, progress=False)
    assert not (tmp_path / "data/facades").exists()
    assert left_overs(tmp_path / "data") == []
    assert path.read_bytes() == content


@pytest.mark.parametrize(("files", "found"), [
    ({"facades/trainA/1.jpg": b""}, "trainA"), ({"a.txt": b""}, r"a\.txt"),
    ({"a/train/b.txt": b"", "c/1.jpg": b""}, "a, c"), ({}, "nothing"),
])
def test_archive_without_training_pictures_is_refused(tmp_path, files, found):
    path = write(tmp_path / "a.zip", zip_bytes(files))
    message = f"no pictures in a folder train; it holds {found}"
    with pytest.raises(DownloadError, match=message):
        download("facades", tmp_path / "data", path, progress=False)
    assert not (tmp_path / "data/facades").exists()


def test_bomb_is_refused_by_the_bounds_of_the_table(tmp_path, monkeypatch):
    monkeypatch.setattr(type(ARCHIVES["facades"]), "max_files", 20)
    path = write(tmp_path / "a.zip", zip_bytes(files_of({"train": 21})))
    with pytest.raises(DownloadError, match="more than 20 members"):
        download("facades", tmp_path / "data", path, progress=False)


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_archive_leaves_nothing_outside_or_inside(tmp_path, server, case):
    write(tmp_path / "secret", b"secret")
    url = server.serve("/facades", body=HOSTILE[case](), etag=ETAG)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(ARCHIVES["facades"]), "max_files", 50)
        patch.setattr(type(ARCHIVES["facades"]), "max_bytes", 100_000)
        if case == "tar: too many bytes":  # as large on the way as unpacked
            patch.setattr(type(ARCHIVES["facades"]), "max_bytes", 2**40)
            patch.setattr(type(ARCHIVES["facades"]), "max_files", 2)
        with pytest.raises(DownloadError, match="was refused|cut off or damaged"):
            download("facades", tmp_path / "data", url, progress=False)
    assert left_overs(tmp_path / "data") == []
    assert sorted(tmp_path.iterdir()) == [tmp_path / "data", tmp_path / "secret"]
    assert [p.name for p in (tmp_path / "data").iterdir()] == [".downloads"]
    download("facades", tmp_path / "data", server.serve("/facades", body=GOOD),
             progress=False)
    assert_complete(tmp_path / "data")


def test_unknown_names_and_sources_are_named(tmp_path):
    with pytest.raises(DownloadError, match=r"'facade'.+did you mean 'facades'.+maps"):
        download("facade", tmp_path / "data")
    with pytest.raises(DownloadError, match=r"'\.\./facades'"):
        download("../facades", tmp_path / "data")
    with pytest.raises(DownloadError, match="no file or folder .+gone"):
        download("facades", tmp_path / "data", tmp_path / "gone")
    with pytest.raises(DownloadError, match="'s3://x' is of a kind"):
        download("facades", tmp_path / "data", "s3://x")
    assert list(tmp_path.iterdir()) == []  # not even the folder of all data sets


@pytest.mark.parametrize("name", ["cityscapes", "cityscapes_hd"])
def test_cityscapes_comes_from_its_owner(tmp_path, name):
    with pytest.raises(DownloadError, match=(
        "registration.+`gluon-pix2pix prepare cityscapes .+named by source=.+/")
    ) as caught:
        download(name, tmp_path / "data")
    assert re.sub(r"\.(?=\S)", "", str(caught.value)).count(". ") == 1  # two sentences
    assert list(tmp_path.iterdir()) == []


def test_cityscapes_in_folders_of_label_maps(tmp_path):
    files = files_of({"train_img": 2, "train_label": 2, "train_inst": 2}, "own/")
    path = write(tmp_path / "own.zip", zip_bytes(files))
    download("cityscapes_hd", tmp_path / "data", path, progress=False)
    assert_complete(tmp_path / "data",
                    {"train_img": 2, "train_label": 2, "train_inst": 2},
                    "cityscapes_hd")


def test_cityscapes_in_pairs(tmp_path):
    path = write(tmp_path / "own.zip", zip_bytes(files_of({"train": 2, "val": 1}, "")))
    download("cityscapes", tmp_path / "data", path, progress=False)
    assert_complete(tmp_path / "data", {"train": 2, "val": 1}, "cityscapes")


# The disk

def failing_open(monkeypatch, failure, at=3):
    """Let the unpacking fail at its n-th file."""
    count = iter(range(1, 1000))

    def fails(path, mode="r", *args, **kwargs):
        if mode == "xb" and next(count) == at:
            raise failure
        return open(path, mode, *args, **kwargs)

    monkeypatch.setattr(ARCHIVES_MODULE, "open", fails, raising=False)


@pytest.mark.parametrize(("failure", "message"), [
    (OSError(errno.ENOSPC, "No space left on device"), "disk of .+ is full"),
    (PermissionError(errno.EACCES, "Permission denied", "/x"), "No permission for /x"),
    (OSError(errno.EROFS, "Read-only file system", "/x"), "No permission for /x"),
    (OSError(errno.EIO, "Input/output error"), "could not be stored.+output error"),
])
def test_failing_disk_is_a_clear_error(tmp_path, monkeypatch, failure, message):
    path = write(tmp_path / "a.tar.gz", GOOD)
    failing_open(monkeypatch, failure)
    with pytest.raises(DownloadError, match=message):
        download("facades", tmp_path / "data", path, progress=False)
    assert not (tmp_path / "data/facades").exists()
    assert left_overs(tmp_path / "data") == []


def test_disk_that_fills_during_the_download_is_a_clear_error(
    tmp_path, monkeypatch, publish
):
    class Full:
        """A file on a full disk."""

        def __init__(self, path, mode):
            self.file = open(path, mode)

        def __enter__(self):
            return self

        def __exit__(self, *args):
            self.file.close()

        def write(self, data):
            self.file.write(data[:99])
            raise OSError(errno.ENOSPC, "No space left on device")

    server = publish({"body": GOOD, "etag": ETAG}, paths=("/1", "/2"))
    fetching = importlib.import_module("gluon_pix2pix.fetching")
    monkeypatch.setattr(fetching, "open", Full, raising=False)
    with pytest.raises(DownloadError, match="disk of .+ is full"):
        download("facades", tmp_path / "data", progress=False)
    assert left_overs(tmp_path / "data") == []  # it is needed more than the part
    assert server.requests == ["/1"]  # another host does not make the disk larger


def test_disk_too_small_is_noticed_before_the_download(tmp_path, publish):
    server = publish({"body": GOOD}, bytes=2**60)
    with pytest.raises(DownloadError, match="needs about .+ GB while it is unpacked"):
        download("facades", tmp_path / "data", progress=False)
    assert server.requests == []


def test_root_that_is_a_file_is_a_clear_error(tmp_path):
    root = write(tmp_path / "data", b"")
    with pytest.raises(DownloadError, match="could not be stored"):
        download("facades", root, write(tmp_path / "a.tar.gz", GOOD), progress=False)


# Interruptions, and several at once

def test_interrupted_by_the_user_nothing_remains(tmp_path, monkeypatch):
    path = write(tmp_path / "a.tar.gz", GOOD)
    failing_open(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        download("facades", tmp_path / "data", path, progress=False)
    assert not (tmp_path / "data/facades").exists()
    assert left_overs(tmp_path / "data") == []
    download("facades", tmp_path / "data", path, progress=False)
    assert_complete(tmp_path / "data")


def start(code, *arguments):
    root = Path(gluon_pix2pix.archives.__file__).parents[1]
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=root,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


KILLED = """
import builtins, importlib, os, sys
from gluon_pix2pix.download import download
archives = importlib.import_module("gluon_pix2pix.archives")
count = 0
def killed(path, mode="r", *args, **kwargs):
    global count
    count += mode == "xb"
    if count == 3:
        os._exit(9)  # no clean-up of any kind, like a power cut
    return builtins.open(path, mode, *args, **kwargs)
archives.open = killed
download("facades", sys.argv[1], sys.argv[2], progress=False)
"""


def test_killed_process_leaves_no_folder_and_no_lock(tmp_path):
    path = write(tmp_path / "a.tar.gz", GOOD)
    process = start(KILLED, tmp_path / "data", path)
    assert process.wait(60) == 9, process.communicate()
    process.communicate()
    assert left_overs(tmp_path / "data") == ["facades"]  # so it was in the middle
    assert not (tmp_path / "data/facades").exists()
    download("facades", tmp_path / "data", path, progress=False)
    assert_complete(tmp_path / "data")


FETCH = """
import sys
from gluon_pix2pix.download import download
print(download("facades", sys.argv[1], sys.argv[2], progress=False))
"""


def test_two_processes_and_two_threads_at_once_fetch_once(tmp_path, server):
    ready = threading.Event()
    url = server.serve("/facades.tar.gz", body=GOOD, sleep=0.2)
    processes = [start(FETCH, tmp_path / "data", url) for _ in range(2)]
    results = []

    def fetch():
        ready.wait()
        results.append(download("facades", tmp_path / "data", url, progress=False))

    threads = [threading.Thread(target=fetch) for _ in range(2)]
    for thread in threads:
        thread.start()
    ready.set()
    for thread in threads:
        thread.join()
    for process in processes:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        results.append(Path(out.strip()))
    assert results == [tmp_path / "data/facades"] * 4
    assert server.requests == ["/facades.tar.gz"]
    assert_complete(tmp_path / "data")


def test_who_waits_for_another_is_told(tmp_path, caplog):
    path = write(tmp_path / "facades.tar.gz", GOOD)
    (tmp_path / "data/.downloads").mkdir(parents=True)
    thread = threading.Thread(target=download, args=(
        "facades", tmp_path / "data", path, False))
    with FileLock(tmp_path / "data/.downloads/facades.lock"):
        thread.start()
        while not caplog.text:
            assert thread.is_alive()
            time.sleep(0.01)
        assert not (tmp_path / "data/facades").exists()
    thread.join()
    assert "Another process is fetching facades; waiting for it." in caplog.text
    assert_complete(tmp_path / "data")


def test_left_over_lock_file_holds_up_nobody(tmp_path):
    write(tmp_path / "data/.downloads/facades.lock", b"of a process long gone")
    download("facades", tmp_path / "data", write(tmp_path / "a", GOOD), progress=False)
    assert_complete(tmp_path / "data")


# Checksums

def test_known_checksum_is_enforced(tmp_path, publish):
    publish({"body": GOOD}, sha256="0" * 64)
    with pytest.raises(DownloadError, match="checksum .+ instead of 000"):
        download("facades", tmp_path / "data", progress=False)
    publish({"body": GOOD}, sha256=hashlib.sha256(GOOD).hexdigest())
    download("facades", tmp_path / "data", progress=False)
    assert_complete(tmp_path / "data")


def remove(folder):
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def test_checksum_seen_first_is_enforced_for_its_url(tmp_path, server):
    other = tar_bytes(files_of({"train": 5}))
    url = server.serve("/facades.tar.gz", body=GOOD)
    folder = download("facades", tmp_path / "data", url, progress=False)
    remove(folder)
    download("facades", tmp_path / "data", url, progress=False)  # the same is fine
    remove(folder)
    server.serve("/facades.tar.gz", body=other)
    with pytest.raises(DownloadError, match=r"not the file any more.+delete") as caught:
        download("facades", tmp_path / "data", url, progress=False)
    assert not folder.exists()
    other_url = server.serve("/other.tar.gz", body=other)  # it has its own checksum
    download("facades", tmp_path / "data", other_url, progress=False)
    remove(folder)
    noted = tmp_path / "data/.downloads/facades.json"
    assert str(noted) in str(caught.value)
    noted.unlink()  # the remedy that the message names
    download("facades", tmp_path / "data", url, progress=False)
    assert_complete(tmp_path / "data", {"train": 5})


def test_checksum_of_a_bad_download_is_not_noted(tmp_path, server):
    url = server.serve("/facades.tar.gz", {"body": GOOD[:-40]}, {"body": EVIL},
                       {"body": GOOD})
    for _ in range(2):
        with pytest.raises(DownloadError):
            download("facades", tmp_path / "data", url, progress=False)
    download("facades", tmp_path / "data", url, progress=False)
    assert_complete(tmp_path / "data")


def test_damaged_note_of_checksums_is_named(tmp_path, server):
    noted = write(tmp_path / "data/.downloads/facades.json", b"{")
    url = server.serve("/facades.tar.gz", body=GOOD)
    with pytest.raises(DownloadError, match=re.escape(str(noted)) + ".+delete it"):
        download("facades", tmp_path / "data", url, progress=False)


# The real thing

REAL = {"facades": {"train": 300, "val": 40}, "maps": {"train": 80, "val": 20}}


@pytest.mark.parametrize("name", REAL)
def test_real_data_load_through_the_ordinary_path(tmp_path, monkeypatch, caplog, name):
    monkeypatch.undo()  # the real figures of the table
    default = Path(__file__).parents[2] / f"shared/data/{name}.tar.gz"
    variable = f"PIX2PIX_TEST_{name.upper()}"
    path = Path(os.environ.get(variable, default))
    if not path.is_file():
        pytest.skip(f"no real {name} here: {variable} can name an archive")
    folder = download(name, tmp_path, path, progress=False)
    counts = count_pictures(folder)
    for split, least in REAL[name].items():
        assert counts[split] >= least
    assert (folder / "train/1.jpg").read_bytes().startswith(b"\xff\xd8\xff")
    if counts != ARCHIVES[name].splits:
        public = ", ".join(f"{k} {v}" for k, v in ARCHIVES[name].splits.items())
        assert public in caplog.text
