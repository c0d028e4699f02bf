"""One training of an experiment: what is there of it, and what is left to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import durable, evaluation_table
from . import experiment_files as files
from .checkerboards import checkerboard
from .class_reader import ClassReader
from .datasets import PairedImages
from .evaluation import evaluate
from .failures import Interrupted
from .loaders import Loader
from .locking import only_one
from .pix2pix import Pix2Pix
from .run_checkpoints import checkpoint_states, saved_folders
from .runs import RunFolder
from .training import fit
from .transforms import to_float

_REPORTS = 20  # in the log of each training
_LOCK = ".lock.experiment"
_BY_PIXEL = ("l1", "psnr", "ssim")
_BY_CLASS = ("pixel_accuracy", "class_accuracy", "class_iou")
# What an experiment may look at.
SCORES = {**{name: evaluation_table.SCORES[name]
             for name in (*_BY_PIXEL, *_BY_CLASS, "frechet")},
          "checkerboard": evaluation_table.Score(
              "checkerboard", None, "how far a pattern of two pixels' period stands "
              "out; the nearer to real pictures, the better")}


class Judge:
    """Scores models on held-out pairs, all in the same way.

    Parameters
    ----------
    held_out : PairedImages
        Without jitter.
    ctx : Context
        Where models live.
    """

    def __init__(self, held_out: PairedImages, ctx):
        self.held_out, self.ctx = held_out, ctx
        self.train = PairedImages(held_out.folder, "train", held_out.config,
                                  train=False)
        self.reader = ClassReader.of(held_out, ctx)
        self.checkerboard = checkerboard(target for _, target in held_out)

    @property
    def measures(self) -> list[str]:
        """The scores that it gives."""
        found = [*_BY_PIXEL, "checkerboard"]
        if self.reader:
            found += _BY_CLASS
            if self.reader.features and len(self.held_out) > 1:
                found.append("frechet")
        return found

    def __call__(self, model) -> tuple[dict, dict, list]:
        """Return scores, those of the references, and outputs ``(H, W, C) uint8``."""
        found = evaluate(model, self.held_out, train=self.train, reader=self.reader,
                         progress=False)
        outputs = [samples[0] for samples in found.outputs]
        scores = {name: entry["mean"] for name, entry in found.summary.items()}
        scores["checkerboard"] = checkerboard(map(to_float, outputs))
        references = {who: {name: entry[who] for name, entry in found.summary.items()
                            if who in entry} for who in ("real", "one_picture")}
        references["real"]["checkerboard"] = self.checkerboard
        return scores, references, outputs


class ExperimentRun:
    """A variant with a seed.

    Parameters
    ----------
    folder : Path
        Its run folder.
    variant : str
        For people.
    config : Pix2PixConfig
        Seed included.
    held_out : PairedImages
        What it will be scored on; its data set has what to train on.
    overwrite : bool
        Whether another training there is replaced.

    Attributes
    ----------
    scored : (dict, dict) or None
        Scores and references, once it is done.
    steps, steps_done : int
        Of the training.

    Raises
    ------
    ValueError
        If another training is there that is not to be replaced.
    """

    def __init__(self, folder: Path, variant: str, config, held_out: PairedImages,
                 overwrite: bool):
        self.folder, self.variant, self.config = folder, variant, config
        self.loader = Loader(PairedImages(held_out.folder, "train", config))
        self.data = {"train": _without_name(self.loader.identity()),
                     "held_out": _without_name(held_out.identity())}
        self.overwrite = overwrite
        self.steps = len(self.loader) * (config.epochs + config.epochs_decay)
        self._look()

    def _look(self):
        """See what is there of it by now."""
        try:
            self.scored, differences = files.read_result(self.folder, self.config,
                                                         self.data)
        except ValueError as damaged:
            if not self.overwrite:
                raise
            self.scored, differences = None, [str(damaged)]
        if differences and not self.overwrite:
            raise ValueError(
                f"{self.folder} holds another training (there -> now): "
                f"{', '.join(differences)}. Name another place, or replace it "
                "(overwrite=True, or --overwrite on the command line).")
        self._replaces = bool(differences)
        self.steps_done = 0
        if self.scored:
            self.steps_done = self.steps
        elif not self._replaces:
            self.steps_done = max((state.iteration for state
                                   in checkpoint_states(self.folder)), default=0)

    @property
    def done(self) -> bool:
        """Whether nothing is left to do, not even to clear up."""
        return self.scored is not None and not saved_folders(self.folder)

    def __str__(self) -> str:
        return f"{self.variant}, seed {self.config.seed}"

    def complete(self, judge: Judge | None, advance: Callable[[int], None]) -> None:
        """Train it from where it stands, score it, and keep what is to be kept.

        ``advance(n)`` is told of each n steps. One that is scored needs no judge.

        Raises
        ------
        Interrupted
            After Ctrl-C.
        RunInUseError
            If somebody else is about it.
        """
        with durable.explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        # The lock of `fit` ends with the training, and scores come after it.
        with only_one(self.folder / _LOCK, refusing=(
                f"{self.folder} is in use: the same experiment runs in another "
                "terminal or notebook. Wait for it, or name another place.")):
            before = self.steps_done
            self._look()  # somebody may have done it since
            advance(self.steps_done - before)
            if not self.scored:
                self._train(judge, advance)
            files.remove_checkpoints(self.folder)

    def _train(self, judge, advance):
        save_every = max(1, (self.config.epochs + self.config.epochs_decay) // 10)
        run = RunFolder(self.folder, self.config, overwrite=self._replaces, keep=1,
                        resume=not self._replaces, save_every=save_every)
        run.keep_command({"dataset": str(judge.held_out.folder.absolute()),
                          "unreadable": "stop", "save_every": save_every})
        files.begin(self.folder, self.config, self.data)
        if twin := files.find_twin(self.folder, self.config, self.data):
            files.adopt(self.folder, twin)
            advance(self.steps - self.steps_done)
            self._look()
            return
        model = Pix2Pix(self.config, judge.ctx)
        try:
            for report in fit(model, self.loader, run=run, resume="auto",
                              report_every=max(1, self.steps // _REPORTS)):
                run.log(report)
                advance(report.iteration - self.steps_done)
                self.steps_done = report.iteration
        except Interrupted as error:
            raise Interrupted(f"Interrupted in {self}. Nothing is lost: run the "
                              "experiment again, and it goes on from there.",
                              error.checkpoint) from None
        self.loader = None  # its pictures take memory, and the next one has its own
        scores, references, outputs = judge(model)
        files.finish(self.folder, model, self.config, self.data, scores, references,
                     outputs)
        self.scored = scores, references


def _without_name(identity):
    """Leave out the folder's name, which people may change."""
    return {key: value for key, value in identity.items() if key != "name"}
