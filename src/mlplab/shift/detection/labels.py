"""From labels and a model to the verdict on harm."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data import task_from_arrays
from mlplab.engine.weights import predict
from mlplab.errors import ConfigError, DataError
from mlplab.experiment.progress import Count
from mlplab.shift.detection.harm import (
    TRIFLE,
    Judged,
    harm_from_disagreement,
    harm_from_errors,
)
from mlplab.shift.detection.networks import NOT_COUNTED, trained
from mlplab.shift.detection.permutations import Array
from mlplab.shift.detection.report import ShiftVerdict
from mlplab.shift.encoding import Encoded
from mlplab.specs import MLP, Adam, Fit, Run, SeedSplit

N_NETWORKS = 5
_MOST_CLASSES = 20


def judge_harm(
    encoded: Encoded,
    tables: tuple[Any, Any],
    target: Any,
    second_target: Any,
    model: Any,
    *,
    n_permutations: int,
    seed: int,
    workers: int | None,
    count: Count = NOT_COUNTED,
) -> ShiftVerdict | None:
    """Say whether a model's error rises from the first sample to the second.

    Half of the first sample is held out. Without a model, `N_NETWORKS` networks learn the other
    half; a given one must not have seen any of these rows.

    Args:
        encoded: both samples as numbers.
        tables: both samples as they were given, which is how a model sees them.
        target: labels of the first sample, (N,); classes, or numbers.
        second_target: those of the second, (M,); None where there are none.
        model: what has `predict`; None for networks of our own.

    Returns:
        None for numbers without labels of the second sample: nothing can be said.

    Raises:
        DataError: labels that are missing, or not one for each row.
    """
    labels = _labels(target, len(encoded.first), "first")
    is_class = _are_classes(labels)
    order = np.random.default_rng(seed).permutation(len(labels))
    train, held = np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :])
    known, codes = np.unique(labels, return_inverse=True) if is_class else (labels, labels)
    if is_class and len(known) < 2:
        raise DataError("labels: expected at least two classes in the first sample; got one")
    rows = encoded.first[train]
    if model is None:
        said = _networks(rows, codes[train], (encoded.first[held], encoded.second),
                         len(known) if is_class else 0, workers, count)  # fmt: skip
        said_held, said_second = (known[part] if is_class else part for part in said)
    else:
        said_held = np.asarray(model.predict(_rows_of(tables[0], held)))
        said_second = np.asarray(model.predict(tables[1]))
    if second_target is not None:
        second = _labels(second_target, len(encoded.second), "second")
        errors = _errors(said_held, labels[held], is_class), _errors(said_second, second, is_class)
        return harm_from_errors(*errors, TRIFLE if is_class else TRIFLE * float(np.std(labels)))
    if not is_class:
        return None
    classes = [_codes(part, known) for part in (said_held, said_second)]
    judged = Judged((rows, codes[train]), encoded.first[held], encoded.second, *classes)
    return harm_from_disagreement(judged, len(known), n_permutations, seed, workers, count)


def _labels(values: Any, n: int, name: str) -> NDArray[Any]:
    import pandas as pd

    labels = np.asarray(values)
    if labels.shape != (n,):
        raise DataError(f"labels of the {name} sample: expected ({n},); got {labels.shape}")
    missing = pd.isna(labels)
    if missing.any():
        place = int(np.argmax(missing))
        raise DataError(f"labels of the {name} sample: row {place} has none; drop such rows")
    return labels.astype(str) if labels.dtype.kind in "OUSb" else labels


def _are_classes(labels: NDArray[Any]) -> bool:
    if labels.dtype.kind not in "iuf":
        return True
    whole = bool((labels == np.round(labels)).all())
    return whole and len(np.unique(labels)) <= _MOST_CLASSES


def _codes(said: NDArray[Any], known: NDArray[Any]) -> NDArray[np.int64]:
    said = said.astype(str) if known.dtype.kind == "U" else said
    places = np.searchsorted(known, said)
    places = np.minimum(places, len(known) - 1)
    wrong = known[places] != said
    if wrong.any():
        raise ConfigError(
            f"model: expected predictions among {known.tolist()}; got {said[wrong][0]!r}"
        )
    return places.astype(np.int64)


def _errors(said: NDArray[Any], labels: NDArray[Any], is_class: bool) -> Array:
    if is_class:
        return np.asarray(said.astype(str) != labels.astype(str), np.float64)
    return np.abs(np.asarray(said, np.float64) - labels.astype(np.float64))


def _rows_of(table: Any, rows: NDArray[np.int64]) -> Any:
    return table.iloc[rows] if hasattr(table, "iloc") else np.asarray(table)[rows]


def _networks(
    rows: NDArray[np.float32],
    targets: NDArray[Any],
    asked: tuple[NDArray[np.float32], NDArray[np.float32]],
    n_classes: int,
    workers: int | None,
    count: Count,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Train networks on the first rows; return what they say of the others together.

    Of some classes, no row may be among the first.
    """
    from scipy.special import softmax

    is_class = n_classes > 0
    centre, spread = (0.0, 1.0) if is_class else (float(targets.mean()), float(targets.std()) or 1)
    kind: Any = "classification" if is_class else "regression"
    learnt = targets if is_class else (targets - centre) / spread
    names = tuple(map(str, range(n_classes))) if is_class else None
    task = task_from_arrays(rows, learnt, kind=kind, class_names=names)
    base = Run(
        net=MLP(hidden=(64,)),
        optim=Adam(lr=0.003, weight_decay=1e-3),
        fit=Fit(epochs=30, batch_size=min(64, len(rows) // 2),
                loss="cross-entropy" if is_class else "squared"),
    )  # fmt: skip
    totals = [np.zeros((len(part), task.n_outputs)) for part in asked]
    for _, run, weights in trained(task, base, [SeedSplit()], N_NETWORKS, workers, count):
        for total, part in zip(totals, asked, strict=True):
            outputs = predict(run, weights, part).astype(np.float64)
            total += softmax(outputs, axis=1) if is_class else outputs / N_NETWORKS
    if is_class:
        return totals[0].argmax(axis=1), totals[1].argmax(axis=1)
    return totals[0][:, 0] * spread + centre, totals[1][:, 0] * spread + centre
