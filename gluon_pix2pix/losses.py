"""The two terms of the objective, and how well the discriminator tells apart.

Isola et al. 2017, equations 1 to 4. All return means over every element: scalars of
shape ``(1,)`` that are not read back, so nothing waits for them.
"""

from __future__ import annotations

from mxnet import nd


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


def l1_loss(fake: nd.NDArray, real: nd.NDArray) -> nd.NDArray:
    """Return the mean absolute difference: on images in [-1, 1] from 0 to 2 (eq. 3)."""
    return nd.abs(fake - real).mean()
