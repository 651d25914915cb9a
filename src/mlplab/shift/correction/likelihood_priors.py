"""Class shares by maximum likelihood, of calibrated probabilities or of those that are given."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.shift.correction.mixture import mixture_shares

Floats = NDArray[np.float64]
_SMALLEST = 1e-12


def priors(
    valid: Floats, ids: NDArray[Any], target: Floats, *, calibrated: bool
) -> tuple[Floats, Floats, dict[str, Any]]:
    """Return the shares, their covariance, and the calibration.

    The shares p maximise mean_j log sum_c p_c q(c | x_j) / s_c over target rows, s the shares among
    the valid rows and q the (calibrated) probabilities. Calibration, s and p solve mean scores = 0
    together; the covariance is that of such a solution, A^-1 B A^-T, to which both samples
    contribute.

    Args:
        valid: probabilities, (N, C).
        ids: classes of the valid rows, (N,), each present.
        target: probabilities, (M, C).
        calibrated: whether softmax(a log q + b) is fitted to the valid rows first.
    """
    n_classes = valid.shape[1]
    log_valid, log_target = (np.log(np.maximum(q, _SMALLEST)) for q in (valid, target))
    scale, bias = fit_calibration(log_valid, ids) if calibrated else (1.0, np.zeros(n_classes))
    source = np.bincount(ids, minlength=n_classes) / len(ids)
    given = _softmax(scale * log_target + bias)
    shares = mixture_shares(given / source)
    # Numbers that the scores depend on: the calibration, then all but the last source share.
    nuisance = np.concatenate([[scale], bias[1:]]) if calibrated else np.empty(0)
    nuisance = np.concatenate([nuisance, source[:-1]])

    def target_scores(of: Floats, at: Floats) -> Floats:
        q, s = _unpack(of, log_target, calibrated)
        densities = q / s
        return np.asarray((densities[:, :-1] - densities[:, -1:]) / (densities @ at)[:, None])

    def valid_scores(of: Floats) -> Floats:
        return _valid_scores(of, log_valid, ids, calibrated)

    def on_simplex(free: Floats) -> Floats:
        return np.append(free, 1 - free.sum())

    by_nuisance = _jacobian(lambda of: target_scores(of, shares).mean(axis=0), nuisance)
    of_nuisance = _jacobian(lambda of: valid_scores(of).mean(axis=0), nuisance)
    scores = target_scores(nuisance, shares)
    information = -_jacobian(
        lambda free: target_scores(nuisance, on_simplex(free)).mean(axis=0), shares[:-1]
    )
    # What a valid row adds to the shares' scores, through the calibration and the source shares.
    through = -valid_scores(nuisance) @ np.linalg.pinv(of_nuisance).T @ by_nuisance.T
    middle = np.cov(scores.T).reshape(2 * (n_classes - 1,)) / len(target)
    middle = middle + np.cov(through.T).reshape(middle.shape) / len(valid)
    inverse = np.linalg.pinv(information)
    free = inverse @ middle @ inverse.T
    # The last share is 1 minus the others.
    spread = np.vstack([np.eye(n_classes - 1), -np.ones(n_classes - 1)])
    calibration = {"inverse_temperature": scale, "bias": bias.tolist()} if calibrated else {}
    return shares, spread @ free @ spread.T, calibration


def fit_calibration(logits: Floats, ids: NDArray[Any]) -> tuple[float, Floats]:
    """Return scale a and biases b that maximise the likelihood of softmax(a logits + b).

    The first bias is 0: one more number on all changes nothing. The problem is convex; a slight
    pull to a = 1, b = 0 keeps classes that are told apart without error from sending them off.

    Args:
        logits: logarithms of probabilities, (N, C).
        ids: the true classes, (N,).

    Source: bias-corrected temperature scaling, Alexandari, Kundaje and Shrikumar, 2020.
    """
    from scipy.optimize import minimize

    n, n_classes = logits.shape
    truth = np.eye(n_classes)[ids]
    start = np.concatenate([[1.0], np.zeros(n_classes - 1)])

    def objective(of: Floats) -> tuple[float, Floats]:
        q = _softmax(of[0] * logits + np.append(0.0, of[1:]))
        loss = -np.log(np.maximum(q[np.arange(n), ids], 1e-300)).mean()
        off = (q - truth) / n
        gradient = np.concatenate([[np.sum(off * logits)], off[:, 1:].sum(axis=0)])
        pull = 1e-4 / n * (of - start)
        return float(loss + pull @ (of - start) / 2), gradient + pull

    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None), *[(None, None)] * (n_classes - 1)],
        options={"gtol": 1e-9, "ftol": 1e-15, "maxiter": 1000},
    )
    return float(found.x[0]), np.append(0.0, found.x[1:])


def _unpack(of: Floats, logits: Floats, calibrated: bool) -> tuple[Floats, Floats]:
    """Return the probabilities and source shares that the nuisance numbers say."""
    n_classes = logits.shape[1]
    head, tail = (of[:n_classes], of[n_classes:]) if calibrated else (None, of)
    z = logits if head is None else head[0] * logits + np.append(0.0, head[1:])
    return _softmax(z), np.append(tail, 1 - tail.sum())


def _valid_scores(of: Floats, logits: Floats, ids: NDArray[Any], calibrated: bool) -> Floats:
    """Return each valid row's scores of the calibration and of the source shares, (N, P)."""
    truth = np.eye(logits.shape[1])[ids]
    q, s = _unpack(of, logits, calibrated)
    of_shares = truth[:, :-1] - s[:-1]
    if not calibrated:
        return np.asarray(of_shares)
    off = truth - q
    return np.column_stack([(off * logits).sum(axis=1), off[:, 1:], of_shares])


def _jacobian(function: Any, at: Floats) -> Floats:
    """Return the derivatives by central differences, (outputs, inputs)."""
    columns = []
    for i in range(len(at)):
        step = np.zeros(len(at))
        step[i] = 1e-5 * max(1.0, abs(at[i]))
        columns.append((function(at + step) - function(at - step)) / (2 * step[i]))
    return np.stack(columns, axis=1)


def _softmax(logits: Floats) -> Floats:
    from scipy.special import softmax

    return np.asarray(softmax(logits, axis=1))
