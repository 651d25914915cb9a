"""Robust scaling with outliers bent back smoothly, as in RealMLP."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.preprocessing import RobustScaler
from sklearn.utils.validation import check_is_fitted, validate_data


class SmoothClipScaler(RobustScaler):  # type: ignore[misc]
    """scikit-learn's RobustScaler, then `x / sqrt(1 + (x / limit)^2)`: nothing exceeds the limit.

    Where the quartiles coincide, half the range takes the place of their distance, and a column
    that is constant in training becomes 0. Missing entries stay missing.

    Args:
        limit: what the absolute value approaches.

    Source: Holzmüller, Grinsztajn and Steinwart, Better by default, arXiv 2407.04491, 2024.

    >>> import numpy as np
    >>> X = np.array([[0.0], [1], [2], [3], [1e6]])
    >>> SmoothClipScaler().fit_transform(X).ravel().round(2).tolist()
    [-0.95, -0.49, 0.0, 0.49, 3.0]
    """

    def __init__(self, limit: float = 3.0) -> None:
        super().__init__()
        self.limit = limit

    def fit(self, X: Any, y: Any = None) -> SmoothClipScaler:
        """Find the median and the spread of each column."""
        with warnings.catch_warnings():
            # a column that is missing throughout is dealt with below
            warnings.filterwarnings("ignore", message="All-NaN slice")
            super().fit(X, y)
        numbers = np.asarray(
            validate_data(self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
        )
        there = ~np.isnan(numbers)
        low = np.min(numbers, axis=0, where=there, initial=np.inf)
        high = np.max(numbers, axis=0, where=there, initial=-np.inf)
        empty = np.isnan(numbers).all(axis=0)
        filled = np.where(empty, 0.0, numbers)
        lower, self.center_, upper = np.nanpercentile(filled, (25.0, 50.0, 75.0), axis=0)
        # Half of each before the difference: a range of 3e308 would overflow.
        half_range = np.where(high > low, high / 2 - low / 2, np.inf)
        self.scale_ = np.where(upper > lower, upper - lower, half_range)
        return self

    def transform(self, X: Any) -> Any:
        """Return the scaled and bent numbers, (N, I)."""
        check_is_fitted(self)
        X = validate_data(
            self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan", copy=True
        )
        scaled = (X - self.center_) / self.scale_
        return scaled / np.hypot(1.0, scaled / self.limit)

    def inverse_transform(self, X: Any) -> Any:
        """Return the numbers before scaling; a column that was constant comes back constant."""
        check_is_fitted(self)
        X = np.clip(np.array(X, dtype=np.float64), -self.limit, self.limit)
        with np.errstate(divide="ignore"):
            straight = X / np.sqrt(1.0 - (X / self.limit) ** 2)
        varies = np.isfinite(self.scale_)
        return np.where(varies, straight, 0.0) * np.where(varies, self.scale_, 1.0) + self.center_
