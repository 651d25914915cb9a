"""scikit-learn's imputers by name, each keeping columns that are missing throughout."""

from __future__ import annotations

from typing import Any

from sklearn.impute import KNNImputer, SimpleImputer

from mlplab.errors import ConfigError
from mlplab.tabular.interpolation import InterpolationImputer
from mlplab.tabular.iterative import RoundsImputer
from mlplab.tabular.preparation import Imputation, Preparation

# These compare columns with each other, so they come after scaling.
AFTER_SCALING: tuple[Imputation, ...] = ("knn", "iterative")


def imputer(preparation: Preparation) -> Any:
    """Return the unfitted imputer that a preparation names.

    Raises:
        ConfigError: an unknown name.

    >>> imputer(Preparation(impute="mean")).fit_transform([[1.0], [float("nan")]]).tolist()
    [[1.0], [1.0]]
    """
    match preparation.impute:
        case "mean" | "median":
            return SimpleImputer(strategy=preparation.impute, keep_empty_features=True)
        case "constant":
            return SimpleImputer(
                strategy="constant",
                fill_value=preparation.fill_value,
                keep_empty_features=True,
            )
        case "knn":
            return KNNImputer(n_neighbors=preparation.neighbours, keep_empty_features=True)
        case "iterative":
            return RoundsImputer(preparation.rounds, preparation.seed)
        case "interpolation":
            return InterpolationImputer()
    raise ConfigError(f"impute: {preparation.impute!r} is not known")
