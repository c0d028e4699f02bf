"""The weights of the model zoo, served by this machine and cut to some kilobytes."""

import hashlib

import pytest
from local_server import LOGIN_PAGE, running, short_sleep, zip_bytes
from mxnet.gluon.model_zoo import model_store

from gluon_pix2pix.catalog import DownloadError
from gluon_pix2pix.zoo_weights import place_in_zoo, weights_from_zoo

WEIGHTS = hashlib.shake_128(b"weights").digest(100_000)
SHA1 = hashlib.sha1(WEIGHTS).hexdigest()
FILE = f"vgg19-{SHA1[:8]}.params"
ZIP = zip_bytes({FILE: WEIGHTS})
PATH = f"/mirror/gluon/models/{FILE.removesuffix('.params')}.zip"

server = pytest.fixture(running)


@pytest.fixture(autouse=True)
def models(server, tmp_path, monkeypatch):
    """The folder of the zoo, empty, and a host that has nothing yet."""
    monkeypatch.setenv("MXNET_HOME", str(tmp_path))
    monkeypatch.setenv("MXNET_GLUON_REPO", f"{server.base}/mirror")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setattr("time.sleep", short_sleep)
    monkeypatch.setitem(model_store._model_sha1, "vgg19", SHA1)
    return tmp_path / "models"


def left(models):
    """All files and folders there are, but for locks."""
    return sorted(path.relative_to(models).as_posix() for path in models.rglob("*")
                  if path.suffix != ".lock" and path.name != ".downloads")


def test_weights_are_fetched_once_and_then_taken_from_the_disk(server, models):
    server.serve(PATH, body=ZIP)
    for _ in range(2):
        place = weights_from_zoo("vgg19")
        assert place == place_in_zoo("vgg19") == models / FILE
        assert place.read_bytes() == WEIGHTS
    assert server.requests == [PATH]
    assert left(models) == [FILE]


def test_a_transfer_that_breaks_off_goes_on(server, models):
    server.serve(PATH, {"body": ZIP, "etag": '"a"', "cut": 60_000},
                 {"body": ZIP, "etag": '"a"'})
    assert weights_from_zoo("vgg19").read_bytes() == WEIGHTS
    assert server.asked[0] is None
    assert server.asked[1].startswith("bytes=")


def test_what_arrived_is_kept_for_another_time(server, models):
    server.serve(PATH, {"body": ZIP, "etag": '"a"', "cut": 60_000}, {"status": 503})
    with pytest.raises(DownloadError, match=r"answers 503 .*; \d+ bytes are kept"):
        weights_from_zoo("vgg19")
    server.serve(PATH, body=ZIP, etag='"a"')
    assert weights_from_zoo("vgg19").read_bytes() == WEIGHTS
    assert server.sent[-1] < len(ZIP)
    assert left(models) == [FILE]


@pytest.mark.parametrize("body, reason", [
    (zip_bytes({FILE: WEIGHTS[:-1] + b"?"}), "other weights than the model zoo"),
    (zip_bytes({"other.params": WEIGHTS}), f"holds no {FILE}"),
    (ZIP[:-30], "is cut off or damaged"),
    (LOGIN_PAGE, "is a web page"),
    (b"", "is empty"),
])
def test_what_is_not_the_zoos_is_refused_and_not_kept(server, models, body, reason):
    url = server.serve(PATH, body=body)
    with pytest.raises(DownloadError, match=reason) as refusal:
        weights_from_zoo("vgg19")
    assert str(refusal.value).startswith(url)
    assert left(models) == []
    server.serve(PATH, body=ZIP)
    assert weights_from_zoo("vgg19").read_bytes() == WEIGHTS


def test_a_host_that_refuses_or_cannot_be_reached_is_named(server, monkeypatch):
    server.serve(PATH, status=403)
    with pytest.raises(DownloadError, match=r"vgg19.*mirror.*answers 403 Forbidden\.$"):
        weights_from_zoo("vgg19")
    monkeypatch.setenv("MXNET_GLUON_REPO", "http://127.0.0.1:9")
    with pytest.raises(DownloadError, match=r"cannot be reached \(\w+\)\.$"):
        weights_from_zoo("vgg19")


def test_a_damaged_file_is_not_taken_and_not_replaced(server, models):
    server.serve(PATH, body=ZIP)
    models.mkdir()
    (models / FILE).write_bytes(b"somebody's own")
    with pytest.raises(ValueError, match=f"{FILE} is damaged.*delete it"):
        weights_from_zoo("vgg19")
    assert (models / FILE).read_bytes() == b"somebody's own"
    assert server.requests == []


def test_a_folder_that_cannot_be_made_is_named(models):
    models.write_text("a file")
    with pytest.raises(OSError, match="models"):
        weights_from_zoo("vgg19")


def test_networks_without_weights_in_the_zoo_have_a_place(models):
    assert place_in_zoo("mobilenetv3_large") == models / "mobilenetv3_large.params"
