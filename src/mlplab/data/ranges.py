"""Ranges of the parameters of data sets that are made from a seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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
    for name, number in numbers.items():
        if not isinstance(number, int | np.integer) or isinstance(number, bool):
            raise ConfigError(f"{name}: expected a whole number; got {number!r}")


def expect_finite(**numbers: float) -> None:
    """Refuse numbers that are not finite, in float32 as well.

    Raises:
        ConfigError: names the first such number.
    """
    for name, number in numbers.items():
        if not _is_finite(number):
            raise ConfigError(f"{name}: expected a finite number{_cause(number)}; got {number!r}")


def expect_each_finite(**lists: Iterable[float]) -> None:
    """Refuse what is no list of finite numbers.

    Raises:
        ConfigError: names the first such list.
    """
    for name, numbers in lists.items():
        listed = isinstance(numbers, Iterable) and not isinstance(numbers, str | Mapping)
        if not listed or not all(map(_is_finite, numbers)):
            raise ConfigError(
                f"{name}: expected a list of finite numbers, such as [1, 0.5]; got {numbers!r}"
            )


def expect_not_negative(**numbers: float) -> None:
    """Refuse numbers that are negative or not finite, in float32 as well.

    Raises:
        ConfigError: names the first such number.
    """
    for name, number in numbers.items():
        if not _is_finite(number) or number < 0:
            raise ConfigError(
                f"{name}: expected a finite number from 0{_cause(number)}; got {number!r}"
            )


def expect_share(**numbers: float) -> None:
    """Refuse numbers that are no share from 0 and below 1.

    Raises:
        ConfigError: names the first such number.
    """
    for name, number in numbers.items():
        if not _is_finite(number) or not 0 <= number < 1:
            raise ConfigError(f"{name}: expected a share from 0 and below 1; got {number!r}")


def expect_flags(**flags: bool) -> None:
    """Refuse what is neither true nor false.

    Raises:
        ConfigError: names the first such value.
    """
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            raise ConfigError(f"{name}: expected true or false; got {flag!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_finite(number: float) -> bool:
    return _is_number(number) and bool(abs(number) <= LARGEST)


def _cause(number: float) -> str:
    """Return what is said of a number that only float64 holds."""
    return " that float32 holds" if _is_number(number) and LARGEST < abs(number) < np.inf else ""
