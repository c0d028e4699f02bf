"""A plain PyTorch loader of pairs, to compare with: Pillow, torch, nothing of ours.

``loading.py`` runs it in a process of its own: FOLDER SIZE LOAD_SIZE BATCH WORKERS.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
from measure import serve
from PIL import Image


class Pairs(torch.utils.data.Dataset):
    """Joined pairs, resized, cropped and mirrored, as `gluon_pix2pix.PairedImages`."""

    def __init__(self, folder: str, size: int, load_size: int):
        self.paths = sorted(Path(folder, "train").iterdir())
        self.size, self.load_size = size, load_size

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, index):
        with Image.open(self.paths[index]) as image:
            pair = image.convert("RGB")
        width, height = pair.size
        halves = (pair.crop((0, 0, width // 2, height)),
                  pair.crop((width // 2, 0, width, height)))
        left, top = (random.randint(0, self.load_size - self.size) for _ in "xy")
        mirror = random.random() < 0.5
        return tuple(self._jitter(half, left, top, mirror) for half in halves)

    def _jitter(self, image, left, top, mirror):
        image = image.resize((self.load_size, self.load_size), Image.BICUBIC)
        image = image.crop((left, top, left + self.size, top + self.size))
        if mirror:
            image = image.transpose(Image.FLIP_LEFT_RIGHT)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()
        return pixels.float().div_(127.5).sub_(1)


def main() -> None:
    """Measure epochs, in images per second."""
    size, load_size, batch_size, workers = map(int, sys.argv[2:])
    loader = torch.utils.data.DataLoader(
        Pairs(sys.argv[1], size, load_size), batch_size, shuffle=True,
        num_workers=workers, persistent_workers=workers > 0)

    def epoch():
        start, images = time.perf_counter(), 0
        for real_in, _ in loader:
            images += len(real_in)
        return images / (time.perf_counter() - start)

    serve(epoch)


if __name__ == "__main__":
    main()
