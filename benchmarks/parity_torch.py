"""PyTorch's side of `parity.py`: ``python parity_torch.py WIDTH FILE`` writes results.

A mapping of names to arrays, as `parity_ours.results` returns them.
"""

from __future__ import annotations

import functools
import sys

import numpy as np
import parity_cases as cases
import torch
import torch_cyclegan
import torch_networks as networks
import torch_pix2pix
import torch_pix2pixhd
from parity_torch_steps import cyclegan_step, filled, hd_steps, pix2pix_step
from torch import nn
from torch.nn.functional import l1_loss


def results(width: int) -> dict[str, np.ndarray]:
    """Compute all results, with networks of so many channels behind the first layer."""
    found = {}
    for part in (forwards, pix2pix_step, cyclegan_step, hd_steps):
        found.update(part(width))
    for part in (losses, vgg_loss, adam, schedules, pool, pooling):
        found.update(part())
    return {name: _array(value) for name, value in found.items()}


def _array(value):
    return (value.detach().numpy() if isinstance(value, torch.Tensor)
            else np.asarray(value))


def forwards(width: int) -> dict:
    """Run the eight networks, those with batch norm in both modes."""
    x, pair, layers = (
        torch.from_numpy(cases.picture(name, channels))
        for name, channels in (("x", 3), ("pair", 6), ("layers", 5)))
    found = {}
    for net, seen in ((networks.UnetGenerator(3, 3, 5, width), x),
                      (networks.Discriminator(6, width), pair),
                      (networks.PixelDiscriminator(6, width), pair)):
        name = type(net).__name__
        filled(net, name)
        # Predict mode first: in the other the running statistics move.
        found[f"forward/{name}/running statistics"] = net.eval()(seen)
        found[f"forward/{name}/own statistics"] = net.train()(seen)
    for net, seen in (
            (networks.ResnetGenerator(3, ngf=width, n_blocks=2), x),
            (networks.GlobalGenerator(5, ngf=width, downs=3, n_blocks=2), layers),
            (networks.LocalEnhancer(5, ngf=width, downs=3, n_blocks=2), layers)):
        name = type(net).__name__
        found[f"forward/{name}/output"] = filled(net, name)(seen)
    encoder = filled(networks.Encoder(ngf=width, downs=3), "Encoder")
    found["forward/Encoder/output"] = encoder(x, torch.from_numpy(cases.instances()))
    multiscale = networks.MultiscaleDiscriminator(6, width, num_d=3)
    filled(multiscale, "MultiscaleDiscriminator")
    for scale, activations in enumerate(multiscale(pair)):
        for number, activation in enumerate(activations):
            found[f"forward/MultiscaleDiscriminator/{scale}.{number}"] = activation
    return found


def losses() -> dict:
    """Compute the losses and their gradients."""
    logits = torch.from_numpy(cases.noise("logits", 2, 1, 6, 6, scale=20))
    fakes, reals = ([[torch.from_numpy(array) for array in scale]
                     for scale in cases.activations(name)] for name in ("fake", "real"))
    fake, real = (torch.from_numpy(cases.picture(name)) for name in ("fake", "real"))
    found = {}
    for target, kind in ((1.0, "real"), (0.0, "fake")):
        for name, gan in (("bce", torch_pix2pix.gan), ("lsgan", torch_cyclegan.gan)):
            found.update(_loss(f"GAN {name}, {kind}",
                               functools.partial(gan, target=target), logits))
        found.update(_loss(f"multiscale lsgan, {kind}", lambda *x, target=target:
                           torch_pix2pixhd.gan([[logits] for logits in x], target),
                           *(scale[-1] for scale in fakes)))
    count = len(fakes[0])
    found.update(_loss("feature matching", lambda *flat: torch_pix2pixhd.matching(
        [flat[:count], flat[count:]], reals), *(x for scale in fakes for x in scale)))
    found.update(_loss("L1", lambda x: l1_loss(x, real), fake))
    return found


