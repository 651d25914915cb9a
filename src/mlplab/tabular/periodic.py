"""Periodic features: sines and cosines of a number at fixed frequencies, drawn by key."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, validate_data

from mlplab.errors import ConfigError
from mlplab.specs.keyed import philox


class PeriodicFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Give each number beside `sin(2 pi c x)` and `cos(2 pi c x)` for frequencies c.

    The c are normal with standard deviation `sigma`, fixed by the seed, and the same for every
    column, so permuting columns permutes the features. Fewer frequencies are the first of more.
    Scale the numbers before: `sigma` is in cycles per unit.

    Args:
        n_frequencies: frequencies per column.
        sigma: their standard deviation.
        seed: draws them.
        keep: whether the number itself stays as the first feature.

    Attributes:
        frequencies_: (n_frequencies,).

    Source: Gorishniy, Rubachev and Babenko, On embeddings for numerical features, arXiv 2203.05556,
        where the frequencies are trained as well.

    >>> PeriodicFeatures(n_frequencies=2).fit_transform([[1.0]]).round(2).tolist()
    [[1.0, 0.56, -0.51, -0.83, 0.86]]
    """

    def __init__(
        self, n_frequencies: int = 8, sigma: float = 0.5, seed: int = 0, keep: bool = True
    ) -> None:
        self.n_frequencies = n_frequencies
        self.sigma = sigma
        self.seed = seed
        self.keep = keep

    def fit(self, X: Any, y: Any = None) -> PeriodicFeatures:
        """Draw the frequencies; the rows tell nothing but the number of columns."""
        if self.n_frequencies < 1:
            raise ConfigError(f"n_frequencies: expected at least 1; got {self.n_frequencies}")
        validate_data(self, X, dtype=np.float64)
        drawn = philox(self.seed, "periodic").standard_normal(self.n_frequencies)
        self.frequencies_ = self.sigma * drawn
        return self

    def transform(self, X: Any) -> Any:
        """Return the features column by column, (N, I (2 n_frequencies + keep))."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        angle = 2 * np.pi * X[:, :, None] * self.frequencies_
        parts = [X[:, :, None]] if self.keep else []
        return np.concatenate([*parts, np.sin(angle), np.cos(angle)], axis=2).reshape(len(X), -1)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Return the names, such as `area`, `area_sin0`, `area_cos0`."""
        check_is_fitted(self)
        out = []
        for name in _check_feature_names_in(self, input_features):
            out += [name] if self.keep else []
            out += [
                f"{name}_{wave}{i}" for wave in ("sin", "cos") for i in range(self.n_frequencies)
            ]
        return np.array(out, dtype=object)
