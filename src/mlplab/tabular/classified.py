"""Confusion matrix and calibration of out-of-fold class probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import DataError
from mlplab.stats.failures import clopper_pearson

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]


def confusion_table(target: Any, predicted: Any, classes: Sequence[str]) -> pd.DataFrame:
    """Return how often each true class was predicted as each class.

    Args:
        target: true classes, (N,).
        predicted: predicted classes, (N,).
        classes: all of them.

    Returns:
        Columns `true`, `predicted`, `n`, `share` (of the rows of that true class; NaN for none);
        every pair is there.

    Raises:
        DataError: a class that is not among `classes`.

    >>> confusion_table(["a", "a", "b"], ["a", "b", "b"], ["a", "b"])["n"].tolist()
    [1, 1, 0, 1]
    """
    import pandas as pd

    names = [str(name) for name in classes]
    at = {name: i for i, name in enumerate(names)}
    counts = np.zeros((len(names), len(names)), dtype=np.int64)
    for true, found in zip(map(str, target), map(str, predicted), strict=True):
        for one in (true, found):
            if one not in at:
                raise DataError(f"classes: expected one of {', '.join(names[:6])}; got {one!r}")
        counts[at[true], at[found]] += 1
    totals = np.repeat(counts.sum(axis=1), len(names)).astype(float)
    shares = np.divide(counts.ravel(), totals, out=np.full(totals.shape, np.nan), where=totals > 0)
    return pd.DataFrame(
        {
            "true": np.repeat(np.array(names, object), len(names)),
            "predicted": np.tile(np.array(names, object), len(names)),
            "n": counts.ravel(),
            "share": shares,
        }
    )


def calibration_table(hit: Any, probability: Any, *, bins: int = 10) -> pd.DataFrame:
    """Return how often what was given a probability came true, by ranges of that probability.

    Ranges hold about equally many rows; those with equal probabilities stay together.

    Args:
        hit: whether it came true, (N,).
        probability: that it was given, (N,).
        bins: ranges, at most; each holds ten rows or more where there are as many.

    Returns:
        Columns `probability` (mean in the range), `observed` (share that came true), `low`, `high`
        (exact 95 % interval of it), `n`.

    Raises:
        DataError: a probability outside [0, 1], or other lengths.

    Source: Clopper and Pearson, Biometrika 26, 1934, for the intervals.

    >>> table = calibration_table([0, 1, 1, 1], [0.5, 0.5, 0.9, 0.9], bins=2)
    >>> table["observed"].tolist(), table["n"].tolist()
    ([0.75], [4])
    """
    import pandas as pd

    came, given = np.asarray(hit, bool), np.asarray(probability, np.float64)
    if came.shape != given.shape or given.ndim != 1:
        raise DataError(f"calibration: expected two equal lengths; got {came.shape}, {given.shape}")
    if not ((given >= 0) & (given <= 1)).all():
        raise DataError("calibration: expected probabilities from 0 to 1")
    n_bins = max(1, min(bins, len(given) // 10))
    edges = np.unique(np.quantile(given, np.linspace(0, 1, n_bins + 1)[1:-1]))
    place = np.searchsorted(edges, given, side="left")
    records = []
    for number in np.unique(place):
        inside = place == number
        n, k = int(inside.sum()), int(came[inside].sum())
        low, high = clopper_pearson(k, n)
        records.append((float(given[inside].mean()), k / n, float(low), float(high), n))
    return pd.DataFrame(records, columns=["probability", "observed", "low", "high", "n"])


def classified_tables(
    truth: Any, given: Array, classes: Sequence[Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return confusion and calibration of class probabilities; rows without any are left out.

    Args:
        truth: class ids, (N,).
        given: probabilities, (N, C), or NaN.
        classes: their names, (C,).

    >>> given = np.array([[0.9, 0.1], [0.2, 0.8], [np.nan, np.nan]])
    >>> confusion, calibration = classified_tables(np.array([0, 0, 1]), given, ["a", "b"])
    >>> confusion["n"].tolist(), calibration["n"].tolist()
    ([1, 1, 0, 0], [2])
    """
    names = np.array([str(name) for name in classes], object)
    known = np.flatnonzero(np.isfinite(given).all(axis=1))
    truth, given = truth[known], given[known]
    found = given.argmax(axis=1)
    confusion = confusion_table(names[truth], names[found], list(names))
    # Of two classes, the second one's probability says all.
    two = len(names) == 2
    hit = truth == 1 if two else truth == found
    probability = given[:, 1] if two else given.max(axis=1)
    return confusion, calibration_table(hit, np.clip(probability, 0.0, 1.0))
