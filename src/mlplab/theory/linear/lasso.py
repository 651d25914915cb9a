"""Lasso and elastic net by coordinate descent, over all runs at once and along a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError
from mlplab.theory.linear.models import LinearModels
from mlplab.theory.linear.samples import Array, centred, checked_penalties, checked_samples


@dataclass(frozen=True, eq=False)
class LassoPath:
    """The models along a path, and how far each may be from the best.

    Attributes:
        models: weights (R, L, P) with exact zeros, intercepts (R, L).
        gaps: duality gap of each, (R, L): the objective is at most this far above its minimum.
        sweeps: passes over the coordinates that each penalty took at most, (L,).
    """

    models: LinearModels
    gaps: Array
    sweeps: tuple[int, ...]


def largest_penalty(X: ArrayLike, y: ArrayLike, *, intercept: bool = False) -> Array:
    """Return the least l1 at which all weights are 0, max_j |x_j^T y| / N, of each run: (R,).

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        intercept: centre both first.

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.

    >>> largest_penalty([[[1.0], [1.0]]], [[2.0, 4.0]]).tolist()
    [3.0]
    """
    inputs, targets, *_ = centred(*checked_samples(X, y), intercept)
    return np.asarray(np.abs(targets[:, None] @ inputs)[:, 0].max(axis=1) / inputs.shape[1])


def lasso_path(
    X: ArrayLike,
    y: ArrayLike,
    penalties: float | Sequence[float] | Array,
    *,
    l2: float = 0.0,
    intercept: bool = False,
    tolerance: float = 1e-10,
    max_sweeps: int = 1000,
) -> LassoPath:
    """Minimise the mean of (y_hat - y)^2 / 2 plus penalty ||w||_1 plus l2 ||w||^2 / 2.

    Equals `sklearn.linear_model.Lasso(alpha=penalty)`, and `ElasticNet` with l2. Penalties are
    solved from the largest down, each from the one before. After each pass over all coordinates,
    those that are not 0 settle at their joint minimum. A run leaves when its duality gap is at
    most `tolerance` times the mean of y^2 / 2 (centred y with an intercept).

    Args:
        X: inputs, (R, N, P).
        y: targets, (R, N).
        penalties: L numbers above 0, in any order; for 0 there is `ridge_path`.
        l2: the elastic net's second penalty.
        intercept: add a constant that is not penalised.
        tolerance: of the duality gap, as a share of the objective at weights 0.
        max_sweeps: passes over the coordinates per penalty.

    Raises:
        DataError: the arrays do not fit together or hold what is not finite.
        ConfigError: a penalty is not above 0, l2 is negative, or the gap has not closed after
            `max_sweeps`.

    Cost: 4 N P flop a run and sweep, and A^2 (N + A) for each Newton step with A coordinates not
    0; one numpy call serves all runs. Source: Friedman, Hastie
    and Tibshirani, J. Stat. Software 33 (2010); the gap: Kim et al., IEEE JSTSP 1 (2007).

    >>> path = lasso_path([[[1.0, 0.0], [0.0, 1.0]]], [[3.0, 0.5]], [0.5])
    >>> path.models.weights.round(12).tolist()
    [[[2.0, 0.0]]]
    """
    path = checked_penalties("penalties", penalties, "above 0")
    for name, number in (("l2", l2), ("tolerance", tolerance)):
        if not 0 <= number < np.inf:
            raise ConfigError(f"{name}: expected a finite number from 0; got {number!r}")
    inputs, targets, input_mean, target_mean = centred(*checked_samples(X, y), intercept)
    columns = np.ascontiguousarray(inputs.transpose(0, 2, 1))
    w = np.zeros_like(input_mean)
    weights = np.zeros((len(w), len(path), w.shape[1]))
    gaps, sweeps = np.zeros(weights.shape[:2]), [0] * len(path)
    for place in np.argsort(-path, kind="stable"):
        problem = _Problem(columns, targets, float(path[place]), l2)
        w, gaps[:, place], sweeps[place] = problem.solve(w, tolerance, max_sweeps)
        weights[:, place] = w
    intercepts = target_mean[:, None] - (input_mean[:, None] * weights).sum(axis=-1)
    return LassoPath(LinearModels(weights, intercepts), gaps, tuple(sweeps))


@dataclass(frozen=True, eq=False)
class _Problem:
    """Centred data, columns (R, P, N), with one pair of penalties."""

    columns: Array
    y: Array
    l1: float
    l2: float

    def solve(self, start: Array, tolerance: float, max_sweeps: int) -> tuple[Array, Array, int]:
        """Return weights, gaps and the number of sweeps; runs that have arrived are left alone."""
        n_rows = self.y.shape[1]
        w, gap = start.copy(), self.gap(start)
        enough = tolerance * np.square(self.y).sum(axis=1) / (2 * n_rows)
        done = 0
        while (going := np.flatnonzero(gap > enough)).size:
            if done >= max_sweeps:
                worst = int(going[gap[going].argmax()])
                raise ConfigError(
                    f"max_sweeps: the gap of run {worst} is {gap[worst]:.2g}, above"
                    f" {enough[worst]:.2g}, after {done} sweeps; try a larger tolerance or l2"
                )
            columns, own = self.columns[going], w[going]
            residual = self.y[going] - (own[:, None] @ columns)[:, 0]
            self._sweep(columns, own, residual)
            self._settle(columns, own, residual)
            done += 1
            w[going] = own
            gap[going] = _Problem(columns, self.y[going], self.l1, self.l2).gap(own)
        return w, gap, done

    def gap(self, w: Array) -> Array:
        """Return the objective minus the dual at the residual, scaled to be feasible: (R,)."""
        n_rows = self.y.shape[1]
        residual = self.y - (w[:, None] @ self.columns)[:, 0]
        # l2 is n_rows * l2 more rows of the inputs, whose targets are 0.
        square = np.square(residual).sum(axis=1) + n_rows * self.l2 * np.square(w).sum(axis=1)
        slope = (self.columns @ residual[..., None])[..., 0] - n_rows * self.l2 * w
        most = np.abs(slope).max(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = np.where(most > 0, n_rows * self.l1 / most, np.inf)
            best = np.where(square > 0, (self.y * residual).sum(axis=1) / square, 0.0)
        scale = np.clip(best, -bound, bound)
        # The primal minus the dual, arranged so that nothing large cancels.
        half = (1 - scale) ** 2 * square / 2 - scale * (w * slope).sum(axis=1)
        return np.asarray(half / n_rows + self.l1 * np.abs(w).sum(axis=1))

    def _settle(self, columns: Array, w: Array, residual: Array) -> None:
        """Go to the minimum over the coordinates that are not 0, each run its own, in place.

        Where signs are fixed the objective is a quadratic: Newton steps, each cut where the first
        coordinate reaches 0, which then stays there. CD alone needs thousands of passes for that.
        """
        n_rows = residual.shape[1]
        count = (w != 0).sum(axis=1)
        width = int(count.max())
        # The first `width` of a stable sort; runs with fewer take coordinates along that stay 0.
        ids = np.argsort(w == 0, axis=1, kind="stable")[:, :width]
        free = np.arange(width) < count[:, None]
        rows = np.arange(len(w))[:, None]
        active, own = columns[rows, ids], w[rows, ids]
        gram = active @ active.transpose(0, 2, 1) / n_rows
        size = np.einsum("rjj->rj", gram).max(axis=1, initial=0.0) + self.l2
        eye = np.eye(width)
        # A little more than l2: dependent columns then give a long step instead of none.
        damp = (self.l2 + 1e-13 * size + (size == 0))[:, None, None] * eye
        for _ in range(2 * width):
            pairs = free[:, :, None] & free[:, None, :]
            slope = (active @ residual[..., None])[..., 0] / n_rows - self.l2 * own
            slope = np.where(free, slope - self.l1 * np.sign(own), 0.0)
            matrix = np.where(pairs, gram + damp, eye)
            step = np.where(free, np.linalg.solve(matrix, slope[..., None])[..., 0], 0.0)
            change = (step[:, None] @ active)[:, 0]
            bend = np.square(change).sum(axis=1) / n_rows + self.l2 * np.square(step).sum(axis=1)
            with np.errstate(divide="ignore", invalid="ignore"):
                whole = np.where(bend > 0, (slope * step).sum(axis=1) / bend, 0.0)
                until = np.where(free & (own * step < 0), -own / step, np.inf)
            first = until.min(axis=1)
            share = np.minimum(whole, first)[:, None]
            hits = free & (until <= share)
            own = np.where(hits, 0.0, own + share * step)
            residual -= share * change
            free &= ~hits
            if not hits.any():
                break
        w[rows, ids] = own

    def _sweep(self, columns: Array, w: Array, residual: Array) -> None:
        """Minimise over each coordinate in turn, in place."""
        n_rows = residual.shape[1]
        curvature = np.square(columns).sum(axis=2) / n_rows + self.l2
        safe = np.where(curvature > 0, curvature, np.inf)
        for j in range(columns.shape[1]):
            column, old = columns[:, j], w[:, j].copy()
            pull = np.einsum("rn,rn->r", column, residual) / n_rows
            pull += (curvature[:, j] - self.l2) * old
            new = np.sign(pull) * np.maximum(np.abs(pull) - self.l1, 0.0) / safe[:, j]
            step = new - old
            residual -= column * step[:, None]
            w[:, j] = new
