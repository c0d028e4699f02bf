"""Every metric against an independent implementation, on real photos."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import linalg, ndimage
from test_metrics import slow_ssim
from test_segmentation_scores import slow_scores

from gluon_pix2pix import metrics
from gluon_pix2pix.frechet import frechet_distance
from gluon_pix2pix.segmentation_scores import SegmentationScores, confusion_matrix
from gluon_pix2pix.transforms import to_float


@pytest.fixture(scope="module")
def photos():
    """Eight real facades, ``(8, 3, 64, 64)`` in [-1, 1]."""
    default = Path(__file__).parents[2] / "shared/data/facades.tar.gz"
    path = Path(os.environ.get("PIX2PIX_TEST_FACADES", default))
    if not path.is_file():
        pytest.skip("no real facades here: PIX2PIX_TEST_FACADES can name an archive")
    found = []
    with tarfile.open(path) as tar:
        for member in tar:
            if "/val/" in member.name and member.name.endswith(".jpg"):
                picture = Image.open(io.BytesIO(tar.extractfile(member).read()))
                photo = picture.crop((0, 0, picture.width // 2, picture.height))
                found.append(to_float(np.asarray(photo.resize((64, 64)))))
            if len(found) == 8:
                return np.stack(found)
    raise AssertionError(f"{path} has fewer than 8 pairs in val")


@pytest.fixture(params=["another photo", "blurred", "noisy"])
def fakes(request, photos):
    """What a translation might be, in each of three ways."""
    if request.param == "another photo":
        return np.roll(photos, 1, axis=0)
    if request.param == "blurred":
        return ndimage.gaussian_filter(photos, (0, 0, 2, 2))
    noise = np.random.RandomState(0).normal(0, 0.3, photos.shape)
    return np.clip(photos + noise, -1, 1).astype(np.float32)


def test_scores_of_pictures(photos, fakes):
    for fake, real in zip(fakes[:3], photos):
        difference = np.ravel(fake.astype(float) - real)
        assert metrics.l1(fake, real) == pytest.approx(
            sum(map(abs, difference)) / difference.size, rel=1e-5)
        mse = np.dot(difference, difference) / difference.size
        assert metrics.psnr(fake, real) == pytest.approx(
            20 * np.log10(2) - 10 * np.log10(mse), rel=1e-5)
        assert metrics.ssim(fake, real) == pytest.approx(slow_ssim(fake, real),
                                                         rel=1e-5)


def test_scores_of_classes(photos, fakes):
    """Brightness in six steps stands for classes here."""
    true, found = (np.digitize(images.mean(axis=1), [-.6, -.3, 0, .3, .6])
                   for images in (photos, fakes))
    confusion = confusion_matrix(true, found, 6)
    scores = SegmentationScores.of(confusion).as_dict()
    assert list(scores.values()) == pytest.approx(slow_scores(true, found, 6), rel=1e-5)


def test_frechet_distance_of_coarse_pictures(photos, fakes):
    """More vectors than features: 2 x 2 means of 4 x 4 pixels, in three colours."""
    def vectors(images):
        means = images.astype(float).reshape(8, 3, 16, 4, 16, 4).mean(axis=(3, 5))
        blocks = means.reshape(8, 3, 8, 2, 8, 2).transpose(0, 2, 4, 1, 3, 5)
        return blocks.reshape(-1, 12)

    a, b = vectors(fakes), vectors(photos)
    root = linalg.sqrtm(np.cov(a.T) @ np.cov(b.T)).real
    expected = (((a.mean(axis=0) - b.mean(axis=0))**2).sum()
                + np.trace(np.cov(a.T)) + np.trace(np.cov(b.T)) - 2 * np.trace(root))
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-5, abs=1e-8)
