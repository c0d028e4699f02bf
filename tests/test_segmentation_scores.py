import numpy as np
import pytest

from gluon_pix2pix.segmentation_scores import SegmentationScores, confusion_matrix


def slow_scores(true, found, count):
    """Each class as two sets of pixels."""
    judged = [(t, f) for t, f in zip(true.ravel(), found.ravel()) if 0 <= t < count]
    accuracies, ious = [], []
    for k in range(count):
        is_k = {i for i, (t, _) in enumerate(judged) if t == k}
        found_k = {i for i, (_, f) in enumerate(judged) if f == k}
        if is_k:
            accuracies.append(len(is_k & found_k) / len(is_k))
            ious.append(len(is_k & found_k) / len(is_k | found_k))
    return (np.mean([t == f for t, f in judged]), np.mean(accuracies), np.mean(ious))


def test_values_computed_by_hand():
    true = np.array([[0, 0, 0, 1], [1, 1, 2, -1]])
    found = np.array([[0, 0, 1, 1], [1, 0, 0, 2]])
    confusion = confusion_matrix(true, found, 4)
    assert confusion.tolist() == [[2, 1, 0, 0], [1, 2, 0, 0], [1, 0, 0, 0], [0] * 4]
    scores = SegmentationScores.of(confusion)
    assert scores.pixel_accuracy == 4 / 7
    assert scores.class_accuracy == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    # 0: 2 of {3 true, 4 found}; 1: 2 of {3, 3}; 2: 0; class 3 is nowhere.
    assert scores.class_iou == pytest.approx((2 / 5 + 2 / 4 + 0) / 3)
    assert np.isnan(scores.ious[3]) and np.isnan(scores.accuracies[3])


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_sets_of_pixels(seed):
    rng = np.random.RandomState(seed)
    true, found = rng.randint(-1, 7, (2, 20, 15)), rng.randint(0, 6, (2, 20, 15))
    true[true == 3] = 2  # an absent class, which is found all the same
    confusion = sum(confusion_matrix(t, f, 6) for t, f in zip(true, found))
    scores = SegmentationScores.of(confusion)
    expected = slow_scores(true, found, 6)
    assert np.allclose(list(scores.as_dict().values()), expected, rtol=0, atol=1e-12)


def test_agrees_with_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.RandomState(0)
    true, found = rng.randint(0, 5, 500), rng.randint(0, 5, 500)
    confusion = confusion_matrix(true, found, 5)
    assert (confusion == sklearn.confusion_matrix(true, found)).all()
    scores = SegmentationScores.of(confusion)
    assert np.allclose(scores.ious, sklearn.jaccard_score(true, found, average=None))
    assert scores.class_accuracy == pytest.approx(
        sklearn.balanced_accuracy_score(true, found))


def test_an_absent_class_that_is_found_costs_those_that_are_there():
    true = np.zeros(10, int)
    half = SegmentationScores.of(confusion_matrix(true, np.arange(10) % 2, 3))
    assert (half.class_accuracy, half.class_iou) == (0.5, 0.5)


def test_finding_a_class_everywhere_costs_iou_alone():
    true = np.array([0] * 90 + [1] * 10)
    scores = SegmentationScores.of(confusion_matrix(true, np.ones(100, int), 2))
    assert scores.accuracies.tolist() == [0, 1]
    assert scores.ious.tolist() == [0, 0.1]


def test_nothing_but_void_has_no_score():
    void = np.full((4, 4), -1)
    scores = SegmentationScores.of(confusion_matrix(void, void, 3))
    assert np.isnan(list(scores.as_dict().values())).all()
    assert confusion_matrix(np.full(4, 255), np.zeros(4, int), 3).sum() == 0


def test_what_cannot_be_counted_is_refused():
    with pytest.raises(ValueError, match="shape"):
        confusion_matrix(np.zeros((2, 2), int), np.zeros(4, int), 2)
    with pytest.raises(ValueError, match="Class 2 was found"):
        confusion_matrix(np.zeros(4, int), np.full(4, 2), 2)
    with pytest.raises(ValueError, match="Class -1 was found"):
        confusion_matrix(np.zeros(4, int), np.full(4, -1), 2)


def test_bytes_do_not_overflow():
    true, found = np.full(9, 33, np.uint8), np.full(9, 32, np.uint8)
    assert confusion_matrix(true, found, 34)[33, 32] == 9
