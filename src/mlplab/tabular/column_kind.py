"""What a column most likely is, by its entries, and what is said of it where they are odd."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlplab.errors import DataError
from mlplab.tabular.columns import Column, Kind, is_index_name, is_nothing_but_index
from mlplab.tabular.date_forms import all_compact, form_of_dates, looks_dated
from mlplab.tabular.entries import Entries
from mlplab.tabular.number_forms import (
    Decimal,
    NumberForm,
    dressed_number,
    form_of_numbers,
    unit_of,
    word_of_numbers,
)
from mlplab.tabular.remarks import Remark
from mlplab.tabular.target_kind import are_classes
from mlplab.tabular.values import date_of, looks_like_date, number_of, numbers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlplab.tabular.scoring import TaskKind

_ID_NAME = re.compile(r"(?:^|[_\s.-])(?:id|uuid|guid|key|index)$", re.IGNORECASE)
_CAMEL_ID = re.compile(r"[a-z0-9](?:Id|ID)$")
_SAYS_ID = re.compile(r"(?:id|uuid|guid)$", re.IGNORECASE)
_LEADING_ZERO = re.compile(r"0[0-9]+")
_POWER = re.compile(r"[0-9]+[eE][0-9]+")
# From this many rows on, all-different entries tell something.
_MANY_ROWS = 20
_STRAY_SHARE = 0.1  # of entries that may be typing errors in a column of numbers or dates
_TEXT_SHARE = 0.5  # of different entries: beyond, levels hardly repeat and teach nothing


@dataclass(frozen=True, slots=True)
class Reading:
    """What is declared of all columns, and seen in others.

    Attributes:
        decimal: the mark before decimals; None: as entries tell.
        likely: the mark where no entry tells; None: the point.
        date_format: of dates, as in strptime; None: as entries tell.
    """

    decimal: Decimal | None
    likely: Decimal | None
    date_format: str | None


def declared_form(
    column: Column, counts: Counter[str], reading: Reading
) -> tuple[Column, list[Remark]]:
    """Find how a declared column's numbers or dates are written, where that is not declared."""
    if column.kind == "number" and column.decimal is None:
        form = _form(counts, reading)
        return (column, []) if form is None else _in_form(column.name, counts, form)
    if column.kind == "date" and column.date_format is None and counts:
        dates = form_of_dates(counts)
        if not all(map(looks_like_date, counts)) and dates.n:
            if len(dates.formats) > 1:
                raise DataError(_either_day(column.name, counts, dates.formats))
            return _dated(column.name, counts, dates.formats[0])
        if all_compact(counts):
            return _dated(column.name, counts, "%Y%m%d")
    return column, []


def column_of_texts(
    entries: Entries, counts: Counter[str], name: str, place: int, reading: Reading
) -> tuple[Column, list[Remark]]:
    n = sum(counts.values())
    complete = n == len(entries.codes)
    if not counts or (len(counts) == 1 and complete):
        return Column(name=name, kind="constant"), []
    if reading.date_format is not None and place >= 0:
        n_dates = sum(k for t, k in counts.items() if date_of(t, reading.date_format) is not None)
        if _mostly(n_dates, n):
            return Column(name=name, kind="date", date_format=reading.date_format), []
    all_differ = entries.all_differ
    id_name = bool(_ID_NAME.search(name) or _CAMEL_ID.search(name)) or is_index_name(name)
    numbers = numbers_of(counts)
    n_plain = _n_of(counts, numbers)
    codes = _has_codes(counts)
    form = None if codes else _form(counts, reading, n_plain)
    if form is not None and _mostly(form.n, n):
        return _in_form(name, counts, form)
    comma_alone = reading.decimal == "," and form is not None
    if _mostly(n_plain, n) and not codes and not comma_alone:
        whole = all(number is not None and number.is_integer() for number in numbers)
        if place >= 0 and whole and _is_id(entries, place, id_name and all_differ):
            return _as_id(name, entries)
        says_index = is_nothing_but_index(name) or (
            is_index_name(name) and _repeats(entries.rows(numbers, np.nan, float))
        )
        if place >= 0 and whole and says_index and not all_differ:
            return _left_out(name, "number")
        if place >= 0 and whole and not id_name and all_compact(counts):
            return _dated(name, counts, "%Y%m%d")
        return Column(name=name, kind="number"), _on_powers(name, counts)
    if _mostly(sum(k for text, k in counts.items() if looks_like_date(text)), n):
        return Column(name=name, kind="date"), []
    dates = form_of_dates(counts)
    unclear = _mostly(dates.n, dates.n_seen)
    if unclear and len(dates.formats) == 1:
        return _dated(name, counts, dates.formats[0])
    if all_differ and id_name:
        return _as_id(name, entries)
    if place >= 0 and is_nothing_but_index(name):
        return _left_out(name, "category")
    is_text = n >= _MANY_ROWS and len(counts) > _TEXT_SHARE * n
    kind: Kind = "text" if is_text else "category"
    if unclear:
        says = _either_day(name, counts, dates.formats) + f"; taken as {kind}"
        return Column(name=name, kind=kind), [Remark("either day", name, says.partition(": ")[2])]
    return Column(name=name, kind=kind), _on_words(name, counts, n_plain, form, kind)


