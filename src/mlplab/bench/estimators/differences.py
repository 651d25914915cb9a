"""Paired differences between models, with the interval for resampled rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mlplab.bench.estimators.scores import Score
from mlplab.stats import Interval, cross_validated_interval

Word = Literal["better", "worse", "open"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One model beside another on one table.

    Attributes:
        percent, low, high: by how much the loss is larger, in per cent of the other's: the mean
            log ratio over splits and its interval, as `100 (exp(.) - 1)`.
        points, points_low, points_high: the same of the accuracy, in percentage points; None for
            numbers.
        level: of the intervals.
        loss, other_loss, accuracy, other_accuracy: means over splits.
    """

    table: str
    model: str
    other: str
    percent: float
    low: float
    high: float
    points: float | None
    points_low: float | None
    points_high: float | None
    level: float
    n_splits: int
    loss: float
    other_loss: float
    accuracy: float | None
    other_accuracy: float | None

    @property
    def word(self) -> Word:
        """Say whether the interval of the loss excludes zero, and on which side."""
        return "better" if self.high < 0 else "worse" if self.low > 0 else "open"

    @property
    def accuracy_word(self) -> Word:
        """Say the same of the accuracy."""
        if self.points_low is None or self.points_high is None:
            return "open"
        return "better" if self.points_low > 0 else "worse" if self.points_high < 0 else "open"


def n_intervals(scores: Sequence[Score], pairs: Sequence[tuple[str, str]]) -> int:
    """Count the intervals of a page: of the loss, and of the accuracy where there is one."""
    here = {(score.table, score.model): score for score in scores}
    return sum(
        1 + (here[table, model].accuracy is not None)
        for table in dict.fromkeys(score.table for score in scores)
        for model, other in pairs
        if (table, model) in here and (table, other) in here
    )


def differences(scores: Sequence[Score], pairs: Sequence[tuple[str, str]]) -> list[Difference]:
    """Compare models split by split.

    `s^2 (1/J + n_test/n_train)` is the variance of the mean over J splits, since they share rows
    (Nadeau and Bengio 2003); 5 % is shared among all intervals of the page.

    Args:
        scores: of all tables, models and splits.
        pairs: (model, other) by name; those that a table lacks are left out.
    """
    m = n_intervals(scores, pairs)
    found = []
    for table in dict.fromkeys(score.table for score in scores):
        by_model: dict[str, list[Score]] = {}
        for score in scores:
            if score.table == table:
                by_model.setdefault(score.model, []).append(score)
        for model, other in pairs:
            if model in by_model and other in by_model:
                found.append(_compare(by_model[model], by_model[other], m))
    return found


def _compare(ours: Sequence[Score], theirs: Sequence[Score], m: int) -> Difference:
    first = ours[0]
    ratios = [math.log(a.loss) - math.log(b.loss) for a, b in zip(ours, theirs, strict=True)]

    def interval(values: list[float], accuracy: bool) -> Interval:
        return cross_validated_interval(
            values, first.n_train, first.n_test, claims=m, accuracy=accuracy
        )

    losses = interval(ratios, accuracy=False)
    points: tuple[float | None, float | None, float | None] = (None, None, None)
    if first.accuracy is not None:
        gains = [
            (a.accuracy or 0.0) - (b.accuracy or 0.0) for a, b in zip(ours, theirs, strict=True)
        ]
        found = interval(gains, accuracy=True)
        points = (100 * float(found.mean), 100 * float(found.low), 100 * float(found.high))
    percent, low, high = (
        100 * math.expm1(float(v)) for v in (losses.mean, losses.low, losses.high)
    )
    return Difference(
        first.table,
        first.model,
        theirs[0].model,
        percent,
        low,
        high,
        *points,
        losses.level,
        len(ours),
        mean_of([score.loss for score in ours]),
        mean_of([score.loss for score in theirs]),
        None if first.accuracy is None else mean_of([s.accuracy or 0.0 for s in ours]),
        None if first.accuracy is None else mean_of([s.accuracy or 0.0 for s in theirs]),
    )


def mean_of(values: Sequence[float]) -> float:
    """Return the mean.

    >>> mean_of([1.0, 2.0])
    1.5
    """
    return math.fsum(values) / len(values)
