"""Whether the rows to predict are distributed like the training rows, found within a time limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import DataError
from mlplab.shift.detection.detect import FEWEST_ROWS, MOST_ROWS, detect
from mlplab.shift.detection.report import Detection
from mlplab.tabular.columns import Schema
from mlplab.tabular.conform import conform
from mlplab.tabular.shortcuts import Shortcut

if TYPE_CHECKING:
    import pandas as pd

Places = npt.NDArray[np.int64]

_FEW_COLUMNS, _FEW_ROWS = 50, 100
# Labellings, the most first; fewer where that leaves less than so many rows.
_PERMUTATIONS, _ENOUGH_ROWS = (199, 99, 39), 300
# Networks that do not learn labellings, and those that learn one, for harm; see `shift.detect`.
_FIXED, _PER_LABELLING = 20, 1


@dataclass(frozen=True, eq=False, slots=True)
class TableShift:
    """A detection on some rows of two tables.

    Attributes:
        detection: what `shift.detect` says of them.
        train_rows, test_rows: the places of its rows in the tables, in order.
    """

    detection: Detection
    train_rows: Places
    test_rows: Places

    def most_unlike(self, n: int = 5) -> Places:
        """Return the places of the rows to predict that look least like training rows, (n,)."""
        return self.test_rows[self.detection.most_unlike(n)]

    def plain(self) -> dict[str, Any]:
        """Return JSON values; copies are counted elsewhere, among all rows."""
        plain = self.detection.plain()
        del plain["copies"]
        return plain | {"examples": self.most_unlike().tolist()}


def shift_in_time(
    train: pd.DataFrame,
    test: pd.DataFrame,
    schema: Schema,
    seconds: float,
    seed: int,
    clock: Callable[[], float],
    *,
    classes: Any = None,
) -> tuple[TableShift | None, list[Shortcut]]:
    """Compare the tables on as many rows as the time allows, found by first small tries.

    Where columns are many, the first try is with few of them, and says how many there is time for.

    Args:
        train, test: the tables.
        schema: what the columns are; the target, ids and texts are not compared.
        seconds: about as long as this may take.
        seed: draws rows, columns, permutations and folds.
        clock: seconds that only grow.
        classes: that the training rows have, (N,), for the verdict on harm; None without classes.

    Returns:
        None where a table has fewer than `FEWEST_ROWS` rows, or nothing to compare.
    """
    names = schema.usable
    if min(len(train), len(test)) < FEWEST_ROWS or not names:
        return None, []
    order = np.random.default_rng(seed).permutation(len(names))

    def compare(n: int, n_columns: int, n_permutations: int) -> TableShift | None:
        kept = [names[i] for i in np.sort(order[:n_columns])]
        some = Schema(columns=tuple(schema[name] for name in kept), missing=schema.missing)
        rows = [_some(len(part), n, seed) for part in (train, test)]
        halves = [
            conform(part.iloc[own], some) for part, own in zip((train, test), rows, strict=True)
        ]
        target = None if classes is None else np.asarray(classes)[rows[0]]
        if target is not None and len(np.unique(target)) < 2:
            target = None
        try:
            found = detect(
                halves[0], halves[1], target=target, n_permutations=n_permutations,
                classifier=False, seed=seed, progress=False,
            )  # fmt: skip
        except DataError:  # nothing but constants and rare texts
            return None
        return TableShift(found, rows[0], rows[1])

    n_columns, largest = len(names), min(MOST_ROWS, max(len(train), len(test)))
    small = min(_FEW_ROWS, largest)
    start = clock()
    if n_columns > 2 * _FEW_COLUMNS:
        compare(small, _FEW_COLUMNS, _PERMUTATIONS[-1])
        per_column = max(clock() - start, 1e-3) / _FEW_COLUMNS
        n_columns = min(n_columns, max(_FEW_COLUMNS, int(seconds / 4 / per_column)))
    again = clock()
    result = compare(small, n_columns, _PERMUTATIONS[-1])
    took = max(clock() - again, 1e-3)
    left_out = n_columns < len(names)
    short = [Shortcut("shift", {"n": n_columns, "all": len(names)})] if left_out else []
    n, n_permutations = _affordable(small, took, seconds - (clock() - start), largest)
    if result is not None and n > small:
        result = compare(n, n_columns, n_permutations) or result
    return result, short


def _affordable(small: int, took: float, left: float, largest: int) -> tuple[int, int]:
    """Return how many rows and labellings there is time for.

    Time grows as the networks, and a little less than as the rows.
    """
    unit = took / (_networks(_PERMUTATIONS[-1]) * small)
    n = 0
    for n_permutations in _PERMUTATIONS:
        n = min(largest, int(left / (unit * _networks(n_permutations))))
        if n >= min(_ENOUGH_ROWS, largest):
            return n, n_permutations
    return n, _PERMUTATIONS[-1]


def _networks(n_permutations: int) -> int:
    return _FIXED + _PER_LABELLING * (1 + n_permutations)


def _some(n: int, most: int, seed: int) -> Places:
    """Return the places of at most so many rows, drawn by seed, in their order."""
    return np.sort(np.random.default_rng(seed).permutation(n)[:most])
