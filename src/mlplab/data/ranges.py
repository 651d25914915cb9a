"""Ranges of the parameters of data sets that are made from a seed."""

from __future__ import annotations

import math

from mlplab.errors import ConfigError


def expect_at_least(least: int, **sizes: int) -> None:
    """Refuse sizes that are no whole numbers from `least` on.

    Raises:
        ConfigError: names the first such size.
    """
    for name, size in sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < least:
            raise ConfigError(f"{name}: expected a whole number from {least}; got {size!r}")


def expect_not_negative(**numbers: float) -> None:
    """Refuse numbers that are negative or not finite.

    Raises:
        ConfigError: names the first such number.
    """
    for name, number in numbers.items():
        if not isinstance(number, int | float) or not 0 <= number < math.inf:
            raise ConfigError(f"{name}: expected a finite number from 0; got {number!r}")


def expect_share(**numbers: float) -> None:
    """Refuse numbers that are no share from 0 and below 1.

    Raises:
        ConfigError: names the first such number.
    """
    for name, number in numbers.items():
        if not isinstance(number, int | float) or not 0 <= number < 1:
            raise ConfigError(f"{name}: expected a share from 0 and below 1; got {number!r}")
