"""What exercise 4.4.1 computes and tells: polynomial regression solved exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from mlplab.draw import Quantity, band_lines
from mlplab.draw.words import join_texts
from mlplab.exercises.measured import Measured
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.polynomial_draws import (
    N_TEST,
    Array,
    N,
    geometric_lines,
    mean_lines,
    n_draws,
)
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked, Findings
from mlplab.exercises.uncertainty_bands import DRAW_BAND, GEOMETRIC_SAYS
from mlplab.exercises.wording import measured_values
from mlplab.experiment import Runs

TERMS = (4, 8, 12, 16, 20, 24)
_PENALTIES = (1e-8, 1e-6, 1e-4, 1e-2)
_SOLVERS = ("QR", "SVD", "normal equations")
_WORDS = {
    "normal equations": "正规方程",
    "solver": "解法",
    "features": "特征",
    "terms": "项数",
    "right digits of the weights": "权重的正确位数",
    "condition number": "条件数",
}


def prove(normal: str, unique: str, printed: str) -> Sequence[Checked]:
    """Check the normal equations by algebra, when they have one solution, and the source's."""
    return _normal(normal), _unique(unique), _printed(printed)


def _normal(says: str) -> Checked:
    import sympy

    holds, shapes = True, [(3, 2), (4, 3), (5, 4), (2, 4)]
    for n, terms in shapes:
        x, y = sympy.symbols(f"x:{n}"), sympy.symbols(f"y:{n}")
        w = sympy.symbols(f"w:{terms}")
        pairs = list(zip(x, y, strict=True))
        loss = sum((sum(w[j] * a**j for j in range(terms)) - b) ** 2 for a, b in pairs) / 2
        for k in range(terms):
            left = sum(w[j] * sum(a ** (j + k) for a in x) for j in range(terms))
            right = sum(a**k * b for a, b in pairs)
            holds &= sympy.expand(sympy.diff(loss, w[k]) - (left - right)) == 0
    return Checked(says, bool(holds), f"by algebra, for (examples, terms) in {shapes}")


def _unique(says: str) -> Checked:
    import sympy

    rng, holds, cases = np.random.default_rng(0), True, 60
    for _ in range(cases):
        n, terms = (int(size) for size in rng.integers(1, 7, 2))
        x = rng.integers(-3, 4, n)
        # Whole numbers: the rank has no rounding errors.
        rows = sympy.Matrix(n, terms, lambda i, j, x=x: int(x[i]) ** j)
        holds &= ((rows.T * rows).det() != 0) == (len(set(x.tolist())) >= terms)
    return Checked(says, bool(holds), f"in whole numbers, on {cases} random samples with repeats")


def _printed(says: str) -> Checked:
    import sympy

    regular = []
    for n in (1, 2, 3):
        x = sympy.symbols(f"x:{n}")
        gram = sympy.Matrix(n + 1, n + 1, lambda j, k, x=x: sum(a ** (j + k) for a in x))
        regular.append(sympy.expand(gram.det()) != 0)
    return Checked(
        says,
        all(regular),
        "its rows have M + 1 and N + 2 entries, which fits only for N = M, up to the first "
        "row; then N + 1 unknowns stand against N examples and, by algebra for N of 1 to 3, the "
        "determinant is 0",
    )


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
    solvers = dict(
        zip(
            _SOLVERS,
            (linear.solve_qr, linear.solve_svd, linear.solve_normal_equations),
            strict=True,
        )
    )
    digits: dict[tuple[str, float], Array] = {}
    condition: dict[tuple[str, float], Array] = {}
    for terms in TERMS:
        X = monomials(x, terms)
        exact = linear.solve_exactly(X, y)
        for name, solve in solvers.items():
            digits[name, terms] = linear.digits_right(solve(X, y).weights, exact)
        condition["x^i / i!", terms] = linear.condition_number(X)
        condition["x^i", terms] = linear.condition_number(monomials(x, terms, scaled=False))
    X, X_test = monomials(x, 20), monomials(x_test, 20)
    ridge = linear.ridge_path(X, y, _PENALTIES).mean_squared_error(X_test, y_test)
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


