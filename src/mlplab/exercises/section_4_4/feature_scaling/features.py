"""Features of x: powers with and without 1/i!, and other remedies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from mlplab.data import Task, task_from_arrays
from mlplab.data.draws import draw_polynomial
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_4.polynomial_draws import Array, N
from mlplab.exercises.section_4_4.published import FRESH
from mlplab.experiment import Arm, Runs
from mlplab.theory import linear
from mlplab.theory.features import Standardiser, clipped, hermite, legendre, monomials

MOST = 20
TERMS = (2, 3, 4, 5, 6, 8, 12, 16, MOST)
REMEDY_TERMS = (4, 8, 12, MOST)
RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
TINY_RATES = tuple(10.0**-k for k in range(4, 17, 2))
BOUND = 10.0
RAW, SCALED = "xⁱ", "xⁱ / i!"


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


def arms_by_terms_at(runs: Runs, rate: float) -> dict[int, Arm]:
    """Return the arms of one rate by number of terms."""
    return {int(a.run.value("net.inputs")): a for a in runs.arms if a.run.optim.lr == rate}


def remedy_arms() -> list[dict[str, Any]]:
    """Return terms at the source's rate, and rates with all terms."""
    rows = [(terms, 0.01) for terms in REMEDY_TERMS]
    rows += [(MOST, rate) for rate in RATES if rate != 0.01]
    return [{"net.inputs": terms, "optim.lr": rate} for terms, rate in rows]
