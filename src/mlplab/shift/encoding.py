"""Two tables as numbers: one encoding, fitted on the rows of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import DataError
from mlplab.reading import read_whole

if TYPE_CHECKING:
    import pandas as pd

RARE, MOST_LEVELS = 10, 20
MISSING_LEVEL, RARE_LEVEL = "(missing)", "(rare)"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class EncodedColumn:
    """One column of numbers, and where it is from.

    Attributes:
        name: such as `age`, `age is missing`, `town = Oslo` or `town = (rare)`.
        original: the column of the tables.
        kind: a number, whether one is missing, or whether an entry is this level.
    """

    name: str
    original: str
    kind: Literal["number", "missing", "level"]


@dataclass(frozen=True, eq=False, slots=True)
class Encoded:
    """The rows of two tables as finite numbers.

    Attributes:
        first: (N, I), float32.
        second: (M, I), float32.
        columns: what the I columns are.
        left_out: the original columns that carry nothing, and why: missing or constant in both
            tables, or texts none of which is frequent.
    """

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    columns: tuple[EncodedColumn, ...]
    left_out: dict[str, str]

    def columns_of(self, original: str) -> list[int]:
        """Return the places of the columns that encode one column of the tables."""
        return [i for i, column in enumerate(self.columns) if column.original == original]


def encode(first: Any, second: Any, *, rare: int = RARE, most_levels: int = MOST_LEVELS) -> Encoded:
    """Encode two tables by what is known of the rows of both together.

    Numbers (dates too) become (x - mean) / deviation of the pooled rows; a missing one becomes the
    median, and a further column of 0 and 1 says so. Texts become a column of 0 and 1 per level,
    where missing is a level, and levels beyond the `most_levels` most frequent or with fewer than
    `rare` pooled rows share one. No row's table has a part in it. Where one table has no entry of a
    column, its gaps are what differs.

    Args:
        first: (N, I), numbers or a pandas frame; entries may be missing.
        second: (M, I), the same columns; those of frames may stand in another order.
        rare: fewest rows of a level that has a column of its own.
        most_levels: most such levels of one column.

    Raises:
        ConfigError: `rare` or `most_levels` below 1.
        DataError: no rows or columns, different columns, numbers in one table and texts in the
            other, infinities, or nothing but constants.

    Cost: O((N + M) I) numbers of 8 bytes, and 4 bytes for each number returned.

    >>> import pandas as pd
    >>> old = pd.DataFrame({"age": [20.0, None], "town": ["Oslo", "Rome"]})
    >>> new = pd.DataFrame({"town": ["Rome", "Rome"], "age": [40.0, 60.0]})
    >>> encoded = encode(old, new, rare=1)
    >>> [column.name for column in encoded.columns]
    ['age', 'age is missing', 'town = Rome', 'town = Oslo']
    >>> encoded.first[1].tolist()
    [0.0, 1.0, 1.0, 0.0]
    """
    for name, value in (("rare", rare), ("most_levels", most_levels)):
        read_whole(name, value)
    tables = _paired(first, second)
    n_first = len(next(iter(tables[0].values())))
    blocks: list[NDArray[np.float32]] = []
    columns: list[EncodedColumn] = []
    left_out: dict[str, str] = {}
    for name in tables[0]:
        halves = _alike(tables[0][name], tables[1][name])
        if halves is None:
            left_out[name] = "missing in both"
            continue
        is_number = _kinds_agree(name, halves)
        both = np.concatenate(halves)
        block, here = _numbers(name, both) if is_number else _levels(name, both, rare, most_levels)
        if here:
            blocks.append(block)
            columns += here
        else:
            left_out[name] = "constant" if is_number or len(set(both)) < 2 else "all texts rare"
    if not columns:
        reasons = "; ".join(f"{name!r}: {why}" for name, why in list(left_out.items())[:5])
        raise DataError(f"no column can show a difference ({reasons})")
    rows = np.concatenate(blocks, axis=1)
    return Encoded(rows[:n_first], rows[n_first:], tuple(columns), left_out)


def _numbers(name: str, values: Floats) -> tuple[NDArray[np.float32], list[EncodedColumn]]:
    """Return the standardised column, and one for its gaps where it has any."""
    gaps = np.isnan(values)
    # Squares of values near the largest double would overflow.
    known = values[~gaps]
    largest = np.abs(known).max()
    known = known / largest if largest > 0 else known
    parts, columns = [], []
    centre, spread = known.mean(), known.std()
    # What is left of rounding, where all are equal.
    if known.min() < known.max() and spread > 0:
        scaled = np.full(len(values), (np.median(known) - centre) / spread, np.float32)
        scaled[~gaps] = (known - centre) / spread
        parts.append(scaled)
        columns.append(EncodedColumn(name, name, "number"))
    if gaps.any():
        parts.append(gaps.astype(np.float32))
        columns.append(EncodedColumn(f"{name} is missing", name, "missing"))
    return (np.stack(parts, axis=1) if parts else np.empty((len(values), 0), np.float32)), columns


def _levels(
    name: str, texts: NDArray[np.object_], rare: int, most_levels: int
) -> tuple[NDArray[np.float32], list[EncodedColumn]]:
    """Return a column per frequent level, most frequent first, and one for the others."""
    import pandas as pd

    ids, names = pd.factorize(texts)
    counts = np.bincount(ids, minlength=len(names))
    order = np.argsort(-counts, kind="stable")
    own = [level for level in order[:most_levels] if counts[level] >= rare]
    if len(names) < 2 or not own:
        return np.empty((len(texts), 0), np.float32), []
    place = np.full(len(names), len(own))
    place[own] = np.arange(len(own))
    labels = [str(names[level]) for level in own]
    if len(own) < len(names):
        labels.append(RARE_LEVEL)
    block = np.zeros((len(texts), len(labels)), np.float32)
    block[np.arange(len(texts)), place[ids]] = 1
    return block, [EncodedColumn(f"{name} = {label}", name, "level") for label in labels]


def _paired(first: Any, second: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns of both by name, in the order of the first."""
    tables = _columns(first, "first"), _columns(second, "second")
    lacks = [name for name in tables[0] if name not in tables[1]]
    extra = [name for name in tables[1] if name not in tables[0]]
    if lacks or extra:
        sides = [
            f"only in the {place}: {_listed(names)}"
            for place, names in (("first", lacks), ("second", extra))
            if names
        ]
        raise DataError(f"the tables have different columns; {'; '.join(sides)}")
    return tables[0], {name: tables[1][name] for name in tables[0]}


