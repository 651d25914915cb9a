"""From a frame to its schema: what each column most likely is, unless it is declared."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from mlplab.errors import ConfigError, DataError
from mlplab.tabular.columns import Column, Kind, Schema, declared_column, no_such_column
from mlplab.tabular.values import MISSING, looks_like_date, number_of

if TYPE_CHECKING:
    import pandas as pd

_ID_NAME = re.compile(r"(?:^|[_\s.-])(?:id|uuid|guid|key|index)$", re.IGNORECASE)
_CAMEL_ID = re.compile(r"[a-z0-9](?:Id|ID)$")
_LEADING_ZERO = re.compile(r"0[0-9]+")
# From this many rows on, all-different entries tell something.
_MANY_ROWS = 20
_STRAY_SHARE = 0.1
_TEXT_SHARE = 0.5


def infer_schema(
    frame: pd.DataFrame,
    *,
    target: str | None = None,
    types: Mapping[str, Any] | None = None,
    missing: Collection[str] = MISSING,
) -> Schema:
    """Find out what the columns of a frame are.

    The rules, first match: declared in `types`; one value in every row, or none at all: constant;
    numbers: number, unless all differ and the name says id, or the first column counts rows: id;
    dates, year first: date; texts that all differ under a name that says id: id; of 20 rows or
    more, over half different: text; else category. Codes with leading zeros are no numbers.
    Where at most a tenth of the entries (or a single one) is no number, the column still counts as
    numbers, so that `conform` names the stray instead of making a category of all.

    Args:
        frame: entries may be texts or of any dtype of pandas.
        target: the column to predict; it is a number or a category.
        types: name -> a kind, or levels in their order, or a `Column`.
        missing: texts that stand for "not there".

    Raises:
        ConfigError: an unknown column or kind.
        DataError: two columns of one name, or none at all.

    Cost: about 1 microsecond per entry.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"Id": ["1", "2"], "area": ["50", ""], "zone": ["A", "B"]})
    >>> [column.kind for column in infer_schema(frame).columns]
    ['id', 'number', 'category']
    """
    names = column_names(frame)
    types = dict(types or {})
    for name in types:
        if name not in names:
            raise ConfigError(no_such_column(name, names, "types"))
    if target is not None and target not in names:
        raise DataError(no_such_column(target, names, "target"))
    absent = frozenset(missing)
    columns = []
    for place, name in enumerate(names):
        series = frame.iloc[:, place]
        if name in types:
            columns.append(declared_column(name, types[name]))
        elif name == target:
            columns.append(_as_target(_column(series, name, -1, absent)))
        else:
            columns.append(_column(series, name, place, absent))
    return Schema(columns=tuple(columns), target=target)


def column_names(frame: pd.DataFrame) -> list[str]:
    """Return the names of a frame's columns as text.

    Raises:
        DataError: there are none, or two are the same.
    """
    names = [str(name) for name in frame.columns]
    if not names:
        raise DataError("frame: expected at least one column; got none")
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise DataError(f"frame: expected different names; two columns are {name!r}")
        seen.add(name)
    return names


def texts_of(series: pd.Series[Any], missing: Collection[str]) -> list[str | None]:
    """Return the entries as stripped texts; None where nothing is there.

    A whole number is written without a point, whatever dtype holds it.
    """
    import pandas as pd

    if pd.api.types.infer_dtype(series, skipna=True) == "string":
        # Each text is looked at once, however often it occurs.
        codes, found = pd.factorize(series)
        known = [text if text not in missing else None for text in map(str.strip, found)]
        known.append(None)
        return [known[code] for code in codes]
    out: list[str | None] = []
    absent = series.isna().to_numpy()
    for value, gone in zip(series.tolist(), absent, strict=True):
        if gone:
            out.append(None)
            continue
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        text = str(value).strip()
        out.append(None if text in missing else text)
    return out


def _column(series: pd.Series[Any], name: str, place: int, missing: frozenset[str]) -> Column:
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype) and dtype.ordered and len(dtype.categories) > 1:
        return Column(name=name, kind="category", order=tuple(map(str, dtype.categories)))
    if pd.api.types.is_datetime64_any_dtype(dtype):
        return Column(name=name, kind="constant" if _is_constant(series) else "date")
    if pd.api.types.is_bool_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype):
        return Column(name=name, kind="constant" if _is_constant(series) else "category")
    if pd.api.types.is_float_dtype(dtype):
        return Column(name=name, kind="constant" if _is_constant(series) else "number")
    return Column(name=name, kind=_kind_of_texts(texts_of(series, missing), name, place))


def _is_constant(series: pd.Series[Any]) -> bool:
    n_values = series.nunique(dropna=True)
    return n_values == 0 or (n_values == 1 and not series.isna().any())


def _kind_of_texts(texts: list[str | None], name: str, place: int) -> Kind:
    there = [text for text in texts if text is not None]
    distinct = set(there)
    complete = len(there) == len(texts)
    if not distinct or (len(distinct) == 1 and complete):
        return "constant"
    all_differ = complete and len(distinct) == len(there)
    id_name = bool(_ID_NAME.search(name) or _CAMEL_ID.search(name))
    numbers = {text: number_of(text) for text in distinct}
    n_numbers = sum(numbers[text] is not None for text in there)
    codes = any(_LEADING_ZERO.fullmatch(text) for text in distinct)
    if _mostly(n_numbers, len(there)) and not codes:
        whole = all(text.lstrip("+-").isdigit() for text in distinct)
        if all_differ and whole and (id_name or (place == 0 and _counts(there))):
            return "id"
        return "number"
    if _mostly(sum(map(looks_like_date, there)), len(there)):
        return "date"
    if all_differ and id_name:
        return "id"
    many = len(there) >= _MANY_ROWS
    return "text" if many and len(distinct) > _TEXT_SHARE * len(there) else "category"


def _mostly(n: int, n_all: int) -> bool:
    strays = n_all - n
    return strays == 0 or (n >= 3 and strays <= max(1, _STRAY_SHARE * n_all))


def _counts(texts: list[str]) -> bool:
    """Whether the entries are consecutive whole numbers, and enough of them to be no chance."""
    if len(texts) < _MANY_ROWS:
        return False
    first = int(texts[0])
    return all(int(text) == first + i for i, text in enumerate(texts))


def _as_target(column: Column) -> Column:
    as_kind: dict[str, Kind] = {"id": "number", "text": "category"}
    kind = as_kind.get(column.kind, column.kind)
    return column if kind == column.kind else Column(name=column.name, kind=kind)
