"""The derivatives of pReLU, checked by algebra, automatic differentiation and differences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.findings import Checked

ALPHA = 0.25
N_POINTS = 100_000
# Of difference quotients: near the cube root of float64's rounding, where both errors are least.
_STEP = 1e-6


def prove() -> Sequence[Checked]:
    """Check what the derivatives are on either side of zero, and at zero."""
    rng = np.random.default_rng(0)
    return _sides(rng), _by_alpha(rng), _at_zero(), _subgradient()


def _gradients(x: np.ndarray, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The derivatives of pReLU by x and by alpha as torch's autograd finds them, (N,)."""
    import torch

    points, slopes = torch.tensor(x, requires_grad=True), torch.tensor(a, requires_grad=True)
    y = torch.where(points > 0, points, slopes * points)
    y.sum().backward()  # type: ignore[no-untyped-call]
    assert points.grad is not None
    assert slopes.grad is not None
    return points.grad.numpy(), slopes.grad.numpy()


def _draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    x = rng.standard_normal(N_POINTS) * 10.0 ** rng.uniform(-4, 4, N_POINTS)
    return x, rng.uniform(-2, 2, N_POINTS)


def _sides(rng: np.random.Generator) -> Checked:
    import sympy

    x, a = sympy.symbols("x alpha", real=True)
    algebra = sympy.diff(x, x) == 1 and sympy.diff(a * x, x) == a
    points, slopes = _draw(rng)
    formula = np.where(points > 0, 1.0, slopes)
    exact = np.array_equal(_gradients(points, slopes)[0], formula)
    h = _STEP * np.abs(points)

    def f(z: np.ndarray) -> np.ndarray:
        return np.where(z > 0, z, slopes * z)

    error = float(np.abs((f(points + h) - f(points - h)) / (2 * h) - formula).max())
    facts = {"n_points": N_POINTS, "error": error}
    return Checked("sides", algebra and exact and error < 1e-8, facts=facts)


def _by_alpha(rng: np.random.Generator) -> Checked:
    import sympy

    x, a = sympy.symbols("x alpha", real=True)
    algebra = sympy.diff(x, a) == 0 and sympy.diff(a * x, a) == x
    points, slopes = _draw(rng)
    exact = np.array_equal(_gradients(points, slopes)[1], np.minimum(points, 0.0))
    return Checked("by_alpha", algebra and exact, facts={"n_points": N_POINTS})


def _at_zero() -> Checked:
    h = 10.0 ** -np.arange(1, 12)
    right, left = h / h, (ALPHA * -h) / -h
    facts = {"right": float(right[-1]), "left": float(left[-1])}
    return Checked("at_zero", bool(np.allclose(right, left)), facts=facts)


def _subgradient() -> Checked:
    import sympy

    y, beyond = sympy.symbols("y beyond", positive=True)
    inside = sympy.Symbol("inside", nonnegative=True)
    a = sympy.Symbol("alpha", real=True)

    def gap_right(g: sympy.Expr) -> sympy.Expr:
        return sympy.expand(y - g * y)

    def gap_left(g: sympy.Expr) -> sympy.Expr:
        return sympy.expand(a * -y - g * -y)

    # A slope of 1 - inside and of alpha + inside stays below; one beyond either end cuts through.
    below = gap_right(1 - inside).is_nonnegative and gap_left(a + inside).is_nonnegative
    cuts = gap_right(1 + beyond).is_negative and gap_left(a - beyond).is_negative
    return Checked("subgradient", bool(below and cuts))
