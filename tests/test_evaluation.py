from itertools import combinations

import numpy as np
import pytest
from mxnet import nd
from PIL import Image

from gluon_pix2pix import PairedImages, metrics
from gluon_pix2pix.class_reader import ClassReader
from gluon_pix2pix.evaluation import InputPictures, evaluate
from gluon_pix2pix.frechet import frechet_distance
from gluon_pix2pix.labelled_photos import LabelledPhotos, find_labels
from gluon_pix2pix.segmentation_scores import SegmentationScores, confusion_matrix
from gluon_pix2pix.toys import draw


class Noisy:
    """Answers with the input and noise of MXNet's stream, as dropout would."""

    def translate(self, x, sample=True):
        return nd.clip(x + nd.random.normal(0, 0.1, x.shape) * sample, -1, 1)


def colours(x):
    """Features of pictures: their mean colours."""
    return x.mean(axis=(2, 3)).asnumpy()


@pytest.fixture
def split(pairs, tiny):
    return PairedImages(pairs, "val", tiny)


def test_a_picture_has_the_scores_of_its_output(split):
    found = evaluate(Noisy(), split, sample=False, progress=False)
    assert [row["picture"] for row in found.rows] == ["1.png", "2.png"]
    for row, outputs, (real_in, real_out) in zip(found.rows, found.outputs, split):
        assert row == {"picture": row["picture"], "l1": metrics.l1(real_in, real_out),
                       "psnr": metrics.psnr(real_in, real_out),
                       "ssim": metrics.ssim(real_in, real_out)}
        assert len(outputs) == 1 and outputs[0].shape == (32, 32, 3)
        assert (outputs[0] == np.round((real_in + 1) * 127.5).transpose(1, 2, 0)).all()
    l1 = [row["l1"] for row in found.rows]
    assert found.summary["l1"]["mean"] == pytest.approx(np.mean(l1))
    assert found.summary["l1"]["between_pictures"] == pytest.approx(np.std(l1, ddof=1))
    assert set(found.summary) == {"l1", "psnr", "ssim"}
    assert "between_samples" not in found.summary["l1"]


def test_several_samples_have_mean_spread_and_diversity(split):
    found = evaluate(Noisy(), split, samples=6, progress=False)
    outputs = []  # again, by hand
    evaluate(Watched(outputs), split, samples=6, progress=False)
    l1 = np.array([[metrics.l1(output, split[i][1]) for output in outputs[6 * i:][:6]]
                   for i in range(2)])
    assert [row["l1"] for row in found.rows] == pytest.approx(l1.mean(axis=1))
    assert [row["l1_spread"] for row in found.rows] == pytest.approx(
        l1.std(axis=1, ddof=1))
    assert found.summary["l1"]["mean"] == pytest.approx(l1.mean())
    assert found.summary["l1"]["between_samples"] == pytest.approx(
        l1.mean(axis=0).std(ddof=1))
    assert found.rows[1]["diversity"] == pytest.approx(metrics.diversity(outputs[6:]))
    assert all(len(shown) == 4 for shown in found.outputs)


class Watched(Noisy):
    def __init__(self, outputs):
        self.outputs = outputs

    def translate(self, x, sample=True):
        self.outputs.append(super().translate(x, sample).asnumpy()[0])
        return nd.array(self.outputs[-1][None])


def test_a_sample_is_the_same_whatever_else_is_evaluated(split):
    both = evaluate(Noisy(), split, samples=2, progress=False)
    first = evaluate(Noisy(), split, count=1, progress=False)
    assert len(first.rows) == 1 and first.about["pictures"] == 1
    assert (first.outputs[0][0] == both.outputs[0][0]).all()
    assert (both.outputs[0][0] != both.outputs[0][1]).any()
    other = evaluate(Noisy(), split, seed=1, count=1, progress=False)
    assert (other.outputs[0][0] != first.outputs[0][0]).any()


def test_beside_it_stands_one_picture_for_all(split, pairs, tiny):
    train = PairedImages(pairs, "train", tiny, train=False)
    found = evaluate(Noisy(), split, train=train, progress=False)
    blind = metrics.mean_l1(metrics.OnePicture(train), split)
    assert found.summary["l1"]["one_picture"] == pytest.approx(blind)
    assert "real" not in found.summary["l1"]


