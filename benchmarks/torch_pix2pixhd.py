"""pix2pixHD in PyTorch, to compare with: same networks, losses, optimiser, precision.

``step.py`` runs it in a process of its own (see `task.py`). Layers are nested as in
`gluon_pix2pix`, so that the weights of one side fit the other by name. It does what
makes PyTorch fast and small: activations in place; one pass of the discriminators over
the generated picture for both losses, of which each goes back only to where it has to;
and what its variant names, words between commas:

- ``fused Adam``: one kernel for all of Adam instead of one for each operation
- ``channels_last``: activations and weights with the channels innermost
- ``compiled``: through `torch.compile`; in inference with constant weights
- ``TorchScript``: in inference, traced, frozen and optimised
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import torch
from measure import serve
from task import LABELS, Task
from torch import nn
from torch.nn.functional import avg_pool2d, l1_loss, mse_loss


def _normalised(channels):
    return nn.InstanceNorm2d(channels), nn.ReLU(inplace=True)


def _first(before, after):
    return nn.ReflectionPad2d(3), nn.Conv2d(before, after, 7), *_normalised(after)


def _down(channels):
    return (nn.Conv2d(channels, 2 * channels, 3, 2, 1), *_normalised(2 * channels))


def _up(channels):
    return (nn.ConvTranspose2d(2 * channels, channels, 3, 2, 1, 1),
            *_normalised(channels))


def _last(before, after):
    return nn.ReflectionPad2d(3), nn.Conv2d(before, after, 7), nn.Tanh()


def _halved(x):
    return avg_pool2d(x, 3, 2, 1, count_include_pad=False)


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
        return self.conv_block(x).add_(x)


def _trunk(before, width, downs, n_blocks):
    wide = [width << n for n in range(downs)]
    return (*_first(before, width),
            *itertools.chain.from_iterable(map(_down, wide)),
            *(Block(width << downs) for _ in range(n_blocks)),
            *itertools.chain.from_iterable(map(_up, wide[::-1])))


class GlobalGenerator(nn.Module):
    """Halve four times, change, double four times."""

    def __init__(self, before: int, width: int, downs: int = 4, n_blocks: int = 9):
        super().__init__()
        self.model = nn.Sequential(*_trunk(before, width, downs, n_blocks),
                                   *_last(width, 3))

    def forward(self, x):
        return self.model(x)


class Enhancer(nn.Module):
    """The layers at twice the size: before and behind those of the half size."""

    def __init__(self, before, width):
        super().__init__()
        self.down = nn.Sequential(*_first(before, width), *_down(width))
        self.up = nn.Sequential(*(Block(2 * width) for _ in range(3)), *_up(width),
                                *_last(width, 3))

    def forward(self, x, y):
        return self.up(self.down(x) + y)


class LocalEnhancer(nn.Module):
    """An enhancer around a global generator without its last layers."""

    def __init__(self, before: int, width: int, downs: int = 4, n_blocks: int = 9):
        super().__init__()
        self.trunk = nn.Sequential(*_trunk(before, 2 * width, downs, n_blocks))
        self.enhancers = nn.ModuleList([Enhancer(before, width)])

    def forward(self, x):
        return self.enhancers[0](x, self.trunk(_halved(x)))


class Encoder(nn.Module):
    """A picture's features, each object's by their mean."""

    def __init__(self, width: int = 16, downs: int = 4, features: int = 3):
        super().__init__()
        self.model = nn.Sequential(*_trunk(3, width, downs, 0), *_last(width, features))

    def forward(self, picture, instances):
        return instance_mean(self.model(picture), instances)


def instance_mean(features: torch.Tensor, instances: torch.Tensor) -> torch.Tensor:
    """Replace each pixel by the mean over its object in its picture."""
    count, channels, *sides = features.shape
    pictures = torch.arange(count).view(-1, 1, 1, 1) * (instances.max() + 1)
    _, places, pixels = torch.unique(instances + pictures, return_inverse=True,
                                     return_counts=True)
    places = places.flatten()
    values = features.movedim(1, 0).reshape(channels, -1)
    sums = values.new_zeros(channels, len(pixels)).index_add(1, places, values)
    return (sums / pixels)[:, places].view(channels, count, *sides).movedim(0, 1)


class PatchCritic(nn.Module):
    """The PatchGAN of 70 pixels, with all its activations."""

    def __init__(self, before: int, width: int):
        super().__init__()
        layers = [nn.Conv2d(before, width, 4, 2, 2), nn.LeakyReLU(0.2, inplace=True)]
        for factor, stride in ((1, 2), (2, 2), (4, 1)):
            layers += [nn.Conv2d(factor * width, 2 * factor * width, 4, stride, 2),
                       nn.InstanceNorm2d(2 * factor * width),
                       nn.LeakyReLU(0.2, inplace=True)]
        self.model = nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 2))

    def forward(self, x):
        """List what comes out of each activation, and the logits."""
        activations = []
        for layer in self.model:
            x = layer(x)
            if isinstance(layer, nn.LeakyReLU):
                activations.append(x)
        return [*activations, x]


class Discriminator(nn.Module):
    """A discriminator for the picture and one for half its size."""

    def __init__(self, before: int, width: int, scales: int = 2):
        super().__init__()
        self.scales = nn.ModuleList(PatchCritic(before, width) for _ in range(scales))

    def forward(self, x):
        """List the activations of the scales, the finest scale first."""
        activations = []
        for scale in reversed(self.scales):
            if activations:
                x = _halved(x)
            activations.append(scale(x))
        return activations


def gan(judged: list, target: float) -> torch.Tensor:
    """Return the adversarial loss: least squares, summed over the scales."""
    return sum(mse_loss(scale[-1], torch.full_like(scale[-1], target))
               for scale in judged)


def matching(of_fake: list, of_real: list) -> torch.Tensor:
    """Return the feature matching loss; the last of the activations are the logits."""
    return sum(l1_loss(a, b.detach()) / len(of_fake) * 4 / (len(fakes) - 1)
               for fakes, reals in zip(of_fake, of_real)
               for a, b in zip(fakes[:-1], reals[:-1]))


def encode(labels: torch.Tensor, instances: torch.Tensor, layout) -> torch.Tensor:
    """Return one-hot labels and the edges of objects, ``(N, LABELS + 1, H, W)``."""
    count, _, height, width = labels.shape
    x = torch.empty(count, LABELS + 1, height, width, memory_format=layout).zero_()
    x.scatter_(1, labels, 1)
    edges = x[:, LABELS:]
    for axis in (2, 3):
        length = instances.shape[axis] - 1
        before, behind = (instances.narrow(axis, start, length) for start in (0, 1))
        differ = before != behind
        for start in (0, 1):
            edges.narrow(axis, start, length).masked_fill_(differ, 1)
    return x


def _layout(task):
    return (torch.channels_last if "channels_last" in task.variant
            else torch.contiguous_format)


def _generator(task, before):
    kind = {"global": GlobalGenerator, "local": LocalEnhancer}[task.generator]
    return kind(before, task.width)


class Training:
    """Networks and optimisers, and the step."""

    def __init__(self, task: Task):
        words = task.variant.split(", ")
        self.layout = _layout(task)
        self.netG = _generator(task, LABELS + 1 + 3)
        self.netE = Encoder()
        self.netD = Discriminator(LABELS + 1 + 3, 2 * task.width)
        for net in (self.netG, self.netD, self.netE):
            _initialise(net)
            net.to(memory_format=self.layout)
        self.optimisers = [
            torch.optim.Adam(weights, 2e-4, (0.5, 0.999), fused="fused Adam" in words)
            for weights in ([*self.netG.parameters(), *self.netE.parameters()],
                            self.netD.parameters())]
        if "compiled" in words:
            # Not the discriminators: nobody goes back through a compiled network
            # twice, and it computes all gradients whether they are wanted or not.
            self.netG.compile()
            self.netE.model.compile()

    def __call__(self, labels: torch.Tensor, instances: torch.Tensor,
                 photo: torch.Tensor) -> tuple:
        """Update G and E, then D, from losses before both; return these.

        D's, G's, and G's parts: adversarial and feature matching.
        """
        x = encode(labels, instances, self.layout)
        fake = self.netG(torch.cat([x, self.netE(photo, instances)], 1))

        picture = fake.detach().requires_grad_()
        of_fake, of_real = (self.netD(torch.cat([x, image], 1))
                            for image in (picture, photo))
        loss_D = 0.5 * (gan(of_fake, 0.0) + gan(of_real, 1.0))
        loss_gan, loss_feat = gan(of_fake, 1.0), matching(of_fake, of_real)
        loss_G = loss_gan + 10 * loss_feat

        for optimiser in self.optimisers:
            optimiser.zero_grad()
        gradient, = torch.autograd.grad(loss_G, picture, retain_graph=True)
        fake.backward(gradient)
        loss_D.backward(inputs=list(self.netD.parameters()))
        for optimiser in self.optimisers:
            optimiser.step()
        return tuple(loss.detach() for loss in (loss_D, loss_G, loss_gan, loss_feat))


def _initialise(net):
    for weight in net.parameters():
        if weight.ndim > 1:
            nn.init.normal_(weight, 0, 0.02)


def translation(task: Task, example: torch.Tensor) -> nn.Module:
    """Build a generator that translates, as the variant says."""
    net = _generator(task, LABELS + 1).eval()
    _initialise(net)
    net.to(memory_format=_layout(task))
    if task.variant == "compiled":
        from torch._inductor import config

        config.freezing = True
        net.compile()
    if task.variant == "TorchScript":
        return torch.jit.optimize_for_inference(torch.jit.trace(net, example))
    return net


def losses(training: Training, folder: Path, steps: int) -> list[list[float]]:
    """Do what the function of this name in `our_pix2pixhd` does, with its weights."""
    counts = []
    for name, net in {"generator": training.netG, "discriminator": training.netD,
                      "encoder": training.netE}.items():
        stored = np.load(folder / f"{name}.npz")
        net.load_state_dict({key: torch.from_numpy(stored[key])
                             for key in net.state_dict()})
        counts.append(sum(weight.numel() for weight in net.parameters()))
    batch = np.load(folder / "batch.npz")
    labels, instances, photo = (torch.from_numpy(batch[key]) for key in batch.files)
    batch = labels.long(), instances.long(), photo
    with torch.inference_mode():
        x = encode(*batch[:2], training.layout)
        picture = training.netG(torch.cat([x, training.netE(*batch[:0:-1])], 1))
    np.save(folder / "torch.npy", picture.numpy())
    return [counts] + [[loss.item() for loss in training(*batch)]
                       for _ in range(steps)]


def scene(task: Task) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw labels and instances, ``(N, 1, H, W)``: 16 x 8 rectangular objects."""
    side = task.size // 16
    shape = task.batch, 1, 8, 16
    maps = (torch.randint(LABELS, shape),
            torch.arange(128).view(1, 1, 8, 16).expand(shape))
    return tuple(ids.repeat_interleave(side, 2).repeat_interleave(side, 3)
                 for ids in maps)


def main() -> None:
    """Do what is asked for."""
    task = Task.asked()
    torch.set_num_threads(task.threads)
    if task.work == "losses":
        print(json.dumps(losses(Training(task), Path(task.folder), task.repeats)))
        return
    labels, instances = scene(task)
    layout = _layout(task)
    if task.work == "hd":
        shape = task.batch, 3, task.size // 2, task.size
        photo = (2 * torch.rand(shape) - 1).to(memory_format=layout)
        training = Training(task)
        serve(lambda: task.speed(lambda: training(labels, instances, photo),
                                 lambda: None))
        return
    with torch.inference_mode():
        net = translation(task, encode(labels, instances, layout))
        serve(lambda: task.speed(lambda: net(encode(labels, instances, layout)),
                                 lambda: None))


if __name__ == "__main__":
    main()
