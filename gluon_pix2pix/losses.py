"""The terms of the objective, and how well the discriminator tells apart.

Isola et al. 2017, equations 1 to 4; Wang et al. 2018, equations 3 to 5 (over several
scales). All return means over every element, or sums of such means over the scales:
scalars of shape ``(1,)`` that are not read back, so nothing waits for them.
"""

from __future__ import annotations

from collections.abc import Sequence

from mxnet import autograd, nd

# What a multi-scale discriminator returns: for each scale the activations of its
# layers in order, the logits last.
Activations = Sequence[Sequence[nd.NDArray]]


class GANLoss:
    """The adversarial loss on a map of logits: ``gan(logits, target_is_real)``.

    ``bce``: -log D for real and -log(1 - D) for fake targets, with D the sigmoid of
    the logits. The generator asks for real targets and so maximises log D instead of
    minimising log(1 - D), whose gradient vanishes while the discriminator is winning
    (section 3.3). A discriminator that cannot tell scores log 2 = 0.693.

    ``lsgan``: the squared distance of the output to 1 (real) or 0 (fake), without a
    sigmoid (Mao et al. 2017). A discriminator that cannot tell scores 0.25.

    Attributes
    ----------
    threshold : float
        The output above which the discriminator says "real": probability one half is
        the *logit* 0; between the targets of least squares lies 0.5.
    balance : float
        The loss of a discriminator that cannot tell real from fake.
    """

    _KINDS = {"bce": (0.0, 0.6931471805599453), "lsgan": (0.5, 0.25)}

    def __init__(self, kind: str = "bce"):
        if kind not in self._KINDS:
            raise ValueError(f"Unknown GAN loss {kind!r}: choose 'bce' or 'lsgan'.")
        self.kind = kind
        self.threshold, self.balance = self._KINDS[kind]

    def __call__(self, logits: nd.NDArray, target_is_real: bool) -> nd.NDArray:
        if self.kind == "lsgan":
            return nd.square(logits - float(target_is_real)).mean()
        # -log sigmoid(l) = softplus(-l) and -log(1 - sigmoid(l)) = softplus(l): exact
        # where the sigmoid itself would round to 0 or 1.
        return nd.Activation(-logits if target_is_real else logits, "softrelu").mean()

    def accuracy(self, fake_logits: nd.NDArray, real_logits: nd.NDArray) -> nd.NDArray:
        """Return the share of patches judged rightly, in [0, 1]; 0.5 is chance."""
        return 0.5 * ((fake_logits < self.threshold).mean()
                      + (real_logits >= self.threshold).mean())


class MultiscaleGANLoss:
    """The adversarial loss over several scales: ``gan(outputs, target_is_real)``.

    It is the sum of one `GANLoss` for each scale (Wang et al. 2018, equation 3).
    ``outputs`` is what the `MultiscaleDiscriminator` returns: for each scale the list
    of its activations, of which the last one, the logits, is judged here.

    Parameters
    ----------
    kind : {"lsgan", "bce"}
        As in `GANLoss`.
    num_d : int
        Number of scales.

    Attributes
    ----------
    threshold : float
        The output above which each discriminator says "real".
    balance : float
        The loss of ``num_d`` discriminators that cannot tell real from fake.
    """

    def __init__(self, kind: str = "lsgan", num_d: int = 2):
        if num_d < 1:
            raise ValueError(f"num_d={num_d} must be at least 1.")
        self.one_scale = GANLoss(kind)
        self.kind, self.threshold = kind, self.one_scale.threshold
        self.balance = num_d * self.one_scale.balance

    def __call__(self, outputs: Activations, target_is_real: bool) -> nd.NDArray:
        return nd.add_n(*(self.one_scale(activations[-1], target_is_real)
                          for activations in outputs))

    def accuracy(self, of_fake: Activations, of_real: Activations) -> nd.NDArray:
        """Return the share of patches judged rightly, averaged over the scales."""
        shares = [self.one_scale.accuracy(fake[-1], real[-1])
                  for fake, real in zip(of_fake, of_real, strict=True)]
        return nd.add_n(*shares) / len(shares)


def feature_matching(of_fake: Activations, of_real: Activations) -> nd.NDArray:
    """Return how far the discriminator's features of a fake are from a real photo's.

    The mean absolute difference of each activation but the logits, averaged over the
    layers and over the scales, times 4: the original code weighs each layer by
    ``4 / (n_layers + 1)`` and each scale by ``1 / num_d``, where equation 4 of Wang et
    al. 2018 has a plain sum. With the usual four layers it is that sum over the layers.

    The activations of the real photo are taken as they are: no gradient flows to them.

    Parameters
    ----------
    of_fake, of_real : sequence of sequence of NDArray
        What the `MultiscaleDiscriminator` returns for both.
    """
    distances = []
    for fake, real in zip(of_fake, of_real, strict=True):
        layers = [l1_loss(f, r.detach())
                  for f, r in zip(fake[:-1], real[:-1], strict=True)]
        distances.append(nd.add_n(*layers) * (4 / len(layers)))
    return nd.add_n(*distances) / len(distances)


def l1_loss(fake: nd.NDArray, real: nd.NDArray) -> nd.NDArray:
    """Return the mean absolute difference: on images in [-1, 1] from 0 to 2 (eq. 3)."""
    difference = fake - real
    # |d| = d sign(d), and the signs are constants. MXNet's abs, sign and mean take one
    # number after the other, which was a twentieth of a step.
    with autograd.pause():
        signs = (difference > 0) - (difference < 0)
    return nd.dot(difference.reshape(-1), signs.reshape(-1)) / difference.size