def vgg_loss() -> dict:
    """Compute the distance between features of VGG19, with random weights."""
    net = VGG19()
    net.load_state_dict({name: torch.from_numpy(array)
                         for name, array in cases.vgg_weights().items()})
    fake, real = (torch.from_numpy(cases.picture(name)[:1])
                  for name in ("fake", "real"))
    of_real = [seen.detach() for seen in net(real)]
    scales = 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1
    return _loss("VGG19", lambda x: sum(
        scale * l1_loss(*pair) for scale, *pair in zip(scales, net(x), of_real)), fake)


class VGG19(nn.Module):
    """Five activations of VGG19, of pictures normalised as those it is trained on."""

    def __init__(self):
        super().__init__()
        layers, before = [], 3
        for place, channels in cases.VGG.items():
            if len(layers) < place:
                layers.append(nn.MaxPool2d(2))
            layers += [nn.Conv2d(before, channels, 3, 1, 1), nn.ReLU()]
            before = channels
        self.features = nn.Sequential(*layers)

    def forward(self, x):
        mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in
                           ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
        x, found = ((x + 1) / 2 - mean) / deviation, []
        for place, layer in enumerate(self.features):
            x = layer(x)
            if place in (1, 6, 11, 20, 29):
                found.append(x)
        return found


def _loss(name, function, *arrays):
    arrays = [array.clone().requires_grad_() for array in arrays]
    value = function(*arrays)
    value.backward()
    # The logits have no part in feature matching.
    gradients = [torch.zeros_like(array) if array.grad is None else array.grad
                 for array in arrays]
    return {f"loss/{name}/value": value,
            f"loss/{name}/gradient": torch.cat([g.flatten() for g in gradients])}


def adam() -> dict:
    """Update weights by given gradients."""
    weight = torch.from_numpy(cases.noise("weight", 8, 4)).requires_grad_()
    optimiser = torch.optim.Adam([weight], 2e-4, (0.5, 0.999))
    for step in range(10):
        weight.grad = torch.from_numpy(cases.noise(f"gradient {step}", 8, 4))
        optimiser.step()
    return {"adam/10 steps/weight": weight}


def schedules() -> dict:
    """List the learning rates of all epochs, by the references' rules.

    That of pix2pix and CycleGAN is the one of before July 2020: it changes the rate at
    the end of an epoch.
    """
    found = {}
    for epochs, decay in cases.SCHEDULES:
        adam = torch.optim.Adam([torch.zeros(1, requires_grad=True)], 2e-4)
        rule = torch.optim.lr_scheduler.LambdaLR(
            adam, lambda epoch, epochs=epochs, decay=decay:
            1 - max(0, epoch + 1 - epochs) / (decay + 1))
        rates = []
        for _ in range(epochs + decay):
            rates.append(adam.param_groups[0]["lr"])
            adam.step()
            rule.step()
        found[f"schedule/pix2pix and CycleGAN/{epochs}+{decay}"] = rates
    epochs, decay = cases.SCHEDULES[0]
    rates = [2e-4]
    for epoch in range(1, epochs + decay):  # it falls at the end of an epoch
        rates.append(rates[-1] - (2e-4 / decay if epoch > epochs else 0))
    found[f"schedule/pix2pixHD/{epochs}+{decay}"] = rates
    return found


def pool() -> dict:
    """Ask a history of pictures, which draws its random numbers as ours does."""
    random, kept, given = np.random.RandomState(0), [], []
    for number in range(cases.QUERIES):
        if len(kept) < cases.POOL:
            kept.append(number)
        elif random.uniform() >= 0.5:
            slot = random.randint(cases.POOL)
            kept[slot], number = number, kept[slot]
        given.append(number)
    return {"pool/ImagePool/pictures": given}


def pooling() -> dict:
    """Average features over objects, and take the gradient back."""
    ids = torch.from_numpy(cases.instances())
    features = torch.from_numpy(cases.picture("features")).requires_grad_()
    means = torch_pix2pixhd.instance_mean(features, ids)
    means.backward(torch.from_numpy(cases.picture("gradient")))
    return {"pooling/instance_mean/value": means,
            "pooling/instance_mean/gradient": features.grad}


if __name__ == "__main__":
    np.savez(sys.argv[2], **results(int(sys.argv[1])))