def measure(runs: Runs, profile: Profile, says: Sequence[str]) -> Sequence[Measured]:
    """Return what decides the claims on digits, on SGD's distance and on ridge."""
    draws = n_draws(profile)
    found, above = solved(draws), above_least(runs)
    digits = found["digits"]
    normal = digits["normal equations", 20]
    ridge = np.log10(found["ridge"][:, _PENALTIES.index(1e-4)] / found["plain"])
    note = "of the data"

    def claim(place: int, values: Array, matters: float, expect: Any, metric: str) -> Measured:
        return Measured(says[place], tuple(values.tolist()), matters, expect, metric, note)

    return (
        claim(0, digits["QR", 20] - normal, 1.0, "higher", "digits"),
        claim(1, normal - 1.0, 0.1, "lower", "digits less 1"),
        claim(2, digits["SVD", 20] - digits["QR", 20], 1.0, "same", "digits"),
        claim(3, above[4], 0.002, "same", "training loss above the least"),
        claim(4, above[20], 0.002, "same", "training loss above the least"),
        claim(5, ridge, 0.1, "lower", "log10 of test loss"),
    )


def tell(runs: Runs, profile: Profile, claims: Sequence[Measured]) -> Findings:
    """Collect what the page of 4.4.1 says and shows."""
    import pandas as pd

    draws = n_draws(profile)
    found, above = solved(draws), above_least(runs)
    digits, condition = found["digits"], found["condition"]
    lost = [t for t in TERMS if digits["normal equations", t].mean() < 1]
    values: dict[str, Any] = {
        "n_draws": draws,
        "n_seeds": len(runs.experiment.seeds),
        "lost_at": str(lost[0]) if lost else f"> {TERMS[-1]}",
        "cond_4": float(np.median(np.log10(condition["x^i / i!", 4]))),
        "cond_20": float(np.median(np.log10(condition["x^i / i!", 20]))),
        "cond_20_plain": float(np.median(np.log10(condition["x^i", 20]))),
        "digits_normal": float(digits["normal equations", 20].mean()),
        "digits_qr": float(digits["QR", 20].mean()),
        "digits_svd": float(digits["SVD", 20].mean()),
        "above_4": float(above[4].mean()),
        "above_20": float(above[20].mean()),
        "test_plain": float(np.median(found["plain"])),
        "test_ridge": float(np.median(found["ridge"][:, _PENALTIES.index(1e-4)])),
    }
    values |= measured_values(("more", "lost", "svd", "near", "far", "ridge"), claims)
    kept = band_lines(
        mean_lines(digits),
        name="digits-kept",
        title={
            "en": f"At 20 terms QR keeps {values['digits_qr']:.1f} digits, the normal equations "
            f"{values['digits_normal']:.1f}",
            "zh": f"20 项时 QR 保留 {values['digits_qr']:.1f} 位数字，正规方程保留 "
            f"{values['digits_normal']:.1f} 位",
        },
        x_title="terms",
        y=Quantity("right digits of the weights", False),
        caption=join_texts(DRAW_BAND.says, {"en": "Features x^i / i!.", "zh": "特征为 x^i / i!。"}),
        series_title="solver",
        ordered=False,
    )
    conditions = band_lines(
        geometric_lines(condition),
        name="condition-number",
        title={
            "en": f"Every term costs digits: the condition number reaches "
            f"10^{values['cond_20']:.1f} at 20 terms",
            "zh": f"每加一项都损失数字：20 项时条件数达到 10^{values['cond_20']:.1f}",
        },
        x_title="terms",
        y=Quantity("condition number", False),
        caption=GEOMETRIC_SAYS,
        series_title="features",
        ordered=False,
        log_y=True,
    )
    table = pd.DataFrame(
        {
            "penalty": ["none (QR)", *(f"{one:g}" for one in _PENALTIES)],
            "median test loss, 20 terms": [
                float(np.median(found["plain"])),
                *np.median(found["ridge"], axis=0).tolist(),
            ],
        }
    )
    figures = tuple(replace(one, words=_WORDS) for one in (kept, conditions))
    return Findings(values, figures, {"Ridge by penalty": table})
