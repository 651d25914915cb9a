"""Fits and scores: one row per table, model and split."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from mlplab.bench.estimators.tables import Dataset, Kind, Split, splits
from mlplab.errors import DataError

Make = Callable[[int], Any]
LOSSES: dict[Kind, str] = {"regression": "RMSE", "classification": "log loss"}
_LEAST = 1e-15  # of a probability: a sure mistake would cost infinitely much


@dataclass(frozen=True, slots=True)
class Score:
    """How one model did on one split.

    Attributes:
        loss: root mean squared error in units of the targets, or mean log loss in nats.
        accuracy: share of right classes; None for numbers.
        fit_seconds, predict_seconds: of processor time, with one thread; what else the machine
            does then matters little.
        warned: it said that it had not converged.
    """

    table: str
    kind: Kind
    model: str
    split: int
    n_train: int
    n_test: int
    loss: float
    accuracy: float | None
    fit_seconds: float
    predict_seconds: float
    warned: bool = False


def score_models(
    tables: Sequence[Dataset],
    models: Callable[[Kind], Sequence[tuple[str, Make]]],
    n_splits: int,
    seed: int = 0,
    report: Callable[[str], None] = lambda line: None,
    known: Sequence[Score] = (),
    keep: Callable[[Score], None] = lambda score: None,
) -> list[Score]:
    """Fit every model on every split of every table; all see the same rows.

    Args:
        tables: on what.
        models: for a kind of target, names and what makes the unfitted model of a seed.
        n_splits: how often rows are drawn.
        seed: of the splits; split k gives its models the seed k.
        report: is told what comes next.
        known: scores from before, which are taken as they are.
        keep: is given every new score.
    """
    before = {(score.table, score.model, score.split): score for score in known}
    found = []
    warm: set[Kind] = set()
    for table in tables:
        makers = dict(models(table.kind))
        for split in splits(table, n_splits, seed):
            wanted = [(table.name, name, split.number) for name in makers]
            if not all(key in before for key in wanted):
                report(f"{table.name}, split {split.number + 1} of {n_splits}")
            for key in wanted:
                if key not in before:
                    make = makers[key[1]]
                    if table.kind not in warm:
                        # compiled code is loaded once per process, which is no fit's work
                        score_one(table, split, "warm-up", next(iter(makers.values()))(0))
                        warm.add(table.kind)
                    before[key] = score_one(table, split, key[1], make(split.number))
                    keep(before[key])
                found.append(before[key])
    return found


def read_scores(path: Path) -> list[Score]:
    """Return the scores of a file, one JSON object per line; none where there is no file.

    Raises:
        DataError: a line is not a score.
    """
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        return [Score(**json.loads(line)) for line in lines]
    except (ValueError, TypeError) as problem:
        raise DataError(f"{path}: expected one score per line ({problem})") from None


def score_one(table: Dataset, split: Split, name: str, model: Any) -> Score:
    """Fit one model on one split's training rows and score it on its test rows."""
    accuracy = None
    with threadpool_limits(1), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.process_time()
        model.fit(split.train, split.train_targets)
        fitted = time.process_time()
        if table.kind == "classification":
            shares = model.predict_proba(split.test)
            done = time.process_time()
            loss = log_loss(shares, split.test_targets, model.classes_)
            accuracy = float(np.mean(model.classes_[shares.argmax(axis=1)] == split.test_targets))
        else:
            numbers = model.predict(split.test)
            done = time.process_time()
            loss = float(np.sqrt(np.mean((numbers - split.test_targets) ** 2)))
    return Score(
        table.name,
        table.kind,
        name,
        split.number,
        len(split.train),
        len(split.test),
        loss,
        accuracy,
        fitted - start,
        done - fitted,
        any(issubclass(warning.category, ConvergenceWarning) for warning in caught),
    )


def log_loss(shares: NDArray[Any], targets: NDArray[Any], classes: NDArray[Any]) -> float:
    """Return the mean of -log(probability of the true class); none is taken below 1e-15.

    >>> shares = np.array([[0.5, 0.5], [0.25, 0.75]])
    >>> round(log_loss(shares, targets=np.array([3, 7]), classes=np.array([3, 7])), 4)
    0.4904
    """
    true = shares[np.arange(len(targets)), np.searchsorted(classes, targets)]
    return float(-np.log(np.maximum(true, _LEAST)).mean())
