"""pix2pix in PyTorch, to compare with: same networks, losses, optimiser, precision.

``step.py`` runs it in a process of its own (see `task.py`). Layers are nested as in
`gluon_pix2pix`, so that the weights of one side fit the other by name. It does what
makes PyTorch fast: activations in place, no gradients for D's weights in the
generator's turn, and what its variant names, words between commas:

- ``fused Adam``: one kernel for all of Adam instead of one for each operation
- ``channels_last``: activations and weights with the channels innermost
- ``compiled``: through `torch.compile`; in inference with constant weights
- ``TorchScript``: in inference, traced, frozen and optimised
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from measure import serve
from task import Task
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss


class Unit(nn.Module):
    """One level of the U-Net around the next smaller one."""

    def __init__(self, inner, outer, inside=None, colours=None, dropout=False):
        super().__init__()
        outermost = colours is not None
        down = nn.Conv2d(colours or outer, inner, 4, 2, 1, bias=False)
        up = nn.ConvTranspose2d(inner * (2 if inside else 1), colours or outer, 4, 2, 1,
                                bias=outermost)
        layers = [] if outermost else [nn.LeakyReLU(0.2, inplace=True)]
        layers.append(down)
        if inside is not None:
            layers += [inside] if outermost else [nn.BatchNorm2d(inner), inside]
        layers += [nn.ReLU(inplace=True), up]
        layers.append(nn.Tanh() if outermost else nn.BatchNorm2d(outer))
        if dropout:
            layers.append(nn.Dropout(0.5))
        self.model, self.outermost = nn.Sequential(*layers), outermost

    def forward(self, x):
        # The activation in place has changed x already where it is skipped; the one
        # behind the concatenation would have done the same to it.
        inside = self.model(x)
        return inside if self.outermost else torch.cat([x, inside], 1)


class Generator(nn.Module):
    """The U-Net, 3 colours to 3."""

    def __init__(self, num_downs: int, width: int, dropout: bool = True):
        super().__init__()
        unit = Unit(8 * width, 8 * width)
        for _ in range(num_downs - 5):
            unit = Unit(8 * width, 8 * width, unit, dropout=dropout)
        for factor in (4, 2, 1):
            unit = Unit(2 * factor * width, factor * width, unit)
        self.model = Unit(width, width, unit, colours=3)

    def forward(self, x):
        return self.model(x)


class Discriminator(nn.Module):
    """The PatchGAN of 70 pixels."""

    def __init__(self, width: int):
        super().__init__()
        layers = [nn.Conv2d(6, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
        for factor, stride in ((1, 2), (2, 2), (4, 1)):
            layers += [nn.Conv2d(factor * width, 2 * factor * width, 4, stride, 1,
                                 bias=False),
                       nn.BatchNorm2d(2 * factor * width),
                       nn.LeakyReLU(0.2, inplace=True)]
        self.model = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))

    def forward(self, x, y):
        return self.model(torch.cat([x, y], 1))


def gan(logits: torch.Tensor, target: float) -> torch.Tensor:
    """Return the adversarial loss."""
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


class Training:
    """Networks and optimisers, and a step with one generator forward."""

    def __init__(self, task: Task):
        words = task.variant.split(", ")
        layout = (torch.channels_last if "channels_last" in words
                  else torch.contiguous_format)
        self.netG = Generator(task.num_downs, task.width, task.work == "training")
        self.netD = Discriminator(task.width)
        for net in (self.netG, self.netD):
            _initialise(net)
            net.to(memory_format=layout)
        self.optimisers = [
            torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999),
                             fused="fused Adam" in words)
            for net in (self.netG, self.netD)]
        if "compiled" in words:
            self.netG.compile()
            self.netD.compile()

    def __call__(self, real_in: torch.Tensor, real_out: torch.Tensor) -> tuple:
        """Update D, then G; return D's and G's loss."""
        netG, netD = self.netG, self.netD
        fake_out = netG(real_in)

        netD.requires_grad_(True)
        loss_D = 0.5 * (gan(netD(real_in, fake_out.detach()), 0.0)
                        + gan(netD(real_in, real_out), 1.0))
        self._update(1, loss_D)

        netD.requires_grad_(False)
        loss_G = gan(netD(real_in, fake_out), 1.0) + 100 * l1_loss(fake_out, real_out)
        self._update(0, loss_G)
        return loss_D.detach(), loss_G.detach()

    def _update(self, which, loss):
        self.optimisers[which].zero_grad()
        loss.backward()
        self.optimisers[which].step()


def _initialise(net):
    for name, weight in net.named_parameters():
        if weight.ndim > 1:
            nn.init.normal_(weight, 0, 0.02)
        elif name.endswith("weight"):
            nn.init.normal_(weight, 1, 0.02)
        else:
            nn.init.zeros_(weight)


def translation(task: Task, real_in: torch.Tensor) -> torch.nn.Module:
    """Build a generator that translates, as the variant says."""
    net = Generator(task.num_downs, task.width).eval()
    _initialise(net)
    if task.variant == "channels_last":
        return net.to(memory_format=torch.channels_last)
    if task.variant == "compiled":
        from torch._inductor import config

        config.freezing = True
        net.compile()
    if task.variant == "TorchScript":
        return torch.jit.optimize_for_inference(torch.jit.trace(net, real_in))
    return net


def losses(training: Training, folder: Path, steps: int) -> list[list[float]]:
    """Do what the function of this name in `our_pix2pix` does, with its weights."""
    counts = []
    for name, net in {"generator": training.netG,
                      "discriminator": training.netD}.items():
        stored = np.load(folder / f"{name}.npz")
        names = {key: key.replace("gamma", "weight").replace("beta", "bias")
                 for key in stored.files}
        net.load_state_dict({**net.state_dict(), **{
            names[key]: torch.from_numpy(stored[key]) for key in stored.files}})
        counts.append(sum(weight.numel() for weight in net.parameters()))
    batch = np.load(folder / "batch.npz")
    batch = [torch.from_numpy(batch[key]) for key in batch.files]
    return [counts] + [[loss.item() for loss in training(*batch)]
                       for _ in range(steps)]


def main() -> None:
    """Do what is asked for."""
    task = Task.asked()
    torch.set_num_threads(task.threads)
    if task.work == "losses":
        print(json.dumps(losses(Training(task), Path(task.folder), task.repeats)))
        return
    batch = [2 * torch.rand(task.batch, 3, task.size, task.size) - 1 for _ in "xy"]
    if "channels_last" in task.variant:
        batch = [image.to(memory_format=torch.channels_last) for image in batch]
    if task.work == "training":
        training = Training(task)
        serve(lambda: task.speed(lambda: training(*batch), lambda: None))
        return
    with torch.no_grad():
        net = translation(task, batch[0])
        serve(lambda: task.speed(lambda: net(batch[0]), lambda: None))


if __name__ == "__main__":
    main()
