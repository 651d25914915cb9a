"""Losses along terms and along data, of SGD and the least possible ones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import numpy as np

from mlplab.data.draws import draw_polynomial
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_4.arms import ended
from mlplab.exercises.section_4_4.polynomial_draws import N_TEST, SMALLEST, Array, N
from mlplab.exercises.section_4_4.published import EPOCHS
from mlplab.experiment import Arm, Runs
from mlplab.theory import linear
from mlplab.theory.features import legendre, monomials

TERMS = tuple(range(1, 21))
SOURCE_TERMS = (1, 4, 6, 11, 16)
"""Along data: the source's, and the 4 of the problem itself."""
MANY = SOURCE_TERMS[-1]
SIZES = (20, 50, 100, 300, 1000)
FEW, HALF_WIDTH = 20, 5.0
BEYOND = (1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 19, 20, 21, 22, 25, 30, 40, 60, 100, 200, 400)
INTERPOLATED = (4, 8, 12, 16, 20, 50, 100)


@one_thread
def least(runs: Runs, arm: Arm) -> tuple[Array, Array]:
    """Return the training and held-out losses of least squares on the very rows of an arm: (R,).

    With more terms than examples it is the smallest of the solutions.
    """
    task, n_terms = runs.experiment.data, int(arm.run.value("net.inputs"))
    splits = [task.split(seed, arm.run.rows) for seed in runs.experiment.seeds]

    def rows_of(part: Literal["train", "valid"]) -> tuple[Array, Array]:
        places = np.stack([getattr(one, part) for one in splits])
        # Powers anew from x, which was rounded to float32, as y was.
        x = np.asarray(task.inputs[places, 1], dtype=np.float64)
        return monomials(x, n_terms), np.asarray(task.targets[places, 0], dtype=np.float64)

    train, fresh = rows_of("train"), rows_of("valid")
    solve = linear.solve_qr if train[0].shape[1] >= n_terms else linear.solve_svd
    models = solve(*train)
    return models.mean_squared_error(*train), models.mean_squared_error(*fresh)


def descended(runs: Runs, arm: Arm) -> tuple[Array, Array]:
    """Return the same of the runs themselves; infinite, the worst loss, where one diverged."""
    return ended(runs, arm, "train_loss"), ended(runs, arm, "valid_loss")


@lru_cache(maxsize=2)
@one_thread
def double_descent(draws: int) -> Mapping[int, tuple[Array, Array]]:
    """Return losses on 20 training and on fresh examples of the smallest solution, by terms."""
    x, y = draw_polynomial(range(draws), FEW)
    x_test, y_test = draw_polynomial(range(draws), N_TEST, part="test")
    train = legendre(x, max(BEYOND), half_width=HALF_WIDTH)
    fresh = legendre(x_test, max(BEYOND), half_width=HALF_WIDTH)
    found = {}
    for terms in BEYOND:
        models = linear.solve_svd(train[..., :terms], y)
        found[terms] = (
            models.mean_squared_error(train[..., :terms], y),
            models.mean_squared_error(fresh[..., :terms], y_test),
        )
    return found


@lru_cache(maxsize=2)
@one_thread
def interpolation(draws: int) -> Mapping[tuple[int, int], Array]:
    """Return the least training loss reached in float64 by (examples, terms), terms up to n.

    By QR on Legendre polynomials over the width of the draw: of all bases here the best. A loss
    of exactly 0 counts as 1e-32, so that it has a logarithm.
    """
    found = {}
    for n in INTERPOLATED:
        x, y = draw_polynomial(range(draws), n)
        features = legendre(x, n, half_width=np.abs(x).max(axis=1, keepdims=True))
        for terms in range(1, n + 1) if n <= FEW else (n,):
            part = features[..., :terms]
            loss = linear.solve_qr(part, y).mean_squared_error(part, y)
            found[n, terms] = np.maximum(loss, SMALLEST)
    return found


def arms_by_data(runs: Runs) -> dict[tuple[int, int, int], Arm]:
    """Return an experiment's arms by terms, examples and epochs."""
    paths = ("net.inputs", "rows.n", "fit.epochs")
    return {
        (terms, n, epochs): arm
        for arm in runs.arms
        for terms, n, epochs in [tuple(int(arm.run.value(path)) for path in paths)]
    }


def epochs_for(n: int) -> int:
    """Return the epochs that take as many steps with n examples as 400 with 100.

    >>> epochs_for(1000)
    40
    """
    return round(EPOCHS * N / n)
