"""Fixtures: tiny configurations, a model; pictures with partners, labels or neither."""

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import os
import signal
import tarfile
from pathlib import Path

import matplotlib
import mxnet as mx
import numpy as np
import pytest
from PIL import Image

from gluon_pix2pix.pix2pixhd_config import Pix2PixHDConfig

matplotlib.use("Agg")
# A shell has its background jobs ignore Ctrl-C, and the tests send it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _seeded():
    g2p.seed_everything(0)


@pytest.fixture(scope="session")
def tiny():
    """A configuration that trains in milliseconds, with a pool and jitter."""
    return g2p.Pix2PixConfig(size=32, ngf=4, ndf=4, n_layers=1, pool_size=2, epochs=1,
                             epochs_decay=1, batch_size=2)


@pytest.fixture(scope="session")
def tiny_cycle():
    """The same of a CycleGAN."""
    return g2p.CycleGANConfig(size=32, ngf=4, ndf=4, n_layers=1, n_blocks=1, epochs=1,
                              pool_size=2, epochs_decay=1, batch_size=2)


@pytest.fixture(scope="session")
def tiny_hd():
    """The same of a pix2pixHD with an encoder, for pictures of 32x16 pixels."""
    return Pix2PixHDConfig(size=32, ngf=4, ndf=4, nef=4, n_downsampling=1, n_blocks=1,
                           n_blocks_local=1, n_downsampling_encoder=1, n_layers=1,
                           features="encoder", lambda_vgg=0.0, epochs=1,
                           epochs_decay=1, pool_size=2, batch_size=2)


@pytest.fixture
def model(tiny):
    return g2p.Pix2Pix(tiny)


@pytest.fixture
def batch():
    """Two pairs of random images, ``(2, 3, 32, 32)`` each, where models are built."""
    ctx, shape = g2p.get_context(), (2, 3, 32, 32)
    return (mx.nd.random.uniform(-1, 1, shape, ctx=ctx),
            mx.nd.random.uniform(-1, 1, shape, ctx=ctx))


@pytest.fixture(scope="session")
def pairs(tmp_path_factory):
    """A data set of 12 + 2 pairs: A is red and tells its number, B is blue."""
    folder = tmp_path_factory.mktemp("data") / "pairs"
    for split, count in (("train", 12), ("val", 2)):
        (folder / split).mkdir(parents=True)
        for number in range(1, count + 1):
            picture = np.zeros((32, 64, 3), np.uint8)
            picture[:, :32, 0] = 20 * number
            picture[:, 32:, 2] = 20 * number
            Image.fromarray(picture).save(folder / split / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def domains(tmp_path_factory):
    """A data set without pairs: 5 + 2 red ramps of A, 4 + 3 blue ones of B."""
    folder = tmp_path_factory.mktemp("data") / "domains"
    for name, channel, count in (("trainA", 0, 5), ("trainB", 2, 4),
                                 ("testA", 0, 2), ("testB", 2, 3)):
        (folder / name).mkdir(parents=True)
        for number in range(1, count + 1):
            picture = np.zeros((32, 32, 3), np.uint8)
            picture[:, :, channel] = 20 * number + 4 * np.arange(32)
            Image.fromarray(picture).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="session")
def cityscapes_sample(tmp_path_factory):
    """The real sample of pix2pixHD's data, 2048x1024: 4 streets, 15 maps to test."""
    default = Path(__file__).parents[2] / "shared/data/cityscapes.tar.gz"
    path = Path(os.environ.get("PIX2PIX_TEST_CITYSCAPES", default))
    if not path.is_file():
        pytest.skip("no real Cityscapes: PIX2PIX_TEST_CITYSCAPES can name pix2pixHD's "
                    "sample as an archive")
    root = tmp_path_factory.mktemp("real") / "cityscapes"
    with tarfile.open(path) as tar:
        for member in filter(tarfile.TarInfo.isfile, tar):
            file = root.joinpath(*member.name.split("/")[-2:])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(tar.extractfile(member).read())
    return root


@pytest.fixture(scope="session")
def scenes(tmp_path_factory):
    """A data set of 5 + 2 streets, 32x16 pixels: a road, and on its right two cars.

    The cars of picture n begin n pixels further to the right, and are redder.
    """
    folder = tmp_path_factory.mktemp("data") / "scenes"
    for split, count in (("train", 5), ("test", 2)):
        for number in range(1, count + 1):
            objects = np.full((16, 32), 7, np.uint16)
            objects[:8, 14 + number:], objects[8:, 14 + number:] = 26000, 26001
            labels = np.where(objects > 7, 26, 7).astype(np.uint8)
            photo = np.full((16, 32, 3), 100, np.uint8)
            photo[labels == 26] = 40 * number, 0, 90
            for part, picture in (("img", photo), ("label", labels), ("inst", objects)):
                (folder / f"{split}_{part}").mkdir(parents=True, exist_ok=True)
                Image.fromarray(picture).save(folder / f"{split}_{part}" /
                                              f"{number}.png")
    return folder


@pytest.fixture
def onnx():
    """The module; a test that asks for it is skipped where the extra is missing."""
    reason = "no onnx and onnxruntime: pip install -c constraints.txt -e '.[onnx]'"
    pytest.importorskip("onnxruntime", reason=reason)
    return pytest.importorskip("onnx", reason=reason)
