"""What exercise 4.1.3 checks and shows: tanh(x) + 1 = 2 sigmoid(2x)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.draw import Quantity, band_lines
from mlplab.exercises.registry import Checked, Findings

_N = 200_000
_ULPS = 4.0
_TYPES: tuple[type[np.floating], ...] = (np.float32, np.float64)


def prove(identity: str, bounded: str, everywhere: str) -> Sequence[Checked]:
    """Check the identity by algebra, and what becomes of it in floating point."""
    import sympy

    x = sympy.symbols("x", real=True)
    left, right = sympy.tanh(x) + 1, 2 / (1 + sympy.exp(-2 * x))
    rest = sympy.simplify((left - right).rewrite(sympy.exp))
    above = {kind.__name__: float(apart(_points(kind, 0.0, 40.0)).max()) for kind in _TYPES}
    below = {kind.__name__: float(apart(_points(kind, -40.0, 0.0)).max()) for kind in _TYPES}
    return (
        Checked(identity, rest == 0, "the difference, written in exponentials, simplifies to 0"),
        Checked(
            bounded,
            max(above.values()) <= _ULPS,
            _ulps(above) + f" on {_N:,} points from 0 to 40",
        ),
        Checked(
            everywhere,
            max(*above.values(), *below.values()) <= _ULPS,
            _ulps(below) + f" on {_N:,} points from -40 to 0, where tanh(x) + 1 cancels",
        ),
    )


def _ulps(worst: dict[str, float]) -> str:
    return ", ".join(f"at most {value:.3g} units in {kind}" for kind, value in worst.items())


def _points(kind: type[np.floating], low: float, high: float) -> np.ndarray:
    return np.linspace(low, high, _N, dtype=kind)


def stable_sigmoid(z: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-z)) with an exponential that never overflows."""
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1 / (1 + small), small / (1 + small)), dtype=z.dtype)


def apart(x: np.ndarray) -> np.ndarray:
    """Return the distance of the two sides, in units in the last place of the right one."""
    left, right = np.tanh(x) + x.dtype.type(1), 2 * stable_sigmoid(2 * x)
    return np.asarray(np.abs(left - right) / np.spacing(right), dtype=np.float64)


def overflow_at(kind: type[np.floating]) -> float:
    """Return the x below which exp(-x) overflows, found by halving."""
    low, high = -1e4, 0.0
    with np.errstate(over="ignore"):
        for _ in range(80):
            middle = (low + high) / 2
            if np.isinf(np.exp(kind(-middle))):
                low = middle
            else:
                high = middle
    return high


def tell() -> Findings:
    """Collect what the page of 4.1.3 says and shows."""
    import pandas as pd

    values = {
        "overflow_32": overflow_at(np.float32),
        "overflow_64": overflow_at(np.float64),
        "zero_32": _first_zero(np.float32),
        "zero_64": _first_zero(np.float64),
        "ulps_above": float(max(apart(_points(kind, 0.0, 40.0)).max() for kind in _TYPES)),
    }
    rows = []
    for kind in _TYPES:
        x = np.linspace(-20, 5, 251, dtype=kind)
        for at, error in zip(x, np.maximum(apart(x), 0.5), strict=True):
            rows.append((kind.__name__, float(at), float(error)))
    frame = pd.DataFrame(rows, columns=["series", "x", "mean"])
    frame["low"] = frame["high"] = np.nan
    figure = band_lines(
        frame,
        name="rounding",
        title={
            "en": "Equal on paper, not in floating point: below 0 the left side loses its digits",
            "zh": "纸面上相等，浮点运算中并不相等：x 小于 0 时左边逐渐失去有效数字",
        },
        x_title="x",
        y=Quantity("difference in units in the last place (at least 0.5 is drawn)", False),
        series_title="type",
        ordered=False,
        log_y=True,
    )
    return Findings(values, (figure,))


def _first_zero(kind: type[np.floating]) -> float:
    """Return the largest x (to 0.001) at which tanh(x) + 1 is computed as exactly 0."""
    x = np.arange(-30, 0, 0.001).astype(kind)
    return float(x[np.tanh(x) + kind(1) == 0].max())