def _form(counts: Counter[str], reading: Reading, n_plain: int | None = None) -> NumberForm | None:
    """Return the form of a column's numbers, where reading them plainly is not as good."""
    n = sum(counts.values())
    if n_plain is None:
        n_plain = _n_of(counts, numbers_of(counts))
    comma = "," in (reading.decimal, reading.likely)
    if n_plain == n and not comma:
        return None
    form = form_of_numbers(counts, reading.decimal, reading.likely)
    if form.n == n_plain and all(
        number_of(text) == dressed_number(text, form.decimal, form.unit) for text in counts
    ):
        return None
    return form if form.n > n_plain or comma else None


def _in_form(name: str, counts: Counter[str], form: NumberForm) -> tuple[Column, list[Remark]]:
    column = Column(name=name, kind="number", decimal=form.decimal, unit=form.unit)
    odd = [text for text in counts if number_of(text) is None]
    example = form.ambiguous or next(
        (t for t in odd or counts if dressed_number(t, form.decimal, form.unit) is not None), ""
    )
    number = dressed_number(example, form.decimal, form.unit)
    says = f"entries such as {example!r} are read as numbers ({_spelled(number)})"
    if form.ambiguous:
        other: Decimal = "." if form.decimal == "," else ","
        meant = _spelled(dressed_number(example, other, form.unit))
        says += f", but may mean {meant} (then --decimal '{other}')"
    else:
        says += f" (--types '{name}=text' leaves them)"
    marks = re.sub("[0-9]+", "", example)
    topic = f"form {form.decimal} {form.unit} {marks} {bool(form.ambiguous)}"
    return column, [Remark(topic, name, says)]


def _spelled(number: float | None) -> str:
    return "?" if number is None else f"{number:.12g}"


def _dated(name: str, counts: Counter[str], date_format: str) -> tuple[Column, list[Remark]]:
    column = Column(name=name, kind="date", date_format=date_format)
    example = next((text for text in counts if date_of(text, date_format) is not None), "")
    day = date_of(example, date_format)
    shown = "?" if day is None else day.date().isoformat()
    kept = "number" if date_format == "%Y%m%d" else "text"
    says = f"entries such as {example!r} are read as dates ({shown}, by {date_format}; "
    says += f"--date-format '{name}=...' or --types '{name}={kept}' says otherwise)"
    return column, [Remark(f"date {date_format}", name, says)]


def _either_day(name: str, counts: Counter[str], formats: tuple[str, ...]) -> str:
    example = next((text for text in counts if date_of(text, formats[0]) is not None), "")
    ways = " or ".join(f"'{name}={date_format}'" for date_format in formats)
    return (
        f"column {name!r}: entries such as {example!r} are dates, but whether the day or the month "
        f"is first no entry tells; say --date-format {ways} (date_format=)"
    )


def _on_powers(name: str, counts: Counter[str]) -> list[Remark]:
    powers = [text for text in counts if _POWER.fullmatch(text)]
    if not powers or 2 * len(powers) < len(counts):
        return []
    says = f"entries such as {powers[0]!r} are read as powers of ten ({float(powers[0]):g}); "
    return [Remark("powers", name, f"{says}codes? --types '{name}=category'")]


