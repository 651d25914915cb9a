"""The options that say how a CSV file is written, where it is not recognised."""

from __future__ import annotations

import codecs
import functools
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|",
          "blank": " ", "space": " "}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What was said of how files are written.

    Attributes:
        delimiter, encoding, decimal: as `tabular.read_table` takes them.
        missing: texts that stand for "not there" besides the usual ones.
        date_formats: formats of dates as they were typed, `FORMAT` or `COLUMN=FORMAT`.
    """

    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    missing: tuple[str, ...] = ()
    date_formats: tuple[str, ...] = ()

    @property
    def cells(self) -> dict[str, Any]:
        """What `read_cells` takes."""
        return {"delimiter": self.delimiter, "encoding": self.encoding}

    def entries(self, missing: Collection[str]) -> dict[str, Any]:
        """Return what `table_of_cells` takes.

        Args:
            missing: the usual texts for "not there".
        """
        out: dict[str, Any] = {"decimal": self.decimal, "missing": (*missing, *self.missing)}
        if self.date_formats:
            formats = [text.rpartition("=") for text in self.date_formats]
            out["date_format"] = {name: date_format for name, _, date_format in formats}
        return out


def _delimiter(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    value = _WORDS.get(value.lower(), value)
    if len(value) != 1 or value in '"\r\n':
        words = ", ".join(word for word in _WORDS if word.isalpha())
        raise click.BadParameter(f"expected one character, or {words}; got {value!r}")
    return value


def _encoding(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        codecs.lookup(value)
    except (LookupError, ValueError):  # a name of bytes that are no text
        raise click.BadParameter(
            f"expected an encoding such as utf-8, utf-16, cp1252 or latin-1; got {value!r}"
        ) from None
    return value


def _date_formats(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    from mlplab.tabular.values import is_date_format

    for text in value:
        name, equals, date_format = text.rpartition("=")
        if not is_date_format(date_format) or (equals and not name):
            raise click.BadParameter(
                f"expected FORMAT or COLUMN=FORMAT, the format as in %d/%m/%Y; got {text!r}"
            )
    names = [text.rpartition("=")[0] for text in value]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise click.BadParameter(f"two formats for {twice or 'every column'}; say COLUMN=FORMAT")
    return value


_OPTIONS = (
    click.option(
        "--delimiter",
        metavar="CHAR",
        callback=_delimiter,
        help="What separates cells: a character, or tab, comma, semicolon, bar, blank."
        "  [default: recognised]",
    ),
    click.option(
        "--encoding",
        metavar="NAME",
        callback=_encoding,
        help="Encoding of the text, such as cp1252 or utf-16.  [default: recognised]",
    ),
    click.option(
        "--decimal",
        type=click.Choice([".", ","]),
        help="The mark before decimals.  [default: recognised]",
    ),
    click.option(
        "--missing",
        metavar="TEXT",
        multiple=True,
        help="An entry that means there is none, such as '?' or -999; repeatable."
        "  [default: empty, NA, NaN, null and the like]",
    ),
    click.option(
        "--date-format",
        "date_formats",
        metavar="[COL=]FORMAT",
        multiple=True,
        callback=_date_formats,
        help="How dates are written, such as %d/%m/%Y or 'sold=%m/%d/%y'; repeatable."
        "  [default: recognised where no day is in doubt]",
    ),
)


def reading_options(command: F) -> F:
    """Give a command the options of this file, which it takes as one `Reading`."""

    @functools.wraps(command)
    def packed(
        *args: Any,
        delimiter: str | None,
        encoding: str | None,
        decimal: str | None,
        missing: tuple[str, ...],
        date_formats: tuple[str, ...],
        **kwargs: Any,
    ) -> Any:
        reading = Reading(delimiter, encoding, decimal, missing, date_formats)
        return command(*args, reading=reading, **kwargs)

    out: Any = packed
    for option in reversed(_OPTIONS):
        out = option(out)
    return out  # type: ignore[no-any-return]
