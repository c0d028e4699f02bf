"""What the networks of pix2pixHD see: labels, edges of objects, and their looks."""

from __future__ import annotations

from mxnet import nd

from .blocks import check_images, concat_channels
from .pix2pixhd_config import Pix2PixHDConfig
from .transforms import encode_input


def encode_batch(config: Pix2PixHDConfig, labels: nd.NDArray,
                 instances: nd.NDArray | None, ctx) -> nd.NDArray:
    """Make the discriminators' condition of a batch; see `Pix2PixHD.encode`.

    Raises
    ------
    ValueError
        If a shape is another, or instances are missing.
    """
    check_images(labels, 1 if config.label_nc else config.in_channels, "pix2pixHD")
    if not config.use_instances:
        instances = None
    elif instances is None:
        raise ValueError("This model sees the edges of objects, so it needs instances, "
                         "(N, 1, H, W), beside the labels.")
    elif instances.shape != (len(labels), 1, *labels.shape[2:]):
        raise ValueError(f"instances are {instances.shape} and labels {labels.shape}: "
                         "both must show the same pictures.")
    else:
        instances = instances.as_in_context(ctx)
    return encode_input(labels.as_in_context(ctx), instances, config.label_nc)


def check_photo(config: Pix2PixHDConfig, photo: nd.NDArray, labels: nd.NDArray) -> None:
    """Raise ValueError unless a photo belongs to its labels: by channels and size."""
    shape = (len(labels), config.out_channels, *labels.shape[2:])
    if photo.shape != shape:
        raise ValueError(f"The photos are {photo.shape} instead of {shape}: labels and "
                         "photos must show the same pictures.")


def check_size(model, height: int, width: int) -> None:
    """Refuse pictures that are too small to train on, before any step.

    Parameters
    ----------
    model : Pix2PixHD
        What is to be trained.
    height, width : int
        Of the pictures, in pixels.

    Raises
    ------
    ValueError
        If they are too small for a network.
    """
    model.netD.check_size(height, width)
    least = max(part.smallest for part in (model.netG, model.netE) if part)
    if min(height, width) < least:
        raise ValueError(
            f"Pictures of {width}x{height} pixels are too small to train on: this "
            f"model takes {least} rows and columns or more. Choose a larger size, or "
            "networks that halve less often (n_downsampling).")


def with_looks(config: Pix2PixHDConfig, encoded: nd.NDArray,
               looks: nd.NDArray | None) -> nd.NDArray:
    """Join the generator's input: what was encoded, and the looks of the objects.

    Parameters
    ----------
    config : Pix2PixHDConfig
        Has ``features`` and ``n_features``.
    encoded : NDArray
        ``(N, label_channels, H, W)``, as `encode_batch` returns it.
    looks : NDArray or None
        ``(N, n_features, H, W)``, for a model that has ``features``.

    Returns
    -------
    NDArray
        ``(N, generator_channels, H, W)``.

    Raises
    ------
    ValueError
        If looks are missing, misshapen, or nothing the model knows.
    """
    if config.features == "none":
        if looks is not None:
            raise ValueError("This model knows no looks of objects (features='none'): "
                             "leave them out.")
        return encoded
    if looks is None:
        raise ValueError(
            "This model paints objects by their looks: pass features, as an encoder, "
            "Styles or stored feature maps give them.")
    shape = (len(encoded), config.n_features, *encoded.shape[2:])
    if looks.shape != shape:
        raise ValueError(f"The looks are {looks.shape} instead of {shape}.")
    return concat_channels(nd, encoded, looks, (encoded.shape[1], looks.shape[1]))
