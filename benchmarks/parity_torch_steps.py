"""PyTorch's side of `parity.py`: one whole training step of each model.

Those of pix2pix and CycleGAN are the peers' of `step.py`, which do as the reference
implementation does. That of pix2pixHD is written out here: the peer does with fewer
passes.
"""

from __future__ import annotations

import parity_cases as cases
import torch
import torch_cyclegan
import torch_networks as networks
import torch_pix2pix
import torch_pix2pixhd
from task import Task
from torch import nn


def filled(net: nn.Module, name: str) -> nn.Module:
    """Give a network the weights that belong to its name."""
    shapes = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    arrays = cases.weights(name, shapes)
    net.load_state_dict({key: torch.tensor(array) for key, array in arrays.items()})
    return net


def pix2pix_step(width: int) -> dict:
    """Train pix2pix for a step without dropout."""
    training = torch_pix2pix.Training(Task("losses", size=cases.SQUARE, width=width))
    nets = {"G": filled(training.netG, "pix2pix G"),
            "D": filled(training.netD, "pix2pix D")}
    values = _values_a_channel(nets["G"])
    real = (torch.from_numpy(cases.noise(name, 1, 3, cases.SQUARE, cases.SQUARE))
            for name in ("real_in", "real_out"))
    told = dict(zip(("loss_D", "loss_G"), training(*real)))
    found = _step("pix2pix", nets, told)
    for name, array in nets["G"].state_dict().items():
        if name.endswith("running_mean"):
            found[f"statistics/running means/{name}"] = array
        if name.endswith("running_var"):
            before = torch.from_numpy(
                cases.weights("pix2pix G", {name: tuple(array.shape)})[name])
            count = values[name.removesuffix(".running_var")]
            moved = (array - 0.9 * before) * (count - 1) / count
            found[f"statistics/running variances/{name}"] = 0.9 * before + moved
    return found


def _values_a_channel(net):
    """Note over how many values each batch norm takes its statistics, when it runs."""
    values = {}

    def watch(name):
        def note(_, inputs):
            values[name] = inputs[0].numel() // inputs[0].shape[1]
        return note

    for name, layer in net.named_modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.register_forward_pre_hook(watch(name))
    return values


def cyclegan_step(width: int) -> dict:
    """Train CycleGAN for a step; its histories give what they get."""
    training = torch_cyclegan.Training(Task("losses", size=cases.SQUARE, width=width))
    nets = dict(zip(("G", "F", "D_A", "D_B"),
                    (*training.generators, *training.discriminators)))
    for name, net in nets.items():
        filled(net, f"CycleGAN {name}")
    real = (torch.from_numpy(cases.noise(name, 1, 3, cases.SQUARE, cases.SQUARE))
            for name in ("real_A", "real_B"))
    return _step("CycleGAN", nets, dict(zip(("loss_G", "loss_D_A", "loss_D_B"),
                                            training(*real))))


def hd_steps(width: int) -> dict:
    """Train pix2pixHD for a step: as it is, with an encoder, and a local enhancer."""
    sees = cases.LABELS + 1
    return {
        **_hd_step("pix2pixHD", width, networks.GlobalGenerator(sees, 3, width, 2, 1)),
        **_hd_step("pix2pixHD with encoder", width,
                   networks.GlobalGenerator(sees + 3, 3, width, 2, 1),
                   networks.Encoder(3, 3, width, 2)),
        **_hd_step("pix2pixHD, local enhancer", width,
                   networks.LocalEnhancer(sees, 3, width, 2, 1))}


def _hd_step(model, width, netG, netE=None):
    """Do as the reference does: discriminators see the fake for each loss anew."""
    netD = networks.MultiscaleDiscriminator(cases.LABELS + 1 + 3, width)
    nets = {"G": netG, "D": netD, "E": netE} if netE else {"G": netG, "D": netD}
    for name, net in nets.items():
        filled(net, f"{model} {name}")
    adam_G, adam_D = (
        torch.optim.Adam([weight for net in some for weight in net.parameters()], 2e-4,
                         (0.5, 0.999))
        for some in ([net for net in (netG, netE) if net], [netD]))
    labels, ids, photo = map(torch.from_numpy, (
        cases.labels(), cases.instances(1), cases.picture("photo")[:1]))
    x = torch_pix2pixhd.encode(labels.long(), ids, torch.contiguous_format)
    fake = netG(torch.cat([x, netE(photo, ids)], 1) if netE else x)
    of_detached, of_real, of_fake = (netD(torch.cat([x, image], 1))
                                     for image in (fake.detach(), photo, fake))
    loss_D = 0.5 * (torch_pix2pixhd.gan(of_detached, 0.0)
                    + torch_pix2pixhd.gan(of_real, 1.0))
    loss_gan = torch_pix2pixhd.gan(of_fake, 1.0)
    loss_feat = torch_pix2pixhd.matching(of_fake, of_real)
    loss_G = loss_gan + 10 * loss_feat
    for adam, loss in ((adam_G, loss_G), (adam_D, loss_D)):
        adam.zero_grad()
        loss.backward()
        adam.step()
    return _step(model, nets, {"loss_D": loss_D, "loss_G": loss_G, "loss_gan": loss_gan,
                               "loss_feat": loss_feat})


def _step(model, nets, told):
    found = {f"step losses/{model}/{name}": loss for name, loss in told.items()}
    for place, net in nets.items():
        for name, weight in net.named_parameters():
            found[f"gradients/{model}/{place}.{name}"] = weight.grad
            found[f"weights/{model}/{place}.{name}"] = weight
    return found
