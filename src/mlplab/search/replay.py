"""Searches on a table of trainings that are over: hundreds in the time of one training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.search.declare import read_direction
from mlplab.search.space import Config, name_of
from mlplab.search.trial import Proposal

if TYPE_CHECKING:
    from mlplab.experiment import Runs


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """Finished runs of a whole grid: configurations x seeds x epochs.

    Attributes:
        configs: one per row.
        seeds: one per column.
        scores: after each epoch, (K, S, E); larger is better, -inf from where a run failed.
    """

    configs: tuple[Config, ...]
    seeds: tuple[int, ...]
    scores: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.scores.shape[:2] != (len(self.configs), len(self.seeds)):
            raise ConfigError(
                f"table: expected scores of {len(self.configs)} configurations and "
                f"{len(self.seeds)} seeds; got shape {self.scores.shape}"
            )


class Replay:
    """Answers from a table: hundreds of searches in the time of one training.

    Seeds are those of the table, wrapped around: seed s of a search means seed s modulo their
    number, shifted by `shift`, so that repetitions may see different runs.

    Raises:
        ConfigError: a proposal is not in the table.

    >>> table = ScoreTable(({"lr": 1},), (0, 1), np.array([[[0.5, 0.7], [0.4, 0.6]]]))
    >>> Replay(table).scores([Proposal({"lr": 1}, 2, (0, 1))])
    [(0.7, 0.6)]
    """

    def __init__(self, table: ScoreTable, shift: int = 0) -> None:
        self._table = table
        self._shift = shift
        self._row: Mapping[str, int] = {name_of(c): i for i, c in enumerate(table.configs)}

    def scores(self, proposals: Sequence[Proposal]) -> list[tuple[float, ...]]:
        """Look the proposals up."""
        out = []
        n_seeds, n_epochs = self._table.scores.shape[1:]
        for proposal in proposals:
            row = self._row.get(name_of(proposal.config))
            if row is None or not 1 <= proposal.epochs <= n_epochs:
                raise ConfigError(
                    f"replay: the table has no {name_of(proposal.config)} after "
                    f"{proposal.epochs} epochs"
                )
            columns = [(seed + self._shift) % n_seeds for seed in proposal.seeds]
            values = self._table.scores[row, columns, proposal.epochs - 1]
            out.append(tuple(-math.inf if math.isnan(v) else float(v) for v in values))
        return out


def score_table(runs: Runs, metric: str, *, higher_is_better: bool | None = None) -> ScoreTable:
    """Return the table of an experiment's runs: a metric after every epoch.

    Args:
        runs: of an experiment whose arms are the configurations.
        metric: of the validation or training split.
        higher_is_better: known for the usual metrics, needed for a user's own.

    Raises:
        ConfigError: it is not known which way the metric is better.
    """
    sign = 1.0 if read_direction(metric, higher_is_better) else -1.0
    seeds = tuple(dict.fromkeys(cell.seed for cell in runs.cells))
    n_epochs = max(cell.run.fit.epochs for cell in runs.cells)
    arms = runs.arms
    scores = np.full((len(arms), len(seeds), n_epochs), -np.inf)
    place = {id(arm): row for row, arm in enumerate(arms)}
    for cell in runs.cells:
        outcome = runs.outcomes[cell.key]
        values = np.array(outcome.history.get(metric, ()), dtype=np.float64)[:n_epochs] * sign
        row, column = place[id(cell.arm)], seeds.index(cell.seed)
        scores[row, column, : len(values)] = np.where(np.isfinite(values), values, -np.inf)
        if outcome.status == "diverged" and outcome.diverged_epoch is not None:
            # It has no later epochs, and the one it diverged in has no score.
            scores[row, column, outcome.diverged_epoch - 1 :] = -np.inf
    return ScoreTable(tuple(dict(arm.factors) for arm in arms), seeds, scores)
