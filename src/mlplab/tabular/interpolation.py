"""Missing numbers interpolated along an order of the rows, learnt from training rows only."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import (
    _check_feature_names_in,
    check_is_fitted,
    validate_data,
)


class InterpolationImputer(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Fill gaps on the straight line between the neighbours along the first column.

    The first column says where a row stands (a time, a serial number) and is then dropped. Only
    training rows serve as neighbours; outside their range the nearest one is taken, so a filled
    number depends neither on the other rows that are filled nor on the sequence of the rows. Rows
    of one place are averaged. A row without a place gets the mean of the column, and a column that
    is missing throughout becomes 0.

    Attributes:
        places_: where the known entries of each column lie, ascending, one array per column.
        values_: the entries there.
        means_: mean of each column.

    Equals `numpy.interp`. Assumes that neighbours along the order are alike; where the order means
    nothing (serial numbers of shuffled rows), it fills with the value of some other row.

    >>> import numpy as np
    >>> X = np.array([[1.0, 10.0], [2.0, np.nan], [3.0, 20.0]])
    >>> InterpolationImputer().fit_transform(X).ravel().tolist()
    [10.0, 15.0, 20.0]
    """

    def fit(self, X: Any, y: Any = None) -> InterpolationImputer:
        """Remember what is there, and where."""
        X = self._checked(X, reset=True)
        self.places_, self.values_, self.means_ = [], [], []
        for column in X.T[1:]:
            there = ~np.isnan(column)
            self.means_.append(column[there].mean() if there.any() else 0.0)
            there &= ~np.isnan(X[:, 0])
            places, group = np.unique(X[there, 0], return_inverse=True)
            sums = np.bincount(group, weights=column[there], minlength=len(places))
            counts = np.bincount(group, minlength=len(places))
            self.places_.append(places)
            self.values_.append(sums / np.maximum(counts, 1))
        return self

    def transform(self, X: Any) -> Any:
        """Return every column but the first, its gaps filled, (N, I - 1)."""
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        out = X[:, 1:].copy()
        for i, (places, values) in enumerate(zip(self.places_, self.values_, strict=True)):
            gaps = np.isnan(out[:, i])
            out[gaps, i] = self.means_[i]
            gaps &= ~np.isnan(X[:, 0]) & (len(places) > 0)
            if gaps.any():
                out[gaps, i] = np.interp(X[gaps, 0], places, values)
        return out

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Return the names of every column but the first."""
        check_is_fitted(self)
        return _check_feature_names_in(self, input_features)[1:]

    def _checked(self, X: Any, *, reset: bool) -> Any:
        return validate_data(
            self,
            X,
            reset=reset,
            dtype=np.float64,
            ensure_all_finite="allow-nan",
            ensure_min_features=2 if reset else 1,
        )

    def __sklearn_tags__(self) -> Any:
        """Missing entries are what it is for."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags
