"""Columns without a single number in training, set to 0 before anything is computed of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data


class EmptyToZero(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Set columns that were missing throughout in training to 0, in every row, for ever.

    Scalers and imputers that compare columns would otherwise divide by a count of 0, or drop them.

    Attributes:
        is_empty_: which columns, (I,).

    >>> import numpy as np
    >>> EmptyToZero().fit([[np.nan, 1.0]]).transform([[5.0, np.nan]]).tolist()
    [[0.0, nan]]
    """

    def fit(self, X: Any, y: Any = None) -> EmptyToZero:
        """Find the columns."""
        X = validate_data(self, X, dtype=np.float64, ensure_all_finite="allow-nan")
        self.is_empty_ = np.isnan(X).all(axis=0)
        return self

    def transform(self, X: Any) -> Any:
        """Return the numbers with these columns 0, (N, I)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
        return np.where(self.is_empty_, 0.0, X)

    def __sklearn_tags__(self) -> Any:
        """Missing entries are allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