def test_the_frechet_distance_is_that_of_outputs_and_targets(split, pairs, tiny):
    train = PairedImages(pairs, "train", tiny, train=False)
    found = evaluate(Noisy(), split, sample=False, train=train, features=colours,
                     progress=False)
    real_in, real_out = (np.array(half).mean(axis=(2, 3)) for half in zip(*split))
    assert found.summary["frechet"]["mean"] == pytest.approx(
        frechet_distance(real_in, real_out), rel=1e-4)
    # Other real pictures, as many: what any two of the training set have.
    among = np.array([pair[1] for pair in train]).mean(axis=(2, 3))
    far = [frechet_distance(among[list(two)], real_out)
           for two in combinations(range(12), 2)]
    scores = found.summary["frechet"]
    assert min(far) < scores["real"] < max(far)
    assert 0.3 * np.std(far) < scores["between_real_sets"] < 2 * np.std(far)
    again = evaluate(Noisy(), split, seed=1, train=train, features=colours,
                     progress=False).summary["frechet"]
    assert again["mean"] != scores["mean"] and again["real"] == scores["real"]
    assert found.about["features_by"] == "another network"
    assert found.about["feature_count"] == 3
    # Two pictures fit a Gaussian of three features badly, which is said.
    assert "3 features wants far more than 2 pictures" in found.cautions[0]
    assert " ".join(str(found).split()).endswith(found.cautions[0])


def test_few_training_pictures_are_one_set_of_real_ones(split):
    found = evaluate(Noisy(), split, train=split, features=colours, progress=False)
    assert found.summary["frechet"]["real"] == pytest.approx(0, abs=1e-9)
    assert "between_real_sets" not in found.summary["frechet"]


def test_classes_are_scored_over_the_whole_split(tmp_path, tiny):
    houses = draw("toy_facades", tmp_path, 32, 3)
    config = tiny.replace(direction="AtoB")  # photo to labels
    pairs, labels = PairedImages(houses, "val", config), find_labels(houses, "val")
    truth = LabelledPhotos(houses, "val", labels, config)
    reader = ClassReader(truth, lambda x: np.full(x.shape[2:], 2), "guessing", colours)
    found = evaluate(Noisy(), pairs, reader=reader, progress=False)
    assert found.about["features_by"] == "that network" and "frechet" in found.summary
    assert "hardly found" in found.cautions[0]
    confusion = sum(confusion_matrix(ids, np.full((32, 32), 2), 12) for _, ids in truth)
    expected = SegmentationScores.of(confusion)
    assert found.summary["class_iou"]["mean"] == expected.class_iou
    assert found.summary["class_iou"]["real"] == expected.class_iou
    assert found.summary["pixel_accuracy"]["mean"] == pytest.approx(
        np.mean([row["pixel_accuracy"] for row in found.rows]))
    assert found.about["classes_by"] == "guessing"


def test_pictures_without_targets_are_only_translated(tmp_path, tiny):
    for number in range(2):
        Image.new("RGB", (40, 30), (90 * number, 10, 10)).save(
            tmp_path / f"{number}.png")
    inputs = InputPictures(tmp_path, tiny)
    found = evaluate(Noisy(), inputs, samples=2, progress=False)
    assert found.outputs[0][0].shape == (32, 32, 3)
    assert [sorted(row) for row in found.rows] == [["diversity", "picture"]] * 2
    assert found.about["targets"] is False
    assert set(found.summary) == {"diversity"}
    single = evaluate(Noisy(), inputs, progress=False)
    assert single.summary == {} and single.rows[0] == {"picture": "0.png"}


def test_one_picture_has_no_spread_and_no_distance(split):
    for train in (None, split):
        found = evaluate(Noisy(), split, count=1, train=train, features=colours,
                         progress=False)
        assert "between_pictures" not in found.summary["l1"]
        assert "frechet" not in found.summary


def test_nonsense_is_refused(split):
    with pytest.raises(ValueError, match="would all be equal"):
        evaluate(Noisy(), split, samples=2, sample=False)
    for wrong in ({"samples": 0}, {"count": 0}):
        with pytest.raises(ValueError, match="at least 1"):
            evaluate(Noisy(), split, **wrong)
