"""What every measuring program does alike: odd options and failures are one line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import click

from mlplab.errors import MlplabError


def start(main: Callable[[], None]) -> None:
    """Run a program; what a user got wrong, or what is not there, is one line and exit status 1."""
    try:
        main()
    except MlplabError as problem:
        sys.exit(f"error: {problem}")


def whole_from(least: int) -> Callable[[str], int]:
    """Return what reads an option of argparse as `click.IntRange` reads one of click.

    >>> whole_from(1)("3")
    3
    """

    def read(text: str) -> int:
        try:
            return int(click.IntRange(least)(text))
        except click.BadParameter as problem:
            raise argparse.ArgumentTypeError(problem.message) from None

    return read
