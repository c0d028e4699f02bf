import numpy as np
import pytest
from mxnet import nd

from gluon_pix2pix import CycleGAN, UnpairedImages, cycle_l1, identity_l1


class Shifts:
    """Makes pictures lighter on the way to B, and darker by half as much back."""

    def translate(self, real, direction):
        return real + {"AtoB": 0.2, "BtoA": -0.1}[direction]

    def reconstruct(self, real, direction):
        fake = self.translate(real, direction)
        return fake, self.translate(fake, {"AtoB": "BtoA", "BtoA": "AtoB"}[direction])


@pytest.fixture
def held_out(domains, tiny_cycle):
    return UnpairedImages(domains, "test", tiny_cycle)


def test_distances_are_those_of_what_the_networks_do(held_out):
    assert cycle_l1(Shifts(), held_out) == pytest.approx({"A": 0.1, "B": 0.1})
    # What is in A already goes through the generator that makes A, and so on.
    assert identity_l1(Shifts(), held_out) == pytest.approx({"A": 0.1, "B": 0.2})


def test_each_picture_counts_once_though_the_domains_differ_in_size(held_out):
    seen = []

    class Notes(Shifts):
        def translate(self, real, direction):
            seen.append((direction, float(real.asnumpy().mean())))
            return super().translate(real, direction)

    identity_l1(Notes(), held_out)
    means = {domain: [held_out[i][place].mean() for i in range(count)]
             for place, (domain, count) in enumerate((("A", 2), ("B", 3)))}
    assert [direction for direction, _ in seen] == ["BtoA"] * 2 + ["AtoB"] * 3
    np.testing.assert_allclose([mean for _, mean in seen], means["A"] + means["B"],
                               atol=1e-6)
    assert cycle_l1(Shifts(), held_out, count=1) == pytest.approx({"A": 0.1, "B": 0.1})


def test_a_cyclegan_is_measured_through_its_own_networks(held_out, tiny_cycle):
    model = CycleGAN(tiny_cycle)
    real = nd.array(held_out[0][0][None])
    expected = float(nd.abs(model.netF(model.netG(real)) - real).mean().asscalar())
    assert cycle_l1(model, held_out, count=1)["A"] == pytest.approx(expected, abs=1e-4)
    expected = float(nd.abs(model.netF(real) - real).mean().asscalar())
    assert identity_l1(model, held_out, 1)["A"] == pytest.approx(expected, abs=1e-4)


def test_pictures_of_different_channels_have_no_identity(domains, tiny_cycle):
    config = tiny_cycle.replace(in_channels=1, lambda_identity=0.0)
    dataset = UnpairedImages(domains, "test", config)
    model = CycleGAN(config)
    assert set(cycle_l1(model, dataset)) == {"A", "B"}
    with pytest.raises(ValueError, match="1 and of 3 channels"):
        identity_l1(model, dataset)
