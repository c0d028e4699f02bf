"""Coarse to fine: a training begins with the weights of one at half the size.

Wang et al. 2018, section 3.2: first the global generator learns, then a local enhancer
around it, and at last both together.
"""

from __future__ import annotations

from pathlib import Path

from .checkpoint_files import read_arrays
from .configs import read_config
from .network_states import check_parameters, parameter_arrays, set_parameters
from .pix2pixhd import Pix2PixHD
from .run_checkpoints import find_checkpoint

# What makes weights of one network fit another.
_FIELDS = ("label_nc", "use_instances", "in_channels", "out_channels", "n_downsampling",
           "n_blocks", "n_enhancers", "n_blocks_local", "norm", "upsampling", "ndf",
           "n_layers", "nef", "n_downsampling_encoder", "features", "n_features")


def start_from(model: Pix2PixHD, folder: str | Path) -> dict[str, str]:
    """Begin a training with the weights of another, mostly one at half the size.

    A global generator becomes the global part of a local enhancer. Discriminators are
    taken over scale by scale, from the coarsest on: at twice the size, with one scale
    more for the finest details, each goes on with pictures of the size it knows. An
    encoder goes on learning. Whatever has no predecessor keeps its initial weights, and
    all optimisers begin anew.

    Parameters
    ----------
    model : Pix2PixHD
        What is to be trained; its weights are replaced.
    folder : str or Path
        A run of a pix2pixHD, or a checkpoint.

    Returns
    -------
    dict of str to str
        What was taken over, by the name of the network.

    Raises
    ------
    FileNotFoundError, CheckpointError
        If there is no checkpoint, or it is damaged.
    ValueError
        If its networks do not fit; nothing is changed then.
    """
    checkpoint = find_checkpoint(folder, whole=False)
    config = read_config(checkpoint / "config.json")
    if config.model != model.config.model:
        raise ValueError(f"{folder} is a run of {config.model}: only a pix2pixHD can "
                         "begin with the weights of another.")
    taken, told = {}, {}
    for name, net in model.networks.items():
        if not (checkpoint / f"{name}.npz").is_file():
            if name == "generator":
                raise FileNotFoundError(f"There is no file {checkpoint / name}.npz.")
            continue
        own = parameter_arrays(net)
        arrays = _renamed(name, read_arrays(checkpoint / f"{name}.npz"), config,
                          model.config)
        part, told[name] = _predecessor(name, own, config, model.config)
        arrays, expected = ({place: array for place, array in those.items()
                             if part is None or place in part}
                            for those in (arrays, own))
        if _shapes(arrays) != _shapes(expected):
            raise ValueError(
                f"The {name} of {folder} does not fit (there -> here): "
                f"{_differences(config, model.config)}. Train with the same numbers.")
        taken[name] = {**own, **arrays}
        check_parameters(net, taken[name], str(checkpoint / f"{name}.npz"))
    for name, arrays in taken.items():
        set_parameters(model.networks[name], arrays)
    return told


def _renamed(name, arrays, config, wanted):
    """Name the arrays of a network as they are called in the one that begins."""
    if name != "generator" or config.generator == wanted.generator:
        return arrays
    if wanted.generator == "global":
        raise ValueError("A global generator cannot begin with a local enhancer's "
                         "weights: choose a run of a global one.")
    return {"trunk." + place.removeprefix("model."): array
            for place, array in arrays.items()}


def _predecessor(name, own, config, wanted):
    """Return the places that have a predecessor, and what to say of them.

    None are all places: then both networks must have the same ones.
    """
    if name == "generator" and config.generator != wanted.generator:
        return {place for place in own if place.startswith("trunk.")}, "its global part"
    if name == "discriminator" and config.num_d != wanted.num_d:
        scales = min(config.num_d, wanted.num_d)
        return ({place for place in own if _scale(place) < scales},
                f"{scales} of {wanted.num_d} scales")
    return None, "all of it"


def _shapes(arrays):
    return {place: array.shape for place, array in arrays.items()}


def _scale(place):
    """Tell the scale from the place of a discriminator's parameter: 0 the coarsest."""
    return int(place.split(".")[1])


def _differences(config, wanted):
    """List the numbers in which networks differ that should be alike."""
    return ", ".join([f"{field} {getattr(config, field)} -> {getattr(wanted, field)}"
                      for field in _FIELDS
                      if getattr(config, field) != getattr(wanted, field)]
                     + _widths(config, wanted)) or "other names or shapes of weights"


def _widths(config, wanted):
    """Compare the widths of global parts: a local enhancer's is twice its ngf."""
    def width(numbers):
        local = numbers.generator == "local"
        return numbers.ngf * 2 ** (numbers.n_enhancers * local)

    there, here = width(config), width(wanted)
    return [] if there == here else [
        f"ngf {config.ngf} -> {wanted.ngf}, of which the global part makes {here} "
        f"instead of {there}"]
