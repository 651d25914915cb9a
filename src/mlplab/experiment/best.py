"""The chosen arm: what it cannot be told from, what choosing it adds to its score, its ensemble."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Literal, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError
from mlplab.experiment.arms import Arm
from mlplab.experiment.conduct import finish, log_test_look
from mlplab.experiment.declaration import Declaration
from mlplab.experiment.declare import fresh_seeds, read_matters, read_seeds
from mlplab.experiment.ensembles import ensembles_of
from mlplab.experiment.metrics import (
    check_metric,
    fewest_rows_scored,
    higher_is_better,
    refuse_test,
)
from mlplab.experiment.outcome_table import OutcomeTable
from mlplab.experiment.progress import ProgressOption
from mlplab.experiment.progress_bar import reporting
from mlplab.experiment.results import Results
from mlplab.experiment.summary import summarise
from mlplab.reading import read_flag
from mlplab.sheet import Sheet, listed
from mlplab.specs import Fold, Holdout
from mlplab.stats import best_arms, score_label, selection_optimism


@dataclass(frozen=True, slots=True)
class TestScore:
    """The chosen arm on the test split.

    Attributes:
        metric: of the test split.
        mean: over seeds.
        interval: 95 % t interval of the mean over fresh seeds, ended where the metric's values
            end; None under two finished runs.
        n_seeds: finished runs.
        n_failed: runs that diverged, left out of the mean.
        seeds: that were scored.
        label: "fresh seeds", or "optimistic" if seeds that chose the arm are among them.
    """

    # pytest collects classes named Test...
    __test__ = False

    metric: str
    mean: float
    interval: tuple[float, float] | None
    n_seeds: int
    n_failed: int
    seeds: tuple[int, ...]
    label: Literal["fresh seeds", "optimistic"]

    def __str__(self) -> str:
        """One line for people."""
        count = "1 seed" if self.n_seeds == 1 else f"{self.n_seeds} seeds"
        if self.label == "fresh seeds":
            count = count.replace(" ", " fresh ")
        else:
            count += ", optimistic"
        if self.n_seeds == 0:
            return f"{self.metric}: none, every run diverged ({self.n_failed} of {self.n_failed})"
        if self.interval is None:
            return f"{self.metric} {self.mean:.4f}, {count}: an interval needs two"
        low, high = self.interval
        return f"{self.metric} {self.mean:.4f} [{low:.4f}, {high:.4f}], {count}"


@final
@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Best:
    """The arm with the best mean in one metric; made by `Runs.best`.

    Attributes:
        arm: the arm.
        metric: what chose it.
        mean: its mean over the seeds that chose it.
        honest_mean: mean of arms chosen without the seed they are scored on; NaN under two seeds.
        optimism: `mean - honest_mean`: what choosing adds to the score.
        candidates: labels of the arms that no other arm beats; the best one is among them (95 %,
            shared with `near_best`).
        near_best: labels of the arms shown to be less than `matters` from the best.
        failed: labels of the arms with a diverged run; they could not be chosen.
        matters: the smallest difference that matters.
        seeds: that chose.
    """

    arm: Arm
    metric: str
    mean: float
    honest_mean: float
    optimism: float
    candidates: tuple[str, ...]
    near_best: tuple[str, ...]
    failed: tuple[str, ...]
    matters: float
    seeds: tuple[int, ...]
    _results: Results = field(repr=False)

    def __repr__(self) -> str:
        return (
            f"Best({self.arm.label!r} by {self.metric}: mean {self.mean:.4g}, optimism "
            f"{self.optimism:.2g}, {len(self.candidates)} candidates, {len(self.near_best)} "
            f"near-best of {len(self._results.arms)} arms, {len(self.seeds)} seeds)"
        )

    def _repr_html_(self) -> str:
        facts = {
            "best": self.arm.label,
            f"mean {self.metric}": self.mean,
            "mean, chosen without the seed scored": self.honest_mean,
            "optimism": self.optimism,
            "candidates (no arm beats them)": listed(self.candidates),
            f"near-best (less than {self.matters:g} from the best)": listed(self.near_best),
            "could not be chosen (a run diverged)": listed(self.failed),
            "arms": len(self._results.arms),
            "seeds that chose": len(self.seeds),
        }
        return Sheet(f"Best arm by {self.metric}", facts).html()

    def score_test(
        self, seeds: int | Sequence[int] | None = None, *, progress: ProgressOption = True
    ) -> TestScore:
        """Train the chosen arm with fresh seeds and score it on the test split: one logged look.

        Args:
            seeds: how many fresh seeds (default: as many as chose), or the seeds themselves;
                seeds that took part in the choice make the score "optimistic".
            progress: True for a bar, False for none, or what is called with a `Progress`.

        Raises:
            ConfigError: the task has no test split.
        """
        chosen = self._results.experiment
        run = self.arm.run
        if run.fit.test == "never":
            run = run.with_value("fit.test", "end")
        split, _, name = self.metric.partition("_")
        metric = f"test_{name}" if split in ("train", "valid") else self.metric
        check_metric(metric, run, chosen.data)
        used = set(self._results.cells.seeds.tolist())
        given = self.seeds if seeds is None else read_seeds(seeds)
        if seeds is None or isinstance(seeds, Integral):
            given = fresh_seeds(used, len(given))
        fresh = Declaration(chosen.data, run, seeds=given, name=chosen.title, fails=chosen.fails)
        cells, setup = fresh.cells(), self._results.setup
        with reporting(progress, "score") as report:
            ended = finish(cells, fresh.data, setup, title=fresh.title, progress=report)
        purpose = f"score of the arm chosen by {self.metric}: {self.arm.label}"
        log_test_look(ended, setup.store, purpose, fresh.title)
        table = OutcomeTable(cells, ended.outcomes, fresh.fails)
        (found,) = summarise(table, fresh.design, metric, fresh.data)
        return TestScore(
            metric,
            found.mean,
            found.interval,
            found.n_seeds,
            found.n_failed,
            fresh.seeds,
            score_label(used, fresh.seeds),
        )

    def predict(
        self, X: ArrayLike, *, samples: int = 0, progress: ProgressOption = True
    ) -> NDArray[np.float64]:
        """Return what the ensemble of the chosen arm's runs, one per seed, says of new examples.

        Classes: the mean over runs of the softmax probabilities, (N, C). Numbers: the mean output,
        (N, O). Weights that were not kept are trained again, to the same bits, and then kept.

        Args:
            X: inputs, (N, I), in the units of the task's own.
            samples: Monte-Carlo prediction: the mean over so many forward passes of each run with
                its dropout or noise left on; 0 is one pass without noise.
            progress: True for a bar while weights are trained, False for none, or what is
                called with a `Progress`.

        Raises:
            ConfigError: samples of a network without noise, or fewer than 0.
            DataError: X does not fit the task, or is not finite.

        Cost: one forward pass per run, or `samples`. Source of the latter: Gal and Ghahramani
        (2016), arXiv 1506.02142.
        """
        whole = ensembles_of(self._results, self.arm)
        return np.asarray(whole.predict(X, samples=samples, progress=progress)[0])

    def predict_class(self, X: ArrayLike, *, progress: ProgressOption = True) -> NDArray[np.int64]:
        """Return the class id with the highest mean probability, (N,); arguments as `predict`.

        Raises:
            ConfigError: the task is not one of classes.
        """
        if self._results.experiment.data.kind != "classification":
            raise ConfigError("predict_class: expected classes; predict() is for numbers too")
        return np.asarray(self.predict(X, progress=progress).argmax(axis=1), dtype=np.int64)


def choose(results: Results, metric: str, matters: float, higher: bool | None) -> Best:
    """Choose the arm with the best mean; see `Runs.best`."""
    refuse_test(metric, "best()")
    matters = read_matters(matters)
    if higher is not None:
        higher = read_flag("higher_is_better", higher)
    experiment = results.experiment
    for arm in results.arms:
        check_metric(metric, arm.run, experiment.data)
        rows = any(path.split(".")[0] == "rows" for path in arm.factors)
        if rows and isinstance(arm.run.rows, Fold | Holdout):
            raise ConfigError("best() would choose a fold: it compares arms on all their rows")
    if higher is None:
        higher = higher_is_better(metric)
    if higher is None:
        raise ConfigError(f"best(): say higher_is_better=True or False for {metric!r}")
    arms = results.arms
    data = results.table.select(arms, metric)
    labels = [arm.label for arm in arms]
    failed = np.flatnonzero(data.failed.any(axis=1)).tolist()
    candidates: tuple[int, ...] = (0,)
    near: tuple[int, ...] = (0,)
    if len(failed) == len(arms):
        raise ConfigError(f"best(): every arm has a run without {metric!r} (diverged)")
    if len(arms) > 1:
        runs_of = [arm.run.replace(seed=data.seeds[0]) for arm in arms]
        grid = fewest_rows_scored(metric, runs_of, experiment.data)
        sets = best_arms(
            data.values, matters, higher_is_better=higher, failed=data.failed, n_test=grid
        )
        candidates, near = sets.candidates, sets.near_best
    if len(data.seeds) > 1:
        selection = selection_optimism(data.values, higher_is_better=higher, failed=data.failed)
        winner, mean = selection.winner, selection.mean
        honest, optimism = selection.honest_mean, selection.optimism
    else:
        # One seed says nothing of the optimism of a choice: NaN rather than 0.
        signed = np.where(data.failed, np.nan, data.values if higher else -data.values)[:, 0]
        winner, honest, optimism = int(np.nanargmax(signed)), math.nan, math.nan
        mean = float(data.values[winner, 0])
    return Best(
        arms[winner],
        metric,
        mean,
        honest,
        optimism,
        tuple(labels[place] for place in candidates),
        tuple(labels[place] for place in near),
        tuple(labels[place] for place in failed),
        matters,
        data.seeds,
        results,
    )
