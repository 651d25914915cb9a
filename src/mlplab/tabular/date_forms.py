"""How a column writes its dates, where it is not year first with dashes or slashes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from mlplab.tabular.values import date_of

_NUMBERS = re.compile(r"(\d{1,4})([-/. ])(\d{1,2})\2(\d{1,4})(.*)")
_NAMED_FIRST = re.compile(r"([A-Za-z]{3,9})([ -])(\d{1,2})(,? ?|-)(\d{4}|\d{2})(.*)")
_NAMED_SECOND = re.compile(r"(\d{1,2})([- /.]?)([A-Za-z]{3,9})([- /.]?)(\d{4}|\d{2})(.*)")
_TIMES = {
    r"": "",
    r"[ T]\d{1,2}:\d{2}": "%H:%M",
    r"[ T]\d{1,2}:\d{2}:\d{2}": "%H:%M:%S",
    r"[ T]\d{1,2}:\d{2}:\d{2}\.\d{1,6}": "%H:%M:%S.%f",
    r" \d{1,2}:\d{2} ?[AaPp][Mm]": "%I:%M %p",
    r" \d{1,2}:\d{2}:\d{2} ?[AaPp][Mm]": "%I:%M:%S %p",
}
# Different entries: each is tried by many formats, and thousands tell no more than these.
_MOST_LOOKED_AT = 2000
_COMPACT = "%Y%m%d"


@dataclass(frozen=True, slots=True)
class DateForm:
    """The formats, as in strptime, in which most entries of a column are dates.

    Attributes:
        formats: one, or two between which no entry decides: day first, and month first.
        n: entries that are dates so, of those looked at.
        n_seen: entries looked at.
    """

    formats: tuple[str, ...]
    n: int
    n_seen: int


def form_of_dates(counts: Mapping[str, int]) -> DateForm:
    """Return the format in which most entries of a column are dates.

    Args:
        counts: entry -> how often it occurs.

    >>> form_of_dates({"12/31/2020": 1, "1/2/2021": 1}).formats
    ('%m/%d/%Y',)
    >>> form_of_dates({"3/4/2020": 1}).formats, form_of_dates({"31.12.20": 1}).formats
    (('%d/%m/%Y', '%m/%d/%Y'), ('%d.%m.%y',))
    """
    seen = dict(islice(counts.items(), _MOST_LOOKED_AT))
    n_seen = sum(seen.values())
    best: tuple[str, ...] = ()
    most = 0
    tried: set[str] = set()
    for text in islice(seen, 3):
        for date_format in _formats(text):
            if date_format in tried:
                continue
            tried.add(date_format)
            n = sum(n for text, n in seen.items() if date_of(text, date_format) is not None)
            if n > most:
                best, most = (date_format,), n
            elif n and n == most:
                best = (*best, date_format)
    dotted = [one for one in best if one.startswith("%d.")]
    # with points, the day is first wherever such dates are written
    return DateForm(tuple(dotted[:1] or best), most, n_seen)


def looks_dated(text: str) -> bool:
    """Return whether a text has the form of a date in any order; it may still not exist.

    >>> looks_dated("13/13/2020"), looks_dated("2020-1-5"), looks_dated("5 kg")
    (True, True, False)
    """
    return bool(_formats(text))


def date_hint(text: str, name: str, date_format: str | None = None) -> str:
    """Say what may be done about a text where a date is expected.

    Args:
        text: it.
        name: the column.
        date_format: that is expected; None: year first.

    >>> date_hint("31.12.2020", "day")
    "correct it, or declare its date_format (--date-format 'day=%d.%m.%Y')"
    >>> date_hint("n/d", "day")
    "correct it, say missing=['n/d'] (--missing 'n/d'), or types={'day': 'text'} (--types day=text)"
    """
    formats = [one for one in _formats(text) if one != date_format]
    fits = [one for one in formats if date_of(text, one) is not None]
    if fits:
        return f"correct it, or declare its date_format (--date-format '{name}={fits[0]}')"
    return (
        f"correct it, say missing=[{text[:40]!r}] (--missing {text[:40]!r}), or "
        f"types={{{name!r}: 'text'}} (--types {name}=text)"
    )


def all_compact(counts: Mapping[str, int]) -> bool:
    """Return whether all entries are dates such as 20201231, of the years 1900 to 2099.

    >>> all_compact({"20201231": 1, "20200101": 1, "19991130": 1}), all_compact({"20201331": 1})
    (True, False)
    """
    if len(counts) < 3 or not all(len(t) == 8 and t[:2] in ("19", "20") for t in counts):
        return False
    return all(text.isdecimal() and date_of(text, _COMPACT) is not None for text in counts)


def _formats(text: str) -> list[str]:
    """Return the formats that a text may have, day first before month first."""
    starts: list[tuple[str, str]] = []
    if match := _NUMBERS.fullmatch(text):
        first, mark, _, last, time = match.groups()
        if len(first) == 4 and len(last) <= 2:
            starts = [(f"%Y{mark}%m{mark}%d", time)]
        elif len(first) <= 2 and len(last) in (2, 4):
            year = "%Y" if len(last) == 4 else "%y"
            starts = [(f"{ends}{mark}{year}", time) for ends in (f"%d{mark}%m", f"%m{mark}%d")]
    elif match := _NAMED_FIRST.fullmatch(text):
        month, mark, _, comma, year, time = match.groups()
        starts = [(f"{_month(month)}{mark}%d{comma}{_year(year)}", time)]
    elif match := _NAMED_SECOND.fullmatch(text):
        _, mark, month, other, year, time = match.groups()
        starts = [(f"%d{mark}{_month(month)}{other}{_year(year)}", time)]
    out = []
    for start, time in starts:
        for pattern, shown in _TIMES.items():
            if re.fullmatch(pattern, time):
                blank = time[:1] if shown else ""
                joined = shown if " " in time[1:] else shown.replace(" %p", "%p")
                out.append(start + blank + joined)
    return out


def _month(name: str) -> str:
    return "%b" if len(name) == 3 else "%B"


def _year(digits: str) -> str:
    return "%Y" if len(digits) == 4 else "%y"
