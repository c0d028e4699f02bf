"""CycleGAN in PyTorch, to compare with: same networks, losses, optimiser, precision.

``step.py`` runs it in a process of its own (see `task.py`). Layers are nested
as in `gluon_pix2pix`, so that the weights of one side fit the other by name. It does
what makes PyTorch fast: activations in place, no gradients for the discriminators'
weights in the generators' turn, and what its variant names, words between commas:

- ``fused Adam``: one kernel for all of Adam instead of one for each operation
- ``channels_last``: activations and weights with the channels innermost
- ``compiled``: through `torch.compile`
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import torch
from measure import serve
from task import Task
from torch import nn
from torch.nn.functional import l1_loss, mse_loss


def _normalised(channels):
    return nn.InstanceNorm2d(channels), nn.ReLU(inplace=True)


class Block(nn.Module):
    """A residual block."""

    def __init__(self, channels):
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3),
            *_normalised(channels),
            nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3),
            nn.InstanceNorm2d(channels))

    def forward(self, x):
        return x + self.conv_block(x)


class Generator(nn.Module):
    """The residual generator, 3 colours to 3."""

    def __init__(self, n_blocks: int, width: int):
        super().__init__()
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), *_normalised(width)]
        for channels in (width, 2 * width):
            layers += [nn.Conv2d(channels, 2 * channels, 3, 2, 1),
                       *_normalised(2 * channels)]
        layers += [Block(4 * width) for _ in range(n_blocks)]
        for channels in (2 * width, width):
            layers += [nn.ConvTranspose2d(2 * channels, channels, 3, 2, 1, 1),
                       *_normalised(channels)]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)

    def forward(self, x):
        return self.model(x)


class Discriminator(nn.Module):
    """The PatchGAN of 70 pixels, for one picture."""

    def __init__(self, width: int):
        super().__init__()
        layers = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
        for factor, stride in ((1, 2), (2, 2), (4, 1)):
            layers += [nn.Conv2d(factor * width, 2 * factor * width, 4, stride, 1),
                       nn.InstanceNorm2d(2 * factor * width),
                       nn.LeakyReLU(0.2, inplace=True)]
        self.model = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))

    def forward(self, x):
        return self.model(x)


def gan(logits: torch.Tensor, target: float) -> torch.Tensor:
    """Return the adversarial loss: least squares."""
    return mse_loss(logits, torch.full_like(logits, target))


class Training:
    """Networks and optimisers, and the step; the pools give what they get."""

    def __init__(self, task: Task):
        words = task.variant.split(", ")
        layout = (torch.channels_last if "channels_last" in words
                  else torch.contiguous_format)
        self.generators = nn.ModuleList(
            Generator(task.n_blocks, task.width) for _ in "GF")
        self.discriminators = nn.ModuleList(Discriminator(task.width) for _ in "AB")
        self.optimisers = []
        for nets in (self.generators, self.discriminators):
            for weight in nets.parameters():
                if weight.ndim > 1:
                    nn.init.normal_(weight, 0, 0.02)
            nets.to(memory_format=layout)
            self.optimisers.append(torch.optim.Adam(
                nets.parameters(), 2e-4, (0.5, 0.999), fused="fused Adam" in words))
        if "compiled" in words:
            for net in itertools.chain(self.generators, self.discriminators):
                net.compile()

    def __call__(self, real_A: torch.Tensor, real_B: torch.Tensor) -> tuple:
        """Update the generators, then the discriminators; return their losses."""
        netG, netF = self.generators
        netD_A, netD_B = self.discriminators

        self.discriminators.requires_grad_(False)
        fake_B, fake_A = netG(real_A), netF(real_B)
        loss_G = (gan(netD_B(fake_B), 1.0) + gan(netD_A(fake_A), 1.0)
                  + 10 * (l1_loss(netF(fake_B), real_A) + l1_loss(netG(fake_A), real_B))
                  + 5 * (l1_loss(netF(real_A), real_A) + l1_loss(netG(real_B), real_B)))
        self._update(0, loss_G)

        self.discriminators.requires_grad_(True)
        loss_D_A, loss_D_B = (
            0.5 * (gan(netD(fake.detach()), 0.0) + gan(netD(real), 1.0))
            for netD, fake, real in ((netD_A, fake_A, real_A),
                                     (netD_B, fake_B, real_B)))
        self._update(1, loss_D_A + loss_D_B)
        return loss_G.detach(), loss_D_A.detach(), loss_D_B.detach()

    def _update(self, which, loss):
        self.optimisers[which].zero_grad()
        loss.backward()
        self.optimisers[which].step()


def losses(training: Training, folder: Path, steps: int) -> list[list[float]]:
    """Do what the function of this name in `our_cyclegan` does, with its weights."""
    counts = []
    for name in ("generators", "discriminators"):
        nets, stored = getattr(training, name), np.load(folder / f"{name}.npz")
        nets.load_state_dict({key: torch.from_numpy(stored[key])
                              for key in nets.state_dict()})
        counts.append(sum(weight.numel() for weight in nets.parameters()))
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
    batch = [2 * torch.rand(task.batch, 3, task.size, task.size) - 1 for _ in "AB"]
    if "channels_last" in task.variant:
        batch = [image.to(memory_format=torch.channels_last) for image in batch]
    training = Training(task)
    serve(lambda: task.speed(lambda: training(*batch), lambda: None))


if __name__ == "__main__":
    main()
