"""ReLU networks that approximate a given function of x, with a certificate of the error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.theory.expression import Expression

Array = NDArray[np.float64]
_CELLS = 16_384  # of the interval, on which derivatives are bounded apart
_HALVINGS = 12  # that find how long a segment may be
# At 0.2 ms a unit, three minutes: more is a slip in epsilon.
_MOST_UNITS = 1_000_000
_SAMPLES = 200_001


@dataclass(frozen=True, eq=False)
class Approximation:
    """A network of one hidden ReLU layer: y = bias + sum_i change_i relu(x - knot_i).

    Attributes:
        function: what is approximated.
        interval: where.
        epsilon: what was asked for.
        knots: where the slope changes, (U,); the first is the interval's left end.
        changes: of the slope at each knot, (U,).
        bias: the value at the left end.
        bound: of the error everywhere in the interval: certain, not sampled.
        measured: the largest error on a fine grid.
        lipschitz: a bound of the slope's size on the interval.
    """

    function: Expression
    interval: tuple[float, float]
    epsilon: float
    knots: Array
    changes: Array
    bias: float
    bound: float
    measured: float
    lipschitz: float

    @property
    def n_units(self) -> int:
        """Hidden units."""
        return len(self.knots)

    @property
    def even_units(self) -> int:
        """Units that segments of one length need by the Lipschitz bound: L (b - a) / (2 eps)."""
        a, b = self.interval
        return max(1, math.ceil(self.lipschitz * (b - a) / (2 * self.epsilon) - 1e-9))

    @property
    def source_units(self) -> int:
        """Units by the argument of the source: pieces of length eps / L, two units each."""
        a, b = self.interval
        return max(2, 2 * math.ceil(self.lipschitz * (b - a) / self.epsilon - 1e-9))

    def __call__(self, x: Array) -> Array:
        """Return the network's outputs."""
        points = np.asarray(x, dtype=np.float64)
        place = np.clip(np.searchsorted(self.knots, points, side="right") - 1, 0, None)
        slopes = np.cumsum(self.changes)
        values = self._values()
        return np.asarray(values[place] + slopes[place] * (points - self.knots[place]))

    def _values(self) -> Array:
        """The network's value at each knot."""
        slopes = np.cumsum(self.changes)
        rises = slopes[:-1] * np.diff(self.knots)
        return self.bias + np.concatenate([[0.0], np.cumsum(rises)])

    def layers(self) -> list[tuple[Array, Array]]:
        """Return (weight (O, I), bias (O,)) of both layers."""
        hidden = np.ones((self.n_units, 1)), -self.knots
        return [hidden, (self.changes[None, :], np.array([self.bias]))]


def approximate(
    function: Expression,
    interval: tuple[float, float],
    epsilon: float,
    lipschitz: float | None = None,
) -> Approximation:
    """Build a ReLU network whose error on an interval is certainly at most epsilon.

    It interpolates the function at knots. On a segment of length h the error of that is at most
    L h / 2 and at most M h^2 / 8, with bounds L and M of the first and second derivative there,
    which interval arithmetic gives. Segments are made as long as the better of the two allows.

    Args:
        function: of x.
        interval: its two ends.
        epsilon: the largest error allowed.
        lipschitz: a Lipschitz constant that is known; default: what interval arithmetic finds.

    Raises:
        ConfigError: the interval or epsilon makes no sense, the function is not defined or its
            slope not bounded there, or a million units do not suffice.

    Cost: about 30 ms, and 0.2 ms per unit.

    >>> from mlplab.theory.expression import parse
    >>> found = approximate(parse("sin(3*x)"), (-2, 2), 0.01)
    >>> bool(found.measured <= found.bound <= 0.01), found.n_units < 60 < found.even_units
    (True, True)
    """
    a, b = float(interval[0]), float(interval[1])
    if not (math.isfinite(a) and math.isfinite(b) and a < b):
        raise ConfigError(f"interval: expected two numbers, the smaller first; got {a:g} {b:g}")
    if not (epsilon > 0 and math.isfinite(epsilon)):
        raise ConfigError(f"eps: expected a number above 0; got {epsilon:g}")
    if lipschitz is not None and not (lipschitz >= 0 and math.isfinite(lipschitz)):
        raise ConfigError(f"lipschitz: expected a number from 0; got {lipschitz:g}")
    whole = _slope_bound(function, a, b) if lipschitz is None else lipschitz
    if not math.isfinite(whole) or not np.isfinite(function(np.linspace(a, b, 1001))).all():
        raise ConfigError(
            f"function {function.text!r}: not defined, or of no bounded slope, everywhere from "
            f"{a:g} to {b:g}; try a smaller interval, or --lipschitz if you know a bound"
        )
    # What rounding adds when the network is evaluated; subtracted from what is allowed.
    scale = float(np.abs(function(np.linspace(a, b, 1001))).max()) + whole * (b - a)
    rounding = 1e-13 * (1 + scale)
    allowed = epsilon - rounding
    if allowed <= 0:
        raise ConfigError(f"eps: {epsilon:g} is below what float64 resolves for this function")
    knots, worst = _segments(function, a, b, allowed, lipschitz)
    values = function(np.append(knots, b))
    slopes = np.diff(values) / np.diff(np.append(knots, b))
    changes = np.diff(slopes, prepend=0.0)
    found = Approximation(
        function, (a, b), epsilon, knots, changes, float(values[0]), worst + rounding, 0.0, whole
    )
    grid = np.linspace(a, b, _SAMPLES)
    measured = float(np.abs(found(grid) - function(grid)).max())
    return Approximation(
        function, (a, b), epsilon, knots, changes, found.bias, found.bound, measured, whole
    )


