"""What a cell's text may be: a number, a date, missing; and what is wrong where it is neither."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from typing import Any

from mlplab.errors import ConfigError
from mlplab.reading import read_list

# `None` and `?` are not here: they are levels as often as they are gaps.
MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "#N/A", "<NA>")

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NUMBERS = re.compile(rf"(?:{_NUMBER.pattern}\n)*+")
_ENDLESS = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_DAY = r"[0-9]{4}([-/])[0-9]{1,2}\1[0-9]{1,2}"
_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?"
_DATE = re.compile(rf"{_DAY}(?:[ T]{_TIME}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?")

INFINITE = float("inf")


def read_missing(missing: Any) -> tuple[str, ...]:
    """Return texts that stand for "not there".

    Raises:
        ConfigError: no list of words; of a single one each letter would stand for it.

    >>> read_missing(["NA", "-"])
    ('NA', '-')
    """
    wanted = "a list of words, such as ['NA']"
    words = read_list("missing", missing, wanted)
    if not all(isinstance(word, str) for word in words):
        raise ConfigError(f"missing: expected {wanted}; got {missing!r}")
    return words


def number_of(text: str) -> float | None:
    """Return the number that a text is, infinite where it is too large; None if it is none.

    >>> number_of("1e3"), number_of("-inf"), number_of("12 kg"), number_of("0x10")
    (1000.0, -inf, None, None)
    """
    if _NUMBER.fullmatch(text) or _ENDLESS.fullmatch(text):
        return float(text)
    return None


def numbers_of(texts: Collection[str]) -> list[float | None]:
    """Return the number that each text is, as `number_of` does.

    >>> numbers_of(["1e3", "7"]), numbers_of(["1", "many"]), numbers_of(["1\\n2"])
    ([1000.0, 7.0], [1.0, None], [None])
    """
    # All at once is a fifth of the time of one by one.
    lines = "\n".join(texts) + "\n"
    if lines.count("\n") == len(texts) and _NUMBERS.fullmatch(lines):
        return list(map(float, texts))
    return list(map(number_of, texts))


def looks_like_date(text: str) -> bool:
    """Return whether a text has the form of a date, year first; it may still not exist.

    >>> looks_like_date("2010-02-30"), looks_like_date("3/4/2010")
    (True, False)
    """
    return _DATE.fullmatch(text) is not None


def is_date_format(date_format: str) -> bool:
    """Return whether strptime takes a format, and a day can be read by it.

    >>> is_date_format("%d/%m/%Y"), is_date_format("dd/mm/yyyy"), is_date_format("%Q")
    (True, False, False)
    """
    day = dt.datetime(2011, 12, 25, 16, 30)
    try:
        return dt.datetime.strptime(day.strftime(date_format), date_format).year != 1900
    except ValueError:
        return False


def date_of(text: str, date_format: str | None = None) -> dt.datetime | None:
    """Return the time that a text says, in UTC and without a zone; None if it says none.

    >>> date_of("2010-02-28T12:00+01:00"), date_of("2010-02-30")
    (datetime.datetime(2010, 2, 28, 11, 0), None)
    """
    try:
        if date_format is not None:
            when = dt.datetime.strptime(text, date_format)
        elif looks_like_date(text):
            when = _year_first(text)
        else:
            return None
        return when.astimezone(dt.UTC).replace(tzinfo=None) if when.tzinfo else when
    except (ValueError, OverflowError):
        return None


def _year_first(text: str) -> dt.datetime:
    day, _, time = text.replace("T", " ").partition(" ")
    year, month, date = (int(part) for part in re.split("[-/]", day))
    start = dt.datetime(year, month, date)
    if not time:
        return start
    hour, rest = time.replace(",", ".").split(":", 1)
    clock = dt.time.fromisoformat(f"{hour:0>2}:{rest}")
    return dt.datetime.combine(start.date(), clock)


def number_hint(text: str, decimal: str | None = None) -> str:
    """Say what may be done about a text where a number is expected.

    Args:
        text: it.
        decimal: the mark before decimals that is expected; None: numbers are plain.

    >>> number_hint("1,5"), number_hint("?")
    ("say decimal=',' (--decimal ,)", "correct it, or say missing=['?'] (--missing '?')")
    """
    if decimal is None and re.fullmatch(r"[+-]?[0-9]+,[0-9]*", text):
        return "say decimal=',' (--decimal ,)"
    if decimal == "," and re.fullmatch(r"[+-]?[0-9]+\.[0-9]*", text):
        return "say decimal='.' (--decimal .)"
    if re.fullmatch(r"[+-]?[0-9][0-9.]*(?:,[0-9]+)+(?:\.[0-9]*)?", text):
        return "write it without the thousands separator or decimal comma"
    if re.search(r"[$€£¥%]", text) or re.fullmatch(r"[+-]?[0-9.]+ ?[A-Za-z]+[0-9²³]?", text):
        return "write the number without its unit"
    return f"correct it, or say missing=[{text[:40]!r}] (--missing {text[:40]!r})"
