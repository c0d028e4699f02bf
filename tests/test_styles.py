import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix.hd_networks import Encoder
from gluon_pix2pix.instance_features import ObjectFeatures
from gluon_pix2pix.styles import Styles, cluster

SKY, CAR, BUS, DOG = 23, 26, 28, 5
CENTRES = np.float32([[-0.8, 0.5, 0], [0.7, 0.7, -0.2], [0, -0.9, 0.9]])


def objects_of(label, features, share=0.1):
    count = len(features)
    return ObjectFeatures(
        np.full(count, label, np.int32), np.arange(count, dtype=np.int32),
        np.zeros(count, np.int32), np.broadcast_to(np.float32(share), count).copy(),
        np.asarray(features, np.float32))


def together(*parts):
    return ObjectFeatures(*(np.concatenate(columns) for columns in
                            zip(*(vars(part).values() for part in parts))))


def around_centres(counts=(20, 50, 30), seed=0):
    noise = np.random.RandomState(seed).normal(0, 0.02, (sum(counts), 3))
    return np.clip(np.repeat(CENTRES, counts, axis=0) + noise, -1, 1)


@pytest.fixture
def styles():
    return Styles({SKY: CENTRES[:1], CAR: CENTRES}, {SKY: np.array([9]),
                                                     CAR: np.array([3, 2, 1])})


