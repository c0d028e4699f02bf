"""The page that goes with an exported model: what it is, and what it is good for.

After Mitchell et al. 2019, "Model Cards for Model Reporting". It says what is known, of
the run and of its scores, and says so where nothing is known.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from .catalog import ARCHIVES
from .checkpoint_files import read_state
from .config import ModelConfig
from .evaluation_table import SCORES, cell, columns_of, sentence
from .export import Exported
from .run_checkpoints import run_of
from .run_command import read_command
from .run_log import read_log

NAME = "MODEL_CARD.md"
_PAPERS = {
    "pix2pix": "Isola et al. 2017, *Image-to-Image Translation with Conditional "
               "Adversarial Networks*, https://arxiv.org/abs/1611.07004",
    "cyclegan": "Zhu et al. 2017, *Unpaired Image-to-Image Translation using "
                "Cycle-Consistent Adversarial Networks*, "
                "https://arxiv.org/abs/1703.10593",
    "pix2pixhd": "Wang et al. 2018, *High-Resolution Image Synthesis and Semantic "
                 "Manipulation with Conditional GANs*, "
                 "https://arxiv.org/abs/1711.11585",
}
_MODES = {
    "sample": "dropout as in training, where it has any, and each picture normalised "
              "by its own statistics",
    "deterministic": "no dropout, running statistics: the same picture each time",
}


def dataset_of(checkpoint: Path) -> str | None:
    """Return the name of the data set that a checkpoint learned from, if it is known.

    Of a data set that was drawn, or is in the table of those that can be downloaded,
    the name there; of another, that of its folder.
    """
    named = read_command(run_of(checkpoint)).get("dataset")
    found = (_state(checkpoint).get("data") or {}).get("name")
    return named if named in ARCHIVES else found or named and Path(named).name


def model_card(exported: Sequence[Exported], config: ModelConfig,
               checkpoint: Path | None = None) -> str:
    """Write the card of what was exported of one model, as Markdown.

    Parameters
    ----------
    exported : sequence of Exported
        What `to_onnx` or `to_symbol` returned, one for each direction.
    config : ModelConfig
        What the model was trained as.
    checkpoint : Path, optional
        Where it came from: its state, and the log and the evaluation of its run, tell
        of the training.

    Raises
    ------
    CheckpointError, ValueError
        If one of those files is damaged; it is named.
    """
    sections = [_model(exported, config), _how_to_run(exported, config),
                _training(exported[0].facts, config, checkpoint),
                _scores(exported[0].facts["mode"], checkpoint), _parity(exported),
                _limits(exported, config), _terms(exported[0].facts)]
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _model(exported, config):
    facts = exported[0].facts
    ways = " and ".join(each.facts["direction"] for each in exported)
    mode = _MODES.get(facts["mode"], "as MXNet is in when it runs: training mode "
                      "samples, predict mode is deterministic")
    return [
        f"# {config.model}, {ways}", "",
        f"A generator that translates images, trained with gluon_pix2pix "
        f"{facts['gluon_pix2pix']} on Apache MXNet {facts['mxnet']}. Method: "
        f"{_PAPERS[config.model]}.", "",
        *_table(("", ""), [
            ("files", ", ".join(f"`{file.name}`" for each in exported
                                for file in each.files)),
            ("input", f"`input`, (N, {facts['in_channels']}, H, W) float32: "
                      f"{facts['input']}"),
            ("output", "`output`, (N, C, H, W) float32, a picture"),
            ("pictures", "values in [-1, 1]; colours in the order red, green, blue"),
            ("sides", f"multiples of {facts['size_multiple']} pixels, at least "
                      f"{max(int(facts['size_multiple']), int(facts['smallest_side']))}"
                      f"; trained at {facts['trained_size']}"),
            ("mode", f"{facts['mode']}: {mode}"),
        ])]


def _how_to_run(exported, config):
    files = [file.name for file in exported[0].files]
    if not files[0].endswith(".onnx"):
        return ["## How to run it", "", "In MXNet, without gluon_pix2pix:", "",
                "```python", "from mxnet import autograd, gluon, nd", "",
                f'net = gluon.SymbolBlock.imports("{files[0]}", ["input"],',
                f'                                "{files[1]}")',
                "y = net(x)                        # running statistics, no dropout",
                "with autograd.train_mode():       # as the paper samples:",
                "    y = net(x)                    # one picture at a time", "```"]
    told = ["`translate_onnx.py` shows in NumPy what goes in and what comes out, for "
            "programs of your own."]
    if "--features" in script_options(config):
        told.insert(0, "The looks of objects are what `gluon-pix2pix "
                       "precompute-features RUN` writes beside the data, in `test_feat`"
                       " for one.")
    return ["## How to run it", "", "Without MXNet and without gluon_pix2pix:", "",
            "```bash", "pip install numpy pillow onnxruntime",
            *(f"python translate_onnx.py {file.name} pictures/"
              f"{script_options(config)} --output painted/"
              for each in exported for file in each.files), "```", "", *told]


def script_options(config: ModelConfig) -> str:
    """Say what `translate_onnx.py` needs beside pictures to run such a model."""
    options = " --instances objects/" * getattr(config, "use_instances", False)
    looks = getattr(config, "features", "none") != "none"
    return options + " --features looks/" * looks


def _training(facts, config, checkpoint):
    state = _state(checkpoint)
    data, versions = state.get("data") or {}, state.get("versions") or {}
    archive = ARCHIVES.get(facts["dataset"])
    pictures = f"{data['pictures']} ({data.get('split')})" if "pictures" in data else ""
    epochs = config.epochs + config.epochs_decay
    rows = [
        ("data", facts["dataset"] + (f": {archive.title}" if archive else "")),
        ("cite", archive.citation if archive else ""),
        ("picture files", pictures),
        ("size", f"{config.size} pixels, batches of {config.batch_size}"),
        ("epochs", f"{state['epoch']} of {epochs}" if "epoch" in state else
         f"unknown, of {epochs} planned"),
        ("steps", state.get("iteration", "")),
        ("learning rate", f"{config.lr:g}" + bool(config.epochs_decay)
         * f", falling in the last {config.epochs_decay} epochs"),
        ("seed", config.seed),
        ("device", state.get("device", "")),
        ("saved", state.get("saved_at", "")),
        ("versions", ", ".join(f"{name} {found}" for name, found in versions.items())),
    ]
    known = [row for row in rows if row[-1] != ""]
    return ["## Training", "", *_table(("", ""), known), "",
            "<details><summary>The whole configuration</summary>", "", "```json",
            config.to_json(), "```", "</details>"]


def _scores(mode, checkpoint):
    lines = ["## Scores", ""]
    run = run_of(checkpoint) if checkpoint else None
    found = _evaluation(run, checkpoint) if run else None
    if found:
        columns = columns_of(found["summary"])
        rows = [(SCORES[name].label, SCORES[name].better,
                 *(cell(entry, column) for column in columns))
                for name, entry in found["summary"].items()]
        other = " It sampled; these files are deterministic." * (
            mode == "deterministic")
        return [*lines, sentence(found["about"]) + other, "",
                *_table(("score", "", *columns.values()), rows)]
    logged = _last_logged(run, _state(checkpoint).get("iteration")) if run else {}
    if logged:
        return [*lines, "On held-out pictures, when the last epoch ended:", "",
                *_table(("score", "value"), logged.items())]
    return [*lines, "None are known: it was not scored on held-out pictures. "
            "`gluon-pix2pix evaluate RUN` does that."]


def _evaluation(run, checkpoint):
    """Read the evaluation of a run, if it is of this checkpoint."""
    path = run / "evaluation" / "scores.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        of_this = found["about"].get("checkpoint") == checkpoint.name
        return found if of_this and found["summary"] else None
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, AttributeError) as error:
        raise ValueError(f"{path} is damaged ({error}): remove it, or evaluate again."
                         ) from None


def _last_logged(run, iteration):
    """Return what the log says of held-out pictures at a step, by its columns."""
    try:
        log = read_log(run)
    except FileNotFoundError:
        return {}
    if iteration not in log.get("iteration", []):
        return {}
    row = log["iteration"].index(iteration)
    return {name: f"{values[row]:.4f}" for name, values in log.items()
            if name.startswith("val_") and values[row] == values[row]}


def _parity(exported):
    rows = [(each.files[0].name, f"{count} x {width}x{height}", f"{value:.1e}")
            for each in exported
            for (count, height, width), value in each.differences.items()]
    return ["## The same pictures as in MXNet", "",
            "Before these files were written, they were run beside the network in "
            "MXNet: random pictures, without dropout, by the same statistics. The "
            "largest difference of any value, of pictures in [-1, 1], where a level of "
            f"256 is 8e-3 and {exported[0].tolerance:g} was allowed:", "",
            *_table(("file", "pictures", "largest difference"), rows)]


def _limits(exported, config):
    facts = exported[0].facts
    lines = [
        "## Intended use, and limits", "",
        "For teaching, experiments and pictures to look at.", "",
        "- What it paints looks like what it saw in training. Details are invented, "
        "not measured: no picture of it shows that something is so.",
        f"- Pictures of another kind, size or resolution than `{facts['dataset']}` at "
        f"{facts['trained_size']} pixels come out worse, and it does not say so.",
        "- What the data had little of, it knows little of; what was wrong in the "
        "data, it repeats.",
        "- Do not use it to deceive, nor where somebody is harmed if it errs.",
    ]
    if facts["mode"] == "sample" and getattr(config, "use_dropout", False):
        lines.append("- With dropout, each run gives another picture, as the paper's "
                     "noise; `--seed` repeats one in onnxruntime, and not in MXNet.")
    return lines


def _terms(facts):
    return ["## Licences", "",
            f"- Data it learned from: {facts['licence']}.",
            "- The code of gluon_pix2pix, `translate_onnx.py` included: Apache-2.0.",
            "- The weights: made from that data, so its terms may bind them too."]


def _state(checkpoint):
    """Read what a checkpoint tells of its training; nothing where it tells nothing."""
    try:
        return read_state(checkpoint) if checkpoint else {}
    except FileNotFoundError:
        return {}


def _table(head, rows):
    """Draw a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(str(value).replace("|", "\\|") for value in line) + " |"
            for line in lines]
