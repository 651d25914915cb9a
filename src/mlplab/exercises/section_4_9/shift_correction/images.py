"""Photographs to train on, cartoons to be right about, and weights that say which rows count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task, dataset, task_from_arrays
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_9.cartooned import (
    FASHION,
    Array,
    Features,
    collection,
    coordinates,
    features,
    principal_axes,
)
from mlplab.exercises.section_4_9.shift_correction.rounding import rounded
from mlplab.specs import TaskRef

N_FOLDS = 5
SOURCE_CLIP = 1.0
"""The source's weights are the odds, and 1 where these are larger."""
LOW_CLIP = 10.0
"""Of the clipped arm, in units of the mean weight."""
WEIGHTINGS = ("none", "odds", "source", "clipped", "flattened", "ulsif", "kmm")


@dataclass(frozen=True)
class Parts:
    """Which images are what: rows of the collection.

    Attributes:
        pool: photographs to train and validate on.
        unlabelled: seen as cartoons, without their classes; the weights are made of them.
        test: seen as cartoons, and judged.
    """

    pool: NDArray[np.int64]
    unlabelled: NDArray[np.int64]
    test: NDArray[np.int64]


def parts(source: str, n_pool: int) -> Parts:
    """Deal images into the three parts, 4 : 1 : 2, of other images each."""
    have = len(collection(source).images)
    pool = min(n_pool, have * 4 // 7)
    ends = np.cumsum([pool, pool // 4, pool // 2])
    rows = np.arange(ends[-1])
    return Parts(rows[: ends[0]], rows[ends[0] : ends[1]], rows[ends[1] :])


@lru_cache(maxsize=2)
def reduced(source: str, n_pool: int) -> tuple[Features, Features]:
    """Return photographs of the pool and unlabelled cartoons along the photographs' axes."""
    found = parts(source, n_pool)
    plain = features(source, found.pool)
    axes = principal_axes(plain)
    drawn = features(source, found.unlabelled, drawn=True)
    return coordinates(plain, axes), coordinates(drawn, axes)


@lru_cache(maxsize=2)
@one_thread
def detector_odds(source: str, n_pool: int) -> Array:
    """Return P(cartoon | x) / P(photograph | x) of each photograph of the pool, (N,).

    By logistic regression that did not see the row, both kinds counting alike however many.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    plain, drawn = reduced(source, n_pool)
    rows = np.concatenate([plain, drawn]).astype(np.float64)
    labels = np.repeat([0, 1], [len(plain), len(drawn)])
    found = cross_val_predict(
        LogisticRegression(class_weight="balanced", max_iter=2000),
        rows,
        labels,
        cv=StratifiedKFold(N_FOLDS, shuffle=True, random_state=0),
        method="decision_function",
    )
    return np.asarray(np.exp(np.clip(found[: len(plain)], -30, 30)))


@lru_cache(maxsize=16)
def weights(source: str, n_pool: int, how: str) -> Array:
    """Return the weights of the pool's photographs, (N,), of mean 1 and rounded.

    The engine divides each batch's loss by the sum of its weights, so that their mean changes
    nothing: where the source's own mean matters, it is a factor of the rate; see `source_mean`.
    """
    return rounded(_weights(source, n_pool, how))


def source_mean(source: str, n_pool: int) -> float:
    """Return the mean of the source's weights, by which they slow its training down."""
    return float(_weights(source, n_pool, "source").mean())


@one_thread
def _weights(source: str, n_pool: int, how: str) -> Array:
    if how == "none":
        return np.ones(len(parts(source, n_pool).pool))
    if how == "ulsif" or how == "kmm":
        return np.asarray(estimated(source, n_pool, how).ratios)
    odds = detector_odds(source, n_pool)
    if how == "source":
        return np.asarray(np.minimum(odds, SOURCE_CLIP))
    if how == "clipped":
        return np.asarray(np.minimum(odds, LOW_CLIP * odds.mean()))
    return np.asarray(np.sqrt(odds) if how == "flattened" else odds)


@lru_cache(maxsize=4)
@one_thread
def estimated(source: str, n_pool: int, method: Literal["ulsif", "kmm"]) -> Any:
    """Return what `shift.correct` makes of the pool and the unlabelled cartoons."""
    from mlplab.shift import correct

    plain, drawn = reduced(source, n_pool)
    return correct(plain, drawn, method)


@dataset(
    "photographs-then-cartoons",
    describe="Photographs to train on, weighted or not; the test images are cartoons",
    kind="classification",
    origin="made of other images",
)
def _images(*, source: str = FASHION, n_pool: int = 1600, weighting: str = "none") -> Task:
    found, images = parts(source, n_pool), collection(source)
    return task_from_arrays(
        features(source, found.pool),
        images.classes[found.pool],
        features(source, found.test, drawn=True),
        images.classes[found.test],
        weights=None if weighting == "none" else weights(source, n_pool, weighting),
        kind="classification",
        class_names=images.class_names,
        valid=VALID,
    )


VALID = 0.2
"""Of the photographs, held out by seed."""


def task(source: str, n_pool: int, weighting: str) -> TaskRef:
    """Return the images with a weighting as a task that is made when it is first needed."""
    params: Mapping[str, Any] = {"source": source, "n_pool": n_pool, "weighting": weighting}
    return TaskRef(name="photographs-then-cartoons", params=dict(params), valid=VALID)
