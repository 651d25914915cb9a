"""What exercise 4.1.1 checks and shows: pReLU and its derivatives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.draw import Quantity, band_lines
from mlplab.exercises.registry import Checked, Findings

ALPHA = 0.25
_N = 100_000
# Of difference quotients: near the cube root of float64's rounding, where both errors are least.
_STEP = 1e-6


def prove(sides: str, alpha: str, at_zero: str, sub: str) -> Sequence[Checked]:
    """Check the four statements by algebra, autograd and difference quotients."""
    rng = np.random.default_rng(0)
    return (_sides(sides, rng), _by_alpha(alpha, rng), _at_zero(at_zero), _sub(sub, rng))


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
    x = rng.standard_normal(_N) * 10.0 ** rng.uniform(-4, 4, _N)
    return x, rng.uniform(-2, 2, _N)


def _sides(says: str, rng: np.random.Generator) -> Checked:
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
    return Checked(
        says,
        algebra and exact and error < 1e-8,
        f"by algebra on either side of 0; autograd agrees exactly on {_N:,} random x and alpha, "
        f"difference quotients to {error:.1e}",
    )


def _by_alpha(says: str, rng: np.random.Generator) -> Checked:
    import sympy

    x, a = sympy.symbols("x alpha", real=True)
    algebra = sympy.diff(x, a) == 0 and sympy.diff(a * x, a) == x
    points, slopes = _draw(rng)
    exact = np.array_equal(_gradients(points, slopes)[1], np.minimum(points, 0.0))
    return Checked(
        says,
        algebra and exact,
        f"by algebra; autograd agrees exactly on {_N:,} random x and alpha",
    )


def _at_zero(says: str) -> Checked:
    h = 10.0 ** -np.arange(1, 12)
    right, left = h / h, (ALPHA * -h) / -h
    return Checked(
        says,
        bool(np.allclose(right, left)),
        f"the difference quotients at 0 tend to {right[-1]:g} from the right and to "
        f"{left[-1]:g} = alpha from the left: there is no derivative unless alpha is 1",
    )


def _sub(says: str, rng: np.random.Generator) -> Checked:
    slopes = rng.uniform(-2, 1, _N)
    y = rng.standard_normal(_N) * 10.0 ** rng.uniform(-4, 4, _N)
    g = slopes + rng.random(_N) * (1 - slopes)
    gap = np.where(y > 0, y, slopes * y) - g * y
    outside = np.where(rng.random(_N) < 0.5, slopes - 1e-3, 1 + 1e-3)
    # Beyond either end the line cuts the function on one side of 0.
    cut = np.minimum(1.0 - outside, outside - slopes) < 0
    slack = 1e-12 * np.abs(y)
    return Checked(
        says,
        bool((gap >= -slack).all() and cut.all()),
        f"f(y) >= g y on {_N:,} random alpha, g and y; slopes beyond either end fail",
    )


def tell() -> Findings:
    """Collect what the page of 4.1.1 shows."""
    import pandas as pd

    x = np.linspace(-8, 8, 321)
    parts = {
        "pReLU(x)": np.where(x > 0, x, ALPHA * x),
        "by x": np.where(x > 0, 1.0, ALPHA),
        "by alpha": np.minimum(x, 0.0),
    }
    # The derivative by x jumps: a gap at 0 keeps the line from climbing.
    parts["by x"] = np.where(x == 0, np.nan, parts["by x"])
    frame = pd.DataFrame(
        [
            (name, at, value)
            for name, values in parts.items()
            for at, value in zip(x, values, strict=True)
        ],
        columns=["series", "x", "mean"],
    ).dropna()
    frame["low"] = frame["high"] = np.nan
    figure = band_lines(
        frame,
        name="prelu",
        title={
            "en": f"pReLU with alpha = {ALPHA:g}: its slope jumps at 0, and only x below 0 teach "
            "alpha",
            "zh": f"alpha = {ALPHA:g} 的 pReLU：斜率在 0 处跳变，只有小于 0 的 x 能训练 alpha",
        },
        x_title="x",
        y=Quantity("value", False),
        series_title="function and derivatives",
        ordered=False,
    )
    return Findings({"alpha": ALPHA, "n_points": _N}, (figure,))
