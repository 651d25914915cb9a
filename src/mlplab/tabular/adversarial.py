"""How well a classifier tells the rows of two tables apart: adversarial validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline

from mlplab.errors import ConfigError, DataError
from mlplab.stats.auc import auc_interval
from mlplab.tabular.columns import Schema
from mlplab.tabular.conform import conform
from mlplab.tabular.preparation import Preparation
from mlplab.tabular.prepare import preparer

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, slots=True)
class ToldApart:
    """How well rows of two tables can be told apart.

    Attributes:
        auc: probability that a row of the second table is given a higher score than one of the
            first, mean over folds; 0.5 where nothing tells them apart.
        low, high: its 95 % interval for other rows, see `stats.auc_interval`.
        folds: the AUC of each fold, (J,).
        scores: probability given to each row of coming from the second table, out of fold,
            (N_first + N_second,).
    """

    auc: float
    low: float
    high: float
    folds: npt.NDArray[np.float64]
    scores: npt.NDArray[np.float64]


def tell_tables_apart(
    first: pd.DataFrame,
    second: pd.DataFrame,
    schema: Schema,
    *,
    classifier: Any = None,
    n_folds: int = 5,
    seed: int = 0,
) -> ToldApart:
    """Train a classifier to tell which table a row is from, and score it on held-out rows.

    An AUC near 0.5 licenses no more than that this classifier found no difference in the features;
    the target may still depend on them differently.

    Args:
        first: the training table.
        second: the other one.
        schema: what the columns are; the target, ids and constants are not shown to the classifier.
        classifier: any of scikit-learn's with `predict_proba`; default: a random forest.
        n_folds: folds, stratified by table.
        seed: draws the folds.

    Raises:
        ConfigError: fewer than two folds.
        DataError: fewer than two rows per fold in a table, or a column that is not there.

    Cost: `n_folds` trainings.

    >>> import pandas as pd
    >>> from mlplab.tabular import infer_schema
    >>> low, high = (pd.DataFrame({"x": np.arange(60.0) + shift}) for shift in (0, 100))
    >>> tell_tables_apart(low, high, infer_schema(low)).auc
    1.0
    """
    import pandas as pd

    if n_folds < 2:
        raise ConfigError(f"n_folds: expected at least 2; got {n_folds}")
    for name, table in (("first", first), ("second", second)):
        if len(table) < 2 * n_folds:
            raise DataError(
                f"{name} table: expected at least {2 * n_folds} rows, two per fold; "
                f"got {len(table)}"
            )
    both = {str(name) for name in first.columns} & {str(name) for name in second.columns}
    features = schema.without_target().present(both)
    rows = pd.concat(
        [conform(first, features, source="first table"),
         conform(second, features, source="second table")],
        ignore_index=True,
    )  # fmt: skip
    origin = np.repeat([0, 1], [len(first), len(second)])
    if classifier is None:
        # One thread: boosted trees with several took minutes on a busy machine.
        classifier = RandomForestClassifier(
            n_estimators=100, min_samples_leaf=3, n_jobs=1, random_state=seed
        )
    # Trees need no scaling; rare levels would only make them slower.
    plain = Preparation(scale="none", rare=10)
    model = Pipeline(
        [("prepare", preparer(features, plain, kind="classification")), ("tell", classifier)]
    )
    scores, parts = np.zeros(len(rows)), []
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    for train, held in folds.split(rows, origin):
        fitted = clone(model).fit(rows.iloc[train], origin[train])
        scores[held] = fitted.predict_proba(rows.iloc[held])[:, 1]
        of_second = origin[held] == 1
        parts.append((scores[held][of_second], scores[held][~of_second]))
    auc, low, high = auc_interval(parts)
    return ToldApart(
        auc=auc,
        low=low,
        high=high,
        folds=np.array([auc_interval([part])[0] for part in parts]),
        scores=scores,
    )
