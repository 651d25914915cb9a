"""The entries of a column as texts, each different one once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


# What pandas takes for a column of any length is more than that many texts one by one take:
# of 10 rows with 100,000 columns reading takes a third.
_FEW_ROWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """The entries of a column.

    Attributes:
        levels: the different texts, in the order in which rows have them first.
        codes: (rows,) the place of each row's text in `levels`; -1 where nothing is there.
    """

    levels: list[str]
    codes: NDArray[np.int64]

    @property
    def all_differ(self) -> bool:
        """Whether every row has a text, and no two have the same."""
        return len(self.levels) == len(self.codes)

    def counts(self) -> Counter[str]:
        """Return how many rows have each text.

        >>> Entries(["a", "b"], np.array([0, -1, 1, 0])).counts()
        Counter({'a': 2, 'b': 1})
        """
        there = self.codes[self.codes >= 0]
        numbers = np.bincount(there, minlength=len(self.levels)).tolist()
        return Counter(dict(zip(self.levels, numbers, strict=True)))

    def rows(self, values: Iterable[Any], gap: Any, dtype: Any) -> NDArray[Any]:
        """Return an array with what stands for each row's text.

        Args:
            values: one for each of `levels`.
            gap: where nothing is there.
            dtype: of the array.

        >>> Entries(["a", "b"], np.array([0, -1, 1, 0])).rows([1, 2], np.nan, float).tolist()
        [1.0, nan, 2.0, 1.0]
        """
        held = np.empty(len(self.levels) + 1, dtype)
        held[:-1] = list(values)
        held[-1] = gap
        return held[self.codes]

    def first_row(self, level: int) -> int:
        """Return the first row that has a text, by its place in `levels`."""
        return int(np.argmax(self.codes == level))


def entries_of(series: pd.Series[Any], missing: Collection[str]) -> Entries:
    """Return the entries of a column as stripped texts.

    A whole number is written without a point, whatever dtype holds it.

    Args:
        series: texts, or of any dtype of pandas.
        missing: texts that stand for "not there".
    """
    import pandas as pd

    if series.dtype == object and len(series) <= _FEW_ROWS:
        given = series.tolist()
        if all(type(value) is str for value in given):
            return _of_texts(given, missing)
    if pd.api.types.infer_dtype(series, skipna=True) == "string":
        codes, different = pd.factorize(series)
        found = _of_texts(different, missing)
        return Entries(found.levels, np.append(found.codes, -1)[codes])
    absent = series.isna().to_numpy()
    pairs = zip(series.tolist(), absent, strict=True)
    return _of_texts([None if gone else _written(value) for value, gone in pairs], missing)


def texts_of(series: pd.Series[Any], missing: Collection[str]) -> list[str | None]:
    """Return the entries of a column as stripped texts; None where nothing is there.

    >>> import pandas as pd
    >>> texts_of(pd.Series([1.0, None, 2.5]), ("2.5",))
    ['1', None, None]
    """
    entries = entries_of(series, missing)
    texts: list[str | None] = entries.rows(entries.levels, None, object).tolist()
    return texts


def _of_texts(texts: Iterable[str | None], missing: Collection[str]) -> Entries:
    place: dict[str, int] = {}
    codes = []
    for text in texts:
        if text is None or (bare := text.strip()) in missing:
            codes.append(-1)
        else:
            codes.append(place.setdefault(bare, len(place)))
    return Entries(list(place), np.array(codes, np.int64))


def _written(value: Any) -> str:
    # A whole column with a gap is float in pandas: 3.0 was 3.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)
