"""Compiled training of linear models: sixteen runs that share their batches, epoch by epoch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mlplab.engine.native.compiled import compiled
from mlplab.engine.native.lanes import (
    LANES,
    add_gradient,
    add_outputs,
    move_by_adam,
    move_by_sgd,
)
from mlplab.engine.native.philox import put_in_order

SQUARED, CROSS_ENTROPY = 0, 1
SGD, ADAM = 0, 1
_TOGETHER = 4
_SCORED = 64  # rows at a time
_FAR = 1000.0  # see `training.Training.has_diverged`


@compiled
def _outputs(p: Any, x: Any, starts: Any, n: int, z: Any) -> None:
    """z (O, n, 16): weights times inputs plus bias; n is a multiple of 4."""
    n_inputs = p.shape[1] - 1
    for o in range(p.shape[0]):
        bias = p[o, n_inputs]
        for j in range(n):
            for lane in range(LANES):
                z[o, j, lane] = bias[lane]
        for j in range(0, n, _TOGETHER):
            add_outputs(p[o], x, starts, n_inputs, z[o], j)


@compiled
def _judge(
    z: Any, y: Any, rows: Any, n: int, loss: int, sums: Any, share: float, marks: Any
) -> None:
    """Add losses and hits to `sums` (2, 16), and turn outputs into share * dloss/dz."""
    n_outputs = z.shape[0]
    if loss == SQUARED:
        scale = 2 / n_outputs * share
        for o in range(n_outputs):
            for j in range(n):
                target = y[rows[j], o]
                for lane in range(LANES):
                    error = z[o, j, lane] - target
                    sums[0, lane] += error * error / n_outputs
                    z[o, j, lane] = error * scale
        for lane in range(LANES):
            sums[1, lane] = sums[0, lane]
        return
    for j in range(n):
        target = y[rows[j]]
        for lane in range(LANES):
            top, best = z[0, j, lane], 0
            for o in range(1, n_outputs):
                if z[o, j, lane] > top:
                    top, best = z[o, j, lane], o
            total, own = z[0, j, lane] * 0, z[0, j, lane] * 0
            for o in range(n_outputs):
                shifted = z[o, j, lane] - top
                own += shifted * target[o]
                z[o, j, lane] = math.exp(shifted)
                total += z[o, j, lane]
            sums[0, lane] += math.log(total) - own
            sums[1, lane] += target[best]
            if len(marks):
                marks[j, lane] = target[best]
            for o in range(n_outputs):
                z[o, j, lane] = (z[o, j, lane] / total - target[o]) * share


@compiled
def _score(
    p: Any, x: Any, y: Any, rows: Any, loss: int, z: Any, starts: Any, sums: Any, marks: Any
) -> None:
    """Add the losses and hits on `rows` to `sums` (2, 16)."""
    for first in range(0, len(rows), _SCORED):
        picked = rows[first : first + _SCORED]
        n = len(picked)
        whole = _fill(starts, picked, x.shape[1])
        _outputs(p, x, starts, whole, z)
        _judge(z, y, picked, n, loss, sums, 0.0, marks[first : first + n])


@compiled
def _fill(starts: Any, rows: Any, width: int) -> int:
    """Write where rows begin, and the first row again up to a multiple of 4; return how many."""
    n = len(rows)
    whole = -(-n // _TOGETHER) * _TOGETHER
    for j in range(n):
        starts[j] = rows[j] * width
    for j in range(n, whole):
        starts[j] = rows[0] * width
    return whole


@compiled
def _move(p: Any, g: Any, first: Any, second: Any, optimiser: int, settings: Any) -> None:
    if optimiser == ADAM:
        move_by_adam(p, g, first, second, settings)
    else:
        move_by_sgd(p, g, first, settings)


@compiled
def spare(settings: Any, exempt: Any, optimiser: int, out: Any) -> None:
    """Write settings (K, lanes) into `out`, without decay where `exempt` is 1."""
    for lane in range(len(exempt)):
        for k in range(len(settings)):
            out[k, lane] = settings[k, lane]
        if exempt[lane] and optimiser == ADAM:
            out[4, lane], out[5, lane] = 1, 0
        elif exempt[lane]:
            out[1, lane] = 0


@compiled
def _step(
    p: Any,
    g: Any,
    first: Any,
    second: Any,
    x: Any,
    y: Any,
    rows: Any,
    loss: int,
    optimiser: int,
    settings: Any,
    bias_settings: Any,
    threshold: Any,
    mask: Any,
    z: Any,
    starts: Any,
    sums: Any,
    marks: Any,
) -> None:
    n, n_inputs = len(rows), p.shape[1] - 1
    whole = _fill(starts, rows, x.shape[1])
    _outputs(p, x, starts, whole, z)
    _judge(z, y, rows, n, loss, sums, 1.0 / n, marks)
    z[:, n:whole] = 0
    g[:] = 0
    for o in range(p.shape[0]):
        for j in range(0, whole, _TOGETHER):
            add_gradient(g[o], x, starts, n_inputs, z[o], j)
        bias = g[o, n_inputs]
        for j in range(n):
            for lane in range(LANES):
                bias[lane] += z[o, j, lane]
        if len(mask):
            for i in range(n_inputs + 1):
                for lane in range(LANES):
                    g[o, i, lane] *= mask[i, lane]
        if not len(bias_settings):
            _move(p[o], g[o], first[o], second[o], optimiser, settings)
        else:
            k = n_inputs
            _move(p[o, :k], g[o, :k], first[o, :k], second[o, :k], optimiser, settings)
            _move(p[o, k:], g[o, k:], first[o, k:], second[o, k:], optimiser, bias_settings)
        if len(threshold):
            for i in range(n_inputs):
                for lane in range(LANES):
                    value, edge = p[o, i, lane], threshold[lane]
                    p[o, i, lane] = max(value - edge, min(value + edge, value * 0))


@compiled
def _is_finite(p: Any, lane: int) -> bool:
    total = p[0, 0, lane] * 0
    for o in range(p.shape[0]):
        for i in range(p.shape[1]):
            total += p[o, i, lane] * 0  # NaN where it is not finite
    return bool(total == 0)


@compiled
def train_linear(
    p: Any,
    first: Any,
    second: Any,
    x: Any,
    y: Any,
    train: Any,
    valid: Any,
    test: Any,
    key: Any,
    epoch: int,
    sizes: Any,
    loss: int,
    optimiser: int,
    settings: Any,
    exempt: Any,
    thresholds: Any,
    mask: Any,
    test_from: int,
    far: float,
    history: Any,
    first_losses: Any,
    ended: Any,
    marks: Any,
) -> None:
    """Train sixteen runs on the same batches for the epochs that `history` has room for.

    Args:
        p: weights with the bias as last row, (O, I + 1, 16).
        first, second: the optimiser's own, of the same shape.
        x: all inputs, (N, I).
        y: all targets or one-hot classes, (N, O).
        train, valid, test: row numbers.
        key: of (seed, "order"), (2,).
        epoch: the first of these epochs.
        sizes: of an epoch's batches, (S,).
        loss, optimiser: their numbers.
        settings: (E, S or 1, K, 16), see `lanes`.
        exempt: 1 for a run whose biases do not decay, (16,), or empty.
        thresholds: of the soft threshold after each step, (E, S or 1, 16) or empty.
        mask: 1 where a run learns, (I + 1, 16), or empty.
        test_from: the test split is scored from this epoch on.
        far: see `training.Training.has_diverged`.
        history: sums of loss and hits on the three splits, (E, 3, 2, 16), written.
        first_losses: mean loss of the very first batch, (16,), written in epoch 0.
        ended: the epoch after which a run had diverged, or 0, (16,), written.
        marks: 1 for each test example that is right, (T, 16), written; or empty.
    """
    most = max(_SCORED, sizes.max() + _TOGETHER)
    z = np.zeros((p.shape[0], most, LANES), p.dtype)
    g = np.zeros_like(p)
    starts = np.zeros(most, np.int64)
    bias_settings = np.zeros((settings.shape[2] if len(exempt) else 0, LANES), p.dtype)
    order = np.zeros_like(train)
    keys = np.zeros(train.max() + 1, np.uint64)
    for e in range(len(history)):
        put_in_order(key, epoch + e, train, keys, order)
        sums = history[e, 0]
        at = 0
        for s in range(len(sizes)):
            rows = order[at : at + sizes[s]]
            at += sizes[s]
            now = s if settings.shape[1] > 1 else 0
            if len(exempt):
                spare(settings[e, now], exempt, optimiser, bias_settings)
            threshold = thresholds[e, now] if len(thresholds) else thresholds.reshape(-1)
            _step(
                p,
                g,
                first,
                second,
                x,
                y,
                rows,
                loss,
                optimiser,
                settings[e, now],
                bias_settings,
                threshold,
                mask,
                z,
                starts,
                sums,
                marks[:0],
            )
            if s == 0 and epoch + e == 0:
                for lane in range(LANES):
                    first_losses[lane] = sums[0, lane] / sizes[0]
        living = 0
        for lane in range(LANES):
            mean = sums[0, lane] / at
            if not _is_finite(p, lane):
                sums[:, lane] = np.nan
                mean = np.nan
            limit = _FAR * max(first_losses[lane], far)
            if ended[lane] == 0:
                if np.isfinite(mean) and mean <= limit:
                    living += 1
                else:
                    ended[lane] = epoch + e + 1
        _score(p, x, y, valid, loss, z, starts, history[e, 1], marks[:0])
        if epoch + e >= test_from:
            _score(p, x, y, test, loss, z, starts, history[e, 2], marks)
        if not living:
            return
