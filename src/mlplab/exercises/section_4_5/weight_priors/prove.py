"""Penalties as priors, by algebra and by slopes on random cases; and what else decides lambda."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlplab.data.draws import draw_sparse_linear
from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_5.problem import N_TRAIN, Array
from mlplab.exercises.section_4_5.weight_priors.posteriors import SIGMA, TAU
from mlplab.theory.linear import (
    gaussian_penalty,
    laplace_penalty,
    lasso_path,
    posterior,
    ridge_path,
)

_N_CASES = 50
_TOLERANCE = 1e-6


def prove() -> Sequence[Checked]:
    """Check by slopes that the most probable weights are ridge's and the lasso's."""
    return (_gaussian(), _laplace(), _noise())


def _cases() -> Sequence[tuple[Array, Array, float, float]]:
    rng = np.random.default_rng(0)
    cases = []
    for _ in range(_N_CASES):
        n, p = int(rng.integers(2, 30)), int(rng.integers(1, 40))
        X, y = rng.standard_normal((1, n, p)), rng.standard_normal((1, n))
        cases.append((X, y, float(rng.uniform(0.1, 2)), float(rng.uniform(0.1, 2))))
    return cases


def _same_slope(prior: Any, penalty: Any) -> bool:
    """Whether sigma^2 / N times minus the log posterior has the penalised loss's derivative."""
    import sympy

    w, sigma = sympy.symbols("w sigma", positive=True)
    x, y = sympy.symbols("x:3", real=True), sympy.symbols("y:3", real=True)
    squares = sum((b - a * w) ** 2 for a, b in zip(x, y, strict=True))
    minus_log = squares / (2 * sigma**2) + prior(w)
    loss = squares / 6 + penalty(w, sigma)
    return bool(sympy.simplify(sympy.diff(sigma**2 / 3 * minus_log - loss, w)) == 0)


def _gaussian() -> Checked:
    import sympy

    tau = sympy.symbols("tau", positive=True)
    algebra = _same_slope(
        lambda w: w**2 / (2 * tau**2), lambda w, sigma: sigma**2 / (3 * tau**2) * w**2 / 2
    )
    worst = 0.0
    for X, y, sigma, tau_ in _cases():
        w = ridge_path(X, y, gaussian_penalty(sigma, tau_, X.shape[1])).weights[0, 0]
        pull = (y[0] - X[0] @ w) @ X[0] / sigma**2
        worst = max(worst, float(np.abs(pull - w / tau_**2).max() / np.abs(pull).max()))
    facts = {"n_drawn": _N_CASES, "worst": worst}
    return Checked("gaussian", algebra and worst < _TOLERANCE, facts=facts)


def _laplace() -> Checked:
    import sympy

    b = sympy.symbols("b", positive=True)
    algebra = _same_slope(lambda w: w / b, lambda w, sigma: sigma**2 / (3 * b) * w)
    worst, n_zero, n_all = 0.0, 0, 0
    for X, y, sigma, scale in _cases():
        penalty = laplace_penalty(sigma, scale, X.shape[1])
        w = lasso_path(X, y, [penalty], tolerance=1e-13, max_sweeps=20_000).models.weights[0, 0]
        pull = (y[0] - X[0] @ w) @ X[0] / sigma**2 * scale
        off = np.where(w != 0, np.abs(pull - np.sign(w)), np.maximum(np.abs(pull) - 1, 0.0))
        worst = max(worst, float(off.max()))
        n_zero, n_all = n_zero + int((w == 0).sum()), n_all + w.size
    facts = {"n_drawn": _N_CASES, "worst": worst, "n_zero": n_zero, "n_all": n_all}
    return Checked("laplace", algebra and worst < 1e-3, facts=facts)


def _noise() -> Checked:
    """Whether, under one prior, lambda rises with the noise and falls with the examples."""
    import sympy

    sigma, n, prior = sympy.symbols("sigma N prior", positive=True)
    # The two lambdas of the claims above; `prior` is tau or b.
    lambdas = (sigma**2 / (n * prior**2), sigma**2 / (n * prior))
    algebra = all(
        sympy.diff(one, sigma).is_positive and sympy.diff(one, n).is_negative for one in lambdas
    )
    X, y = draw_sparse_linear([0], N_TRAIN)
    before, after = (
        float(np.linalg.norm(posterior(X, y, sigma=s, tau=TAU, intercept=True).mean.weights))
        for s in (SIGMA, 10 * SIGMA)
    )
    facts = {"before": before, "after": after}
    return Checked("noise", algebra and after < before, facts=facts)
