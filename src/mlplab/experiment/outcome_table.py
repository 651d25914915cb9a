"""The last value of every run, as arms by seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.experiment.arms import Arm
from mlplab.experiment.design import Cell
from mlplab.experiment.metrics import higher_is_better
from mlplab.hints import hint
from mlplab.specs import Outcome
from mlplab.specs.claim import ANSWERED, FAILURE_RATE


@dataclass(frozen=True, eq=False, slots=True)
class Slice:
    """One metric of some arms on the seeds that all of them ran.

    Attributes:
        seeds: in the order in which the experiment declares them, (n,).
        values: (K, n) float64; NaN where failed.
        failed: (K, n) bool: see `OutcomeTable.has_failed`; or the metric is not finite at the end.
        provenances: of the runs that went in.
        correct: of `test_accuracy`, each run's right answers as `Outcome.correct` packs them;
            None where a run that has not failed kept none.
    """

    seeds: tuple[int, ...]
    values: NDArray[np.float64]
    failed: NDArray[np.bool_]
    provenances: frozenset[str]
    correct: tuple[tuple[bytes, ...], ...] | None = None

    def first(self, n_seeds: int) -> Slice:
        """Return the first `n_seeds` seeds only."""
        part = slice(0, n_seeds)
        correct = None if self.correct is None else tuple(row[part] for row in self.correct)
        return Slice(
            self.seeds[part],
            self.values[:, part],
            self.failed[:, part],
            self.provenances,
            correct,
        )


class OutcomeTable:
    """Outcomes by arm and seed.

    Args:
        cells: what was to run.
        outcomes: what came of it, by key.
        fails: metric -> the value that a run's last one must be better than; see `Experiment`.
    """

    def __init__(
        self,
        cells: Sequence[Cell],
        outcomes: Mapping[str, Outcome],
        fails: Mapping[str, float] | None = None,
    ) -> None:
        self._fails = dict(fails or {})
        self._by_arm: dict[Arm, dict[int, Outcome]] = {}
        for cell in cells:
            if cell.key in outcomes:
                self._by_arm.setdefault(cell.arm, {})[cell.seed] = outcomes[cell.key]
        self.seeds = tuple(dict.fromkeys(cell.seed for cell in cells))

    def outcomes(self, arm: Arm) -> dict[int, Outcome]:
        """Return the arm's outcomes by seed."""
        return self._by_arm.get(arm, {})

    def select(self, arms: Sequence[Arm], metric: str) -> Slice:
        """Return the metric's last values of some arms, paired by seed.

        The failure rate's are 1 where a run failed and 0 where it did not; none is missing.

        Raises:
            ConfigError: the runs did not record the metric.
        """
        rows = [self.outcomes(arm) for arm in arms]
        seeds = tuple(seed for seed in self.seeds if all(seed in row for row in rows))
        values = np.full((len(arms), len(seeds)), np.nan)
        for place, row in enumerate(rows):
            for column, seed in enumerate(seeds):
                values[place, column] = self._last(row[seed], metric)
        used = frozenset(row[seed].provenance for row in rows for seed in seeds)
        failed = ~np.isfinite(values)
        correct = None
        if metric == ANSWERED:
            answers = [[row[seed].correct.get("test", b"") for seed in seeds] for row in rows]
            if all(bits or lost for bits, lost in zip(chain(*answers), failed.flat, strict=True)):
                correct = tuple(map(tuple, answers))
        return Slice(seeds, values, failed, used, correct)

    def has_failed(self, outcome: Outcome) -> bool:
        """Return whether a run diverged, or ended at chance by the rule declared before."""
        return outcome.status == "diverged" or any(
            not _is_better(metric, outcome.last(metric), bound)
            for metric, bound in self._fails.items()
        )

    def _last(self, outcome: Outcome, metric: str) -> float:
        if metric == FAILURE_RATE:
            return float(self.has_failed(outcome))
        if outcome.status != "diverged" and metric not in outcome.history:
            says = hint(metric, sorted(outcome.history))
            raise ConfigError(f"metric: these runs recorded no {metric!r}; {says}")
        return math.nan if self.has_failed(outcome) else outcome.last(metric)


def _is_better(metric: str, value: float, bound: float) -> bool:
    return value > bound if higher_is_better(metric) else value < bound
