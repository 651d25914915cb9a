"""The lambda that each way of choosing takes on every draw of the data, and its exact risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mlplab.data.draws import draw_sparse_linear
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_5.problem import N_TRAIN, NOISE, WEIGHT, Array, true_risk
from mlplab.theory.linear import LinearModels, gaussian_penalty, leave_one_out_errors, ridge_path

N_HELD_OUT, N_FOLDS, N_MORE = 5, 5, 100
PENALTIES = np.geomspace(1e-3, 1e3, 49)
WAYS = ("hold_out", "folds", "one_out", "more", "prior", "smallest", "best")


@dataclass(frozen=True, eq=False)
class Choices:
    """What each way chose on every draw.

    Attributes:
        risks: expected squared error along PENALTIES, as a share of the variance, (R, L).
        chosen: way -> place in PENALTIES, (R,).
        limits: risks with lambda 0 and with all weights 0: where both ends tend to, (R, 2).
    """

    risks: Array
    chosen: Mapping[str, NDArray[np.int64]]
    limits: Array

    def risk(self, way: str) -> Array:
        """Return the risk of the lambda chosen, fitted to all rows, (R,)."""
        return np.asarray(np.take_along_axis(self.risks, self.chosen[way][:, None], 1)[:, 0])

    def regret(self, way: str) -> Array:
        """Return what the choice costs beside the draw's best lambda, (R,)."""
        return np.asarray(self.risk(way) - self.risks.min(axis=1))

    def overfits(self, way: str, by: float) -> Array:
        """Return whether a larger lambda has a risk that is lower by more than `by`, (R,)."""
        beyond = np.minimum.accumulate(self.risks[:, ::-1], axis=1)[:, ::-1]
        return self._loses(way, beyond, by)

    def underfits(self, way: str, by: float) -> Array:
        """Return whether a smaller lambda has a risk that is lower by more than `by`, (R,)."""
        return self._loses(way, np.minimum.accumulate(self.risks, axis=1), by)

    def _loses(self, way: str, best: Array, by: float) -> Array:
        rival = np.take_along_axis(best, self.chosen[way][:, None], axis=1)[:, 0]
        return np.asarray(self.risk(way) - rival > by)

    def share_at(self, way: str, place: int) -> float:
        """Return the share of draws in which one place of PENALTIES is chosen."""
        return float((self.chosen[way] == place % len(PENALTIES)).mean())

    def penalties(self, way: str) -> Array:
        """Return the lambdas chosen, (R,)."""
        return np.asarray(PENALTIES[self.chosen[way]])


@lru_cache(maxsize=2)
@one_thread
def choices(n_draws: int) -> Choices:
    """Let every way choose on every draw; the chosen lambda is then fitted to all 20 rows."""
    X, y = draw_sparse_linear(range(n_draws), N_TRAIN)
    fitted = ridge_path(X, y, PENALTIES, intercept=True)
    risks = true_risk(fitted)
    errors = [_left_out(X, y, rows) for rows in np.array_split(np.arange(N_TRAIN), N_FOLDS)]
    one_out = np.square(leave_one_out_errors(X, y, PENALTIES, intercept=True)).mean(axis=-1)
    further = draw_sparse_linear(range(n_draws), N_MORE, part="test")
    prior = gaussian_penalty(NOISE, WEIGHT, N_TRAIN)
    place = int(np.abs(np.log(PENALTIES / prior)).argmin())
    free = ridge_path(X, y, [0.0], intercept=True)
    none = LinearModels(np.zeros_like(X[:, 0]), y.mean(axis=1))
    return Choices(
        risks,
        {
            "hold_out": errors[0].argmin(axis=1),
            "folds": np.mean(errors, axis=0).argmin(axis=1),
            "one_out": one_out.argmin(axis=1),
            "more": fitted.mean_squared_error(*further).argmin(axis=1),
            "prior": np.full(n_draws, place),
            "smallest": np.zeros(n_draws, dtype=np.int64),
            "best": risks.argmin(axis=1),
        },
        np.column_stack([true_risk(free)[:, 0], true_risk(none)]),
    )


def _left_out(X: Array, y: Array, rows: NDArray[np.int64]) -> Array:
    """Return the mean squared error on rows that ridge was not fitted to, (R, L)."""
    kept = np.setdiff1d(np.arange(X.shape[1]), rows)
    models = ridge_path(X[:, kept], y[:, kept], PENALTIES, intercept=True)
    return models.mean_squared_error(X[:, rows], y[:, rows])
