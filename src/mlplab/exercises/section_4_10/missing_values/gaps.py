"""Gaps filled in several ways, and what a ridge makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.data import house_prices
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_10.folds import fold_rows
from mlplab.exercises.section_4_10.scores import Array
from mlplab.exercises.section_4_10.tables import DECLARED, houses
from mlplab.specs.keyed import philox
from mlplab.theory.linear import ridge_path

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.tabular import Schema

WAYS: Mapping[str, Mapping[str, Any]] = {
    "mean": {"impute": "mean"},
    "median": {"impute": "median"},
    "constant": {"impute": "constant", "fill_value": -1.0},
    "indicator": {"impute": "mean", "indicator": True},
    "interpolation": {"impute": "interpolation"},
    "rows": {"impute": "mean"},
    "neighbours": {"impute": "knn"},
    "iterative": {"impute": "iterative", "rounds": 3},
}
"""Preparations by name; without an indicator unless they say so. `rows` finds no gap any more."""
AT_REMOVED = ("mean", "indicator", "interpolation", "neighbours", "iterative")
"""The ways that are tried on removed numbers."""
MECHANISMS = ("at random", "not at random")
COLUMNS = (
    "GrLivArea",
    "OverallQual",
    "TotalBsmtSF",
    "GarageArea",
    "1stFlrSF",
    "YearBuilt",
    "YearRemodAdd",
    "FullBath",
)
"""Complete columns from which numbers are removed."""
SHARE, LARGE_SHARE = 0.3, 0.6
"""Of the numbers of each column that are removed; the large one at random only."""
PENALTY = 0.01
"""Of the ridge, fixed: l2 of the weights beside half the mean square."""
FOLDS = (5, 10, 20)
"""Folds of each profile."""
_BASE = {"indicator": False, "scale": "smooth-clip", "log_skew": 0.75, "rare": 10}


@dataclass(frozen=True, eq=False)
class Gaps:
    """Scores by fold, (J,).

    Attributes:
        on_data: way -> scores with the table's own gaps.
        removed: (mechanism, way) -> scores with numbers removed from the table.
        complete: scores of the same model with nothing removed.
        mostly: scores of the mean with the large share removed at random.
        without: scores of the same model without the columns from which numbers are removed.
        bias: mechanism -> by how many standard deviations the removed numbers lie above those
            left, the mean over columns, in the training rows.
    """

    on_data: Mapping[str, Array]
    removed: Mapping[tuple[str, str], Array]
    complete: Array
    mostly: Array
    without: Array
    bias: Mapping[str, Array]


def n_folds(profile: Profile) -> int:
    """Return how many folds are scored."""
    return profile.pick(*FOLDS)


@lru_cache(maxsize=2)
def gaps(n: int) -> Gaps:
    """Fill, fit and score every way on n folds.

    Cost: two to five seconds a fold.
    """
    from mlplab.tabular import conform, infer_schema

    table, folds = houses().train, range(n)
    whole = infer_schema(table, target=house_prices.TARGET, types=DECLARED)
    others = [c.name for c in whole.features if c.kind == "category"]
    numbers = whole.with_types(dict.fromkeys(others, "ignored"))
    fewer = whole.with_types(dict.fromkeys([*others, *COLUMNS], "ignored"))
    train = conform(table, whole)
    drawn = {(kind, s): remove(train, kind, s) for kind in MECHANISMS for s in folds}

    def over_folds(frame: Callable[[int], pd.DataFrame], schema: Schema, way: str) -> Array:
        return np.array([_score(frame(s), schema, WAYS[way], s) for s in folds])

    def left(kind: str) -> Callable[[int], pd.DataFrame]:
        return lambda s: drawn[kind, s]

    def own(way: str) -> Callable[[int], pd.DataFrame]:
        return lambda s: filled_from_rows(train, whole, s) if way == "rows" else train

    return Gaps(
        {way: over_folds(own(way), whole, way) for way in WAYS},
        {
            (kind, way): over_folds(left(kind), numbers, way)
            for kind in MECHANISMS
            for way in AT_REMOVED
        },
        over_folds(lambda s: train, numbers, "mean"),
        over_folds(lambda s: remove(train, MECHANISMS[0], s, LARGE_SHARE), numbers, "mean"),
        over_folds(lambda s: train, fewer, "mean"),
        {kind: np.array([_bias(train, drawn[kind, s], s) for s in folds]) for kind in MECHANISMS},
    )


def filled_from_rows(frame: pd.DataFrame, schema: Schema, place: int) -> pd.DataFrame:
    """Return a copy whose gaps among numbers hold the number of the nearest row before.

    Only rows that train on the fold give numbers; where none is before, the first one after does.
    """
    train, _ = fold_rows(place, len(frame))
    is_train = np.zeros(len(frame), bool)
    is_train[train] = True
    out = frame.copy()
    for name in [column.name for column in schema.features if column.kind == "number"]:
        values = frame[name].to_numpy(float)
        known = np.flatnonzero(is_train & ~np.isnan(values))
        gaps = np.flatnonzero(np.isnan(values))
        if len(known) and len(gaps):
            before = np.maximum(np.searchsorted(known, gaps) - 1, 0)
            out[name] = values
            out.loc[frame.index[gaps], name] = values[known[before]]
    return out


def remove(frame: pd.DataFrame, mechanism: str, seed: int, share: float = SHARE) -> pd.DataFrame:
    """Return a copy with a share of the numbers of some columns removed.

    A larger share removes those of a smaller one too. `at random` takes each with the same
    chance; `not at random` takes only those of the upper half of their column, with twice the
    chance.
    """
    out = frame.copy()
    chances = philox(seed, "removed numbers").random((len(frame), len(COLUMNS)))
    for place, name in enumerate(COLUMNS):
        values = frame[name].to_numpy(float)
        # Ties are broken by chance, so that a count of baths has an upper half too.
        ranks = np.argsort(np.argsort(values + 1e-6 * chances[:, place] * np.ptp(values)))
        upper = ranks >= len(values) // 2
        chance = np.where(upper, 2 * share, 0.0) if mechanism == "not at random" else share
        out[name] = np.where(chances[:, place] < chance, np.nan, values)
    return out


def _score(frame: pd.DataFrame, schema: Schema, fields: Mapping[str, Any], place: int) -> float:
    """Return the score of a ridge on log prices, prepared by the fold's training rows."""
    from mlplab.tabular import Preparation, prepare_folds, preparer

    y = np.log(houses().prices)
    # The frame conforms to its schema already, so that only the step after that is needed.
    steps = preparer(schema, Preparation(**(_BASE | dict(fields))))["columns"]
    (fold,) = prepare_folds(steps, frame, y, [fold_rows(place, len(y))])
    models = ridge_path(fold.train[None], y[fold.train_rows][None], [PENALTY], intercept=True)
    error = models.mean_squared_error(fold.held[None], y[fold.held_rows][None])
    return float(np.sqrt(error[0, 0]))


def _bias(whole: pd.DataFrame, left: pd.DataFrame, place: int) -> float:
    train, _ = fold_rows(place, len(whole))
    shifts = []
    for name in COLUMNS:
        values = whole[name].to_numpy(float)[train]
        gone = left[name].isna().to_numpy()[train]
        shifts.append((values[gone].mean() - values[~gone].mean()) / values.std())
    return float(np.mean(shifts))
