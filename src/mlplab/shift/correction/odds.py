"""Density ratios from a classifier that tells target rows from training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Rows of either table that one fold's networks train on; all rows are scored.
_MOST_ROWS = 10_000
# Odds beyond 10^13 are 1 and 0 in float64.
_LARGEST_LOGIT = 30.0


def classifier_odds(
    train: NDArray[Any],
    target: NDArray[Any],
    *,
    n_folds: int,
    n_seeds: int,
    calibration: str,
    seed: int,
    progress: Any,
) -> tuple[Floats, dict[str, Any]]:
    """Return estimates of p_target / p_train at the training rows, (N,).

    ratio(x) = N / M * P(target | x) / P(train | x): the calibrated odds of networks that did not
    see x. Each fold's networks are a population of `n_seeds`, averaged.

    Args:
        train: (N, I), at least `n_folds` rows.
        target: (M, I), at least `n_folds` rows.
        n_folds: folds, stratified by table.
        n_seeds: networks for each fold.
        calibration: what is fitted to held-out logits: slope and level ("platt"), slope
            ("temperature"), nothing.
        seed: draws folds, rows and networks.
        progress: as estimators take it.

    Cost: `n_folds` x `n_seeds` trainings on at most 20,000 rows.

    Source: Bickel, Brueckner and Scheffer, JMLR 10, 2009; calibration: Platt, 1999.
    """
    from sklearn.model_selection import StratifiedKFold

    from mlplab.estimators import MLPClassifier

    rng = np.random.default_rng(seed)
    rows = np.concatenate([train, target])
    is_target = np.repeat([0, 1], [len(train), len(target)])
    logits = np.zeros(len(rows))
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    for fold, (others, held) in enumerate(folds.split(rows, is_target)):
        halves = [others[is_target[others] == half] for half in (0, 1)]
        shown = np.concatenate(
            [half if len(half) <= _MOST_ROWS else rng.choice(half, _MOST_ROWS, replace=False)
             for half in halves]
        )  # fmt: skip
        # Weight decay and dropout by default; both tables count alike, however large.
        model = MLPClassifier(
            hidden=(64, 64),
            epochs=40,
            dropout=0.1,
            class_weight="balanced",
            n_seeds=n_seeds,
            random_state=seed + 1000 * fold,
            progress=progress,
        ).fit(rows[shown], is_target[shown])
        logits[held] = _logit(model.predict_proba(rows[held])[:, 1])
    slope, level = calibrate(logits, is_target, calibration)
    log_odds = np.clip(slope * logits[: len(train)] + level, -_LARGEST_LOGIT, _LARGEST_LOGIT)
    return np.exp(log_odds), {"slope": slope, "level": level, "n_folds": n_folds}


def calibrate(logits: Floats, is_target: NDArray[Any], how: str) -> tuple[float, float]:
    """Return slope and level of the log ratio slope * logit + level, by maximum likelihood.

    Both tables count alike, so that odds are density ratios. Where higher logits do not mean more
    target rows, the slope is 0: nothing was learned, and every ratio is 1.

    Args:
        logits: held-out ones, (N + M,).
        is_target: 0 or 1, (N + M,).
        how: see `classifier_odds`.

    >>> calibrate(np.array([1.0, -1.0, 1.0, -1.0]), np.array([1, 1, 0, 0]), "platt")
    (0.0, 0.0)
    """
    from scipy.optimize import minimize
    from scipy.special import expit, log_expit

    if how == "none":
        return 1.0, 0.0
    counts = np.bincount(is_target, minlength=2)
    weights = 0.5 / counts[is_target]
    # Platt's targets: never quite 0 and 1, so that rows told apart without error have a maximum.
    wanted = np.where(is_target == 1, (counts[1] + 1) / (counts[1] + 2), 1 / (counts[0] + 2))
    free = 2 if how == "platt" else 1

    def objective(parameters: Floats) -> tuple[float, Floats]:
        z = parameters[0] * logits + (parameters[1] if free == 2 else 0.0)
        loss = -(weights * (wanted * log_expit(z) + (1 - wanted) * log_expit(-z))).sum()
        slopes = weights * (expit(z) - wanted)
        return float(loss), np.array([slopes @ logits, slopes.sum()][:free])

    found = minimize(
        objective,
        np.array([1.0, 0.0][:free]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None), (None, None)][:free],
        options={"gtol": 1e-10, "ftol": 1e-15},
    )
    slope = float(found.x[0])
    return (slope, float(found.x[1]) if free == 2 else 0.0) if slope > 1e-9 else (0.0, 0.0)


def _logit(probabilities: Floats) -> Floats:
    values = np.clip(np.asarray(probabilities, np.float64), 1e-12, 1 - 1e-12)
    return np.asarray(np.log(values) - np.log1p(-values))