@pytest.fixture
def maps():
    """A sky, two cars, and a dog, of whose kind no looks are known."""
    instances = np.full((1, 1, 6, 8), SKY)
    for instance, columns in ((26000, [1, 2]), (26001, [4, 5]), (5000, [7])):
        instances[0, 0, 3:, columns] = instance
    labels = np.where(instances > 1000, instances // 1000, instances)
    return labels, instances


# ------------------------------------------------------------------- clusters


def test_looks_are_the_centres_the_most_frequent_first():
    styles = cluster(objects_of(CAR, around_centres()), 3)
    assert np.abs(styles.looks[CAR] - CENTRES[[1, 2, 0]]).max() < 0.02
    assert styles.counts[CAR].tolist() == [50, 30, 20]
    assert styles.looks[CAR].dtype == np.float32 and styles.n_features == 3


def test_each_class_has_looks_of_its_own():
    sky, car = around_centres(seed=1), -around_centres(seed=2)
    styles = cluster(together(objects_of(CAR, car), objects_of(SKY, sky)), 4)
    alone = cluster(objects_of(SKY, sky), 4)
    assert sorted(styles.looks) == [SKY, CAR]
    assert (styles.looks[SKY] == alone.looks[SKY]).all()


def test_fewer_different_objects_than_looks():
    few = np.repeat(CENTRES[:2], [3, 1], axis=0)
    styles = cluster(objects_of(CAR, few), 10)
    assert styles.looks[CAR].shape == (2, 3) and styles.counts[CAR].tolist() == [3, 1]
    assert np.abs(styles.looks[CAR] - CENTRES[:2]).max() < 1e-6


def test_small_objects_are_left_out_unless_there_are_no_others():
    features = around_centres((5, 5, 0))
    large = objects_of(CAR, features[:5], 0.01)
    small = objects_of(CAR, features[5:], 0.0005)
    styles = cluster(together(large, small), 1)
    assert np.abs(styles.looks[CAR] - CENTRES[0]).max() < 0.03
    assert styles.counts[CAR].tolist() == [5]
    assert cluster(together(large, small), 1, smallest=0).counts[CAR].tolist() == [10]
    assert cluster(small, 1).counts[CAR].tolist() == [5]


def test_the_seed_says_where_it_begins():
    features = np.random.RandomState(0).uniform(-1, 1, (400, 3))
    one, same, other = (cluster(objects_of(CAR, features), 10, seed).looks[CAR]
                        for seed in (3, 3, 4))
    assert (one == same).all() and (one != other).any()


def test_looks_stay_in_the_range_of_features():
    styles = cluster(objects_of(CAR, np.full((7, 3), -1) + np.eye(7, 3) * 1e-7), 2)
    assert np.abs(styles.looks[CAR]).max() <= 1


def test_impossible_clusters_are_refused():
    with pytest.raises(ValueError, match="n_clusters=0 must be at least 1"):
        cluster(objects_of(CAR, CENTRES), 0)
    with pytest.raises(ValueError, match="no objects"):
        cluster(objects_of(CAR, np.zeros((0, 3))))


# ------------------------------------------------------------------- painting


def test_every_pixel_of_an_object_gets_its_look(styles, maps):
    labels, instances = maps
    mine = np.float32([0.1, 0.2, 0.3])
    painted = styles.features(*maps, {26000: 1, 26001: mine}).asnumpy()
    assert painted.shape == (1, 3, 6, 8) and painted.dtype == np.float32
    for instance, look in ((26000, CENTRES[1]), (26001, mine), (SKY, CENTRES[0]),
                           (5000, np.zeros(3))):
        assert (painted[0][:, instances[0, 0] == instance] == look[:, None]).all()


def test_all_other_looks_are_drawn_by_the_seed(styles, maps):
    drawn = [styles.sample(*maps, seed) for seed in range(40)]
    assert all(sorted(looks) == [SKY, 26000, 26001] for looks in drawn)
    pairs = {(looks[26000], looks[26001]) for looks in drawn}
    assert {look for pair in pairs for look in pair} == {0, 1, 2} and len(pairs) > 5
    for seed in (0, 7):
        by_hand = styles.features(*maps, styles.sample(*maps, seed), seed=99)
        assert (by_hand == styles.features(*maps, seed=seed)).asnumpy().all()


def test_an_object_keeps_its_look_when_others_come_and_go(styles, maps):
    labels, instances = maps
    alone = np.where(instances == 26000, SKY, instances)
    before, after = styles.sample(*maps), styles.sample(labels, alone)
    assert 26000 not in after and after[26001] == before[26001]


def test_a_batch_is_painted_picture_by_picture(styles, maps):
    labels, instances = maps
    other = instances.copy()
    other[other == 26001] = 26002
    batch = [nd.array(np.concatenate(both), dtype="int32")
             for both in ((labels, labels), (instances, other))]
    painted = styles.features(*batch, {26002: 2}).asnumpy()
    assert (painted[:1] == styles.features(*maps).asnumpy()).all()
    assert (painted[1][:, other[0, 0] == 26002] == CENTRES[2][:, None]).all()


def test_a_look_of_another_picture_is_a_vector(styles, maps):
    vector = objects_of(CAR, around_centres()).of(instance=60)
    painted = styles.features(*maps, {26001: vector}).asnumpy()[0]
    assert (painted[:, 4, 4] == vector).all()


def test_impossible_looks_are_refused(styles, maps):
    for look, message in (
            (3, "no look 3 of class 26: there are 0 to 2"),
            (-1, "no look -1 of class 26"), (1.5, "no look 1.5 of class 26"),
            ([0.5, 0.5], r"A look is 3 numbers in \[-1, 1\], not \[0.5 0.5\]"),
            ([0, 0, 1.5], "A look is 3 numbers"), ([0, 0, np.nan], "A look is 3")):
        with pytest.raises(ValueError, match=message):
            styles.features(*maps, {26000: look})
    with pytest.raises(ValueError, match="no look 0 of class 5: there are none"):
        styles.features(*maps, {5000: 0})
    with pytest.raises(ValueError, match="no object 27, only 23, 5000, 26000, 26001"):
        styles.features(*maps, {27: 0})


# ----------------------------------------------------------------------- files


def test_looks_are_saved_and_loaded(styles, tmp_path):
    styles.save(tmp_path / "styles.npz")
    loaded = Styles.load(tmp_path / "styles.npz")
    for part in ("looks", "counts"):
        before, after = getattr(styles, part), getattr(loaded, part)
        assert list(before) == list(after)
        assert all((before[label] == after[label]).all() for label in before)


def test_looks_of_another_encoder_are_told(styles, tmp_path, recwarn):
    path, netE, other = tmp_path / "styles.npz", Encoder(ngf=2), Encoder(ngf=2)
    for net in (netE, other):
        net.initialize()
    styles.save(path)
    Styles.load(path, netE)  # nobody knows whose they are
    styles.save(path, netE)
    for encoder in (None, netE):
        assert Styles.load(path, encoder).looks.keys() == styles.looks.keys()
    assert not recwarn.list
    with pytest.warns(UserWarning, match="styles.npz holds looks that another encoder"):
        Styles.load(path, other)
    netE.model[1].bias.set_data(netE.model[1].bias.data() + 1e-3)
    with pytest.warns(UserWarning, match="again by `gluon-pix2pix encode-features`"):
        Styles.load(path, netE)


def test_damaged_looks_are_named(styles, tmp_path):
    path = tmp_path / "styles.npz"
    with pytest.raises(FileNotFoundError, match="no file .*encode-features` writes it"):
        Styles.load(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="styles.npz cannot be read"):
        Styles.load(path)
    for arrays in ({}, {"generator.weight": CENTRES}, {"looks_26": CENTRES},
                   {"looks_26": 2 * CENTRES, "counts_26": [1, 1, 1]},
                   {"looks_26": CENTRES, "counts_26": [1, 1]},
                   {"looks_26": CENTRES.astype(float), "counts_26": [1, 1, 1]},
                   {"looks_car": CENTRES, "counts_car": [1, 1, 1]},
                   {"looks_26": CENTRES[0], "counts_26": [1, 1, 1]},
                   {"looks_26": CENTRES, "counts_26": [1, 1, 1],
                    "looks_23": CENTRES[:, :2], "counts_23": [1, 1, 1]}):
        np.savez(path, **arrays)
        with pytest.raises(ValueError, match="styles.npz holds no looks of objects"):
            Styles.load(path)
