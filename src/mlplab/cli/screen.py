"""Tables and lines for people: plain at 80 columns, with or without colour."""

from __future__ import annotations

import logging
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import click

from mlplab.cli.printable import printable

_NARROWEST = 20  # columns of a terminal, whatever COLUMNS says


def write_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Iterable[str] = (),
    whole: Iterable[str] = (),
) -> None:
    """Write a table to standard output; long cells are folded.

    Args:
        heads: of the columns.
        rows: of cells.
        right: heads of the columns that are flush right.
        whole: heads of the columns whose cells are never folded.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False)
    if console.width < _NARROWEST:  # COLUMNS=0 and the like: rich would write nothing at all
        console.width = 80
    flush_right, unfolded = set(right), set(whole)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for head in heads:
        table.add_column(
            Text(printable(head)),
            justify="right" if head in flush_right else "left",
            overflow="fold",
            no_wrap=head in unfolded,
        )
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console.print(table)


def write(text: str, *, start: str = "", hang: str | None = None) -> None:
    """Write a sentence to standard output, folded at 80 columns between words.

    Args:
        text: the sentence; blanks before it indent it.
        start: what the first line begins with.
        hang: what further lines begin with; by default two blanks more than the first.
    """
    if hang is None:
        hang = text[: len(text) - len(text.lstrip())] + "  "
    lines = textwrap.wrap(
        printable(text),
        80,
        initial_indent=start,
        subsequent_indent=hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    click.echo("\n".join(lines))


@contextmanager
def show_log(quiet: bool) -> Iterator[None]:
    """Show what data sources are tried, line by line on standard error."""
    handler = _ToStandardError()
    logger = logging.getLogger("mlplab.data")
    before = logger.level
    if not quiet:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)


class _ToStandardError(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        click.echo(printable(record.getMessage()), err=True)


def note(line: str, quiet: bool = False) -> None:
    """Write a line to standard error, unless the command shall be quiet."""
    if not quiet:
        click.echo(printable(line), err=True)


def write_line(line: str) -> None:
    """Write a line to standard output as it is, to be copied: a path, mostly."""
    click.echo(printable(line))


def show_number(value: float | None, digits: int = 4) -> str:
    """Return a number for a table, `-` where there is none.

    >>> show_number(0.88649), show_number(None), show_number(float("nan")), show_number(12345.6)
    ('0.8865', '-', '-', '12346')
    """
    if value is None or value != value:
        return "-"
    if 1000 <= abs(value) < 1e9:
        return f"{value:.0f}"
    if value and (abs(value) >= 1e9 or abs(value) < 10**-digits):
        return f"{value:.{digits}g}"
    return f"{value + 0.0:.{digits}f}"  # -0.0 + 0.0 is 0.0


def show_interval(interval: Sequence[float] | None) -> str:
    """Return an interval as `[lo, hi]`, `-` where there is none.

    >>> show_interval((0.5, 0.75)), show_interval(None)
    ('[0.5000, 0.7500]', '-')
    """
    if interval is None:
        return "-"
    return f"[{show_number(interval[0])}, {show_number(interval[1])}]"


def show_bytes(size: float) -> str:
    """Return a size in decimal units.

    >>> show_bytes(950), show_bytes(23_000_000)
    ('950 B', '23 MB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.3g} {unit}" if size < 1000 else f"{size:.0f} {unit}"
        size /= 1000
    raise AssertionError
