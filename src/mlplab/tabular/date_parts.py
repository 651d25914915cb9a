"""Dates as numbers: year, month, weekday and the like, and how many days have passed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mlplab.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

DatePart = Literal["days", "year", "month", "day", "weekday", "hour", "year-cycle", "week-cycle"]
PARTS: tuple[str, ...] = get_args(DatePart)
_DAYS_A_YEAR = 365.2425  # of the Gregorian calendar


class DateParts(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Turn every date into numbers; a missing date gives missing numbers. Learns nothing.

    Args:
        parts: what of a date: `days` since 1970 with fractions, `year`, `month` 1-12, `day` 1-31,
            `weekday` 0-6 from Monday, `hour` 0-23, and as sine and cosine the place in the year
            (`year-cycle`) and in the week (`week-cycle`), so that December lies beside January.

    >>> import pandas as pd
    >>> X = pd.DataFrame({"sold": pd.to_datetime(["1970-01-03", None])})
    >>> DateParts(parts=("days", "weekday")).fit_transform(X).tolist()
    [[2.0, 5.0], [nan, nan]]
    """

    def __init__(self, parts: Sequence[DatePart] = ("days", "year", "year-cycle")) -> None:
        self.parts = parts

    def fit(self, X: pd.DataFrame, y: Any = None) -> DateParts:
        """Remember the names of the columns."""
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown:
            raise ConfigError(f"dates: expected parts of {', '.join(PARTS)}; got {unknown[0]!r}")
        self._check(X)
        self.feature_names_in_ = np.array([str(name) for name in X.columns], dtype=object)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> Any:
        """Return the parts of each column side by side, (N, columns x parts)."""
        check_is_fitted(self)
        self._check(X)
        columns = []
        for i in range(X.shape[1]):
            columns += self._parts_of(X.iloc[:, i])
        return np.column_stack(columns) if columns else np.empty((len(X), 0))

    def _check(self, X: Any) -> None:
        if not hasattr(X, "columns"):
            raise DataError(f"dates: expected a pandas frame; got {type(X).__name__}")
        for name, dtype in zip(X.columns, X.dtypes, strict=True):
            if dtype.kind != "M":
                raise DataError(f"dates: expected datetimes in column {name!r}; got {dtype}")

    def _parts_of(self, series: pd.Series[Any]) -> list[Any]:
        when = series.dt
        stamps = series.to_numpy().astype("datetime64[us]")
        days = stamps.astype(np.int64) / 86_400e6
        days = np.where(np.isnat(stamps), np.nan, days)
        out: list[Any] = []
        for part in self.parts:
            if part == "days":
                out.append(days)
            elif part in ("year-cycle", "week-cycle"):
                # 5 January 1970 was the first Monday.
                turns = (days - 4) / 7 if part == "week-cycle" else days / _DAYS_A_YEAR
                out += [np.sin(2 * np.pi * turns), np.cos(2 * np.pi * turns)]
            else:
                name = "day_of_week" if part == "weekday" else part
                out.append(getattr(when, name).to_numpy(dtype=np.float64, na_value=np.nan))
        return out

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Return one name per part of each column, such as `sold_year`."""
        check_is_fitted(self)
        endings: list[str] = []
        for part in self.parts:
            endings += [f"{part}-sin", f"{part}-cos"] if part.endswith("cycle") else [part]
        names = [f"{name}_{ending}" for name in self.feature_names_in_ for ending in endings]
        return np.array(names, dtype=object)
