"""The house price tables as the exercises of section 4.10 use them: features and tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task, dataset, house_prices, task_from_arrays
from mlplab.engine.measures import metric
from mlplab.exercises.section_4_10.folds import N_FOLDS, N_INNER, all_folds, fold_rows, inner_rows
from mlplab.specs import TaskRef

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular import PreparedFold, Schema

Array = NDArray[np.float64]

QUALITY = ("Po", "Fa", "TA", "Gd", "Ex")
DECLARED: Mapping[str, Any] = {
    "MSSubClass": "category",
    **dict.fromkeys(
        (
            "ExterQual",
            "ExterCond",
            "BsmtQual",
            "BsmtCond",
            "HeatingQC",
            "KitchenQual",
            "FireplaceQu",
            "GarageQual",
            "GarageCond",
        ),
        QUALITY,
    ),
}
"""What the data's description says of columns and the numbers alone do not."""
CHAPTER = {"impute": "mean", "indicator": False, "scale": "standard"}
"""The chapter's preparation, as fields of `tabular.Preparation`."""


@dataclass(frozen=True, eq=False)
class Houses:
    """Both tables, read.

    Attributes:
        train, test: as they are in the files.
        prices: of the rows of `train`, (N,).
    """

    train: pd.DataFrame
    test: pd.DataFrame
    prices: Array

    @property
    def features(self) -> pd.DataFrame:
        """The rows of both tables, one below the other, without ids and prices."""
        import pandas as pd

        names = [name for name in self.test.columns if name != "Id"]
        return pd.concat([self.train[names], self.test[names]], ignore_index=True)


@lru_cache(maxsize=1)
def houses() -> Houses:
    """Read the tables once.

    Raises:
        DataError: the files are missing and cannot be fetched.
    """
    train, test = house_prices.load_frames()
    return Houses(train, test, train[house_prices.TARGET].to_numpy(float))


@lru_cache(maxsize=2)
def published_features(standardised: bool) -> Array:
    """Return the chapter's features of the rows of both tables, (N + M, 330).

    Numbers have mean 0 and standard deviation 1 over both tables, or are left as they are; gaps
    get the mean. Each level is a feature, and so is its absence in each column. As the chapter's
    version of pandas, a table's word `None` counts as missing.
    """
    import pandas as pd

    every = houses().features
    every = every.replace({"None": np.nan})
    numbers = every.select_dtypes("number").astype(float)
    filled = numbers.fillna(numbers.mean())
    if standardised:
        filled = ((numbers - numbers.mean()) / numbers.std()).fillna(0.0)
    levels = pd.get_dummies(every.drop(columns=numbers.columns), dummy_na=True, dtype=float)
    return np.hstack([filled.to_numpy(), levels.to_numpy()])


def house_folds(
    n: int,
    features: str,
    target: str,
    preparation: Mapping[str, Any] | None = None,
    *,
    inner: bool = False,
) -> TaskRef:
    """Return the stacked folds as a task that is made when it is first needed.

    Args:
        n: folds; 0 is the whole table as training rows, for a submission.
        features: `standardised` or `raw`, the chapter's; `plain` or `declared`, prepared on the
            training rows of each fold.
        target: `price`, `log price` or `centred log price`.
        preparation: fields of `tabular.Preparation` for the latter two.
        inner: the inner folds of the n folds instead; for the chapter's features.
    """
    params: dict[str, Any] = {"n": n, "features": features, "target": target}
    if preparation:
        params["preparation"] = dict(preparation)
    if inner:
        params["inner"] = True
    return TaskRef(name="house-price-folds", params=params)


CENTRE = 12.0
"""Taken off the centred log prices: the price of about 163,000, known beforehand as usual."""


def targets(kind: str) -> Array:
    """Return what is learnt of the rows of the training table, (N,)."""
    prices = houses().prices
    if kind == "price":
        return prices
    return np.log(prices) - (CENTRE if kind == "centred log price" else 0.0)


@dataset(
    "house-price-folds",
    describe="House prices, prepared anew for each fold, the folds one below the other",
    kind="regression",
    origin="made of house-prices",
)
def _stacked(
    *,
    n: int = N_FOLDS,
    features: str = "standardised",
    target: str = "price",
    preparation: Any = None,
    inner: bool = False,
) -> Task:
    from mlplab.tabular import stack_folds

    y = targets(target)
    if features in ("standardised", "raw"):
        X = published_features(features == "standardised")
        folds = all_folds(n, len(y))
        if inner:
            folds = [inner_rows(place, len(y)) for place in range(n * N_INNER)]
        rows = np.concatenate([np.concatenate(one) for one in folds])
        return task_from_arrays(X[rows], y[rows], kind="regression")
    return stack_folds(prepared(n, features, preparation), y, kind="regression").task


def prepared(n: int, features: str, preparation: Mapping[str, Any] | None) -> list[PreparedFold]:
    """Prepare the rows of n folds, each by what its own training rows say."""
    from mlplab.tabular import Preparation, conform, prepare_folds, preparer

    one, schema = houses(), schema_of(features)
    frame = conform(one.train, schema)
    # The frame conforms to its schema already, so that only the step after that is needed.
    steps = preparer(schema, Preparation(**(preparation or {})))["columns"]
    y = np.log(one.prices)
    return list(prepare_folds(steps, frame, y, all_folds(n, len(y))))


def schema_of(features: str) -> Schema:
    """Return the columns' kinds: as the numbers alone tell (`plain`), or also as `declared`."""
    from mlplab.tabular import infer_schema

    types = DECLARED if features == "declared" else {}
    return infer_schema(houses().train, target=house_prices.TARGET, types=types)


@metric("house_score")
def house_score(prices: NDArray[Any], outputs: NDArray[Any]) -> float:
    """The competition's score of predicted prices: predictions below 1 count as 1."""
    return log_rmse(np.asarray(outputs, float).ravel(), np.asarray(prices, float).ravel())


def log_rmse(predicted: Array, prices: Array) -> float:
    """Return the root mean square error of log prices; predictions below 1 count as 1."""
    return float(np.sqrt(np.mean((np.log(np.maximum(predicted, 1.0)) - np.log(prices)) ** 2)))


def constant_scores(places: Sequence[int]) -> Array:
    """Return the score of the best constant, the mean log price of the training rows, per fold."""
    y = np.log(houses().prices)
    scores = []
    for place in places:
        train, held = fold_rows(place, len(y))
        scores.append(float(np.sqrt(np.mean((y[held] - y[train].mean()) ** 2))))
    return np.array(scores)
