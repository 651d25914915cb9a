"""What exercise 4.1.2 checks and shows: pieces of ReLU networks, and how many units suffice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np

from mlplab.draw import Quantity, band_lines
from mlplab.exercises.registry import Checked, Findings
from mlplab.theory import Approximation, approximate, parse, pieces

FUNCTIONS = ("sin(3*x)", "abs(x)", "exp(-4*x^2)", "x^3", "sin(9*x)*cos(2*x)", "tanh(8*x)")
INTERVAL = (-2.0, 2.0)
EPSILONS = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
_N_NETWORKS = 200


def prove(linear: str, enough: str, needed: str, quarter: str) -> Sequence[Checked]:
    """Check by exact pieces of random networks, and by certified constructions."""
    built = [one for ones in constructions().values() for one in ones]
    even = [even_segments(one) for one in built]
    fewer = next(one for one in built if one.n_units < one.source_units)
    return (
        _piecewise(linear),
        Checked(
            enough,
            all(error <= one.epsilon and one.even_units <= one.source_units
                for one, error in zip(built, even, strict=True)),
            f"constructed for {len(FUNCTIONS)} functions and {len(EPSILONS)} errors on [-2, 2], "
            "each error certified or bounded by L h / 2",
        ),
        Checked(
            needed,
            all(one.n_units >= one.source_units for one in built),
            f"{fewer.function.text} to within {fewer.epsilon:g}: {fewer.n_units} units, certified, "
            f"where the formula says {fewer.source_units}",
        ),
        Checked(
            quarter,
            all(error <= one.epsilon for one, error in zip(built, even, strict=True)),
            "interpolation on L (b - a) / (2 eps) segments of one length, one unit each, errs by "
            f"at most L h / 2 = eps; largest share of eps on a fine grid: "
            f"{max(e / one.epsilon for one, e in zip(built, even, strict=True)):.3f}",
        ),
    )  # fmt: skip


@cache
def constructions() -> dict[str, tuple[Approximation, ...]]:
    """Return the certified networks of every function, one for each error allowed."""
    return {
        text: tuple(approximate(parse(text), INTERVAL, eps) for eps in EPSILONS)
        for text in FUNCTIONS
    }


def even_segments(found: Approximation) -> float:
    """Return the largest error, on a fine grid, of interpolation on segments of one length."""
    a, b = found.interval
    knots = np.linspace(a, b, found.even_units + 1)
    x = np.linspace(a, b, 20_001)
    straight = np.interp(x, knots, found.function(knots))
    return float(np.abs(straight - found.function(x)).max())


def _piecewise(says: str) -> Checked:
    rng = np.random.default_rng(0)
    worst, most = 0.0, 0
    for _ in range(_N_NETWORKS):
        layers = random_network(rng)
        slope = float(rng.choice([0.0, 0.25]))
        found = pieces(layers, (-3, 3), slope)
        x = rng.uniform(-3, 3, 500)
        straight = np.interp(x, found.points, found.values[:, 0])
        worst = max(worst, float(np.abs(forward(layers, x, slope) - straight).max()))
        most = max(most, len(found))
    return Checked(
        says,
        worst < 1e-9,
        f"a sum of continuous piecewise linear functions is one, and so is its ReLU; exact pieces "
        f"of {_N_NETWORKS} random networks (up to {most} pieces) reproduce them to {worst:.0e}",
    )


def random_network(rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Draw a network of one input and one output with one to three hidden layers."""
    widths = [1, *rng.integers(2, 12, rng.integers(1, 4)).tolist(), 1]
    return [
        (rng.standard_normal((o, i)) / np.sqrt(i), rng.standard_normal(o))
        for i, o in pairwise(widths)
    ]


def forward(
    layers: Sequence[tuple[np.ndarray, np.ndarray]], x: np.ndarray, slope: float
) -> np.ndarray:
    """Return a network's outputs at points x, (N,)."""
    h = x[:, None]
    for place, (weight, bias) in enumerate(layers):
        h = h @ weight.T + bias
        if place < len(layers) - 1:
            h = np.where(h > 0, h, slope * h)
    return np.asarray(h[:, 0])


def tell() -> Findings:
    """Collect what the page of 4.1.2 says and shows."""
    import pandas as pd

    built = constructions()
    example = built["sin(3*x)"][EPSILONS.index(0.1)]
    fine = built["sin(3*x)"][EPSILONS.index(0.01)]
    values = {
        "units": fine.n_units,
        "even": fine.even_units,
        "source": fine.source_units,
        "epsilon": fine.epsilon,
        "bound": fine.bound,
        "measured": fine.measured,
        "lipschitz": round(fine.lipschitz, 6),
    }
    ratio = built["sin(3*x)"][EPSILONS.index(0.001)].n_units / example.n_units
    x = np.linspace(*INTERVAL, 401)
    shown = {"sin(3x)": example.function(x), f"{example.n_units} ReLU units": example(x)}
    curve = pd.DataFrame(
        [(name, at, y) for name, ys in shown.items() for at, y in zip(x, ys, strict=True)],
        columns=["series", "x", "mean"],
    )
    counts = pd.DataFrame(
        [(text, one.epsilon, one.n_units) for text, ones in built.items() for one in ones],
        columns=["series", "x", "mean"],
    )
    for frame in (curve, counts):
        frame["low"] = frame["high"] = np.nan
    figures = (
        band_lines(
            curve,
            name="approximation",
            title={
                "en": f"{example.n_units} ReLU units follow sin(3x) to within "
                f"{example.bound:.3f}, certified",
                "zh": f"{example.n_units} 个 ReLU 单元跟随 sin(3x)，"
                f"误差保证不超过 {example.bound:.3f}",
            },
            x_title="x",
            y=Quantity("value", False),
            ordered=False,
        ),
        band_lines(
            counts,
            name="units-by-error",
            title={
                "en": f"A hundredth of the error costs sin(3x) {ratio:.1f} times the units",
                "zh": f"误差降到百分之一，sin(3x) 所需的单元是 {ratio:.1f} 倍",
            },
            x_title="error allowed",
            y=Quantity("hidden units, certified", False),
            series_title="function on [-2, 2]",
            ordered=False,
            log_x=True,
            log_y=True,
        ),
    )
    table = pd.DataFrame(
        [
            {
                "function": text,
                "error allowed": one.epsilon,
                "units": one.n_units,
                "certified error": one.bound,
                "measured error": one.measured,
                "slope at most": one.lipschitz,
                "segments of one length": one.even_units,
                "two units per piece of eps/L": one.source_units,
            }
            for text, ones in built.items()
            for one in ones
        ]
    )
    return Findings(values, figures, {"Units for a certified error": table})
