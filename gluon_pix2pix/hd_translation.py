"""Painting label maps with a generator of pix2pixHD, without changing it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mxnet import Context, gluon, nd

from .blocks import check_images, mirrored
from .hd_inputs import encode_batch, with_looks
from .pix2pixhd_config import Pix2PixHDConfig
from .run_checkpoints import run_of
from .translation import apply, context_of, translate

if TYPE_CHECKING:
    from .styles import Styles


def styles_file(folder: str | Path) -> Path:
    """Return where the looks for a run, or for a checkpoint of it, are kept."""
    return run_of(Path(folder)) / "styles.npz"


class LabelTranslator:
    """All that pix2pixHD paints label maps with: generator, encoder, and known looks.

    Parameters
    ----------
    netG : HybridBlock
        The generator.
    config : Pix2PixHDConfig
        What it was trained as.
    netE : HybridBlock, optional
        The encoder of objects' looks, for `features_of`.
    styles : Styles, optional
        Looks found in the training set; kept for those who paint.
    """

    def __init__(self, netG: gluon.HybridBlock, config: Pix2PixHDConfig,
                 netE: gluon.HybridBlock | None = None, styles: Styles | None = None):
        self.netG, self.config, self.netE = netG, config, netE
        self.styles = styles

    @classmethod
    def load(cls, folder: str | Path, ctx=None, with_styles: bool = True,
             ) -> LabelTranslator:
        """Load what translates from a checkpoint or a run folder.

        The discriminators are left aside. All is computed in float32.

        Parameters
        ----------
        folder : str or Path
            A checkpoint, or a run folder.
        ctx : Context or str, optional
            Where the networks will live.
        with_styles : bool
            Read the looks that ``encode-features`` found, if there are any.

        Raises
        ------
        FileNotFoundError, CheckpointError, ValueError
            If a file is missing or damaged, or does not fit the configuration, or it is
            another kind of model; it is named.
        """
        # Not above: the model of a checkpoint translates with this class.
        from .checkpoint import load_translating
        from .styles import Styles

        config, networks = load_translating(folder, ctx)
        if config.model != Pix2PixHDConfig.model:
            raise ValueError(f"{folder} holds a {config.model}, which paints no label "
                             "maps: load it with load_generator.")
        if config.generator == "local":
            # Compiled, all arrays of a pass are there at once, and the largest are
            # copied whole: 4.3 GB instead of 2.7 for pictures of 2048x1024, in little
            # more than half of the time.
            networks["generator"].hybridize(False)
        path, netE = styles_file(folder), networks.get("encoder")
        styles = Styles.load(path, netE) if with_styles and path.is_file() else None
        return cls(networks["generator"], config, netE, styles)

    @property
    def ctx(self) -> Context:
        """The device of the networks."""
        return context_of(self.netG)

    def translate(self, labels: nd.NDArray, instances: nd.NDArray | None = None,
                  features: nd.NDArray | None = None) -> nd.NDArray:
        """Paint label maps of any size; the networks stay as they are.

        Sides that are no multiple of what the generator halves are continued by their
        mirror image, and the result is cropped.

        Parameters
        ----------
        labels : NDArray
            ``(N, 1, H, W)``, the class of each pixel; where ``label_nc`` is 0, pictures
            ``(N, in_channels, H, W) float32 in [-1, 1]``.
        instances : NDArray, optional
            ``(N, 1, H, W)``, the object of each pixel, for a model that sees edges.
        features : NDArray, optional
            ``(N, n_features, H, W) float32``, the looks of the objects, for a model
            that has ``features``: from `features_of`, `Styles.features` or a file.

        Returns
        -------
        NDArray
            ``(N, out_channels, H, W)`` in (-1, 1), on the networks' device.

        Raises
        ------
        ValueError
            If a shape is another, or instances or looks are missing.
        """
        if features is not None:
            features = features.as_in_context(self.ctx)
        # Without a name, what was encoded is gone before the generator begins: 302 MB
        # of a picture of 2048x1024.
        return translate(self.netG, with_looks(
            self.config, encode_batch(self.config, labels, instances, self.ctx),
            features))

    def features_of(self, photo: nd.NDArray, instances: nd.NDArray) -> nd.NDArray:
        """Encode the looks of the objects in photos (section 3.4).

        Parameters
        ----------
        photo : NDArray
            ``(N, C, H, W) float32 in [-1, 1]``.
        instances : NDArray
            ``(N, 1, H, W)``, the object of each pixel.

        Returns
        -------
        NDArray
            ``(N, n_features, H, W) float32`` in [-1, 1], the same all over an object.

        Raises
        ------
        ValueError
            If there is no encoder, or a shape is another.
        """
        if self.netE is None:
            raise ValueError("This model has no encoder, which sees the looks of "
                             "objects in photos: train one with features='encoder'.")
        check_images(photo, self.netE.in_channels, "The encoder")
        height, width = photo.shape[2:]
        if instances is None:
            raise ValueError("The encoder averages over objects: pass instances, "
                             "(N, 1, H, W), beside the photos.")
        if instances.shape != (len(photo), 1, height, width):
            raise ValueError(f"instances are {instances.shape} and photos {photo.shape}"
                             ": both must show the same pictures.")
        photo, instances = (mirrored(part, 2 ** self.netE.num_downs, self.netE.smallest)
                            for part in (photo, instances))
        return apply(self.netE, photo, instances)[:, :, :height, :width]
