"""Targets of a regression as a network learns them: transformed, mean 0, standard deviation 1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError, DataError
from mlplab.estimators.seen import FAR, Seen
from mlplab.hints import expected

Function = Callable[[Any], Any]
# name -> (there, back, what it needs of the targets, the value that they must exceed)
TRANSFORMS: dict[str, tuple[Function, Function, str, float]] = {
    "identity": (lambda y: y, lambda z: z, "", -np.inf),
    "log": (np.log, np.exp, "targets above 0", 0.0),
    "log1p": (np.log1p, np.expm1, "targets above -1", -1.0),
    "asinh": (np.arcsinh, np.sinh, "", -np.inf),
}
_MOST = 700.0  # exp of more overflows
_LARGEST = 1e140  # the squares of more, summed over rows, overflow
# by Chebyshev no rows leave more than this share outside 10 of their own standard deviations
_SHARE = 1 / FAR**2


@dataclass(frozen=True, eq=False)
class Targets:
    """What a network learns of targets y: z = (f(y) - mean) / deviation.

    Attributes:
        transform: name of f, one of `TRANSFORMS`.
        mean: (O,).
        deviation: (O,); 0 where the targets are constant, which are then predicted exactly, until
            `widened` by others.
        one: whether targets were given as (N,), and predictions are to be.
        seen: rows since mean and deviation were found.
        renewed: whether they were found among further rows, (O,) bool, or one for all.
    """

    transform: str
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    one: bool
    seen: Seen = field(default_factory=Seen)
    renewed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(1, dtype=bool))

    @classmethod
    def fit(
        cls, y: NDArray[Any], transform: str | None, weights: NDArray[Any] | None = None
    ) -> Targets:
        """Find mean and deviation.

        Args:
            y: (N,) or (N, O).
            transform: name of f; None is the identity.
            weights: (N,); None where all are 1.

        Raises:
            ConfigError: an unknown transform.
            DataError: targets outside its domain, or too large to be squared.

        >>> targets = Targets.fit(np.array([1.0, 10, 100]), "log")
        >>> targets.back(targets.there(np.array([5.0]))).round(6).tolist()
        [[5.0]]
        """
        name = transform or "identity"
        if name not in TRANSFORMS:
            raise ConfigError(f"target_transform: {expected(transform, TRANSFORMS)}")
        z = _apply(name, y)
        mean, deviation = _moments(z, weights)
        # what rounding leaves of a constant is no deviation
        constant = z.max(axis=0) == z.min(axis=0)
        mean = np.where(constant, z[0], mean)
        seen = Seen().plus(np.zeros(z.shape, dtype=bool), weights)
        return cls(name, mean, np.where(constant, 0.0, deviation), y.ndim == 1, seen)

    def widened(self, y: NDArray[Any], weights: NDArray[Any] | None = None) -> Targets:
        """Return this with the scale of further rows for each target whose own does not fit them.

        It does not where the target was constant so far, or where more than 1 % of the rows since
        the scale was found are further than 10 deviations from the mean.

        Args:
            y: further rows, (N,) or (N, O).
            weights: (N,); None where all are 1.

        >>> constant = Targets.fit(np.array([5.0, 5.0]), None)
        >>> constant.widened(np.array([4.0, 6.0])).there(np.array([5.0])).tolist()
        [[0.0]]
        >>> narrow = Targets.fit(np.array([5.0, 5.001]), None)
        >>> narrow.widened(np.array([90.0, 110.0])).deviation.round(1).tolist()
        [10.0]
        """
        z = _apply(self.transform, y)
        seen = self.seen.plus(np.abs(z - self.mean) > FAR * self.deviation, weights)
        constant = (self.deviation == 0) & (z != self.mean).any(axis=0)
        fresh = constant | ((self.deviation > 0) & (seen.far > _SHARE * seen.rows))
        mean, deviation = _moments(z, weights)
        # a chunk of one value has no spread, and targets that change between two would change
        # their scale each time: with the mean so far as one more row neither happens
        wide = self.renewed | (z.max(axis=0) == z.min(axis=0))
        again = np.concatenate([self.mean[None], z])
        shares = None if weights is None else np.concatenate([[weights.mean()], weights])
        wide_mean, wide_deviation = _moments(again, shares)
        mean = np.where(wide, wide_mean, mean)
        deviation = np.where(wide, wide_deviation, deviation)
        return Targets(
            self.transform,
            np.where(fresh, mean, self.mean),
            np.where(fresh, deviation, self.deviation),
            self.one,
            seen.renewed(fresh, Seen().plus(np.zeros(z.shape, dtype=bool), weights)),
            self.renewed | fresh,
        )

    def unit(self, other: Targets) -> NDArray[np.float64]:
        """Return this deviation in units of another one, (O,); 1 where this is 0 or the larger."""
        kept = (self.deviation == 0) | (self.deviation >= other.deviation)
        return np.where(kept, 1.0, self.deviation / np.where(kept, 1.0, other.deviation))

    def there(self, y: NDArray[Any]) -> NDArray[np.float64]:
        """Return what a network learns, (N, O)."""
        z = _apply(self.transform, y) - self.mean
        return np.asarray(z / np.where(self.deviation > 0, self.deviation, 1.0))

    def back(self, z: NDArray[Any]) -> NDArray[np.float64]:
        """Return targets, (N, O), in their own units."""
        straight = z.reshape(len(z), -1) * self.deviation + self.mean
        if self.transform != "identity":
            straight = np.clip(straight, -_MOST, _MOST)
        return np.asarray(TRANSFORMS[self.transform][1](straight), dtype=np.float64)

    def shaped(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return values (N, O) in the shape in which targets were given."""
        return values[:, 0] if self.one else values


def _moments(
    z: NDArray[np.float64], weights: NDArray[Any] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return means and standard deviations, each (O,), of (N, O)."""
    mean = np.average(z, axis=0, weights=weights)
    return mean, np.sqrt(np.average((z - mean) ** 2, axis=0, weights=weights))


def _apply(name: str, y: NDArray[Any]) -> NDArray[np.float64]:
    there, _, needs, least = TRANSFORMS[name]
    columns = np.asarray(y, dtype=np.float64).reshape(len(y), -1)
    if columns.size and columns.min() <= least:
        raise DataError(f"target_transform={name!r}: needs {needs}; got {columns.min():g}")
    z = np.asarray(there(columns))
    for target in np.flatnonzero(np.abs(z).max(axis=0, initial=0) > _LARGEST):
        name = "y" if z.shape[1] == 1 else f"y[:, {target}]"
        value = columns[np.abs(z[:, target]).argmax(), target]
        raise DataError(
            f"{name}: expected targets from {-_LARGEST:g} to {_LARGEST:g}; got {value:g}; "
            "give them in a larger unit, or target_transform='asinh'"
        )
    return z
