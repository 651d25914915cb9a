"""How a column writes its numbers: which mark comes before decimals, and with what unit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Literal

Decimal = Literal[".", ","]

CURRENCIES = (
    "$", "€", "£", "¥", "₹", "₽", "₩", "₪", "₺", "฿", "R$", "US$", "zł", "kr", "Kč",
    "USD", "EUR", "GBP", "JPY", "CNY", "CHF", "INR", "CAD", "AUD", "Fr.",
)  # fmt: skip
"""Units that some entries of a column may lack; per cent and per mille all have or none."""

_SHARES = ("%", "‰")
# Different entries: each is tried by many patterns, and thousands tell no more than these.
_MOST_LOOKED_AT = 2000
# Longest first: US$ must not be read as an odd text before $.
_UNITS = "|".join(re.escape(unit) for unit in sorted((*CURRENCIES, *_SHARES), key=len)[::-1])
_BLANKS = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
_QUOTES = "'\N{RIGHT SINGLE QUOTATION MARK}"
_MARKS = f"[0-9.,{_QUOTES}{_BLANKS}]"
_DRESSED = re.compile(
    rf"(?P<sign>[+-]?)[{_BLANKS}]*(?P<before>{_UNITS})?[{_BLANKS}]*(?P<inner>[+-]?)"
    rf"(?P<body>[0-9.]{_MARKS}*?(?:[eE][+-]?[0-9]+)?)"
    rf"[{_BLANKS}]*(?P<after>{_UNITS})?(?:,-{1, 2})?"
)
_WORDED = re.compile(
    rf"[+-]?(?:{_UNITS})?[0-9]{_MARKS}*?[{_BLANKS}]*(?P<word>[A-Za-zµ°Ω][A-Za-zµ°²³/]{{0,11}})"
)


def _body(decimal: str, groups: str) -> re.Pattern[str]:
    thousands = rf"[1-9][0-9]{{0,2}}([{groups}])(?:[0-9]{{2,3}}\1)*[0-9]{{3}}"
    mark = re.escape(decimal)
    return re.compile(
        rf"(?:{thousands}|[0-9]+)(?:{mark}[0-9]*)?(?:[eE][+-]?[0-9]+)?"
        rf"|{mark}[0-9]+(?:[eE][+-]?[0-9]+)?"
    )


_BODIES = {
    ".": _body(".", f",{_QUOTES}{_BLANKS}"),
    ",": _body(",", f".{_QUOTES}{_BLANKS}"),
}
# most entries of most columns, three times as fast
_BARE = {mark: re.compile(rf"[+-]?[0-9]+(?:{re.escape(mark)}[0-9]*)?") for mark in _BODIES}
_GROUPS = {mark: re.compile(rf"[^0-9eE+\-{re.escape(mark)}]") for mark in _BODIES}


@dataclass(frozen=True, slots=True)
class NumberForm:
    """How the numbers of a column are written, where it is not plainly.

    Attributes:
        decimal: the mark before decimals.
        unit: a currency, per cent or per mille around them; empty for none.
        n: entries that are numbers so.
        ambiguous: an entry that is a number with the other mark as well, where no entry tells
            which is meant; empty for none.
    """

    decimal: Decimal
    unit: str
    n: int
    ambiguous: str = ""


def dressed_number(text: str, decimal: Decimal = ".", unit: str = "") -> float | None:
    """Return the number that a text is with thousands, a unit or brackets; None if it is none.

    Thousands are set apart by the other mark, a blank or an apostrophe; brackets are a minus. A
    percentage is the number before its sign.

    >>> dressed_number("$1,234.50", unit="$"), dressed_number("1.234,5", ","), dressed_number("(9)")
    (1234.5, 1234.5, -9.0)
    >>> dressed_number("45%"), dressed_number("45 %", unit="%"), dressed_number("1.23,4", ",")
    (None, 45.0, None)
    """
    if unit not in _SHARES and _BARE[decimal].fullmatch(text):
        return float(text.replace(",", "."))
    found, body = _undressed(text)
    if found is None or (found != unit and (found or unit in _SHARES)):
        return None
    negative, body = body.startswith("-"), body.lstrip("+-")
    if not _BODIES[decimal].fullmatch(body):
        return None
    number = float(_GROUPS[decimal].sub("", body).replace(",", "."))
    return -number if negative else number


@lru_cache(maxsize=1 << 16)
def _undressed(text: str) -> tuple[str | None, str]:
    """Return the unit of a text and what is left, with a minus in front; None if it is no number.

    It is asked for several marks and units in turn, hence the memory.
    """
    text = text.strip().replace("\N{MINUS SIGN}", "-")
    bracketed = len(text) > 2 and text[0] == "(" and text[-1] == ")"
    match = _DRESSED.fullmatch(text[1:-1].strip() if bracketed else text)
    if match is None:
        return None, ""
    signs = match["sign"] + match["inner"]
    if (match["before"] and match["after"]) or len(signs) > 1 or (bracketed and signs):
        return None, ""
    unit = match["before"] or match["after"] or ""
    return unit, ("-" if bracketed else signs) + match["body"]


def unit_of(text: str) -> str | None:
    """Return the unit of what looks like a number, empty for none; None where it does not.

    >>> unit_of("45 %"), unit_of("7"), unit_of("many")
    ('%', '', None)
    """
    return _undressed(text)[0]


def form_of_numbers(
    counts: Mapping[str, int], decimal: Decimal | None = None, likely: Decimal | None = None
) -> NumberForm:
    """Return the form in which most entries of a column are numbers; plain ones where equal.

    Args:
        counts: entry -> how often it occurs.
        decimal: the mark that is declared; None: the one that fits more entries.
        likely: the mark where both fit as many.
    """
    seen = dict(islice(counts.items(), _MOST_LOOKED_AT))
    form = _form_of_all(seen, decimal, likely)
    if len(seen) == len(counts):
        return form
    if form.ambiguous:
        return _form_of_all(counts, decimal, likely)
    return replace(form, n=_n_numbers(counts, form.decimal, form.unit))


def _form_of_all(
    counts: Mapping[str, int], decimal: Decimal | None, likely: Decimal | None
) -> NumberForm:
    units = Counter(dict.fromkeys(("",), 0))
    for text, n in counts.items():
        unit, _ = _undressed(text)
        if unit:
            units[unit] += n
    best, ambiguous = NumberForm(decimal or ".", "", -1), ""
    marks: list[Decimal] = [decimal] if decimal else [",", "."] if likely == "," else [".", ","]
    for unit in ("", *(name for name, n in units.most_common(2) if n)):
        for mark in marks:
            n = _n_numbers(counts, mark, unit)
            if n > best.n:
                best, ambiguous = NumberForm(mark, unit, n), ""
            elif n == best.n and unit == best.unit and n:
                ambiguous = _of_both_marks(counts, unit)
    return NumberForm(best.decimal, best.unit, best.n, ambiguous)


def _n_numbers(counts: Mapping[str, int], mark: Decimal, unit: str) -> int:
    return sum(n for text, n in counts.items() if dressed_number(text, mark, unit) is not None)


def _of_both_marks(counts: Collection[str], unit: str) -> str:
    """Return the first entry that is another number with the other mark; empty if none is."""
    for text in counts:
        values = {dressed_number(text, mark, unit) for mark in (".", ",")}
        if len(values) > 1 and None not in values:
            return text
    return ""


def proves_comma(counts: Mapping[str, int]) -> bool:
    """Return whether a column holds numbers with decimal commas, and none with a point.

    >>> proves_comma({"1,5": 1, "2": 1}), proves_comma({"1,234": 1}), proves_comma({"1,234.5": 1})
    (True, False, False)
    """
    if not any("," in text for text in counts):
        return False
    seen = dict(islice(counts.items(), _MOST_LOOKED_AT))
    form = _form_of_all(seen, None, None)
    return form.decimal == "," and not form.ambiguous and 2 * form.n > sum(seen.values())


def proves_point(counts: Collection[str]) -> bool:
    """Return whether a column holds a number with a point before its decimals.

    >>> proves_point(["1.5"]), proves_point(["1.234", "7"]), proves_point(["1,234.5"])
    (True, False, True)
    """
    return any(
        dressed_number(text) is not None and dressed_number(text, ",") is None
        for text in counts
        if "." in text
    )


def word_of_numbers(counts: Mapping[str, int]) -> str:
    """Return the word that follows the number in nearly all entries; empty if none does.

    >>> word_of_numbers({"5 kg": 3, "7.5 kg": 2}), word_of_numbers({"4B": 1, "3A": 1})
    ('kg', '')
    """
    words: Counter[str] = Counter()
    for text, n in counts.items():
        match = _WORDED.fullmatch(text)
        if match:
            words[match["word"]] += n
    word, n = words.most_common(1)[0] if words else ("", 0)
    return word if n >= 0.9 * sum(counts.values()) else ""
