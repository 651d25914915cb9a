"""Compiled training of one network with hidden layers: all its steps stay in the cache."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mlplab.engine.native.compiled import compiled
from mlplab.engine.native.linear import ADAM, SQUARED, spare
from mlplab.engine.native.philox import put_in_order, words
from mlplab.engine.native.tiles import multiply

SCORED = 256  # rows at a time
VALUES = 5  # the column of a plan that says where a layer's values lie
_BLOCK = 16
_FAR = 1000.0  # see `training.Training.has_diverged`


@compiled
def _activate(h: Any, biases: Any, row: int, slope: Any) -> None:
    """h <- f(h + bias) in place, (U * row,), where f(z) is z above 0 and slope z below."""
    for u in range(len(biases)):
        bias, part = biases[u], h[u * row : (u + 1) * row]
        for j in range(len(part)):
            value = part[j] + bias
            part[j] = value if value > 0 else slope * value


@compiled
def _drop(h: Any, keep: Any, noise: Any, edge: int, up: Any) -> None:
    """h <- h keep, where keep is `up` for noise from `edge` on and 0 below; all (U * row,)."""
    none, least = up * 0, np.int16(edge)
    for j in range(len(h)):
        kept = up if noise[j] >= least else none
        keep[j] = kept
        h[j] = h[j] * kept


@compiled
def _slope_back(d: Any, h: Any, slope: Any) -> None:
    for j in range(len(d)):
        d[j] = d[j] if h[j] > 0 else d[j] * slope


@compiled
def _drop_back(d: Any, h: Any, keep: Any, slope: Any) -> None:
    for j in range(len(d)):
        value = d[j] * keep[j]
        d[j] = value if h[j] > 0 else value * slope


@compiled
def _judge(
    z: Any,
    at: int,
    row: int,
    n_outputs: int,
    y: Any,
    rows: Any,
    loss: int,
    sums: Any,
    share: float,
    marks: Any,
) -> None:
    """Add losses and hits to `sums` (2,), and turn outputs (O, n) into share * dloss/dz."""
    n = len(rows)
    if loss == SQUARED:
        scale = 2 / n_outputs * share
        total = 0.0
        for o in range(n_outputs):
            for j in range(n):
                error = z[at + o * row + j] - y[rows[j], o]
                total += error * error
                z[at + o * row + j] = error * scale
        sums[0] += total / n_outputs
        sums[1] += total / n_outputs
        return
    for j in range(n):
        target = y[rows[j]]
        top, best = z[at + j], 0
        for o in range(1, n_outputs):
            if z[at + o * row + j] > top:
                top, best = z[at + o * row + j], o
        total, own = 0.0, 0.0
        for o in range(n_outputs):
            shifted = z[at + o * row + j] - top
            own += shifted * target[o]
            part = math.exp(shifted)
            z[at + o * row + j] = part
            total += part
        sums[0] += math.log(total) - own
        sums[1] += target[best]
        if len(marks):
            marks[j] = target[best]
        for o in range(n_outputs):
            z[at + o * row + j] = (z[at + o * row + j] / total - target[o]) * share


@compiled
def _turn(a: Any, a_row: int, rows: int, columns: int, b: Any, b_row: int) -> None:
    """b (columns, rows) <- the transposed of a (rows, columns), block by block."""
    for r in range(0, rows, _BLOCK):
        n = min(_BLOCK, rows - r)
        for j in range(columns):
            place = b[j * b_row + r : j * b_row + r + n]
            column = a[r * a_row + j :]
            for k in range(n):
                place[k] = column[k * a_row]


@compiled
def _forward(
    p: Any,
    layers: Any,
    x: Any,
    h: Any,
    row: int,
    n: int,
    slope: Any,
    keep: Any,
    noise: Any,
    noise_key: Any,
    edges: Any,
    ups: Any,
    step: int,
) -> None:
    """Outputs of a batch; h holds the layers' values one after the other, each (U, row).

    x are the inputs, (I, row).
    """
    for layer in range(len(layers)):
        n_in, n_out, gap, weight, bias, at, _ = layers[layer]
        if layer == 0:
            multiply(p, weight, gap, 1, x, 0, row, h, at, row, n_out, n, n_in)
        else:
            below = layers[layer - 1, VALUES]
            multiply(p, weight, gap, 1, h, below, row, h, at, row, n_out, n, n_in)
        if layer + 1 == len(layers):
            for o in range(n_out):
                for j in range(at + o * row, at + o * row + n):
                    h[j] += p[bias + o]
            return
        values = h[at : at + n_out * row]
        _activate(values, p[bias : bias + n_out], row, slope)
        if len(edges):
            some = noise[: n_out * row // 4]
            words(noise_key, layer, step, 0, some)
            kept = keep[at : at + n_out * row]
            _drop(values, kept, some.view(np.int16), edges[layer], ups[layer])


@compiled
def _backward(
    p: Any,
    g: Any,
    layers: Any,
    batch: Any,
    h: Any,
    turned: Any,
    d: Any,
    row: int,
    n: int,
    slope: Any,
    keep: Any,
    drops: bool,
) -> None:
    """The gradient of everything, from the delta that lies in place of the outputs.

    batch are the inputs, (B, padded I); `turned` is room for a layer's values in that form.
    """
    last = len(layers) - 1
    for layer in range(last, -1, -1):
        n_in, n_out, gap, weight, bias, at, _ = layers[layer]
        delta = h if layer == last else d
        for o in range(n_out):
            total = p[0] * 0
            for j in range(at + o * row, at + o * row + n):
                total += delta[j]
            g[bias + o] = total
        if layer == 0:
            multiply(delta, at, row, 1, batch, 0, gap, g, weight, gap, n_out, n_in, n)
            return
        below = layers[layer - 1, VALUES]
        _turn(h[below : below + n_in * row], row, n_in, n, turned, gap)
        multiply(delta, at, row, 1, turned, 0, gap, g, weight, gap, n_out, n_in, n)
        multiply(p, weight, 1, gap, delta, at, row, d, below, row, n_in, n, n_out)
        deltas, values = d[below : below + n_in * row], h[below : below + n_in * row]
        if drops:
            _drop_back(deltas, values, keep[below : below + n_in * row], slope)
        else:
            _slope_back(deltas, values, slope)


@compiled
def _adam(p: Any, g: Any, first: Any, second: Any, settings: Any) -> None:
    """See `lanes.move_by_adam`; here all weights share the settings."""
    b1, rest1, b2, rest2, shrink, decay, size, small = settings
    for i in range(len(p)):
        gradient = g[i] + decay * p[i]
        mean = b1 * first[i] + rest1 * gradient
        square = b2 * second[i] + rest2 * (gradient * gradient)
        first[i] = mean
        second[i] = square
        p[i] = shrink * p[i] + size * (mean / (np.sqrt(square) + small))


@compiled
def _sgd(p: Any, g: Any, velocity: Any, settings: Any) -> None:
    """See `lanes.move_by_sgd`."""
    momentum, decay, along, ahead = settings
    for i in range(len(p)):
        gradient = g[i] + decay * p[i]
        speed = momentum * velocity[i] + gradient
        velocity[i] = speed
        p[i] += along * speed + ahead * gradient


@compiled
def _move_all(p: Any, g: Any, first: Any, second: Any, optimiser: int, settings: Any) -> None:
    if optimiser == ADAM:
        _adam(p, g, first, second, settings)
    else:
        _sgd(p, g, first, settings)


@compiled
def _move(
    p: Any,
    g: Any,
    first: Any,
    second: Any,
    layers: Any,
    optimiser: int,
    settings: Any,
    bias_settings: Any,
    threshold: Any,
) -> None:
    """One step of everything; `bias_settings` (K,) and `threshold` (1,) are empty without use."""
    if not len(bias_settings):
        _move_all(p, g, first, second, optimiser, settings)
    for layer in range(len(layers)):
        _, n_out, gap, weight, bias, _, _ = layers[layer]
        if len(bias_settings):
            a, b = weight, weight + n_out * gap
            _move_all(p[a:b], g[a:b], first[a:b], second[a:b], optimiser, settings)
            a, b = bias, bias + n_out
            _move_all(p[a:b], g[a:b], first[a:b], second[a:b], optimiser, bias_settings)
        if len(threshold):
            edge = threshold[0]
            for i in range(weight, weight + n_out * gap):
                p[i] -= max(-edge, min(edge, p[i]))


@compiled
def _gather(x: Any, rows: Any, gap: int, out: Any) -> None:
    width = x.shape[1]
    for j in range(len(rows)):
        source, place = x[rows[j]], out[j * gap : j * gap + width]
        for i in range(width):
            place[i] = source[i]


@compiled
def _place_values(layers: Any, row: int) -> int:
    """Say where each layer's values begin if a unit has `row` of them; return how many in all."""
    at = 0
    for layer in range(len(layers)):
        layers[layer, VALUES] = at
        at += layers[layer, 1] * row
    return at


