"""The logarithm of columns with a long tail, chosen by the skewness of the training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data


class SkewedLog(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Take `sign(x) log(1 + |x|)` of every column whose skewness in training exceeds a threshold.

    The sign makes it defined for numbers below 0 that training rows did not show. Missing entries
    stay missing.

    Args:
        threshold: least |skewness| of a column to be changed; skewness is
            `mean((x - mean)^3) / std^3` over what is there.

    Attributes:
        skewness_: of each column, (I,); 0 where a column is constant.
        is_logged_: which columns are changed, (I,).

    Cost: two passes over the rows.

    >>> import numpy as np
    >>> X = np.array([[0.0, 1], [1, 2], [2, 3], [1000, 4]])
    >>> SkewedLog(threshold=1.0).fit(X).is_logged_.tolist()
    [True, False]
    """

    def __init__(self, threshold: float = 0.75) -> None:
        self.threshold = threshold

    def fit(self, X: Any, y: Any = None) -> SkewedLog:
        """Measure the skewness of each column."""
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        self.skewness_ = _skewness(X)
        self.is_logged_ = np.abs(self.skewness_) > self.threshold
        return self

    def transform(self, X: Any) -> Any:
        """Return the numbers with the chosen columns as logarithms, (N, I)."""
        check_is_fitted(self)
        X = validate_data(
            self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan", copy=True
        )
        part = X[:, self.is_logged_]
        X[:, self.is_logged_] = np.sign(part) * np.log1p(np.abs(part))
        return X

    def inverse_transform(self, X: Any) -> Any:
        """Return the numbers as they were before `transform`."""
        check_is_fitted(self)
        X = np.array(X, dtype=np.float64)
        part = X[:, self.is_logged_]
        X[:, self.is_logged_] = np.sign(part) * np.expm1(np.abs(part))
        return X

    def __sklearn_tags__(self) -> Any:
        """Missing entries are allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _skewness(X: Any) -> Any:
    there = ~np.isnan(X)
    count = np.maximum(there.sum(axis=0), 1)
    # The largest entry as unit: the third power then neither overflows nor vanishes.
    unit = np.max(np.abs(X), axis=0, where=there, initial=0.0)
    scaled = np.where(there, X / np.where(unit > 0, unit, 1.0), 0.0)
    centred = np.where(there, scaled - scaled.sum(axis=0) / count, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    varies = spread > 1e-9
    cubed = (centred**3).sum(axis=0) / count
    return np.where(varies, cubed / np.where(varies, spread, 1.0) ** 3, 0.0)
