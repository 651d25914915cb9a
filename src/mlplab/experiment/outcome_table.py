"""The last value of every run, as arms by seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.experiment.arms import Arm
from mlplab.experiment.design import Cell, Cells
from mlplab.experiment.metrics import higher_is_better
from mlplab.hints import hint
from mlplab.specs import Outcome
from mlplab.specs.claim import ANSWERED, FAILURE_RATE
from mlplab.specs.columns import Outcomes


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
        cells = Cells.of(cells)
        self._fails = dict(fails or {})
        self._outcomes = Outcomes.of(cells.keys, outcomes)
        self._seeds = cells.seeds
        self._places = cells.by_arm()
        self.seeds = tuple(dict.fromkeys(cells.seeds.tolist()))
        # Metric -> last values, NaN where failed; and which runs should have one, and do not.
        self._columns: dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]] = {}

    def outcomes(self, arm: Arm) -> dict[int, Outcome]:
        """Return the arm's outcomes by seed."""
        return {seed: self._outcomes.at(place) for seed, place in self._rows(arm).items()}

    def failed(self, arm: Arm) -> NDArray[np.bool_]:
        """Return of each run of the arm that ended whether it has failed, in the order of seeds."""
        return self._has_failed[list(self._rows(arm).values())]

    def select(self, arms: Sequence[Arm], metric: str) -> Slice:
        """Return the metric's last values of some arms, paired by seed.

        The failure rate's are 1 where a run failed and 0 where it did not; none is missing.

        Raises:
            ConfigError: the runs did not record the metric.
        """
        rows = [self._rows(arm) for arm in arms]
        shared = set(rows[0]).intersection(*rows[1:]) if rows else set()
        seeds = tuple(seed for seed in self.seeds if seed in shared or not rows)
        places = np.array([[row[seed] for seed in seeds] for row in rows], np.int64)
        places = places.reshape(len(arms), len(seeds))
        values = self._last(metric, places)
        found = self._outcomes
        used = frozenset(found.provenances[at] for at in np.unique(found.origin[places]))
        failed = ~np.isfinite(values)
        correct = None
        if metric == ANSWERED:
            answers = [[found.at(at).correct.get("test", b"") for at in row] for row in places]
            if all(bits or lost for bits, lost in zip(chain(*answers), failed.flat, strict=True)):
                correct = tuple(map(tuple, answers))
        return Slice(seeds, values, failed, used, correct)

    def has_failed(self, outcome: Outcome) -> bool:
        """Return whether a run diverged, or ended at chance by the rule declared before."""
        return outcome.status == "diverged" or any(
            not _is_better(metric, outcome.last(metric), bound)
            for metric, bound in self._fails.items()
        )

    @cached_property
    def _has_failed(self) -> NDArray[np.bool_]:
        """The same of all runs, by place."""
        failed = self._outcomes.has_status("diverged")
        for metric, bound in self._fails.items():
            failed = failed | ~_is_better(metric, self._outcomes.last(metric), bound)
        return failed

    def _rows(self, arm: Arm) -> dict[int, int]:
        """Return seed -> place of the arm's runs that have ended."""
        places = self._places.get(arm)
        if places is None:
            return {}
        places = places[self._outcomes.ends.status[places] > 0]
        return dict(zip(self._seeds[places].tolist(), places.tolist(), strict=True))

    def _last(self, metric: str, places: NDArray[np.int64]) -> NDArray[np.float64]:
        if metric == FAILURE_RATE:
            return self._has_failed[places].astype(float)
        if metric not in self._columns:
            found = self._outcomes
            lacking = ~(found.records(metric) | found.has_status("diverged"))
            self._columns[metric] = np.where(self._has_failed, np.nan, found.last(metric)), lacking
        values, lacking = self._columns[metric]
        if lacking[places].any():
            names = self._outcomes.at(int(places[lacking[places]][0])).history
            raise ConfigError(
                f"metric: these runs recorded no {metric!r}; {hint(metric, sorted(names))}"
            )
        return values[places]


_Numbers = TypeVar("_Numbers", float, NDArray[np.float64])


def _is_better(metric: str, value: _Numbers, bound: float) -> Any:
    return value > bound if higher_is_better(metric) else value < bound
