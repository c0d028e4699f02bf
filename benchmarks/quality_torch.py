"""PyTorch's side of `quality.py`: the peer of `step.py` on the same stored batches."""

from __future__ import annotations

import torch
from quality_task import Training, tell
from task import Task
from torch_pix2pix import Training as Peer


def main() -> None:
    """Train and translate."""
    training = Training.asked()
    torch.manual_seed(training.seed)
    peer = Peer(Task("training", "eager, fused Adam", training.size,
                     width=training.width))
    for epoch, rate in enumerate(training.rates):
        for optimiser in peer.optimisers:
            optimiser.param_groups[0]["lr"] = rate
        losses_G = [peer(*map(torch.from_numpy, batch))[1]
                    for batch in training.epoch(epoch)]
        tell(torch.stack(losses_G).mean().item())
    with torch.no_grad():
        for name, sample in {"plain": False, "sampled": True}.items():
            peer.netG.train(sample)
            training.store(name, [peer.netG(torch.from_numpy(real_in)).numpy()
                                  for real_in, _ in training.validation()])


if __name__ == "__main__":
    main()
