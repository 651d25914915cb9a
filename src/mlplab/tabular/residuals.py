"""Residuals in the units of the metric, the rows with the largest, and what is unusual in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import DataError
from mlplab.tabular.columns import Schema

if TYPE_CHECKING:
    import pandas as pd

_UNUSUAL = 0.05  # share of rows as far out: rarer entries are told as unusual


def residual_table(
    target: Any, predicted: Any, fold_index: Any, *, logarithmic: bool = False
) -> pd.DataFrame:
    """Return one row per training row: fold, truth, out-of-fold prediction, residual.

    The residual is predicted - true, or log(predicted) - log(true) where the metric is of
    logarithms. Rows that no fold predicted (NaN) are left out.

    Args:
        target: the truth, (N,).
        predicted: out of fold, (N,).
        fold_index: the fold that held the row out, (N,).
        logarithmic: whether the metric compares logarithms.

    Returns:
        Columns `row`, `fold`, `target`, `predicted`, `residual`.

    Raises:
        DataError: lengths that differ, or logarithms of numbers that are not positive.

    >>> residual_table([100.0, 50.0], [110.0, 50.0], [0, 1])["residual"].tolist()
    [10.0, 0.0]
    """
    import pandas as pd

    truth, found = np.asarray(target, np.float64), np.asarray(predicted, np.float64)
    folds = np.asarray(fold_index)
    if not truth.shape == found.shape == folds.shape:
        raise DataError(
            "residuals: expected as many targets as predictions and folds; "
            f"got {truth.shape}, {found.shape} and {folds.shape}"
        )
    kept = np.flatnonzero(np.isfinite(found))
    truth, found, folds = truth[kept], found[kept], folds[kept]
    if logarithmic:
        if (truth <= 0).any() or (found <= 0).any():
            bad = min(float(truth.min()), float(found.min()))
            raise DataError(f"residuals: expected numbers above 0 for logarithms; got {bad:g}")
        residuals = np.log(found) - np.log(truth)
    else:
        residuals = found - truth
    return pd.DataFrame(
        {"row": kept, "fold": folds, "target": truth, "predicted": found, "residual": residuals}
    )


def worst_rows(errors: Any, n: int = 12) -> npt.NDArray[np.int64]:
    """Return the places of the largest errors by size, the largest first; NaN is no error.

    >>> worst_rows([0.1, -3.0, float("nan"), 2.0], n=2).tolist()
    [1, 3]
    """
    size = np.abs(np.asarray(errors, np.float64))
    order = np.argsort(-np.where(np.isnan(size), -1.0, size), kind="stable")
    return order[: min(n, int((~np.isnan(size)).sum()))].astype(np.int64)


def unusual_values(
    frame: pd.DataFrame, schema: Schema, rows: Any, *, most: int = 3
) -> list[list[tuple[str, str, float]]]:
    """Return what is rarest in some rows of a table: column, entry, share of rows as far out.

    Of a number or date, the share is twice that of the rows at least as low (or as high), at most
    1; of a category, that of the rows with its level; of a gap, that of the rows with a gap. Only
    shares of at most 5 % are told, the smallest first.

    Args:
        frame: all rows, as the schema says.
        schema: what the columns are; ids, texts and the target are passed over.
        rows: places of the rows to tell of.
        most: values per row.

    >>> import pandas as pd
    >>> from mlplab.tabular import infer_schema
    >>> frame = pd.DataFrame({"area": [float(i % 7) for i in range(99)] + [500.0]})
    >>> unusual_values(frame, infer_schema(frame), [99, 0])
    [[('area', '500', 0.02)], []]
    """
    places = [int(row) for row in rows]
    found: list[list[tuple[str, str, float]]] = [[] for _ in places]
    for column in schema.features:
        if column.kind not in ("number", "date", "category") or column.name not in frame:
            continue
        series = frame[column.name]
        gaps = series.isna().to_numpy()
        shares = _shares(series, gaps, column.kind)
        for at, place in enumerate(places):
            if shares[place] <= _UNUSUAL:
                entry = "missing" if gaps[place] else _entry(series.iloc[place])
                found[at].append((column.name, entry, round(float(shares[place]), 12)))
    return [sorted(one, key=lambda value: value[2])[:most] for one in found]


def _shares(
    series: pd.Series[Any], gaps: npt.NDArray[np.bool_], kind: str
) -> npt.NDArray[np.float64]:
    """Per row, the share of rows whose entry is at least as far out."""
    n = len(series)
    out = np.full(n, gaps.sum() / max(1, n))
    there = series[~gaps]
    if kind == "category":
        out[~gaps] = there.map(there.value_counts() / n).to_numpy(np.float64)
    else:
        numbers = there.to_numpy()
        ordered = np.sort(numbers)
        below = np.searchsorted(ordered, numbers, side="right")
        above = len(ordered) - np.searchsorted(ordered, numbers, side="left")
        out[~gaps] = np.minimum(1.0, 2 * np.minimum(below, above) / n)
    return out


def _entry(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value.date()) if hasattr(value, "date") else str(value)
