"""What exercise 4.4.2 computes: losses along terms and along data, by SGD and at the least."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np

from mlplab.data.draws import draw_polynomial
from mlplab.exercises.measured import Measured
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.polynomial_draws import N_TEST, VARIANCE, Array, N, n_draws
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked
from mlplab.experiment import Arm, Runs
from mlplab.theory import linear
from mlplab.theory.features import legendre, monomials

TERMS = tuple(range(1, 21))
SOURCE_TERMS = (1, 4, 6, 11, 16)
"""Along data: the source's, and the 4 of the problem itself."""
MANY = SOURCE_TERMS[-1]
SIZES = (20, 50, 100, 300, 1000)
FRESH = 100
"""Held-out examples of every draw, which nothing is chosen by."""
FEW, HALF_WIDTH = 20, 5.0
BEYOND = (1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 19, 20, 21, 22, 25, 30, 40, 60, 100, 200, 400)
_NEAR, _FAR = 25, 400
INTERPOLATED = (4, 8, 12, 16, 20, 50, 100)
ROUNDING, SMALLEST = 1e-15, 1e-32
_N_CASES = 40


def prove(enough: str, fewer: str) -> Sequence[Checked]:
    """Check in fractions how many terms fit all examples."""
    import sympy

    rng, fits, fewer_fit = np.random.default_rng(0), True, True
    for _ in range(_N_CASES):
        n = int(rng.integers(2, 8))
        x = rng.choice(np.arange(-9, 10), n, replace=False)
        rows = sympy.Matrix(n, n, lambda i, j, x=x: int(x[i]) ** j)
        y = sympy.Matrix([int(one) for one in rng.integers(-99, 100, n)])
        fits &= rows * rows.LUsolve(y) == y
        less, target = rows[:, : n - 1], sympy.Matrix([0] * (n - 1) + [1])
        # A polynomial with n - 2 as its highest power and n - 1 zeros is 0 everywhere.
        fewer_fit &= less.row_join(target).rank() == less.rank()
    note = f"in whole numbers, on {_N_CASES} random samples of 2 to 7 examples"
    return (
        Checked(enough, bool(fits), note),
        Checked(fewer, bool(fewer_fit), f"{note}, with the targets 0, ..., 0, 1"),
    )


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


def ended(runs: Runs, arm: Arm, metric: str) -> Array:
    """Return a loss at the end of every run of an arm, infinite where it diverged: (R,)."""
    return np.asarray(np.nan_to_num(runs.values(metric, [arm])[0], nan=np.inf))


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


@np.errstate(invalid="ignore")  # inf - inf and inf / inf: all runs failed
def measure(runs: Mapping[str, Runs], profile: Profile, says: Sequence[str]) -> Sequence[Measured]:
    """Return what decides the claims of 4.4.2, one number per draw of the data."""
    by_terms, by_data, tiny = runs["terms"], runs["data"], runs["tiny"]
    sgd = {k: descended(by_terms, arm) for k, arm in arms_by_terms(by_terms).items()}
    exact = {k: least(by_terms, arm) for k, arm in arms_by_terms(by_terms).items()}
    arms = arms_by_data(by_data)
    few, more, same_steps = (
        descended(by_data, arms[MANY, n, epochs])
        for n, epochs in ((N, 400), (1000, 400), (1000, epochs_for(1000)))
    )
    rises = least(by_data, arms[MANY, 1000, 400])[0] - least(by_data, arms[MANY, N, 400])[0]
    falls = [np.log10(sgd[k][0] / sgd[k + 1][0]) for k in (1, 2, 3)]
    beyond, kept = double_descent(n_draws(profile)), interpolation(n_draws(profile))
    decades = "log10 of held-out loss"
    ratio = {name: np.log10(one[1] / few[1]) for name, one in (("more", more), ("s", same_steps))}
    rows: tuple[tuple[Array, float, Literal["higher", "lower", "same"], str], ...] = (
        (np.min(falls, axis=0), 0.1, "higher", "least fall of log10 of training loss"),
        (sgd[20][0] - sgd[4][0], 0.002, "same", "training loss"),
        (np.log10(sgd[20][0] / 0.01), 0.5, "same", "log10 of training loss / 0.01"),
        (
            exact[20][0] - exact[4][0] + VARIANCE * 16 / N,
            0.0005,
            "same",
            "training loss beside the one expected",
        ),
        (np.log10(sgd[20][1] / sgd[4][1]), 0.1, "higher", decades),
        (np.log10(sgd[20][1] / exact[20][1]), 0.1, "lower", decades),
        (np.log10(kept[8, 8] / ROUNDING), 1.0, "lower", "log10 of training loss / 1e-15"),
        (np.log10(kept[100, 100] / ROUNDING), 1.0, "lower", "log10 of training loss / 1e-15"),
        (descended(tiny, tiny.arms[0])[0], 0.001, "same", "training loss"),
        (rises, 0.0005, "higher", "training loss"),
        (more[0] - few[0], 0.002, "lower", "training loss"),
        (same_steps[0] - few[0], 0.002, "lower", "training loss"),
        (ratio["more"], 0.1, "lower", decades),
        (ratio["s"], 0.1, "lower", decades),
        (np.log10(beyond[_FAR][1] / beyond[_NEAR][1]), 0.1, "lower", decades),
        (np.log10(beyond[_FAR][1] / beyond[4][1]), 0.1, "lower", decades),
    )
    return tuple(sound(one, *row) for one, row in zip(says, rows, strict=True))


def sound(
    says: str,
    values: Array,
    matters: float,
    expect: Literal["higher", "lower", "same"],
    metric: str,
) -> Measured:
    """Return a claim, one number per draw; NaN, where all runs compared failed, counts as 0.

    What is infinite stands for a failure of only some of them, see `Measured`.
    """
    both = int(np.isnan(values).sum())
    note = "of the data" + (f"; on {both} of them every run failed" if both else "")
    numbers = np.where(np.isnan(values), 0.0, values)
    return Measured(says, tuple(numbers.tolist()), matters, expect, metric, note)


def arms_by_terms(runs: Runs) -> dict[int, Arm]:
    """Return an experiment's arms by number of terms."""
    return {int(arm.run.value("net.inputs")): arm for arm in runs.arms}


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
    return round(400 * N / n)
