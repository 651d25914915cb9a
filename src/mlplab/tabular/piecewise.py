"""Piecewise linear encoding: a number as how far it fills each of its column's bins."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from mlplab.errors import ConfigError


class PiecewiseLinear(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Encode each number by the bins between quantiles of its column in training.

    With edges b_0 < ... < b_T, entry t is `(x - b_{t-1}) / (b_t - b_{t-1})` cut to [0, 1], except
    that the first bin is open below and the last above. What a linear layer makes of it is a
    piecewise linear function with its bends at the edges. A constant column becomes one 0.

    Args:
        n_bins: bins per column, at most; equal quantiles give fewer.

    Attributes:
        edges_: ascending edges of each column, one array per column.

    Source: Gorishniy, Rubachev and Babenko, On embeddings for numerical features, arXiv 2203.05556.

    >>> import numpy as np
    >>> X = np.array([[0.0], [1.0], [2.0], [4.0], [8.0]])
    >>> PiecewiseLinear(n_bins=2).fit(X).transform([[1.0], [5.0]]).tolist()
    [[0.5, 0.0], [1.0, 0.5]]
    """

    def __init__(self, n_bins: int = 8) -> None:
        self.n_bins = n_bins

    def fit(self, X: Any, y: Any = None) -> PiecewiseLinear:
        """Find the edges."""
        if self.n_bins < 1:
            raise ConfigError(f"n_bins: expected at least 1; got {self.n_bins}")
        X = validate_data(self, X, dtype=np.float64)
        levels = np.linspace(0.0, 1.0, self.n_bins + 1)
        self.edges_ = [_apart(np.quantile(column, levels)) for column in X.T]
        return self

    def transform(self, X: Any) -> Any:
        """Return the encoded numbers, (N, sum of bins)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        return np.hstack([_encoded(X[:, i], edges) for i, edges in enumerate(self.edges_)])

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Return one name per bin, such as `area_bin0`."""
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return np.array(
            [
                f"{name}_bin{t}"
                for name, edges in zip(names, self.edges_, strict=True)
                for t in range(max(1, len(edges) - 1))
            ],
            dtype=object,
        )


def _apart(edges: Any) -> Any:
    """Drop edges that cannot be told from the one before: a bin as narrow would overflow."""
    least = 4 * np.finfo(np.float64).eps * np.abs(edges).max()
    kept = [edges[0]]
    for edge in edges[1:]:
        if edge - kept[-1] > max(least, np.finfo(np.float64).tiny):
            kept.append(edge)
    return np.array(kept)


def _encoded(x: Any, edges: Any) -> Any:
    if len(edges) < 2:
        return np.zeros((len(x), 1))
    filled = (x[:, None] - edges[:-1]) / np.diff(edges)
    n_bins = filled.shape[1]
    low, high = np.zeros(n_bins), np.ones(n_bins)
    low[0], high[-1] = -np.inf, np.inf
    return np.clip(filled, low, high)
