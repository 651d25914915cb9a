"""Kernel mean matching: weights under which the training rows' features have the target's means."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.shift.correction.kernels import Floats, Kernels, draw_rows, median_distance

_STEPS, _TOLERANCE = 2000, 1e-5
# Directions of the kernel matrix below this share of the largest are rounding.
_RANK = 1e-8


def matched_means(
    train: NDArray[Any],
    target: NDArray[Any],
    *,
    n_centres: int,
    rng: np.random.Generator,
    most: float = 1000.0,
    ridge: float | None = None,
    width: float | None = None,
) -> tuple[Floats, dict[str, Any]]:
    """Return the weights w that minimise |mean_i w_i f(x_i) - mean_j f(y_j)|^2, by projected steps.

    f are the features of a Gaussian kernel spanned by the centres (Nystroem's), exact where all
    training rows are centres. 0 <= w <= `most`, and the mean of w is 1 up to 1 / sqrt(N); to the
    objective is added `ridge` times the mean of (w - 1)^2, without which it does not say which of
    many w is meant.

    Args:
        train: (N, I).
        target: (M, I).
        n_centres: kernels, half of them at training rows, or all of these where they are fewer.
        rng: draws the centres.
        most: largest weight.
        ridge: default 1 / sqrt(min(N, M)) / 10.
        width: of the kernel; default: the median distance.

    Cost: 4 N K bytes, and 4 N K flop for each of some 100 steps, for K centres.

    Source: Huang, Smola, Gretton, Borgwardt and Schoelkopf, NIPS 19, 2007; the steps: Beck and
    Teboulle, SIAM Journal on Imaging Sciences 2, 2009, begun anew as O'Donoghue and Candes, 2015.
    """
    if width is None:
        width = median_distance(rng, train, target)
    of_train = draw_rows(rng, train, max(n_centres // 2, n_centres - len(target)))
    if len(train) <= n_centres:
        of_train = train
    of_target = draw_rows(rng, target, max(n_centres - len(of_train), 0))
    kernels = Kernels(np.concatenate([of_train, of_target]), width)
    sizes, directions = np.linalg.eigh(kernels(kernels.centres))
    kept = sizes > _RANK * sizes[-1]
    spread = directions[:, kept] / np.sqrt(sizes[kept])
    features = np.concatenate([(k @ spread).astype(np.float32) for k in kernels.blocks(train)])
    means = sum((k @ spread).sum(axis=0) for k in kernels.blocks(target)) / len(target)
    if ridge is None:
        ridge = 0.1 / float(np.sqrt(min(len(train), len(target))))
    values = _minimise(features, np.asarray(means, np.float32), most, ridge)
    settings = {"width": width, "ridge": ridge, "n_centres": len(kernels.centres), "most": most}
    return values, settings


def _minimise(features: NDArray[np.float32], means: Any, most: float, ridge: float) -> Floats:
    """Accelerated projected gradient steps on N times the objective."""
    n = len(features)
    slope = float(np.linalg.eigvalsh(features.T @ features / n)[-1]) + ridge
    values = np.ones(n)
    ahead, pace = values, 1.0
    for _ in range(_STEPS):
        error = (ahead.astype(np.float32) @ features) / n - means
        gradient = features @ error + ridge * (ahead - 1)
        new = project(ahead - gradient / slope, most, 1 / np.sqrt(n))
        step = new - values
        if gradient @ step > 0:
            pace = 1.0  # it went uphill: the momentum is old
        faster = (1 + np.sqrt(1 + 4 * pace**2)) / 2
        ahead = new + (pace - 1) / faster * step
        values, pace = new, faster
        if np.sqrt(np.mean(step**2)) < _TOLERANCE * ridge / slope:
            break
    return np.asarray(values)


def project(values: Floats, most: float, slack: float) -> Floats:
    """Return the nearest w with 0 <= w <= most and |mean(w) - 1| <= slack.

    >>> project(np.array([3.0, 1.0, -1.0]), 10.0, 0.0).tolist()
    [2.5, 0.5, 0.0]
    """
    inside = np.clip(values, 0, most)
    mean = inside.mean()
    if abs(mean - 1) <= slack:
        return np.asarray(inside)
    wanted = 1 + slack if mean > 1 else 1 - slack
    # The mean of clip(values - shift) falls as the shift rises, piece by piece linearly.
    low, high = values.min() - most, values.max()
    for _ in range(60):
        shift = (low + high) / 2
        shifted = np.clip(values - shift, 0, most)
        if shifted.mean() > wanted:
            low = shift
        else:
            high = shift
        free = (shifted > 0) & (shifted < most)
        if free.any():
            # exact, once the pieces are right
            exact = shift + (shifted.sum() - wanted * len(values)) / free.sum()
            trial = np.clip(values - exact, 0, most)
            if abs(trial.mean() - wanted) < 1e-12:
                return np.asarray(trial)
    return np.asarray(np.clip(values - (low + high) / 2, 0, most))
