"""Whether pictures come out as good as PyTorch's: both train on the same batches.

For each seed the batches of all epochs are decoded, jittered and stored once. This
package and its peer in PyTorch then train on them, in the same order: with the same
networks, initial distribution, losses, Adam, learning rates and dropout, but random
numbers of their own. Both translate the validation pictures, and the same functions
score what they stored. Each training that is done is kept in the folder of `--out`,
and the next call goes on with the others. The table goes to stdout, progress to stderr.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import gluon_pix2pix as g2p  # isort: skip  # first: it sets the threads of MXNet
import numpy as np
from measure import can_import, machine, table
from quality_ours import configuration
from quality_task import Training

from gluon_pix2pix.durable import replace_text
from gluon_pix2pix.metrics import l1, ssim
from gluon_pix2pix.progress_bar import progress_bar
from gluon_pix2pix.transforms import to_uint8

FOLDER = Path(__file__).parent
SCRIPTS = {"ours": "quality_ours.py", "PyTorch": "quality_torch.py"}
WAYS = {"sampled": "dropout, each picture's own statistics",
        "plain": "no dropout, running statistics"}
SCORES = {"l1": l1, "ssim": ssim}


@dataclass(frozen=True)
class Settings:
    """What all trainings share; results of other settings are not taken up."""

    data: str
    size: int
    width: int
    epochs: int


def prepare(config: g2p.Pix2PixConfig, data: Path, folder: Path) -> None:
    """Store the pairs of all epochs and of the validation, as `Training` reads them."""
    loader = g2p.Loader(g2p.PairedImages(data, "train", config))
    for epoch in range(config.epochs + config.epochs_decay):
        np.save(folder / f"epoch_{epoch}.npy", _bytes(loader))
    held_out = g2p.PairedImages(data, "val", config)
    np.save(folder / "val.npy", _bytes(g2p.Loader(held_out, shuffle=False)))


def _bytes(loader):
    """Return an epoch's pairs as ``(pairs, 2, H, W, 3) uint8``."""
    return np.array([[to_uint8(image.asnumpy()[0]) for image in batch]
                     for batch in loader])


def train(side: str, python: str, training: Training, bar) -> dict:
    """Train one side in a process of its own; return its scores, and how it went."""
    start = time.perf_counter()
    process = subprocess.Popen([python, str(FOLDER / SCRIPTS[side]), str(training)],
                               stdout=subprocess.PIPE, text=True)
    with process:
        losses = []
        for line in process.stdout:
            losses.append(float(line))
            bar.update()
    if process.returncode:
        raise RuntimeError(f"{SCRIPTS[side]} failed; its message is above.")
    minutes = (time.perf_counter() - start) / 60
    targets = [real_out[0] for _, real_out in training.validation()]
    scores = {}
    for way in WAYS:
        outputs = np.load(Path(training.outputs, f"{way}.npy"))
        for name, score in SCORES.items():
            values = [score(*pair) for pair in zip(outputs, targets, strict=True)]
            scores[f"{way} {name}"] = float(np.mean(values))
    return {"scores": scores, "losses_G": losses, "minutes": round(minutes, 2)}


def measure(settings: Settings, seeds: int, pythons: dict[str, str], out: Path,
            ) -> dict[str, list[dict]]:
    """Train all sides with all seeds, but for those whose results lie in a folder.

    Returns the results of each side, a seed after the other.
    """
    results = {side: [] for side in pythons}
    total = seeds * len(pythons) * settings.epochs
    with progress_bar(total, "training", "epoch") as bar:
        for seed in range(seeds):
            config = configuration(seed, settings.size, settings.width, settings.epochs)
            files = {side: out / f"{side.lower()}_{seed}.json" for side in pythons}
            found = {side: _known(path, settings) for side, path in files.items()}
            bar.update(settings.epochs * sum(map(bool, found.values())))
            with tempfile.TemporaryDirectory(dir=out) as folder:
                if not all(found.values()):
                    prepare(config, Path(settings.data), Path(folder))
                rates = [g2p.learning_rate(config, epoch + 1)
                         for epoch in range(settings.epochs)]
                training = Training(seed, settings.size, settings.width, rates, folder,
                                    folder)
                for side, python in pythons.items():
                    if not found[side]:
                        bar.set_description(f"seed {seed}, {side}")
                        found[side] = train(side, python, training, bar)
                        _keep(files[side], settings, found[side])
                    results[side].append(found[side])
    return results


