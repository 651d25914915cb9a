"""The distance of means in whitened features of kernels, for all labellings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlplab.shift.detection.permutations import Array, Labels

Rows = NDArray[np.float32]

N_LANDMARKS = 300
N_BANDWIDTHS = 5
_RIDGE = 0.01  # of the largest eigenvalue; 0.001 and 0.1 saw less of most shifts of bench/shift
_LEAST = 1e-6


def whitened_statistics(rows: Rows, labels: Labels, seed: int) -> Array:
    """Return the largest standardised statistic over bandwidths of each labelling, (P + 1,).

    Of one bandwidth: (a - b)' (S + r I)^-1 (a - b) without the terms of equal rows; a and b are
    the means of both samples' Nystrom features of a Gaussian kernel, and S their pooled covariance.
    The plain MMD, which has no inverse, looks hardly at what differs along directions of little
    variance. Features know no labels, so that the statistic treats every labelling alike.

    Args:
        rows: of both samples, (N, I).
        labels: which rows count as the second sample, (P + 1, N).
        seed: draws the landmarks from all rows.

    Cost: O(K N D (I + D + P)) for K bandwidths and D landmarks.

    Source: Harchaoui, Bach and Moulines (2007), NIPS 20; its power: Hagrass, Sriperumbudur and Li
    (2024), Annals of Statistics 52.
    """
    exact = rows.astype(np.float64)
    # At random, not every so many: rows of the two samples lie one after the other.
    rng = np.random.default_rng([seed, len(rows)])
    chosen = rng.choice(len(rows), min(N_LANDMARKS, len(rows)), replace=False)
    marks = exact[np.sort(chosen)]
    among = _squares(marks, marks)
    positive = np.sqrt(among[np.triu_indices(len(marks), 1)])
    positive = positive[positive > 0]
    if not len(positive):
        return np.zeros(len(labels))
    low, high = np.quantile(positive, (0.05, 0.95)) * (0.5, 2)
    n_second = int(labels[0].sum())
    contrasts = np.where(labels.T, 1 / n_second, -1 / (len(rows) - n_second))
    squares = _squares(exact, marks)
    found = np.stack([
        _of_bandwidth(squares, among, contrasts, float(width))
        for width in np.geomspace(low, high, N_BANDWIDTHS)
    ])  # fmt: skip
    mean, spread = found.mean(axis=1, keepdims=True), found.std(axis=1, keepdims=True)
    return np.asarray(((found - mean) / np.where(spread > 0, spread, 1)).max(axis=0))


def _of_bandwidth(squares: Array, among: Array, contrasts: Array, width: float) -> Array:
    values, vectors = _eigen(np.exp(-0.5 / width**2 * among))
    features = np.exp(-0.5 / width**2 * squares) @ (vectors / np.sqrt(values))
    features -= features.mean(axis=0)
    values, vectors = _eigen(features.T @ features / len(features))
    if not len(values):
        return np.zeros(contrasts.shape[1])
    scores = features @ (vectors / np.sqrt(values + _RIDGE * values[-1]))
    lengths = np.square(scores).sum(axis=1)
    means = np.square(scores.T @ contrasts).sum(axis=0)
    return np.asarray(means - lengths @ np.square(contrasts))


def _eigen(matrix: Array) -> tuple[Array, Array]:
    values, vectors = np.linalg.eigh(matrix)
    kept = (values > 0) & (values > _LEAST * values[-1])
    return values[kept], vectors[:, kept]


def _squares(first: Array, second: Array) -> Array:
    """Return the squared distances of rows, (N, M)."""
    norms = np.square(first).sum(axis=1)[:, None] + np.square(second).sum(axis=1)
    return np.asarray(np.maximum(norms - 2 * first @ second.T, 0))
