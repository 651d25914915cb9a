"""Shapes of gradients, on random functions and sizes, and what the shape is good for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_7.gradient_shape.functions import (
    FUNCTIONS,
    LARGEST,
    Array,
    MatrixFunction,
    autograd,
    differences,
    draw,
    value,
)

_N_SIZES = 20
_STEP = 1e-5
# Of central differences at this step, on numbers of the size that these functions have.
_NEAR = 1e-6
_ROUNDING = 1e-11


def prove() -> Sequence[Checked]:
    """Check shapes, known gradients, directions, a step downhill, and functions of k outputs."""
    return _shape(), _known(), _direction(), _transposed(), _jacobian()


def _cases(seed: int) -> Iterator[tuple[MatrixFunction, Array, Array, Array]]:
    rng = np.random.default_rng(seed)
    for function in FUNCTIONS.values():
        for _ in range(_N_SIZES):
            n, m = rng.integers(1, LARGEST + 1, 2)
            yield function, *draw(rng, int(n), int(m))


def _shape() -> Checked:
    fits, error, n_cases = True, 0.0, 0
    for function, x, a, b in _cases(0):
        gradient = autograd(function, x, a, b)
        fits &= gradient.shape == x.shape
        quotients = differences(function, x, a, b, _STEP)
        error = max(error, float(np.abs(gradient - quotients).max()))
        n_cases += 1
    facts = {"functions": len(FUNCTIONS), "largest": LARGEST, "error": error}
    return Checked("shape", fits and error < _NEAR, facts=facts, n_cases=n_cases)


def _known() -> Checked:
    errors = [
        float(np.abs(autograd(function, x, a, b) - function.gradient(x, a, b)).max())
        for function, x, a, b in _cases(1)
    ]
    return Checked(
        "known", max(errors) < _ROUNDING, facts={"error": max(errors)}, n_cases=len(errors)
    )


def _direction() -> Checked:
    rng = np.random.default_rng(2)
    errors = []
    for function, x, a, b in _cases(2):
        way = rng.standard_normal(x.shape)
        ahead = value(function, x + _STEP * way, a, b)
        behind = value(function, x - _STEP * way, a, b)
        along = float((autograd(function, x, a, b) * way).sum())
        errors.append(abs((ahead - behind) / (2 * _STEP) - along))
    return Checked(
        "direction", max(errors) < _NEAR, facts={"error": max(errors)}, n_cases=len(errors)
    )


def _transposed() -> Checked:
    """Laid out as m x n, it can be taken from X only where n = m."""
    fits, n_oblong = 0, 0
    for function, x, a, b in _cases(3):
        if x.shape[0] == x.shape[1]:
            continue
        n_oblong += 1
        turned = autograd(function, x, a, b).T
        fits += turned.shape == x.shape
    return Checked("transposed", fits == n_oblong, facts={"fits": fits}, n_cases=n_oblong)


def _jacobian() -> Checked:
    """One gradient for each output: X B has n times k of them."""
    import torch

    rng = np.random.default_rng(4)
    holds, n_cases = True, 0
    for _ in range(_N_SIZES):
        n, m, k = (int(one) for one in rng.integers(1, LARGEST + 1, 3))
        x, b = rng.standard_normal((n, m)), torch.from_numpy(rng.standard_normal((m, k)))
        found = torch.autograd.functional.jacobian(  # type: ignore[no-untyped-call]
            lambda one, b=b: (one @ b).sum(0), torch.from_numpy(x)
        )
        holds &= tuple(found.shape) == (k, n, m)
        n_cases += 1
    return Checked("jacobian", holds, n_cases=n_cases)
