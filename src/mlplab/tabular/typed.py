"""The first step of every preparation: a frame made to fit the schema."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

from mlplab.tabular.columns import Schema
from mlplab.tabular.conform import conform

if TYPE_CHECKING:
    import pandas as pd


class Typed(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Select a schema's features from a frame, each entry of its column's kind; learns nothing.

    Args:
        schema: what the columns are.
        missing: texts that stand for "not there"; None: those of the schema.
    """

    def __init__(self, schema: Schema, missing: Collection[str] | None = None) -> None:
        self.schema = schema
        self.missing = missing

    def fit(self, X: pd.DataFrame, y: Any = None) -> Typed:
        """Check that the frame has the schema's columns."""
        self.transform(X.iloc[:0] if hasattr(X, "iloc") else X)
        self.n_features_in_ = X.shape[1]
        self.feature_names_in_ = np.array([str(name) for name in X.columns], dtype=object)
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the features in the schema's order; other columns are left out.

        Raises:
            DataError: no frame, a column is missing, or an entry is not of its column's kind.
        """
        features = self.schema.without_target()
        return conform(X, features, missing=self.missing)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Return the names of the schema's features."""
        return np.array([column.name for column in self.schema.features], dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        """It is at any time: nothing is learnt."""
        return True
