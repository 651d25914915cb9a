"""Ranges of the parameters of data sets that are made from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from mlplab.errors import ConfigError
from mlplab.specs.numbers import LARGEST

_MOST_NUMBERS = 10**9  # 8 GB while they are drawn: about what a machine of today can spare
MOST_CLASSES = 10**6  # as many outputs as a layer may have units


def expect_at_least(least: int, *, most: int | None = None, **sizes: int) -> None:
    """Refuse sizes that are no whole numbers from `least` on, up to `most` where it is given.

    Raises:
        ConfigError: names the first such size.
    """
    end = "" if most is None else f" to {most}"
    for name, size in sizes.items():
        fits = isinstance(size, int) and not isinstance(size, bool) and size >= least
        if not fits or (most is not None and size > most):
            raise ConfigError(f"{name}: expected a whole number from {least}{end}; got {size!r}")


def expect_room(n_numbers: int, **sizes: int) -> None:
    """Refuse sizes that make more numbers than a machine can hold.

    Args:
        n_numbers: inputs of all examples.
        sizes: what they follow from.

    Raises:
        ConfigError: names the sizes.
    """
    if n_numbers > _MOST_NUMBERS:
        given = ", ".join(map(str, sizes.values()))
        raise ConfigError(
            f"{', '.join(sizes)}: expected at most {_MOST_NUMBERS:,} inputs in all; got {given}"
        )


def expect_whole(**numbers: int) -> None:
    """Refuse numbers, such as seeds, that are not whole.

    Raises:
        ConfigError: names the first such number.
    """
    _expect(numbers, _is_whole, "a whole number")


def expect_finite(**numbers: float) -> None:
    """Refuse numbers that are not finite, in float32 as well.

    Raises:
        ConfigError: names the first such number.
    """
    _expect(numbers, _is_finite, "a finite number", _cause)


def expect_each_finite(**lists: Iterable[float]) -> None:
    """Refuse what is no list of finite numbers.

    Raises:
        ConfigError: names the first such list.
    """
    _expect(lists, _are_finite, "a list of finite numbers, such as [1, 0.5]")


def expect_not_negative(**numbers: float) -> None:
    """Refuse numbers that are negative or not finite, in float32 as well.

    Raises:
        ConfigError: names the first such number.
    """
    _expect(numbers, lambda x: _is_finite(x) and x >= 0, "a finite number from 0", _cause)


def expect_share(**numbers: float) -> None:
    """Refuse numbers that are no share from 0 and below 1.

    Raises:
        ConfigError: names the first such number.
    """
    _expect(numbers, lambda x: _is_finite(x) and 0 <= x < 1, "a share from 0 and below 1")


def expect_flags(**flags: bool) -> None:
    """Refuse what is neither true nor false.

    Raises:
        ConfigError: names the first such value.
    """
    _expect(flags, lambda flag: isinstance(flag, bool), "true or false")


def _expect(
    values: Mapping[str, Any],
    fits: Callable[[Any], bool],
    wanted: str,
    cause: Callable[[Any], str] = lambda _: "",
) -> None:
    for name, value in values.items():
        if not fits(value):
            raise ConfigError(f"{name}: expected {wanted}{cause(value)}; got {value!r}")


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _are_finite(values: Any) -> bool:
    listed = isinstance(values, Iterable) and not isinstance(values, str | Mapping)
    return listed and all(map(_is_finite, values))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_finite(number: float) -> bool:
    return _is_number(number) and bool(abs(number) <= LARGEST)


def _cause(number: float) -> str:
    """Return what is said of a number that only float64 holds."""
    return " that float32 holds" if _is_number(number) and LARGEST < abs(number) < np.inf else ""