def _on_words(
    name: str, counts: Counter[str], n_plain: int, form: NumberForm | None, kind: Kind
) -> list[Remark]:
    """Say of texts that look like numbers why they are none."""
    n = sum(counts.values())
    word = word_of_numbers(counts)
    if word:
        says = f"entries such as {next(iter(counts))!r} look like numbers with the unit {word!r}; "
        return [Remark(f"unit {word}", name, f"{says}left as {kind}: write them without it")]
    dated = [text for text in counts if looks_dated(text)]
    if _mostly(sum(counts[text] for text in dated), n):
        says = f"entries such as {dated[0]!r} look like dates, but no one format reads nearly all; "
        return [Remark("dates", name, f"{says}left as {kind} (--date-format '{name}=...')")]
    n_numbers = max(n_plain, 0 if form is None else form.n)
    if _has_codes(counts) or 2 * n_numbers < n:
        return []
    if n_plain == n:
        pointed = next(text for text in counts if "." in text)
        says = f"entries such as {pointed!r} have no decimal comma, as was declared; left as {kind}"
        return [Remark("no comma", name, says)]
    form = form or NumberForm(".", "", n_plain)
    decimal, unit = form.decimal, form.unit
    odd = Counter({
        text: k for text, k in counts.items()
        if number_of(text) is None and dressed_number(text, decimal, unit) is None
    })  # fmt: skip
    if not odd:
        odd = Counter({text: k for text, k in counts.items() if number_of(text) is None})
    stray = odd.most_common(1)[0][0][:40]
    if unit_of(stray) is not None:
        read = next(text for text in counts if text not in odd)
        says = f"entries are numbers in two forms, such as {read!r} and {stray!r}; left as {kind}"
        return [Remark(f"two forms {read} {stray}", name, says)]
    says = f"{n_numbers} of {n} entries are numbers, others such as {stray!r} are not; left as "
    return [Remark(f"mixed {stray}", name, f"{says}{kind} (--missing {stray!r} if they are gaps)")]


def _is_id(entries: Entries, place: int, named: bool) -> bool:
    """Whether whole numbers name the rows, or count them."""
    if named:
        return True
    if len(entries.codes) < _MANY_ROWS or not entries.all_differ:
        return False
    numbers = [float(text) for text in entries.levels]
    first = int(numbers[0])
    if place == 0 and numbers == list(range(first, first + len(numbers))):
        return True
    ordered = sorted(numbers) if place == 0 else numbers
    # Elsewhere than in the first column a permutation may be a measured rank.
    start = int(ordered[0])
    return start in (0, 1) and ordered == list(range(start, start + len(ordered)))


def _as_id(name: str, entries: Entries) -> tuple[Column, list[Remark]]:
    column = Column(name=name, kind="id")
    if _SAYS_ID.search(name) and not is_index_name(name):
        return column, []
    as_kind = "number" if number_of(entries.levels[0]) is not None else "category"
    says = f"names the rows, as an id does; no model is given it (--types '{name}={as_kind}' "
    return column, [Remark(f"id {as_kind}", name, f"{says}makes it a feature)")]


def _left_out(name: str, as_kind: Kind) -> tuple[Column, list[Remark]]:
    says = f"names rows, and is left out (--types '{name}={as_kind}' makes it a feature)"
    return Column(name=name, kind="ignored"), [Remark(f"index {as_kind}", name, says)]


def _repeats(rows: NDArray[np.float64]) -> bool:
    """Whether each next entry is one more, but where counting begins anew or gaps are."""
    numbers = rows[~np.isnan(rows)]
    steps = int(np.count_nonzero(numbers[1:] == numbers[:-1] + 1))
    return len(numbers) >= _MANY_ROWS and 2 * steps > len(numbers)


def _has_codes(counts: Collection[str]) -> bool:
    return any(map(_LEADING_ZERO.fullmatch, counts))


def _n_of(counts: Counter[str], numbers: Sequence[float | None]) -> int:
    pairs = zip(counts.values(), numbers, strict=True)
    return sum(n for n, number in pairs if number is not None)


def _mostly(n: int, n_all: int) -> bool:
    strays = n_all - n
    # One stray is allowed even in a short column, if three others agree.
    return strays == 0 or (n >= 3 and strays <= max(1, _STRAY_SHARE * n_all))


def target_column(column: Column, counts: Counter[str], task: TaskKind | None) -> Column:
    kind: Kind = column.kind
    if kind == "id":
        kind = "number"
    if kind == "text" or (kind == "number" and task == "classification"):
        kind = "category"
    if kind == "number" and task is None and are_classes(counts):
        kind = "category"
    if kind == "constant" and len(counts) > 1:
        kind = "category"
    return column if kind == column.kind else Column(name=column.name, kind=kind)
