"""Does a model's error rise on the second sample? From labels, or from networks that disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data import task_from_arrays
from mlplab.engine.weights import predict
from mlplab.errors import DataError
from mlplab.experiment.progress import Count
from mlplab.shift.detection.networks import NOT_COUNTED, trained
from mlplab.shift.detection.permutations import LEVEL, Array, labellings, permutation_p
from mlplab.shift.detection.report import ShiftVerdict, Word
from mlplab.specs import MLP, Adam, Fit, Joined, Run

Rows = NDArray[np.float32]
Classes = NDArray[np.int64]

TRIFLE = 0.02
"""A rise of the share of errors below which nobody would act."""
MOST_JOINED = 500
"""Rows of the second sample that networks are to disagree about."""
MOST_TRAINED = 4_000
_WEIGHT = 0.01
"""Of all rows to disagree about, as a share of the training rows.

A column that the classes do not depend on, moved by 1.5 deviations: 12 % more was contested at 0.1,
5 % at 0.03, 2 % at 0.01. One that they do depend on, moved to where no training rows are: 42, 41
and 21 %.
"""
_EPOCHS, _BATCH = 20, 64


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """The first sample in two parts, and the second, as a model sees them.

    Attributes:
        train: rows that the model learnt from, (T, I), and their classes.
        held: rows of the first sample that it did not see, (H, I).
        target: rows of the second sample, (Q, I).
        said_held, said_target: the classes that the model gives to them.
    """

    train: tuple[Rows, Classes]
    held: Rows
    target: Rows
    said_held: Classes
    said_target: Classes


def harm_from_errors(first: Array, second: Array, trifle: float) -> ShiftVerdict:
    """Compare a model's errors on held-out rows of both samples, (H,) and (Q,), by Welch's t.

    Supported if they rise; refuted if they rise by less than a trifle.

    Raises:
        DataError: fewer than two rows of a sample.
    """
    from scipy.stats import ttest_ind

    for name, errors in (("first", first), ("second", second)):
        if len(errors) < 2:
            raise DataError(f"{name} sample: expected labels of at least 2 rows; got {len(errors)}")
    rise = float(second.mean() - first.mean())
    if np.ptp(first) == np.ptp(second) == 0:
        # No spread, no t: one further row of the rarer kind would be a step of 1 / n.
        step = 1 / min(len(first), len(second))
        low, high, p = rise - step, rise + step, 1.0 if rise <= 0 else 0.0
    else:
        found = ttest_ind(second, first, equal_var=False, alternative="two-sided")
        low, high = map(float, found.confidence_interval(0.95))
        p = float(ttest_ind(second, first, equal_var=False, alternative="greater").pvalue)
    word: Word = "supported" if low > 0 else "refuted" if high < trifle else "undecided"
    note = (
        f"the mean error is {second.mean():.3g} on {len(second):,} rows of the second sample, and "
        f"{first.mean():.3g} on {len(first):,} rows of the first that the model did not see"
    )
    return ShiftVerdict(word, p, rise, (low, high), note, "errors")


def harm_from_disagreement(
    given: Judged,
    n_classes: int,
    n_permutations: int,
    seed: int,
    workers: int | None = None,
    count: Count = NOT_COUNTED,
) -> ShiftVerdict:
    """Test whether the model is less certain of the second sample than of rows like its own.

    Networks learn the training rows, and at a small weight to answer otherwise than the model on
    some further rows. Where training rows lie around, they cannot; where none do, nothing holds
    them back. Further rows are those of the second sample, and, for comparison, as many drawn from
    them and the held-out rows of the first together: so the p-value is exact. The size is how much
    more of the second sample they contest, which is a sign of errors, and not their number.
    Supported if that is seen and more than `TRIFLE`: of any shift they contest a little.

    Cost: n_permutations + 1 trainings on the training rows and at most `MOST_JOINED`.

    Source: in the manner of Ginsberg, Liang and Krishnan (2023), arXiv 2212.02742, whose
    calibration rows come from the first sample alone.
    """
    from scipy.special import softmax

    rng = np.random.default_rng(seed)
    shown = _some(rng, len(given.target), MOST_JOINED)
    target = given.target[shown]
    kept = _some(rng, len(given.train[0]), MOST_TRAINED)
    rows, classes = given.train[0][kept], given.train[1][kept]
    further = np.concatenate([given.held, target])
    said = np.concatenate([given.said_held, given.said_target[shown]])
    n_kept, n_joined = len(rows), len(target)
    labels = labellings(len(given.held), len(further), n_permutations, seed)
    contested = np.zeros(len(labels))
    task, base = _task_and_run(rows, classes, further, said, n_classes, n_joined)
    joined = Joined(n_kept=n_kept, n_joined=n_joined, seed=seed)
    for _, run, weights in trained(task, base, [joined], len(labels), workers, count):
        own = labels[run.seed]
        shares = softmax(predict(run, weights, further[own]).astype(np.float64), axis=1)
        contested[run.seed] = 1 - shares[np.arange(n_joined), said[own]].mean()
    return _verdict(contested, n_joined)


def _verdict(contested: Array, n_joined: int) -> ShiftVerdict:
    p = permutation_p(contested)
    rise = contested[0] - contested[1:]
    low, high = np.quantile(rise, [0.025, 0.975])
    is_seen = p <= LEVEL and low > TRIFLE
    word: Word = "supported" if is_seen else "refuted" if high < TRIFLE else "undecided"
    note = (
        f"networks that fit the training rows contest {contested[0]:.1%} of what the model says of "
        f"{n_joined:,} rows of the second sample, and {contested[1:].mean():.1%} of mixed rows; "
        f"labels of the second sample would tell the errors themselves"
    )
    interval = float(low), float(high)
    return ShiftVerdict(word, p, float(rise.mean()), interval, note, "contested")


def _some(rng: np.random.Generator, n: int, most: int) -> NDArray[np.int64]:
    return np.sort(rng.permutation(n)[:most])


def _task_and_run(
    rows: Rows, classes: Classes, further: Rows, said: Classes, n_classes: int, n_joined: int
) -> tuple[Any, Run]:
    """Return the task of classes to learn and answers to avoid, and how it is learnt."""
    n_kept = len(rows)
    weights = np.full(n_kept + len(further), 1.0, np.float32)
    weights[n_kept:] = _WEIGHT * n_kept / n_joined
    targets = np.concatenate([classes, (said + 1) % n_classes])
    plain = task_from_arrays(
        np.concatenate([rows, further]), targets, weights=weights, kind="classification",
        class_names=tuple(map(str, range(n_classes))), valid=0.0,
    )  # fmt: skip
    avoided = (1 - np.eye(n_classes)[said]) / (n_classes - 1)
    task = plain.with_soft(np.concatenate([np.eye(n_classes)[classes], avoided]))
    run = Run(
        net=MLP(hidden=(64,)),
        optim=Adam(lr=0.01, weight_decay=1e-3),
        fit=Fit(epochs=_EPOCHS, batch_size=min(_BATCH, n_kept // 2)),
    )
    return task, run
