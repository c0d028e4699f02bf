"""A history of generated images, so that the discriminator does not forget.

Shrivastava et al. 2017, section 2.3. pix2pix itself uses none (``pool_size=0``);
CycleGAN keeps 50.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from mxnet import nd


class ImagePool:
    """Keep up to ``pool_size`` images and show old ones instead of new, half the time.

    While the pool fills, every image is kept and returned. From then on each image is
    returned itself with probability 1/2; else it takes the place of a stored one, drawn
    uniformly from *all* slots, and that one is returned. But in a batch of several, one
    of another height or width would not fit beside the others: then the new one takes
    its place and is returned too.

    Parameters
    ----------
    pool_size : int
        Number of slots; 0 returns all images unchanged.
    seed : int
        Seed of the pool's own random numbers. Nothing else draws from them, so the
        sequence can be checked and is the same on every device.

    Attributes
    ----------
    images : list of NDArray
        The stored images, each ``(1, C, H, W)``.
    """

    def __init__(self, pool_size: int, seed: int = 0):
        if pool_size < 0:
            raise ValueError(f"pool_size={pool_size} must not be negative.")
        self.pool_size = pool_size
        self.images: list[nd.NDArray] = []
        self.rng = np.random.RandomState(seed)

    def query(self, images: nd.NDArray) -> nd.NDArray:
        """Return as many images as come in, some of them from the past.

        Parameters
        ----------
        images : NDArray
            ``(N, C, H, W)``: generated images; where D sees their condition, with it
            in front.

        Returns
        -------
        NDArray
            ``(N, C, H, W)``, cut off from any recorded graph.
        """
        images = images.detach()
        if self.pool_size == 0:
            return images
        new = [image.expand_dims(0) for image in images]
        shown = [self._exchange(image) for image in new]
        if len(new) > 1:
            shown = [old if old.shape == image.shape else image
                     for old, image in zip(shown, new)]
        return nd.concat(*shown, dim=0)

    def _exchange(self, image):
        if len(self.images) < self.pool_size:
            self.images.append(image)
            return image
        if self.rng.uniform() < 0.5:
            return image
        slot = self.rng.randint(self.pool_size)
        old, self.images[slot] = self.images[slot], image
        return old

    def __call__(self, *images: nd.NDArray) -> nd.NDArray:
        """Join the given images along the channels and `query` with the result."""
        joined = images[0] if len(images) == 1 else nd.concat(*images, dim=1)
        return self.query(joined)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all that the pool remembers, its random numbers included.

        ``image_0``, ``image_1``, ..., each ``(1, C, H, W)``; ``random_keys``,
        ``(624,) uint32``, and ``random_position``: where the Mersenne twister stands.
        """
        _, keys, position, *_ = self.rng.get_state()
        images = {f"image_{slot}": image.asnumpy()
                  for slot, image in enumerate(self.images)}
        return {**images, "random_keys": keys, "random_position": np.array(position)}

    def check(self, arrays: Mapping[str, np.ndarray], source: str) -> None:
        """Raise ValueError unless `restore` can take these arrays."""
        slots = range(len(arrays) - 2)
        if len(slots) > self.pool_size \
                or set(arrays) != {"random_keys", "random_position",
                                   *(f"image_{slot}" for slot in slots)} \
                or not _is_twister(arrays["random_keys"], arrays["random_position"]) \
                or not _are_images([arrays[f"image_{slot}"] for slot in slots]):
            raise ValueError(
                f"{source} does not fit a pool of {self.pool_size} images.")

    def restore(self, arrays: Mapping[str, np.ndarray], ctx=None) -> None:
        """Take the pool back to where `arrays` was called.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            What `arrays` returned.
        ctx : Context, optional
            Where the images will live.
        """
        images = (arrays[f"image_{slot}"] for slot in range(len(arrays) - 2))
        self.images = [nd.array(image, ctx=ctx, dtype=image.dtype) for image in images]
        self.rng.set_state(("MT19937", arrays["random_keys"],
                            int(arrays["random_position"]), 0, 0.0))


def _is_twister(keys, position):
    # NumPy itself does not look, and reads beyond the keys at another position.
    return (keys.shape == (624,) and keys.dtype == np.uint32 and position.shape == ()
            and position.dtype.kind in "iu" and 0 <= position <= 624)


def _are_images(images):
    # Of one number of channels; heights and widths differ where photos do.
    return len({image.shape[1:2] for image in images}) <= 1 and all(
        image.ndim == 4 and len(image) == 1 and image.dtype == np.float32
        and np.isfinite(image).all() for image in images)
