"""Feature maps beside the photos of a data set, for trainings that have no encoder.

Wang et al. 2018 train the local enhancer at 2048x1024 on features that the encoder
found at half the size. A folder such as ``train_feat`` holds them, as pictures of the
photos' full size: in each the feature of an object, painted over its instance.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from . import durable
from .instance_features import check_looks, find_objects
from .label_instances import LabelInstanceImages
from .loaders import Loader
from .locking import only_one
from .network_states import parameter_arrays
from .pictures import common_stem, read_ids
from .pix2pixhd_config import Pix2PixHDConfig
from .progress_bar import progress_bar
from .transforms import resize_ids, to_uint8

NOTE = ".features.json"  # hidden, as it is no picture


def precompute_features(model, folder: str | Path, split: str = "train", *,
                        overwrite: bool = False, progress: bool = True) -> Path:
    """Store the looks of all objects of a split: ``<split>_feat``, beside its photos.

    The encoder sees photos at the size it was trained at. An object that vanishes
    there is painted with what is seen in its place.

    The folder is there when all of it is. What was done before an interruption is not
    done again.

    Parameters
    ----------
    model : Pix2PixHD or LabelTranslator
        One with an encoder.
    folder : str or Path
        The data set.
    split : str
        ``"train"`` or ``"test"``.
    overwrite : bool
        Whether features of another encoder, or of other photos, may be replaced.
    progress : bool
        Show a bar.

    Returns
    -------
    Path
        The folder of the feature maps.

    Raises
    ------
    FileNotFoundError
        If photos or instance maps are missing.
    ValueError
        If the model has no encoder, or as many features as no picture has channels.
    FileExistsError
        If there are features of another origin.
    SaveError
        If the folder cannot be written to.
    RunInUseError
        If another process is at it.
    """
    config = model.config
    check_looks(config)
    if config.n_features not in (1, 3):
        raise ValueError("Feature maps are stored as pictures, which have 1 channel or "
                         f"3, and this model has n_features={config.n_features}: train "
                         "one with 3.")
    dataset = LabelInstanceImages(folder, split, whole_pictures(config), train=False)
    folder = dataset.folder / f"{split}_feat"
    data = dataset.identity()
    del data["name"]  # a folder may be called otherwise now
    origin = {"encoder": _digest(model.netE), "data": data}
    with durable.explained(folder), only_one(
            folder.with_name(f".{folder.name}.lock"), refusing="Another process is "
            f"writing {folder}: wait for it, or end it."):
        durable.bring_back(folder)
        if folder.exists():
            if _origin(folder) == origin:
                return folder
            if not overwrite:
                raise FileExistsError(
                    f"{folder} holds features of another encoder, or of other photos: "
                    "to replace them, add --overwrite (overwrite=True).")
        _fill(folder.with_name(f".{folder.name}.part"), model, dataset, origin,
              f"{split} features", progress)
        with durable.whole_folder(folder) as empty:
            os.rename(folder.with_name(f".{folder.name}.part"), empty)
    return folder


def whole_pictures(config: Pix2PixHDConfig) -> Pix2PixHDConfig:
    """Return a configuration that reads whole pictures at the scale of the training."""
    if config.resize_mode == "crop":
        return config.replace(resize_mode="none")
    if config.resize_mode == "scale_width_and_crop":
        steps = max(1, round(config.load_size / config.multiple_of))
        return config.replace(resize_mode="scale_width",
                              size=steps * config.multiple_of)
    return config


def _fill(part, model, dataset, origin, description, progress):
    """Write what is still missing in a folder that is not finished."""
    if _origin(part) != origin:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        durable.write_text(part / NOTE, json.dumps(origin, indent=2) + "\n")
    paths = [part / f"{common_stem(files.labels)}.png" for files in dataset.paths]
    # They are written in order, each whole or not at all.
    done = next((number for number, path in enumerate(paths) if not path.exists()),
                len(paths))
    batches = Loader(dataset, batch_size=1, shuffle=False).from_batch(done)
    with progress_bar(len(paths), description, "picture", done=done, shown=progress
                      ) as bar:
        for path, files, (_, instances, photo, *_) in zip(
                paths[done:], dataset.paths[done:], batches):
            features = model.features_of(photo, instances).asnumpy()[0]
            painted = enlarged(features, instances.asnumpy()[0, 0],
                               read_ids(files.instances))
            durable.replace_bytes(path, _png(to_uint8(painted)))
            bar.update()


def enlarged(features: np.ndarray, instances: np.ndarray, large: np.ndarray,
             ) -> np.ndarray:
    """Paint the features of objects over the same objects in a larger map.

    Parameters
    ----------
    features : ndarray
        ``(C, h, w)``, the same all over an object.
    instances : ndarray
        The object of each pixel, ``(h, w)``.
    large : ndarray
        The same at another size, ``(H, W)``.

    Returns
    -------
    ndarray
        ``(C, H, W) float32``. Objects that are in the larger map only get the mean of
        what is in their place in the smaller one.
    """
    small = find_objects(np.zeros_like(instances), instances)
    objects = find_objects(np.zeros_like(large), large)
    height, width = large.shape
    in_place = resize_ids(features.transpose(1, 2, 0), width, height)
    values = objects.means(in_place.transpose(2, 0, 1))
    # Both are in the order of their ids.
    values[np.isin(objects.instance, small.instance)] = small.means(features)[
        np.isin(small.instance, objects.instance)]
    return objects.spread(values)


def _png(picture):
    file = io.BytesIO()
    grey = picture.shape[2] == 1
    Image.fromarray(picture[:, :, 0] if grey else picture).save(file, format="PNG")
    return file.getvalue()


def _origin(folder):
    """Read what the features of a folder come from; None if it does not say."""
    try:
        return json.loads((folder / NOTE).read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _digest(net):
    """Return the SHA-256 of a network's weights."""
    digest = hashlib.sha256()
    for name, array in sorted(parameter_arrays(net).items()):
        digest.update(name.encode() + array.tobytes())
    return digest.hexdigest()