class _Bounds:
    """Bounds of both derivatives on small cells of the interval, found once."""

    def __init__(self, function: Expression, a: float, b: float, lipschitz: float | None) -> None:
        self._edges = np.linspace(a, b, _CELLS + 1)
        jet = function.jet(self._edges[:-1], self._edges[1:])
        slope = np.broadcast_to(jet.first.size, (_CELLS,)).copy()
        self._slope = np.full(_CELLS, lipschitz) if lipschitz is not None else slope
        self._bend = np.broadcast_to(jet.second.size, (_CELLS,)).copy()

    def error(self, low: float, high: float) -> float:
        """Bound the error of linear interpolation on a segment, by the cells that it touches."""
        first = max(int(np.searchsorted(self._edges, low, side="right")) - 1, 0)
        last = int(np.searchsorted(self._edges, high, side="left"))
        # Outwards: the difference was rounded, and the bound must be certain.
        h = (high - low) * (1 + 1e-13)
        by_slope = float(self._slope[first:last].max()) * h / 2
        return min(by_slope, float(self._bend[first:last].max()) * h * h / 8)


def _segments(
    function: Expression, a: float, b: float, allowed: float, lipschitz: float | None
) -> tuple[Array, float]:
    """Cut [a, b] from the left into segments as long as the bound allows."""
    bounds = _Bounds(function, a, b, lipschitz)
    knots: list[float] = []
    worst, here, step = 0.0, a, b - a
    while here < b:
        if len(knots) >= _MOST_UNITS:
            raise ConfigError(f"eps: {allowed:g} needs more than {_MOST_UNITS:,} units")
        # From the last segment's length: neighbours are alike, so few trials are needed.
        step = min(2 * step, b - here)
        while bounds.error(here, here + step) > allowed:
            step /= 2
            if step < 1e-12 * (b - a):
                raise ConfigError(
                    f"function {function.text!r}: no segment at {here:g} is short enough for "
                    f"{allowed:g}"
                )
        low, high = step, min(2 * step, b - here)
        for _ in range(_HALVINGS if high > low else 0):
            middle = (low + high) / 2
            if bounds.error(here, here + middle) <= allowed:
                low = middle
            else:
                high = middle
        step = low
        # A rest too short to be a segment of its own belongs to this one.
        end = b if b - (here + step) < 1e-12 * (b - a) else here + step
        knots.append(here)
        worst = max(worst, bounds.error(here, end))
        here = end
    return np.array(knots), worst


def _slope_bound(function: Expression, a: float, b: float) -> float:
    """Bound the slope's size on the interval."""
    ends = np.linspace(a, b, _CELLS + 1)
    found = float(np.max(function.jet(ends[:-1], ends[1:]).first.size))
    return math.inf if math.isnan(found) else found