def _columns(table: Any, place: str) -> dict[str, Any]:
    """Return a table's columns by name: numbers as float64 with NaN for gaps, or texts."""
    frame: pd.DataFrame
    if hasattr(table, "columns") and hasattr(table, "iloc"):
        frame = table
    else:
        array = np.asarray(table)
        if array.ndim != 2:
            raise DataError(f"{place} table: expected rows and columns, (N, I); got {array.shape}")
        names = [f"x{i}" for i in range(array.shape[1])]
        if array.dtype.kind in "fiub":
            _require_size(len(array), len(names), place)
            return {
                name: _finite(np.array(array[:, i], np.float64), name, place)
                for i, name in enumerate(names)
            }
        import pandas as pd

        frame = pd.DataFrame(array, columns=names).infer_objects()
    _require_size(len(frame), frame.shape[1], place)
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{place} table: column {twice[0]!r} is there twice")
    return {name: _entries(frame.iloc[:, i], name, place) for i, name in enumerate(names)}


def _entries(column: pd.Series[Any], name: str, place: str) -> Any:
    import pandas as pd

    dtype = column.dtype
    if pd.api.types.is_complex_dtype(dtype):
        raise DataError(f"{place} table, column {name!r}: expected real numbers; got {dtype}")
    if pd.api.types.is_object_dtype(dtype):
        column = column.infer_objects()
        dtype = column.dtype
    gaps = np.asarray(column.isna(), np.bool_)
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        # The two tables may keep time in different units.
        numbers = column.dt.as_unit("us").astype("int64").to_numpy(np.float64, copy=True)
        numbers[gaps] = np.nan
        return numbers
    if pd.api.types.is_numeric_dtype(dtype) and not isinstance(dtype, pd.CategoricalDtype):
        return _finite(column.to_numpy(np.float64, na_value=np.nan), name, place)
    texts = np.full(len(column), MISSING_LEVEL, object)
    texts[~gaps] = [str(entry) for entry in column[~gaps].to_numpy(object)]
    return texts


def _finite(numbers: Floats, name: str, place: str) -> Floats:
    if np.isinf(numbers).any():
        row = int(np.argmax(np.isinf(numbers)))
        raise DataError(
            f"{place} table, column {name!r}: infinite in row {row}; expected finite numbers"
        )
    return numbers


def _alike(first: Any, second: Any) -> tuple[Any, Any] | None:
    """Return two columns, one without any entry as gaps of the other's kind; None for two such."""
    empty = [_is_empty(half) for half in (first, second)]
    if all(empty):
        return None
    if empty[0]:
        return _gaps_like(second, len(first)), second
    return (first, _gaps_like(first, len(second))) if empty[1] else (first, second)


def _is_empty(half: Any) -> bool:
    return bool((np.isnan(half) if half.dtype.kind == "f" else half == MISSING_LEVEL).all())


def _gaps_like(half: Any, n: int) -> Any:
    if half.dtype.kind == "f":
        return np.full(n, np.nan)
    return np.full(n, MISSING_LEVEL, object)


def _kinds_agree(name: str, halves: tuple[Any, Any]) -> bool:
    """Say whether a column holds numbers; both tables must agree."""
    kinds = ["numbers" if half.dtype.kind == "f" else "texts" for half in halves]
    if kinds[0] != kinds[1]:
        place = kinds.index("texts")
        text = next(entry for entry in halves[place] if entry != MISSING_LEVEL)
        raise DataError(
            f"column {name!r}: {kinds[0]} in the first table and {kinds[1]} in the second "
            f"(such as {text!r})"
        )
    return kinds[0] == "numbers"


def _require_size(n_rows: int, n_columns: int, place: str) -> None:
    if n_rows == 0 or n_columns == 0:
        raise DataError(f"{place} table: has no {'rows' if n_rows == 0 else 'columns'}")


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(repr, names[:3])) + more
