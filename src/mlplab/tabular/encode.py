"""Categories as numbers, by scikit-learn's encoders: one-hot, ranks, means of the target."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

from mlplab.tabular.columns import Column
from mlplab.tabular.preparation import Preparation, TargetKind

MISSING_LEVEL = "(missing)"


def category_encoder(preparation: Preparation, kind: TargetKind) -> Any:
    """Return the unfitted encoder of categories without an order; a gap is a level of its own.

    One-hot: levels with fewer than `rare` training rows share one feature, and so do levels that
    training did not show where there is such a feature; else they are all 0. Target: the mean of
    the target per level, shrunk towards the overall mean; training rows get it from the other
    folds (scikit-learn's cross-fitting), so no row sees its own target.

    >>> encoder = category_encoder(Preparation(), "regression")
    >>> encoder.fit_transform(np.array([["a"], ["b"], [np.nan]], dtype=object)).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    if preparation.categories == "target":
        encoder: Any = TargetEncoder(
            target_type="continuous" if kind == "regression" else "auto",
            **_cross_fitting(preparation, kind),
        )
    else:
        encoder = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=preparation.rare if preparation.rare > 1 else None,
            sparse_output=False,
        )
    return Pipeline([("missing", _missing_level()), ("encode", encoder)])


def rank_encoder(columns: list[Column]) -> OrdinalEncoder:
    """Return the unfitted encoder of ordered categories: 0, 1, ... in their declared order.

    A gap stays one; it is for an imputer to fill.

    >>> size = Column(name="size", kind="category", order=("S", "M", "L"))
    >>> rank_encoder([size]).fit_transform(np.array([["L"], ["S"]], dtype=object)).tolist()
    [[2.0], [0.0]]
    """
    return OrdinalEncoder(
        categories=[list(column.order) for column in columns],
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
    )


def _cross_fitting(preparation: Preparation, kind: TargetKind) -> dict[str, Any]:
    n_folds, seed = preparation.target_folds, preparation.seed
    if tuple(int(part) for part in sklearn.__version__.split(".")[:2]) < (1, 9):
        return {"cv": n_folds, "shuffle": True, "random_state": seed}
    folds = KFold if kind == "regression" else StratifiedKFold
    return {"cv": folds(n_folds, shuffle=True, random_state=seed)}


def _missing_level() -> SimpleImputer:
    return SimpleImputer(strategy="constant", fill_value=MISSING_LEVEL, keep_empty_features=True)
