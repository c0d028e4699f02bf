"""Transfers: they go on where they stopped, end whole, and never join what differs."""

import dataclasses
import errno
import hashlib
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from local_server import (
    ETAG,
    LOGIN_PAGE,
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
    archive_table,
    count_pictures,
    download,
)

FETCHING = importlib.import_module("gluon_pix2pix.fetching")
COUNT = 6  # pictures in the first folder of each small archive; the others have 2
OLD = {"Last-Modified": "Wed, 01 Aug 2018 10:00:00 GMT"}


def picture(seed, size=6000):
    """Bytes that do not compress, as those of a picture."""
    return hashlib.shake_128(seed.encode()).digest(size)


def small(archive):
    """Contents of a small archive with the folders that the real one has."""
    top = archive.urls[0].rsplit("/", 1)[-1].split(".")[0]
    folders = list(archive.splits)
    if archive.name == "maps_unpaired":  # the real one holds pairs and more, too
        folders += ["train", "val", "test", "valA", "valB"]
    return {f"{top}/{folder}/{number}.jpg": picture(f"{folder}{number}")
            for folder in folders
            for number in range(1, (COUNT if folder == folders[0] else 2) + 1)}


def packed(archive, files=None):
    pack = zip_bytes if archive.filename.endswith(".zip") else tar_bytes
    return pack(files or small(archive))


PUBLIC = [archive.name for archive in ARCHIVES.values() if archive.urls]
CONTENT = {name: packed(ARCHIVES[name]) for name in PUBLIC}
BODY = CONTENT["facades"]
HALF = len(BODY) // 2

server = pytest.fixture(running)


@pytest.fixture(autouse=True)
def _alone(monkeypatch):
    """No mirror, proxy or waiting of this machine."""
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr(time, "sleep", short_sleep)


@pytest.fixture
def publish(server, monkeypatch):
    """Make the local server the public host of a small archive, as in the table."""
    def publish(name, *answers, paths=None, **fields):
        archive, body = ARCHIVES[name], CONTENT[name]
        paths = paths or ["/" + archive.urls[0].rsplit("/", 1)[-1]]
        for path in paths:
            server.serve(path, *(answers or ({"body": body, "etag": ETAG},)))
        known = hashlib.sha256(body).hexdigest() if archive.sha256 else None
        files = [member.split("/")[1] for member in small(archive)]
        monkeypatch.setitem(ARCHIVES, name, dataclasses.replace(archive, **{
            "urls": tuple(server.base + path for path in paths), "bytes": len(body),
            "sha256": known, "splits": {split: files.count(split)
                                        for split in archive.splits}, **fields}))
        return server
    return publish


def assert_whole(root, name):
    """The data set is there with every byte, and nothing of the transfer is left."""
    for member, content in small(ARCHIVES[name]).items():
        folder = member.split("/", 1)[1]
        if folder.split("/")[0] in ARCHIVES[name].splits:
            assert (root / name / folder).read_bytes() == content
    assert count_pictures(root / name) == ARCHIVES[name].splits
    assert left_overs(root) == []


def assert_nothing(root, name):
    assert not (root / name).exists()
    assert left_overs(root) == []


# Every data set of the table

@pytest.mark.parametrize("name", PUBLIC)
def test_every_data_set_arrives_whole(tmp_path, publish, name):
    server = publish(name)
    assert download(name, tmp_path, progress=False) == tmp_path / name
    assert_whole(tmp_path, name)
    assert server.asked == [None]
    record = json.loads((tmp_path / name / ".source.json").read_text("utf-8"))
    assert record["sha256"] == hashlib.sha256(CONTENT[name]).hexdigest()
    assert record["pictures"] == ARCHIVES[name].splits
    row = next(line for line in archive_table(tmp_path).splitlines()
               if line.startswith(name + " "))
    assert row.split()[1:3] == [ARCHIVES[name].kind, "yes"]


