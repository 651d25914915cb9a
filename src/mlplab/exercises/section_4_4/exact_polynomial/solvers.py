"""Polynomial regression solved by QR, by the SVD, by the normal equations, and by SGD."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_4.polynomial_draws import N_TEST, Array, N
from mlplab.experiment import Runs

TERMS = (4, 8, 12, 16, 20, 24)
PENALTIES = (1e-8, 1e-6, 1e-4, 1e-2)
SMALL_PENALTY = 1e-4
"""What a claim is about."""
SCALED, PLAIN, UNIT = "xⁱ / i!", "xⁱ", "columns of length 1"


@lru_cache(maxsize=2)
@one_thread
def solved(draws: int) -> Mapping[str, Any]:
    """Return digits kept, condition numbers, and test losses of ridge, by draw.

    Cost: about 0.15 s a draw, nearly all of it in whole-number arithmetic.
    """
    from mlplab.data.draws import draw_polynomial
    from mlplab.theory import linear
    from mlplab.theory.features import monomials

    x, y = draw_polynomial(range(draws), N)
    x_test, y_test = draw_polynomial(range(draws), N_TEST, part="test")
    solvers = {
        "QR": linear.solve_qr,
        "SVD": linear.solve_svd,
        "normal equations": linear.solve_normal_equations,
    }
    digits: dict[tuple[str, float], Array] = {}
    condition: dict[tuple[str, float], Array] = {}
    for terms in TERMS:
        X = monomials(x, terms)
        exact = linear.solve_exactly(X, y)
        for name, solve in solvers.items():
            digits[name, terms] = linear.digits_right(solve(X, y).weights, exact)
        condition[SCALED, terms] = linear.condition_number(X)
        condition[PLAIN, terms] = linear.condition_number(monomials(x, terms, scaled=False))
        condition[UNIT, terms] = linear.condition_number(X / np.linalg.norm(X, axis=1)[:, None])
    X, X_test = monomials(x, 20), monomials(x_test, 20)
    ridge = linear.ridge_path(X, y, PENALTIES).mean_squared_error(X_test, y_test)
    plain = linear.solve_qr(X, y).mean_squared_error(X_test, y_test)
    return {"digits": digits, "condition": condition, "ridge": ridge, "plain": plain}


def above_least(runs: Runs) -> dict[int, Array]:
    """Return by number of terms how far SGD's training loss ends above the least possible one."""
    from mlplab.theory import linear

    task = runs.experiment.data
    found = {}
    for arm in runs.arms:
        terms = int(arm.run.value("net.inputs"))
        rows = [task.split(seed, arm.run.rows).train for seed in runs.experiment.seeds]
        X = np.stack([np.asarray(task.inputs[r][:, :terms], dtype=np.float64) for r in rows])
        y = np.stack([np.asarray(task.targets[r], dtype=np.float64).ravel() for r in rows])
        least = linear.solve_qr(X, y).mean_squared_error(X, y)
        found[terms] = np.asarray(runs.values("train_loss", [arm])[0] - least)
    return found