def _known(path, settings):
    """Return the result of a training that was done before, if it was."""
    if not path.exists():
        return None
    stored = json.loads(path.read_text("utf-8"))
    if stored["settings"] != vars(settings):
        raise ValueError(f"{path} is of other settings ({stored['settings']}): name "
                         "another folder by --out.")
    return stored["result"]


def _keep(path, settings, result):
    replace_text(path, json.dumps({"settings": vars(settings), "result": result},
                                  indent=2) + "\n")


def rows(results: dict[str, list[dict]]) -> list[list[str]]:
    """Lay out scores: of each way to translate and side, over all seeds."""
    listed = []
    for way, meaning in WAYS.items():
        for side, runs in results.items():
            row = [f"{side}: {meaning}"]
            for name in SCORES:
                values = [run["scores"][f"{way} {name}"] for run in runs]
                row += [f"{np.mean(values):.4f}", f"{_spread(values):.4f}",
                        " ".join(f"{value:.4f}" for value in values)]
            listed.append(row)
    return listed


def _spread(values):
    """Return the standard deviation of what these are a sample of; NaN of one."""
    return np.std(values, ddof=1) if len(values) > 1 else np.nan


def verdict(results: dict[str, list[dict]]) -> str:
    """Say whether our mean L1 is above PyTorch's by more than PyTorch's spread."""
    ours, theirs = ([run["scores"]["sampled l1"] for run in results[side]]
                    for side in SCRIPTS)
    above, spread = np.mean(ours) - np.mean(theirs), _spread(theirs)
    where = "above" if above > 0 else "below"
    return (f"With dropout, our mean L1 is {abs(above):.4f} {where} PyTorch's, whose "
            f"spread is {spread:.4f}: "
            + ("no worse." if above <= spread else "WORSE."))


def main(arguments: list[str] | None = None) -> int:
    """Train what is asked for; return 1 if ours came out worse."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--data", default="data/facades", metavar="FOLDER", help="prepared pairs, with "
        "train/ and val/ (default: %(default)s)")
    add("--out", type=Path, default=Path("runs/quality"), metavar="FOLDER",
        help="where results are kept (default: %(default)s)")
    add("--seeds", type=int, default=3, help="trainings of each side, at least 2, for "
        "the spread (default: %(default)s)")
    add("--epochs", type=int, default=10, help="the later half with a falling learning "
        "rate (default: %(default)s)")
    add("--size", type=int, default=128, help="pixels (default: %(default)s)")
    add("--width", type=int, default=32, help="ngf and ndf (default: %(default)s)")
    add("--torch-python", default=sys.executable, metavar="PYTHON",
        help="interpreter that has torch and numpy")
    options = parser.parse_args(arguments)
    if options.seeds < 2 or options.epochs < 1:
        parser.error("--seeds must be at least 2, --epochs at least 1")
    try:  # before anything is computed
        config = configuration(0, options.size, options.width, options.epochs)
        for split in ("train", "val"):
            g2p.PairedImages(options.data, split, config)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if not can_import(options.torch_python, "torch", "numpy"):
        parser.error("torch and numpy cannot be imported by the chosen Python: name "
                     "one by --torch-python")
    options.out.mkdir(parents=True, exist_ok=True)
    settings = Settings(str(Path(options.data).resolve()), options.size, options.width,
                        options.epochs)
    about = machine("mxnet", "numpy")
    results = measure(settings, options.seeds,
                      dict(zip(SCRIPTS, (sys.executable, options.torch_python))),
                      options.out)
    print(f"{about}\n\n### Quality, {options.size} px, ngf {options.width}, "
          f"{options.epochs} epochs, {options.seeds} seeds\n")
    print(table(["", "L1", "spread", "of each seed", "SSIM", "spread", "of each seed"],
                rows(results)))
    told = verdict(results)
    print(f"\n{told}")
    return int(told.endswith("WORSE."))


if __name__ == "__main__":
    sys.exit(main())