@pytest.mark.parametrize("name", PUBLIC)
def test_every_data_set_goes_on_after_an_interruption(tmp_path, publish, name):
    body = CONTENT[name]
    half = len(body) // 2
    good = {"body": body, "etag": ETAG}
    server = publish(name, {**good, "cut": half}, {"status": 503}, good)
    download(name, tmp_path, progress=False)
    assert_whole(tmp_path, name)
    assert server.asked == [None, f"bytes={half}-", f"bytes={half}-"]
    assert server.sent == [half, 0, len(body) - half]  # no byte came twice


@pytest.mark.parametrize("name", PUBLIC)
def test_every_data_set_goes_on_after_a_host_fell_silent(
    tmp_path, publish, monkeypatch, name
):
    monkeypatch.setattr(FETCHING, "_TIMEOUT", (5, 0.1))
    body = CONTENT[name]
    good = {"body": body, "etag": ETAG}
    server = publish(name, {**good, "cut": len(body) // 2, "stall": 2}, good)
    download(name, tmp_path, progress=False)
    assert_whole(tmp_path, name)
    first = int(server.asked[1].removeprefix("bytes=").removesuffix("-"))
    assert len(body) // 2 - FETCHING._CHUNK < first <= len(body) // 2
    assert sum(server.sent) == len(body) // 2 + len(body) - first


@pytest.mark.parametrize("name", PUBLIC)
def test_every_data_set_arrives_from_a_slow_host(tmp_path, publish, monkeypatch, name):
    monkeypatch.setattr(FETCHING, "_TIMEOUT", (5, 0.5))  # of silence, not in all
    server = publish(name, {"body": CONTENT[name], "trickle": 5000})
    download(name, tmp_path, progress=False)
    assert_whole(tmp_path, name)
    assert len(server.requests) == 1


def corrupted(body):
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 0x55]) + body[middle + 1:]


@pytest.mark.parametrize("damage", ["truncated", "corrupted", "web page", "malicious"])
@pytest.mark.parametrize("name", PUBLIC)
def test_every_data_set_is_refused_when_it_is_wrong(tmp_path, publish, name, damage):
    root, body = tmp_path / "data", CONTENT[name]
    wrong = {
        "truncated": lambda: body[:-30],
        "corrupted": lambda: corrupted(body),
        "web page": lambda: LOGIN_PAGE,
        "malicious": lambda: packed(ARCHIVES[name], {**small(ARCHIVES[name]),
                                                     "../../evil.jpg": b"x"}),
    }[damage]()
    known = hashlib.sha256(wrong).hexdigest() if ARCHIVES[name].sha256 else None
    # The malicious one is taken for the archive that is meant, up to its names.
    fields = {"bytes": len(wrong), "sha256": known} if damage == "malicious" else {}
    server = publish(name, {"body": wrong, "etag": ETAG}, **fields)
    with pytest.raises(DownloadError, match={
        "truncated": "bytes instead of|is cut off or damaged",
        "corrupted": r"has the checksum|is cut off or damaged", "web page": "web page",
        "malicious": r"was refused: the name '\.\./\.\./evil\.jpg' could lead out",
    }[damage]) as caught:
        download(name, root, progress=False)
    assert "source=" in str(caught.value)
    assert len(server.requests) == 1
    assert_nothing(root, name)
    assert sorted(tmp_path.iterdir()) == [root]
    publish(name)  # nothing is left to stumble over
    download(name, root, progress=False)
    assert_whole(root, name)


# How it goes on

def stop_after(monkeypatch, failure, pieces=2):
    """Let the writing of a part fail at its n-th piece."""
    class Stopping:
        def __init__(self, path, mode):
            self.file, self.pieces = open(path, mode), 0

        def __enter__(self):
            return self

        def __exit__(self, *args):
            self.file.close()

        def write(self, data):
            self.pieces += 1
            if self.pieces > pieces:
                raise failure
            self.file.write(data)

    monkeypatch.setattr(FETCHING, "open", Stopping, raising=False)


def part_of(root, name="facades"):
    return root / f".downloads/{name}.part"


