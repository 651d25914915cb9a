"""What exercise 4.4.3 computes: powers of x with and without 1/i!, and other remedies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from mlplab.data import Task, task_from_arrays
from mlplab.data.draws import draw_polynomial
from mlplab.exercises.measured import Measured
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.polynomial_draws import Array, N, n_draws
from mlplab.exercises.polynomial_terms import FRESH, arms_by_terms, ended, sound
from mlplab.exercises.profile import Profile
from mlplab.exercises.registry import Checked
from mlplab.experiment import Arm, Runs
from mlplab.theory import linear
from mlplab.theory.features import Standardiser, clipped, hermite, legendre, monomials

MOST = 20
TERMS = (2, 3, 4, 5, 6, 8, 12, 16, MOST)
REMEDY_TERMS = (4, 8, 12, MOST)
RATES = (0.001, 0.003, 0.01, 0.03)
TINY_RATES = tuple(10.0**-k for k in range(4, 17, 2))
BOUND = 10.0
RAW, SCALED = "x^i", "x^i / i!"
_N_POWERS = 20


def _standardised(x: Array, n_train: int) -> Array:
    features = monomials(x, MOST, scaled=False)
    return Standardiser.of(features[:, :n_train])(features)


def _legendre(x: Array, n_train: int) -> Array:
    width = np.abs(x[:, :n_train]).max(axis=1, keepdims=True)
    return legendre(x, MOST, half_width=width)


REMEDIES: Mapping[str, Callable[[Array, int], Array]] = {
    "standardised": _standardised,
    "Legendre": _legendre,
    "Hermite": lambda x, n_train: hermite(x, MOST),
    "clipped": lambda x, n_train: clipped(monomials(x, MOST, scaled=False), BOUND),
}
"""Name -> features (R, M, 20) of x (R, M), of which the first n_train of each draw train."""

BASES: Mapping[str, Callable[[Array, int], Array]] = {
    RAW: lambda x, n_train: monomials(x, MOST, scaled=False),
    SCALED: lambda x, n_train: monomials(x, MOST),
    **REMEDIES,
}


def prove(moments: str, falls: str) -> Sequence[Checked]:
    """Check the mean squares of powers by parts, and that 1/i! makes them fall."""
    import sympy

    x, i = sympy.symbols("x", positive=True), sympy.symbols("i", positive=True, integer=True)
    density = sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi)
    # What is differentiated is 0 at both ends: E x^(2 i) = (2 i - 1) E x^(2 i - 2).
    apart = sympy.diff(-(x ** (2 * i - 1)) * density, x) / density
    apart -= x ** (2 * i) - (2 * i - 1) * x ** (2 * i - 2)
    # All powers here are even: the half line counts half.
    whole = sympy.integrate(density, (x, 0, sympy.oo)) == sympy.Rational(1, 2)
    products = [sympy.prod(2 * k - 1 for k in range(1, n + 1)) for n in range(_N_POWERS)]
    right = whole and sympy.simplify(apart) == 0
    right &= products == [sympy.factorial2(2 * k - 1) for k in range(_N_POWERS)]
    # From i to i + 1 the mean square grows 2 i + 1 times, its divisor (i + 1)^2 times.
    left = sympy.expand((i + 1) ** 2 - (2 * i + 1)) == i**2
    sizes = [one / sympy.factorial(k) ** 2 for k, one in enumerate(products)]
    falling = all(a > b for a, b in pairwise(sizes[1:])) and sizes[:2] == [1, 1]
    return (
        Checked(
            moments,
            bool(right),
            "by parts E x^(2 i) = (2 i - 1) E x^(2 i - 2), from E 1 = 1 on; "
            f"multiplied out for i to {_N_POWERS - 1}",
        ),
        Checked(
            falls,
            bool(left) and bool(falling),
            "(2 i + 1) / (i + 1)^2 is below 1, since (i + 1)^2 - (2 i + 1) = i^2; "
            f"in fractions for i to {_N_POWERS - 1}",
        ),
    )


def remedy_task(raw: Task, name: str) -> Task:
    """Return the data of the raw powers in the features of a remedy, each draw by its own rows."""
    x = np.asarray(raw.inputs[raw.pool, 1], dtype=np.float64).reshape(-1, N + FRESH)
    features = REMEDIES[name](x, N).reshape(-1, MOST)
    return task_from_arrays(
        features, raw.targets[raw.pool, 0], name=f"polynomial, {name}", kind="regression"
    )


@lru_cache(maxsize=2)
@one_thread
def sizes(draws: int) -> Mapping[str, Mapping[tuple[str, float], Array]]:
    """Return condition numbers, largest stable rates and first gradients by (basis, terms)."""
    x, y = draw_polynomial(range(draws), N)
    condition: dict[tuple[str, float], Array] = {}
    rate: dict[tuple[str, float], Array] = {}
    gradient: dict[tuple[str, float], Array] = {}
    for name, basis in BASES.items():
        features = basis(x, N)
        for terms in TERMS:
            X = features[..., :terms]
            condition[name, terms] = linear.condition_number(X)
            # Of the mean of e^2, which has twice the curvature of the mean of e^2 / 2.
            rate[name, terms] = linear.largest_stable_rate(X) / 2
            gradient[name, terms] = np.linalg.norm(2 * (y[:, None] @ X)[:, 0] / N, axis=1)
    return {"condition": condition, "rate": rate, "gradient": gradient}


def failed(runs: Runs, arm: Arm) -> Array:
    """Return 1 for every draw on which an arm diverged, else 0: (R,)."""
    return np.asarray(np.isnan(runs.values("train_loss", [arm])[0]), dtype=np.float64)


def arm_at(runs: Runs, terms: int, rate: float) -> Arm:
    """Return the arm of SGD with so many terms at a rate."""
    found = (a for a in runs.arms if a.run.optim.kind == "sgd" and a.run.optim.clip_norm == 0)
    return next(a for a in found if a.run.value("net.inputs") == terms and a.run.optim.lr == rate)


def best_arm(runs: Runs) -> Arm:
    """Return the rate, with 20 terms, of the least training loss among those that fail least."""

    def order(arm: Arm) -> tuple[float, float]:
        losses = runs.values("train_loss", [arm])[0]
        ended = losses[np.isfinite(losses)]
        return float(failed(runs, arm).mean()), float(np.log10(ended).mean()) if len(ended) else 0.0

    return min((arm_at(runs, MOST, rate) for rate in RATES), key=order)


def learned(runs: Runs, arms: Sequence[Arm]) -> Array:
    """Return 1 for every draw on which one of the arms brings the training loss below 1: (R,)."""
    losses = np.stack([runs.values("train_loss", [arm])[0] for arm in arms])
    return np.asarray(np.nan_to_num(losses, nan=np.inf).min(axis=0) < 1, dtype=np.float64)


def rescues(runs: Runs) -> Mapping[str, Sequence[Arm]]:
    """Return the arms that train raw powers from weights 0: small rates, Adam, clipping."""
    adam = [arm for arm in runs.arms if arm.run.optim.kind == "adam"]
    clip = [a for a in runs.arms if a.run.optim.kind == "sgd" and a.run.optim.clip_norm]
    rates = [a for a in runs.arms if a not in adam and a not in clip]
    return {"rates": rates, "Adam": adam, "gradient clipping": clip}


@np.errstate(invalid="ignore")  # inf - inf and inf / inf: all runs failed
def measure(
    runs: Mapping[str, Runs], profile: Profile, says: Sequence[str], better: Mapping[str, str]
) -> Sequence[Measured]:
    """Return what decides the claims of 4.4.3, one number per draw of the data.

    Args:
        runs: of the design and of the remedies.
        profile: how many draws the exact computations take.
        says: the claims, in order.
        better: remedy -> the claim that its held-out loss is lower than with 1/i!.
    """
    raw, scaled = runs["raw"], runs["scaled"]
    no, yes = arms_by_terms(raw), arms_by_terms_at(scaled, 0.01)
    rescued = {k: learned(runs["rescue"], arms) for k, arms in rescues(runs["rescue"]).items()}
    losses = [ended(r, arms[4], "train_loss") for r, arms in ((raw, no), (scaled, yes))]
    own = ended(scaled, best_arm(scaled), "valid_loss")
    found = sizes(n_draws(profile))
    condition = {k: np.log10(v) for k, v in found["condition"].items()}
    rate, gradient = (
        np.log10(found[k][SCALED, MOST] / found[k][RAW, MOST]) for k in ("rate", "gradient")
    )
    standard, raw_cond = runs["standardised"], condition[RAW, MOST]
    share, learnt, digits = "share of diverged runs", "share of draws", "log10 of condition number"
    rows: tuple[tuple[Array, float, Literal["higher", "lower", "same"], str], ...] = (
        (failed(raw, no[MOST]) - 1, 0.05, "same", f"{share} less 1"),
        (failed(scaled, yes[MOST]), 0.05, "same", share),
        (np.log10(losses[0] / losses[1]), 0.1, "same", "log10 of training loss"),
        (rescued["rates"] - 1, 0.05, "same", f"{learnt} less 1"),
        (rescued["Adam"] - 1, 0.05, "same", f"{learnt} less 1"),
        (rescued["gradient clipping"] - 1, 0.05, "same", f"{learnt} less 1"),
        (failed(standard, arm_at(standard, MOST, 0.01)), 0.05, "same", share),
        (failed(standard, arm_at(standard, MOST, 0.003)), 0.05, "same", share),
        (-gradient - 4, 1.0, "higher", "log10 of gradient norm, less 4"),
        (rate - 10, 1.0, "higher", "log10 of rate, less 10"),
        (condition[SCALED, MOST] - raw_cond, 0.5, "lower", digits),
        (condition["standardised", MOST] - raw_cond, 0.5, "lower", digits),
        (condition["Legendre", MOST] - condition["standardised", MOST], 0.5, "lower", digits),
    )
    fixed = [sound(one, *row) for one, row in zip(says, rows, strict=True)]
    for name, claim in better.items():
        here = ended(runs[name], best_arm(runs[name]), "valid_loss")
        fixed.append(sound(claim, np.log10(here / own), 0.1, "lower", "log10 of held-out loss"))
    return tuple(fixed)


def arms_by_terms_at(runs: Runs, rate: float) -> dict[int, Arm]:
    """Return the arms of one rate by number of terms."""
    return {int(a.run.value("net.inputs")): a for a in runs.arms if a.run.optim.lr == rate}


def remedy_arms() -> list[dict[str, Any]]:
    """Return terms at the source's rate, and rates with all terms."""
    rows = [(terms, 0.01) for terms in REMEDY_TERMS]
    rows += [(MOST, rate) for rate in RATES if rate != 0.01]
    return [{"net.inputs": terms, "optim.lr": rate} for terms, rate in rows]
