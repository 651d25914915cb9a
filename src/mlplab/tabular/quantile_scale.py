"""scikit-learn's quantile transformation with no more quantiles than there are rows."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.preprocessing import QuantileTransformer


class QuantileScaler(QuantileTransformer):  # type: ignore[misc]
    """Map each column to a normal distribution by its quantiles; silent where rows are few.

    Args:
        n_quantiles: as many as this, and at most as many as rows.
        random_state: chooses rows where there are more than 10,000.
    """

    def __init__(self, n_quantiles: int = 1000, random_state: int | None = 0) -> None:
        super().__init__(
            n_quantiles=n_quantiles, output_distribution="normal", random_state=random_state
        )

    def fit(self, X: Any, y: Any = None) -> QuantileScaler:
        """Find the quantiles."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"n_quantiles .* is greater than the total")
            warnings.filterwarnings("ignore", message="All-NaN slice")
            super().fit(X, y)
        return self