def interrupt(root, monkeypatch):
    """Press Ctrl-C in the middle of a download."""
    with monkeypatch.context() as patch:
        stop_after(patch, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            download("facades", root, progress=False)
    assert not (root / "facades").exists()
    return part_of(root).stat().st_size if part_of(root).exists() else 0


@pytest.mark.parametrize("marks", [
    {"etag": ETAG}, {"headers": OLD, "etag": OLD["Last-Modified"]},
])
def test_ctrl_c_keeps_what_arrived_for_the_next_call(
    tmp_path, publish, monkeypatch, capfd, marks
):
    if "headers" in marks:  # the date alone names the file
        marks = {**marks, "headers": {**OLD, "ETag": None}}
    server = publish("facades", {"body": BODY, **marks})
    kept = interrupt(tmp_path, monkeypatch)
    assert kept == 2 * FETCHING._CHUNK
    assert left_overs(tmp_path) == ["facades.part", "facades.part.json"]
    capfd.readouterr()
    download("facades", tmp_path)
    assert_whole(tmp_path, "facades")
    assert server.asked == [None, f"bytes={kept}-"]
    assert server.sent[1] == len(BODY) - kept
    bar = capfd.readouterr().err.split("unpacking")[0]
    assert f" {kept / 1000:.1f}k/{len(BODY) / 1000:.1f}k " in bar  # its beginning
    assert "100%" in bar


KILLED = """
import importlib, os, signal, sys
from gluon_pix2pix.download import download
fetching = importlib.import_module("gluon_pix2pix.fetching")
class Killing:
    def __init__(self, path, mode):
        self.file, self.pieces = open(path, mode), 0
    def __enter__(self):
        return self
    def __exit__(self, *args):
        pass
    def write(self, data):
        self.pieces += 1
        if self.pieces == 3:
            self.file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        self.file.write(data)
fetching.open = Killing
download("facades", sys.argv[1], sys.argv[2], progress=False)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no kill -9")
def test_killed_process_is_continued_by_the_next(tmp_path, server):
    url = server.serve("/facades.tar.gz", body=BODY, etag=ETAG)
    root = Path(gluon_pix2pix.archives.__file__).parents[1]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), url], cwd=root, timeout=60,
        env={**os.environ, "NO_PROXY": "*"}, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    kept = part_of(tmp_path).stat().st_size
    assert kept == 2 * FETCHING._CHUNK
    download("facades", tmp_path, url, progress=False)
    assert server.asked == [None, f"bytes={kept}-"]
    assert (tmp_path / "facades/train/1.jpg").read_bytes() == picture("train1")
    assert left_overs(tmp_path) == []


@pytest.mark.parametrize("headers", [
    {}, {"ETag": 'W/"weak"'}, {"ETag": ETAG, "Accept-Ranges": "none"},
    # A file that was changed half a minute ago may change again within the second.
    {**OLD, "Date": "Wed, 01 Aug 2018 10:00:30 GMT"}, {**OLD, "Date": None},
    {"Last-Modified": "yesterday"},
])
def test_file_without_a_sure_mark_starts_again(
    tmp_path, publish, monkeypatch, headers
):
    server = publish("facades", {"body": BODY, "headers": headers})
    assert interrupt(tmp_path, monkeypatch) == 0
    assert left_overs(tmp_path) == []  # a part that cannot be continued is not kept
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")
    assert server.asked == [None, None]


def test_file_that_changed_in_between_is_taken_as_a_whole(
    tmp_path, publish, monkeypatch
):
    files = {f"facades/train/{i}.jpg": picture(f"other{i}") for i in range(5)}
    other = tar_bytes(files)
    server = publish("facades", {"body": BODY, "etag": '"old"'},
                     {"body": other, "etag": '"new"'}, exact=False)
    assert interrupt(tmp_path, monkeypatch) > 0
    download("facades", tmp_path, progress=False)
    assert server.asked[1] is not None
    assert server.sent[1] == len(other)
    assert (tmp_path / "facades/train/4.jpg").read_bytes() == picture("other4")


def test_file_that_became_shorter_leaves_nothing_of_the_old_one(
    tmp_path, publish, monkeypatch
):
    publish("facades", {"body": BODY, "etag": '"old"'},
            {"body": BODY[:-99], "etag": '"new"'})
    assert interrupt(tmp_path, monkeypatch) > 0
    with pytest.raises(DownloadError, match="bytes instead of.+Nothing was kept"):
        download("facades", tmp_path, progress=False)
    assert_nothing(tmp_path, "facades")


def test_answer_to_another_range_is_never_appended(
    tmp_path, publish, monkeypatch, caplog
):
    def answers(content_range):
        # As many bytes as are missing, but others: only the header tells.
        return {"body": BODY[:-32768], "status": 206, "etag": ETAG,
                "headers": {"Content-Range": content_range}}

    size = len(BODY)
    for wrong in (f"bytes 0-{size - 1}/{size}", f"bytes 32768-{size - 2}/{size}",
                  f"bytes 32768-{size - 1}/{size + 1}", "nonsense", None):
        server = publish("facades", {"body": BODY, "etag": ETAG}, answers(wrong),
                         {"body": BODY, "etag": ETAG})
        server.asked.clear()
        root = tmp_path / str(wrong).replace("/", "of")
        assert interrupt(root, monkeypatch) == 32768
        download("facades", root, progress=False)
        assert_whole(root, "facades")
        assert server.asked == [None, "bytes=32768-", None]
    assert caplog.text == ""  # it was not even put together


def test_range_beyond_the_end_starts_again(tmp_path, publish, monkeypatch):
    server = publish("facades", {"body": BODY, "etag": ETAG}, {"status": 416},
                     {"body": BODY, "etag": ETAG})
    assert interrupt(tmp_path, monkeypatch) > 0
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")
    assert server.asked[2] is None


def test_partial_answer_that_nobody_asked_for_is_refused(tmp_path, publish):
    publish("facades", {"body": BODY, "status": 206})
    with pytest.raises(DownloadError, match="answers 206"):
        download("facades", tmp_path, progress=False)
    assert_nothing(tmp_path, "facades")


def test_part_that_turns_out_wrong_is_fetched_once_as_a_whole(
    tmp_path, publish, monkeypatch, caplog
):
    server = publish("facades")
    kept = interrupt(tmp_path, monkeypatch)
    write(part_of(tmp_path), bytes(kept))  # a disk that lost what it was given
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")
    assert server.asked == [None, f"bytes={kept}-", None]
    assert "now fetched as a whole" in caplog.text


def test_wrong_file_is_fetched_as_a_whole_only_once(tmp_path, publish):
    wrong = {"body": corrupted(BODY), "etag": ETAG}
    broken = {**wrong, "cut": 5000}
    server = publish("facades", broken, wrong, broken, wrong, wrong)
    with pytest.raises(DownloadError, match="cut off or damaged"):
        download("facades", tmp_path, progress=False)
    assert server.asked == [None, "bytes=5000-", None, "bytes=5000-"]
    assert_nothing(tmp_path, "facades")


def test_login_page_does_not_cost_what_had_arrived(tmp_path, publish, monkeypatch):
    server = publish("facades", {"body": BODY, "etag": ETAG},
                     {"body": LOGIN_PAGE, "headers": {"Content-Type": "text/html"}},
                     {"status": 404}, {"body": BODY, "etag": ETAG})
    kept = interrupt(tmp_path, monkeypatch)
    for message in ("web page.+captive portal", "no such file"):
        with pytest.raises(DownloadError, match=message):
            download("facades", tmp_path, progress=False)
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")
    assert server.sent[-1] == len(BODY) - kept


def test_whole_archive_is_not_asked_for_again(tmp_path, publish, monkeypatch):
    def pressed(*args, **kwargs):
        raise KeyboardInterrupt

    server = publish("facades", {"body": BODY})  # even without a mark
    unpacking = importlib.import_module("gluon_pix2pix.unpacking")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(unpacking, "extract", pressed)
        download("facades", tmp_path, progress=False)
    assert left_overs(tmp_path) == ["facades.part", "facades.part.json"]
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")
    assert len(server.requests) == 1


@pytest.mark.parametrize("note", [
    b"", b"{", b"[]", b"{}", b'{"url": 1, "bytes": "many"}',
])
def test_part_without_a_readable_note_is_forgotten(tmp_path, publish, note):
    server = publish("facades")
    write(part_of(tmp_path), b"of something else")
    write(tmp_path / ".downloads/facades.part.json", note)
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")
    assert server.asked == [None]


def test_part_larger_than_the_file_is_forgotten(tmp_path, publish, monkeypatch):
    server = publish("facades")
    interrupt(tmp_path, monkeypatch)
    write(part_of(tmp_path), bytes(len(BODY) + 1))
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")
    assert server.asked == [None, None]


def test_part_of_one_host_is_not_joined_with_the_file_of_another(
    tmp_path, publish, monkeypatch
):
    server = publish("facades", paths=["/a/facades.tar.gz", "/b/facades.tar.gz"])
    kept = interrupt(tmp_path, monkeypatch)
    server.serve("/a/facades.tar.gz", status=404)
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")
    assert server.requests == ["/a/facades.tar.gz"] * 2 + ["/b/facades.tar.gz"]
    assert server.asked == [None, f"bytes={kept}-", None]


def test_part_is_gone_when_the_data_set_came_from_elsewhere(
    tmp_path, publish, monkeypatch
):
    publish("facades")
    assert interrupt(tmp_path, monkeypatch) > 0
    download("facades", tmp_path, write(tmp_path / "own.tar.gz", BODY), progress=False)
    assert_whole(tmp_path, "facades")


# How often it is tried

def test_every_new_byte_renews_the_patience(tmp_path, publish):
    good = {"body": BODY, "etag": ETAG}
    size = len(BODY)
    cuts = [{**good, "cut": size // 8} for _ in range(12)]
    server = publish("facades", *cuts, good)
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")
    assert len(server.requests) >= 8  # far more than three, each with an eighth
    assert sum(server.sent) == size


def test_host_that_brings_nothing_new_is_given_up_and_the_part_kept(
    tmp_path, publish, monkeypatch
):
    good = {"body": BODY, "etag": ETAG}
    server = publish("facades", {**good, "cut": HALF}, {**good, "cut": 0})
    with pytest.raises(DownloadError, match=f"{HALF} bytes have arrived and are kept"):
        download("facades", tmp_path, progress=False)
    assert len(server.requests) == 3
    server.serve("/facades.tar.gz", good)
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")
    assert server.sent[-1] == len(BODY) - HALF


def test_connection_lost_in_the_middle_is_sought_again(tmp_path, publish, monkeypatch):
    import requests
    from urllib3.exceptions import MaxRetryError

    publish("facades", {"body": BODY, "etag": ETAG, "cut": HALF},
            {"body": BODY, "etag": ETAG})
    get, calls = requests.get, []

    def unreachable_once(*args, **kwargs):
        calls.append(args)
        if len(calls) == 2:
            raise requests.ConnectionError(MaxRetryError(None, "/", "no route to host"))
        return get(*args, **kwargs)

    monkeypatch.setattr(requests, "get", unreachable_once)
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")
    assert len(calls) == 3


def test_host_that_ignores_ranges_and_breaks_off_ends_some_time(tmp_path, publish):
    answer = {"body": BODY, "headers": {"ETag": ETAG}, "cut": HALF}
    server = publish("facades", answer)
    with pytest.raises(DownloadError, match="broke off"):
        download("facades", tmp_path, progress=False)
    assert len(server.requests) == 3


# What is noticed early

def test_wrong_length_and_web_page_are_noticed_before_they_have_come(
    tmp_path, publish
):
    for body, message in ((BODY + bytes(10**7), "bytes instead of"),
                          (LOGIN_PAGE + bytes(10**7), "web page")):
        server = publish("facades", {"body": body, "trickle": 2**17})
        with pytest.raises(DownloadError, match=message):
            download("facades", tmp_path, progress=False)
        assert server.sent[-1] < len(body)
        assert_nothing(tmp_path, "facades")


def test_endless_file_ends_at_the_bound(tmp_path, publish, server, monkeypatch):
    monkeypatch.setattr(type(ARCHIVES["facades"]), "max_bytes", 50_000)
    endless = bytes(BODY[:600]) + bytes(200_000)
    url = server.serve("/mirror", {"body": endless, "chunked": True, "trickle": 5000},
                       {"body": endless})
    with pytest.raises(DownloadError, match="sends more than 50000 bytes"):
        download("facades", tmp_path, url, progress=False)
    assert_nothing(tmp_path, "facades")
    # Where the host announces its length, not a byte is written.
    stop_after(monkeypatch, AssertionError("written"), pieces=0)
    with pytest.raises(DownloadError, match="sends more than 50000 bytes"):
        download("facades", tmp_path, url, progress=False)
    assert_nothing(tmp_path, "facades")


def test_host_that_tells_no_length_is_served_too(tmp_path, publish):
    publish("facades", {"body": BODY, "chunked": True, "trickle": 3000})
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")


def test_host_that_breaks_off_and_tells_no_length_is_noticed(tmp_path, publish):
    server = publish("facades", {"body": BODY, "chunked": True, "cut": HALF},
                     {"body": BODY, "chunked": True})
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")
    assert len(server.requests) == 2


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip"])
def test_archive_is_stored_as_it_is_whatever_the_host_calls_it(
    tmp_path, publish, encoding
):
    # Some hosts mark .tar.gz as compressed; unpacked on the way, its sum is off.
    publish("facades", {"body": BODY, "headers": {"Content-Encoding": encoding}},
            sha256=hashlib.sha256(BODY).hexdigest())
    download("facades", tmp_path, progress=False)
    assert_whole(tmp_path, "facades")


# The disk

def test_disk_without_room_for_the_rest_is_noticed_before_it_comes(
    tmp_path, server, monkeypatch
):
    url = server.serve("/mirror", body=BODY + bytes(10**7), trickle=2**17)
    monkeypatch.setattr(FETCHING.shutil, "disk_usage", lambda folder: type(
        "Usage", (), {"free": 10**7}))
    with pytest.raises(DownloadError, match="disk of .+ is full"):
        download("facades", tmp_path, url, progress=False)
    assert_nothing(tmp_path, "facades")
    assert server.sent[0] < 10**7


@pytest.mark.parametrize(("number", "message"), [
    (errno.ENOSPC, "is full"), (errno.EACCES, "No permission"),
    (errno.EIO, "could not be stored"),
])
def test_failing_disk_keeps_no_part(tmp_path, publish, monkeypatch, number, message):
    publish("facades")
    stop_after(monkeypatch, OSError(number, os.strerror(number)))
    with pytest.raises(DownloadError, match=message):
        download("facades", tmp_path, progress=False)
    assert_nothing(tmp_path, "facades")


# Checksums

def test_other_checksum_than_the_public_one_says_how_to_go_on(tmp_path, publish):
    publish("horse2zebra", sha256="0" * 64)
    with pytest.raises(DownloadError, match="recorded when .+ older address") as caught:
        download("horse2zebra", tmp_path, progress=False)
    assert "with a browser and name it by source=" in str(caught.value)
    assert_nothing(tmp_path, "horse2zebra")
    own = write(tmp_path / "horse2zebra.zip", CONTENT["horse2zebra"])
    download("horse2zebra", tmp_path, own, progress=False)  # what the message says
    assert_whole(tmp_path, "horse2zebra")


def test_checksum_goes_before_the_counts_of_the_table(tmp_path, publish, caplog):
    publish("apple2orange", splits={"trainA": 99, "trainB": 2, "testA": 2, "testB": 2})
    download("apple2orange", tmp_path, progress=False)
    assert "the public archive has trainA 99" in caplog.text


def test_both_addresses_of_a_host_must_deliver_the_same(tmp_path, publish):
    server = publish("facades", paths=["/a/facades.tar.gz", "/b/facades.tar.gz"],
                     exact=False)
    download("facades", tmp_path, progress=False)
    for path in sorted((tmp_path / "facades").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    server.serve("/a/facades.tar.gz", status=404)
    server.serve("/b/facades.tar.gz", body=tar_bytes({
        f"facades/train/{i}.jpg": picture(f"other{i}") for i in range(8)}))
    with pytest.raises(DownloadError, match="/b/facades.+ is not the file any more"):
        download("facades", tmp_path, progress=False)
