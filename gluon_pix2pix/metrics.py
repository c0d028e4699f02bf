"""How close generated pictures come to the real ones, pixel by pixel.

All take images ``(C, H, W)`` in [-1, 1], as the networks give and the data sets hold
them. None sees what a person sees: a blurred picture beats a crisp one in L1 and PSNR
wherever the input leaves several answers open. Scores that read pictures are in
`segmentation_scores` and `frechet`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mxnet import nd

# scikit-image is imported by the functions that need it: together with SciPy it takes
# half as long as `import gluon_pix2pix`, which most commands do without.

_WINDOW = 11  # pixels: the Gaussian of SSIM, sigma 1.5, cut off at 3.5 sigma


def mean_l1(model, dataset, sample: bool = True) -> float:
    """Return the mean absolute difference over a data set, on images in [-1, 1].

    Parameters
    ----------
    model : Pix2Pix or OnePicture
        Has ``translate(real_in, sample)``.
    dataset : PairedImages or sequence of pairs
        Pairs without jitter.
    sample : bool
        As in `Pix2Pix.translate`: dropout on and batch statistics, as in the paper.

    Returns
    -------
    float
        From 0 (equal) to 2. It rewards blur: of several plausible pictures their mean
        scores best, and looks worst.
    """
    errors = []
    for index in range(len(dataset)):
        real_in, real_out = dataset[index]
        fake_out = model.translate(nd.array(real_in[None]), sample).asnumpy()[0]
        errors.append(np.abs(fake_out - real_out).mean())
    return float(np.mean(errors))


def l1(fake, real) -> float:
    """Return the mean absolute difference of two images, from 0 to 2."""
    fake, real = _two(fake, real)
    return float(np.abs(fake - real).mean())


def psnr(fake, real) -> float:
    """Return the peak signal-to-noise ratio of two images, in decibels.

    ``10 log10(2**2 / mean squared difference)``, 2 being the range of [-1, 1]: 0 for
    black against white, infinite for equal images. It is the squared difference on
    another scale, which an outlier hurts most and blur hurts little.
    """
    from skimage.metrics import peak_signal_noise_ratio

    fake, real = _two(fake, real)
    with np.errstate(divide="ignore"):  # equal images
        return float(peak_signal_noise_ratio(real, fake, data_range=2))


def ssim(fake, real) -> float:
    """Return the structural similarity of two images (Wang et al. 2004).

    Means, variances and covariance of both images are compared in windows of 11x11
    pixels, weighted by a Gaussian of 1.5 pixels, with K1 = 0.01 and K2 = 0.03. The
    result is the mean over the channels, and over all windows that lie inside: so half
    a window at each border counts less.

    Returns
    -------
    float
        1 for equal images, about 0 for unrelated ones, below 0 for a negative. It sees
        contrast and edges in their places. A texture shifted by some pixels, which
        nobody would notice, scores like noise, and where the real image is flat, the
        least grain costs nearly everything.

    Raises
    ------
    ValueError
        If the images are smaller than a window.
    """
    from skimage.metrics import structural_similarity

    # Its ratio of means takes black for 0. On [-1, 1] a negative would score like the
    # image itself, and greys around 0 like noise.
    fake, real = (image / 2 + 0.5 for image in _two(fake, real))
    if min(real.shape[1:]) < _WINDOW:
        raise ValueError(
            f"SSIM compares windows of {_WINDOW}x{_WINDOW} pixels, and an image of "
            f"{real.shape[2]}x{real.shape[1]} holds none: take larger images.")
    return float(structural_similarity(
        real, fake, data_range=1, channel_axis=0, gaussian_weights=True, sigma=1.5,
        use_sample_covariance=False))


def diversity(samples: Sequence) -> float:
    """Return how far several answers to one input differ: their mean pairwise L1.

    Parameters
    ----------
    samples : sequence of images
        Two or more, ``(C, H, W)`` in [-1, 1].

    Returns
    -------
    float
        From 0 (all equal) to 2. It says nothing of their quality: noise is diverse.

    Raises
    ------
    ValueError
        If there are fewer than two.
    """
    if len(samples) < 2:
        raise ValueError("Diversity is a matter of two samples or more.")
    return float(np.mean([l1(first, second) for index, first in enumerate(samples)
                          for second in samples[:index]]))


class OnePicture:
    """A translator that answers every input with one and the same picture.

    What it scores is what can be had without looking at the input. The picture is the
    median of the training targets, pixel by pixel: no other single picture has a
    smaller mean L1 on them. A model's L1 divided by that of this one, on the same
    held-out pairs, no longer depends on the contrast of the domain.

    Parameters
    ----------
    pairs : PairedImages or sequence of pairs
        Training pairs without jitter.
    most : int
        Take so many of them, evenly spread.

    Attributes
    ----------
    picture : ndarray
        ``(C, H, W) float32 in [-1, 1]``.

    Raises
    ------
    ValueError
        If there is no pair.
    """

    def __init__(self, pairs, most: int = 200):
        count = min(most, len(pairs))
        if count < 1:
            raise ValueError("One picture for all is made from pairs: there are none.")
        chosen = np.arange(count) * len(pairs) // count
        targets = [pairs[int(index)][1] for index in chosen]
        self.picture = np.median(targets, axis=0).astype(np.float32)

    def translate(self, real_in: nd.NDArray, sample: bool = True) -> nd.NDArray:
        """Return the picture for each of ``(N, C, H, W)`` inputs, whatever they are."""
        return nd.array(np.repeat(self.picture[None], len(real_in), axis=0))


def _two(fake, real):
    """Return two images as float64, refusing any but two of one shape (C, H, W)."""
    fake, real = (image.asnumpy() if hasattr(image, "asnumpy") else np.asarray(image)
                  for image in (fake, real))
    if fake.shape != real.shape or fake.ndim != 3:
        raise ValueError("Two images of one shape (C, H, W) can be compared, not "
                         f"{fake.shape} and {real.shape}.")
    return fake.astype(np.float64), real.astype(np.float64)
