"""The source's rule against autograd, the soft threshold against a search, and scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.data.draws import draw_sparse_linear
from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_5.lasso_update.ways import PENALTY
from mlplab.exercises.section_4_5.problem import N_TRAIN, Array
from mlplab.theory.linear import lasso_path, soft_threshold

_N_CASES = 300
_N_REFERENCE = 5
_TOLERANCE = 1e-9


def prove() -> Sequence[Checked]:
    """Check update, soft threshold and coordinate descent on random cases."""
    rng = np.random.default_rng(0)
    return (_update(rng), _prox(rng), _reference())


def source_step(w: Array, bias: float, X: Array, y: Array, rate: float, penalty: float) -> Array:
    """Return the weights after the source's update on one batch.

    >>> source_step(np.array([1.0]), 0.0, np.array([[0.0]]), np.zeros(1), 0.5, 0.5).tolist()
    [0.75]
    """
    slope = (X @ w + bias - y) @ X / len(y)
    return np.asarray(w - rate * penalty * np.sign(w) - rate * slope)


def _update(rng: np.random.Generator) -> Checked:
    import torch

    worst = 0.0
    for _ in range(_N_CASES):
        n, p = int(rng.integers(1, 9)), int(rng.integers(1, 30))
        X, y, w = rng.standard_normal((n, p)), rng.standard_normal(n), rng.standard_normal(p)
        bias, rate, penalty = (float(v) for v in rng.uniform(0.01, 1.0, 3))
        leaf = torch.tensor(w, requires_grad=True)
        error = torch.tensor(X) @ leaf + bias - torch.tensor(y)
        ((error**2).mean() / 2 + penalty * leaf.abs().sum()).backward()  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        wanted = w - rate * leaf.grad.numpy()
        found = source_step(w, bias, X, y, rate, penalty)
        worst = max(worst, float(np.abs(found - wanted).max()))
    return Checked("update", worst < _TOLERANCE, facts={"worst": worst}, n_cases=_N_CASES)


def _prox(rng: np.random.Generator) -> Checked:
    v, threshold = 3 * rng.standard_normal(_N_CASES), rng.uniform(0.0, 2.0, _N_CASES)
    grid = np.linspace(-10, 10, 20_001)[:, None]
    best = soft_threshold(v, threshold)

    def cost(w: Array) -> Array:
        return np.asarray((w - v) ** 2 / 2 + threshold * np.abs(w))

    excess = float((cost(best) - cost(grid).min(axis=0)).max())
    holds = excess < _TOLERANCE and bool((np.abs(v[best == 0]) <= threshold[best == 0]).all())
    facts = {"excess": excess, "n_zero": int((best == 0).sum())}
    return Checked("threshold", holds, facts=facts, n_cases=_N_CASES)


def _reference() -> Checked:
    from sklearn.linear_model import Lasso

    X, y = draw_sparse_linear(range(_N_REFERENCE), N_TRAIN)
    ours = lasso_path(X, y, [PENALTY], intercept=True).models
    worst = 0.0
    for run in range(len(X)):
        theirs = Lasso(alpha=PENALTY, tol=1e-12, max_iter=100_000).fit(X[run], y[run])
        worst = max(worst, float(np.abs(theirs.coef_ - ours.weights[run, 0]).max()))
    return Checked("reference", worst < 1e-6, facts={"worst": worst}, n_cases=_N_REFERENCE)