@compiled
def score(
    p: Any, plan: Any, x: Any, y: Any, rows: Any, loss: int, slope: Any, sums: Any, marks: Any
) -> None:
    """Add the losses and hits on `rows` to `sums` (2,); for `marks` see `train_mlp`."""
    layers = plan.copy()
    h = np.zeros(_place_values(layers, SCORED), p.dtype)
    gap = layers[0, 2]
    batch, inputs = np.zeros(SCORED * gap, p.dtype), np.zeros(x.shape[1] * SCORED, p.dtype)
    noise = np.zeros(0, np.uint64)
    edges, ups = np.zeros(0, np.int64), np.zeros(0, p.dtype)
    for first in range(0, len(rows), SCORED):
        picked = rows[first : first + SCORED]
        n = len(picked)
        _gather(x, picked, gap, batch)
        _turn(batch, gap, n, x.shape[1], inputs, SCORED)
        _forward(p, layers, inputs, h, SCORED, n, slope, h, noise, noise, edges, ups, 0)
        some = marks[first : first + n]
        _judge(h, layers[-1, VALUES], SCORED, layers[-1, 1], y, picked, loss, sums, 0.0, some)


@compiled
def train_mlp(
    p: Any,
    first: Any,
    second: Any,
    plan: Any,
    slope: Any,
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
    exempt: bool,
    thresholds: Any,
    noise_key: Any,
    edges: Any,
    ups: Any,
    test_from: int,
    far: float,
    history: Any,
    first_loss: Any,
    marks: Any,
) -> int:
    """Train one run for the epochs that `history` has room for.

    Args:
        p: all weights and biases, (P,); see `plan`.
        first, second: the optimiser's own, (P,).
        plan: of each layer (L, 7): inputs, outputs, distance between the rows of its weights in
            `p`, where weights and where biases begin, room for where its values lie, 0.
        slope: of the activation below 0.
        x: all inputs, (N, I).
        y: all targets or one-hot classes, (N, O).
        train, valid, test: row numbers.
        key: of (seed, "order"), (2,).
        epoch: the first of these epochs.
        sizes: of an epoch's batches, (S,).
        loss, optimiser: their numbers.
        settings: (E, S or 1, K), see `lanes`.
        exempt: whether biases do not decay.
        thresholds: of the soft threshold after each step, (E, S or 1), or empty.
        noise_key: of (seed, "dropout"), (2,).
        edges: noise from which a unit is kept, (L - 1,); empty without dropout.
        ups: what a kept unit is multiplied with, (L - 1,).
        test_from: the test split is scored from this epoch on.
        far: see `training.Training.has_diverged`.
        history: sums of loss and hits on the three splits, (E, 3, 2), written.
        first_loss: mean loss of the very first batch, (1,), written in epoch 0.
        marks: 1 for each test example that is right, (T,), written; or empty.

    Returns:
        The epoch after which the run had diverged, or 0.
    """
    layers = plan.copy()
    row = -(-sizes.max() // 16) * 16
    total = _place_values(layers, row)
    h, d = np.zeros(total, p.dtype), np.zeros(total, p.dtype)
    drops = len(edges) > 0
    keep = np.zeros(total if drops else 0, p.dtype)
    noise = np.zeros(layers[:, 1].max() * row // 4 if drops else 0, np.uint64)
    g = np.zeros_like(p)
    gap, width = layers[0, 2], x.shape[1]
    batch, inputs = np.zeros(row * gap, p.dtype), np.zeros(width * row, p.dtype)
    turned = np.zeros(row * layers[:, 2].max(), p.dtype)
    bias_settings = np.zeros((settings.shape[2] if exempt else 0, 1), p.dtype)
    order = np.zeros_like(train)
    numbers = np.zeros(train.max() + 1, np.uint64)
    out, n_out = layers[-1, VALUES], layers[-1, 1]
    for e in range(len(history)):
        put_in_order(key, epoch + e, train, numbers, order)
        at, step = 0, (epoch + e) * len(sizes)
        for s in range(len(sizes)):
            n = sizes[s]
            rows = order[at : at + n]
            at += n
            _gather(x, rows, gap, batch)
            _turn(batch, gap, n, width, inputs, row)
            _forward(
                p, layers, inputs, h, row, n, slope, keep, noise, noise_key, edges, ups, step + s
            )
            _judge(h, out, row, n_out, y, rows, loss, history[e, 0], 1.0 / n, marks[:0])
            if s == 0 and epoch + e == 0:
                first_loss[0] = history[e, 0, 0] / n
            _backward(p, g, layers, batch, h, turned, d, row, n, slope, keep, drops)
            now = s if settings.shape[1] > 1 else 0
            if exempt:
                spare(settings[e, now].reshape(-1, 1), np.ones(1), optimiser, bias_settings)
            threshold = (
                thresholds[e, now : now + 1] if len(thresholds) else thresholds.reshape(-1)[:0]
            )
            _move(
                p,
                g,
                first,
                second,
                layers,
                optimiser,
                settings[e, now],
                bias_settings.reshape(-1),
                threshold,
            )
        mean = history[e, 0, 0] / at
        if not np.isfinite(np.abs(p).max()):
            history[e, 0] = np.nan
            return epoch + e + 1
        if not (np.isfinite(mean) and mean <= _FAR * max(first_loss[0], far)):
            return epoch + e + 1
        score(p, layers, x, y, valid, loss, slope, history[e, 1], marks[:0])
        if epoch + e >= test_from:
            score(p, layers, x, y, test, loss, slope, history[e, 2], marks)
    return 0
