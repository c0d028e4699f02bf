"""What matters? One configuration, changed along one axis, trained with several seeds.

Isola et al. 2017, sections 4.2 to 4.4: every figure of such a table is a training of
its own. Here each has a run folder, so that an experiment that was interrupted goes on
where it was, and each is scored on the same held-out pictures in the same way.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from .datasets import PairedImages
from .experiment_files import check_place, read_output
from .experiment_runs import SCORES, ExperimentRun, Judge
from .pix2pix import build_discriminator
from .pix2pix_config import Pix2PixConfig
from .progress_bar import progress_bar
from .runtime import get_context

# What the pictures are: scores of other pictures could not be compared.
_SAME_FOR_ALL = ("size", "direction", "in_channels", "out_channels")


@dataclasses.dataclass(frozen=True)
class Result:
    """A training of an experiment, done and scored.

    Attributes
    ----------
    variant, seed : str, int
        Which of them it was.
    scores : dict of str to float
        Those of `evaluate`, means over the held-out pictures, and ``checkerboard``.
    references : dict of str to dict of str to float
        The same scores of the ``real`` pictures, and of ``one_picture`` in answer to
        everything, where they have one.
    folder : Path
        Its run folder. It holds the generator, which `load_generator` loads, and no
        checkpoints any more.
    """

    variant: str
    seed: int
    scores: dict[str, float]
    references: dict[str, dict[str, float]]
    folder: Path

    def output(self, number: int) -> np.ndarray:
        """Return what it made of a held-out picture: ``(C, H, W)`` in [-1, 1].

        Those of the first eight are kept; FileNotFoundError for others.
        """
        return read_output(self.folder, number)


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A base configuration and its variants, each to be trained with every seed.

    Attributes
    ----------
    name : str
        Of its folder as well: letters, digits, ``+``, ``-``, ``_`` and ``.``.
    question : str
        What is to be found out, in a sentence.
    base : Pix2PixConfig
        What all have in common.
    variants : dict of str to dict
        For each variant the fields of the base that it changes.
    seeds : sequence of int
        With fewer than three there is no telling luck from merit.
    scores : sequence of str
        Those that are looked at, the first of all above all: keys of
        ``experiment_runs.SCORES``.
    paper : dict of str to dict of str to float
        What the paper found, by variant and score, where it did.

    Raises
    ------
    ValueError
        If a variant is not possible or changes the very pictures, there is nothing to
        compare, or a name is not possible. Nothing has been trained by then.
    """

    name: str
    question: str
    base: Pix2PixConfig
    variants: Mapping[str, Mapping[str, object]]
    seeds: Sequence[int] = (0, 1, 2)
    scores: Sequence[str] = ("class_iou", "l1")
    paper: Mapping[str, Mapping[str, float]] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if not self.name or _folder_name(self.name) != self.name:
            raise ValueError(f"name={self.name!r} is to be the name of a folder too: "
                             "take letters, digits and underscores.")
        for what in ("variants", "seeds", "scores"):
            given = list(getattr(self, what))
            if not given or len(set(given)) < len(given):
                raise ValueError(f"{what}={given} is not possible: name one or more, "
                                 "each once.")
        unknown = sorted(set(self.scores) - set(SCORES))
        if unknown:
            raise ValueError(f"There is no score {unknown[0]!r}: choose among "
                             f"{', '.join(SCORES)}.")
        folders = {_folder_name(variant) for variant in self.variants}
        if len(folders) < len(self.variants) or "" in folders:
            raise ValueError(f"The variants {', '.join(map(repr, self.variants))} "
                             "would share folders, or have none: give them names that "
                             "differ in more than punctuation.")
        for variant, changes in self.variants.items():
            common = sorted({*_SAME_FOR_ALL, "seed"} & set(changes))
            if common:
                raise ValueError(f"The variant {variant!r} changes {common[0]}, which "
                                 "must be the same for all that are compared.")
            try:
                config = self.config(variant, self.seeds[0])
                build_discriminator(config)
                if not config.lambda_gan and not config.lambda_l1:
                    raise ValueError("lambda_gan and lambda_l1 are both 0: nothing "
                                     "would be learned.")
            except ValueError as error:
                raise ValueError(f"The variant {variant!r} of the experiment "
                                 f"{self.name!r} is not possible. {error}") from None

    def config(self, variant: str, seed: int) -> Pix2PixConfig:
        """Return the configuration of one training."""
        return self.base.replace(**self.variants[variant], seed=seed)

    def only(self, *variants: str) -> Experiment:
        """Return the same experiment with some of its variants."""
        unknown = sorted(set(variants) - set(self.variants))
        if unknown:
            raise ValueError(f"The experiment {self.name!r} has no variant "
                             f"{unknown[0]!r}, only {', '.join(self.variants)}.")
        return dataclasses.replace(self, variants={
            name: changes for name, changes in self.variants.items()
            if name in variants})

    def held_out(self, folder: str | Path, split: str | None = None) -> PairedImages:
        """Return the pairs that all are scored on: of ``test``, else of ``val``."""
        folder = Path(folder)
        split = split or next((name for name in ("test", "val")
                               if (folder / name).is_dir()), "test")
        return PairedImages(folder, split, self.base, train=False)

    def folder(self, place: str | Path, variant: str, seed: int) -> Path:
        """Return the run folder of one training."""
        return Path(place) / self.name / _folder_name(variant) / f"seed_{seed}"

    def run(self, data: str | Path, place: str | Path = "runs/what_matters", *,
            ctx=None, split: str | None = None, overwrite: bool = False,
            progress: bool = True) -> Iterator[Result]:
        """Train and score what is not done yet, and yield each result as it comes.

        All variants are trained with the first seed, then all with the second, and so
        on: whenever you stop, what there is can be compared. A result that is there is
        not trained again, and an interrupted training goes on. That takes the very same
        configuration, training pictures and held-out pictures. What another experiment
        of the same place has trained in the very same way is copied from it.

        Parameters
        ----------
        data : str or Path
            A data set of pairs.
        place : str or Path
            Where the run folders go: ``<place>/<name>/<variant>/seed_<n>``.
        ctx : Context or str, optional
            Where to train.
        split : str, optional
            See `held_out`.
        overwrite : bool
            Replace trainings there with another configuration or other data. By default
            they are an error.
        progress : bool
            Show a bar.

        Yields
        ------
        Result

        Raises
        ------
        ValueError
            If such a training is there, or the first of the scores cannot be measured
            on this data set: before anything is trained.
        SaveError, RunInUseError
            If the place cannot be written to, or the same experiment is running there.
        Interrupted
            After Ctrl-C: run it again, and it goes on.
        DivergedError, ResumeError, SaveError and others
            See `fit`.
        """
        held_out, ctx = self.held_out(data, split), get_context(ctx)
        runs = [ExperimentRun(self.folder(place, variant, seed), variant,
                              self.config(variant, seed), held_out, overwrite)
                for seed in self.seeds for variant in self.variants]
        unfinished = [run for run in runs if not run.scored]
        judge = None
        if unfinished:
            check_place(Path(place))
            judge = self._judge(held_out, ctx)
        with progress_bar(sum(run.steps for run in runs),
                          done=sum(run.steps_done for run in runs),
                          shown=progress and bool(unfinished)) as bar:
            for number, run in enumerate(runs, 1):
                if not run.done:
                    bar.set_description(f"{self.name}: {run} ({number} of {len(runs)})")
                    run.complete(judge, bar.update)
                yield _result(run)

    def finished(self, data: str | Path, place: str | Path = "runs/what_matters", *,
                 split: str | None = None) -> list[Result]:
        """Return what is done of it, with these seeds and with others; train nothing.

        Trainings of another configuration or other data are passed over. The
        parameters are those of `run`.
        """
        held_out, found = self.held_out(data, split), []
        for variant in self.variants:
            for path in self.folder(place, variant, 0).parent.glob("seed_*"):
                if path.name[5:].isdecimal():
                    config = self.config(variant, int(path.name[5:]))
                    # What would have to be replaced has no scores of this experiment.
                    run = ExperimentRun(path, variant, config, held_out, overwrite=True)
                    if run.scored:
                        found.append(_result(run))
        return sorted(found, key=lambda result: result.seed)

    def _judge(self, held_out, ctx):
        judge = Judge(held_out, ctx)
        if self.scores[0] not in judge.measures:
            raise ValueError(
                f"{self.scores[0]}, which the experiment {self.name!r} is about, "
                f"cannot be measured on {held_out.folder}, but only "
                f"{', '.join(judge.measures)}. Scores by classes need pairs of photos "
                "and labels in known colours: name such a data set, or other scores.")
        return judge


def _result(run):
    return Result(run.variant, run.config.seed, *run.scored, run.folder)


def _folder_name(variant):
    """Return a name that needs no quotes on the command line."""
    return re.sub(r"[^\w+.-]+", "_", variant).strip("_.")
