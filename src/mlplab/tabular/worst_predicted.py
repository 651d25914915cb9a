"""The rows that a model predicts worst, and what is unusual in them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.tabular.columns import Schema
from mlplab.tabular.residuals import unusual_values, worst_rows

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]
_TINY = 1e-15  # of a probability, so that a logarithm is finite


def worst_numbers(residuals: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return the rows with the largest residuals of a `residual_table`, the largest first."""
    places = worst_rows(residuals["residual"], n)
    return residuals.iloc[places][["row", "target", "predicted", "residual"]].reset_index(drop=True)


def worst_classified(truth: Any, given: Array, classes: Sequence[Any], n: int) -> pd.DataFrame:
    """Return the wrong ones among the rows whose own class got the least probability.

    Args:
        truth: class ids, (N,).
        given: probabilities, (N, C), or NaN.
        classes: their names, (C,).
        n: rows, at most.

    >>> given = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    >>> worst_classified(np.array([0, 0, 0]), given, ["a", "b"], 2)["row"].tolist()
    [1, 2]
    """
    import pandas as pd

    names = np.array([str(name) for name in classes], object)
    own = given[np.arange(len(truth)), truth]
    rows = worst_rows(-np.log(np.maximum(own, _TINY)), n)
    found = given.argmax(axis=1)
    wrong = rows[found[rows] != truth[rows]]
    return pd.DataFrame(
        {
            "row": wrong,
            "target": names[truth[wrong]],
            "predicted": names[found[wrong]],
            "probability": own[wrong],
        }
    )


def with_unusual(
    worst: pd.DataFrame, train: pd.DataFrame, schema: Schema, sought: Collection[str]
) -> pd.DataFrame:
    """Add to the worst rows their ids, and what is unusual in them.

    Args:
        worst: with the places of the rows as `row`.
        train: all rows, as the schema says.
        schema: what the columns are.
        sought: columns to look at.
    """
    names = set(sought)
    columns = Schema(columns=tuple(c for c in schema.features if c.name in names))
    texts = [
        "; ".join(f"{name} {entry} ({100 * share:.2g} %)" for name, entry, share in values)
        for values in unusual_values(train, columns, worst["row"])
    ]
    out = worst.assign(unusual=texts)
    name = schema.row_id()
    if name is not None:
        out.insert(1, name, train[name].iloc[worst["row"]].to_numpy())
    return out
