"""Weights of an ensemble, chosen by out-of-fold predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
_LEAST = 1e-12  # of a probability: one sure mistake must not decide all weights
_ROUNDS, _BAGS = 30, 20
# One of 30 rounds weighs 0.03: what few bags chose goes, with its folds' networks.
_SMALL = 0.02
# Weights need few rows; time and memory grow with all of them.
_MOST_ROWS = 5000
# Errors count as squares up to so many robust deviations of the best member's, then linearly.
_FAR = 3.0
_SHRINK = 0.5


def choose_weights(outputs: Array, target: Any, *, rounds: int = _ROUNDS) -> Array:
    """Choose members and weights by which the mean predicts best; (M,), none negative, sum 1.

    Members are added greedily, each as often as it helps most; this is done with several random
    halves of the members, and the weights are averaged, so that no lucky member takes all. Numbers
    are judged by Huber's loss, so that a few rows that nobody predicts do not decide; classes by
    their log loss. Weights below 0.02 become 0.

    Args:
        outputs: of members, numbers (M, N) or probabilities (M, N, C).
        target: numbers (N,), or class ids (N,).
        rounds: how often one is added.

    Source: Caruana et al., Ensemble selection from libraries of models, ICML 2004.

    Cost: 20 * rounds * M * N / 2, with at most 5000 of the rows.

    >>> choose_weights(np.array([[0.0, 2.0], [2.0, 0.0]]), np.array([1.0, 1.0])).tolist()
    [0.5, 0.5]
    """
    n_members = len(outputs)
    rng = np.random.default_rng(0)
    if outputs.shape[1] > _MOST_ROWS:
        rows = np.sort(rng.permutation(outputs.shape[1])[:_MOST_ROWS])
        outputs, target = outputs[:, rows], target[rows]
    if outputs.ndim == 3:
        shown, far = outputs[:, np.arange(outputs.shape[1]), target], 0.0
    else:
        shown, far = outputs - target, _far_from(outputs - target)
    total = np.zeros(n_members)
    # Halves of four members would be pairs: there is nothing to bag.
    n_bags = _BAGS if n_members > 4 else 1
    for _ in range(n_bags):
        some = np.arange(n_members)
        if n_bags > 1:
            some = np.sort(rng.permutation(n_members)[: max(4, n_members // 2)])
        total[some] += _greedy(shown[some], outputs.ndim == 3, far, rounds)
    weights = total / total.sum()
    # The largest always stays, however many share.
    weights = np.where(weights >= min(_SMALL, weights.max()), weights, 0.0)
    return np.asarray(weights / weights.sum())


def shrunk_weights(outputs: Array, target: Any, *, shrink: float = _SHRINK) -> Array:
    """Choose weights of unlike members by squared errors, drawn to equal ones; (M,), sum 1.

    Minimises the mean squared error of the mix plus `shrink` times the members' mean of it times
    the squared weights. Models of other kinds err on other rows, so where folds cannot tell their
    shares, nearly equal ones are the safer.

    Args:
        outputs: of members, numbers (M, N) or probabilities (M, N, C).
        target: numbers (N,), or class ids (N,).
        shrink: 0 for the least error on these rows; large for equal weights.

    Source: Breiman, Stacked regressions, Machine Learning 24, 1996.

    Cost: M^2 * N.

    >>> shrunk_weights(np.array([[0.0, 2.0], [2.0, 0.0]]), np.array([1.0, 1.0])).round(6).tolist()
    [0.5, 0.5]
    """
    from scipy.optimize import nnls

    n_members = len(outputs)
    wanted = np.eye(outputs.shape[2])[target] if outputs.ndim == 3 else np.asarray(target)
    errors = (outputs - wanted).reshape(n_members, -1)
    products = errors @ errors.T / errors.shape[1]
    scale = float(np.trace(products)) / n_members or 1.0
    # A root of the quadratic form makes it least squares, which nnls solves; the ridge keeps it
    # positive where members agree.
    root = np.linalg.cholesky(products / scale + max(shrink, 1e-9) * np.eye(n_members)).T
    # One more row asks for the sum 1; the division makes it exact and leaves the shares' ratios.
    found, _ = nnls(np.vstack([root, np.ones(n_members)]), np.append(np.zeros(n_members), 1.0))
    return np.asarray(found / found.sum())


def losses_of_members(outputs: Array, target: Any) -> Array:
    """Return what each row costs by each member, (M, N), as `choose_weights` judges."""
    if outputs.ndim == 3:
        own = outputs[:, np.arange(outputs.shape[1]), target]
        return np.asarray(-np.log(np.maximum(own, _LEAST)))
    errors = outputs - target
    return _losses(errors, False, _far_from(errors))


def mixed(weights: Array, outputs: Array) -> Array:
    """Return the weighted mean of members' outputs, (N,) or (N, C)."""
    kept = np.flatnonzero(weights)
    return np.asarray(np.tensordot(weights[kept], outputs[kept], axes=1))


def _far_from(errors: Array) -> float:
    """Where squares end: some robust deviations of the errors of the best member."""
    typical = np.median(np.abs(errors), axis=1)
    return float(_FAR * 1.4826 * typical.min()) or np.inf


def _losses(shown: Array, classes: bool, far: float) -> Array:
    if classes:
        return np.asarray(-np.log(np.maximum(shown, _LEAST)))
    size = np.abs(shown)
    near = np.minimum(size, far)
    return np.asarray(near * (2 * size - near))


def _greedy(shown: Array, classes: bool, far: float, rounds: int) -> Array:
    total = np.zeros(shown.shape[1])
    counts = np.zeros(len(shown))
    best, kept = np.inf, counts
    for k in range(1, rounds + 1):
        losses = _losses((total + shown) / k, classes, far).mean(axis=1)
        chosen = int(losses.argmin())
        total = total + shown[chosen]
        counts = counts.copy()
        counts[chosen] += 1
        # Past rounding: a mix that is only as good as a shorter one is not kept.
        if losses[chosen] < best * (1 - 1e-9):
            best, kept = float(losses[chosen]), counts
    return np.asarray(kept / kept.sum())
