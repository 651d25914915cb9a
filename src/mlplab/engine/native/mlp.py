"""Compiled training of one network with hidden layers: all its steps stay in the cache."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mlplab.engine.divergence import has_diverged
from mlplab.engine.native.compiled import compiled
from mlplab.engine.native.course import ADAM, NEVER, SQUARED
from mlplab.engine.native.curves import bend
from mlplab.engine.native.philox import put_in_order, words
from mlplab.engine.native.tiles import multiply
from mlplab.engine.native.watch import is_best, stops

SCORED = 256  # rows at a time
VALUES = 5  # the column of a plan that says where a layer's values lie
_BLOCK = 16
_diverged = compiled(has_diverged)


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
def _curve_back(d: Any, slopes: Any) -> None:
    for j in range(len(d)):
        d[j] *= slopes[j]


@compiled
def _drop_curve_back(d: Any, slopes: Any, keep: Any) -> None:
    for j in range(len(d)):
        d[j] = d[j] * keep[j] * slopes[j]


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
        total, classes = 0.0, y.shape[1] < n_outputs
        for j in range(n if classes else 0):
            best = 0
            for o in range(1, n_outputs):
                if z[at + o * row + j] > z[at + best * row + j]:
                    best = o
            hit = best == int(y[rows[j], 0])
            sums[1] += hit
            if len(marks):
                marks[j] = hit
        for o in range(n_outputs):
            for j in range(n):
                target = y[rows[j], 0 if classes else o]
                if classes:
                    target = 1.0 if target == o else 0.0
                z[at + o * row + j] -= target
                error = z[at + o * row + j]
                total += error * error
                z[at + o * row + j] = error * scale
        sums[0] += total / n_outputs
        return
    for j in range(n):
        own_class = int(y[rows[j], 0])
        top, best = z[at + j], 0
        for o in range(1, n_outputs):
            if z[at + o * row + j] > top:
                top, best = z[at + o * row + j], o
        total, own = 0.0, 0.0
        for o in range(n_outputs):
            shifted = z[at + o * row + j] - top
            own += shifted * (1.0 if o == own_class else 0.0)
            part = math.exp(shifted)
            z[at + o * row + j] = part
            total += part
        sums[0] += math.log(total) - own
        right = best == own_class
        sums[1] += right
        if len(marks):
            marks[j] = right
        for o in range(n_outputs):
            hot = 1.0 if o == own_class else 0.0
            z[at + o * row + j] = (z[at + o * row + j] / total - hot) * share


@compiled
def _weigh(z: Any, at: int, row: int, n_outputs: int, rows: Any, data: Any) -> None:
    """Multiply deltas (O, n) with each example's share of the batch's weight."""
    weights = data.weights
    total = weights[0] * 0
    for j in range(len(rows)):
        total += weights[rows[j]]
    total = max(total, data.least)
    for o in range(n_outputs):
        for j in range(len(rows)):
            z[at + o * row + j] *= weights[rows[j]] / total


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
    curve: int,
    slopes: Any,
    keep: Any,
    noise: Any,
    noise_key: Any,
    edges: Any,
    ups: Any,
    step: int,
) -> None:
    """Outputs of a batch; h holds the layers' values one after the other, each (U, row).

    x are the inputs, (I, row); for `curve` and `slopes` see `train_mlp`.
    """
    for layer in range(len(layers)):
        n_in, n_out, gap, weight, bias, at = layers[layer]
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
        if curve < 0:
            _activate(values, p[bias : bias + n_out], row, slope)
        else:
            bend(h, slopes, at, p[bias : bias + n_out], row, curve, slope)
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
    curve: int,
    slopes: Any,
    keep: Any,
    drops: bool,
) -> None:
    """The gradient of everything, from the delta that lies in place of the outputs.

    batch are the inputs, (B, padded I); `turned` is room for a layer's values in that form.
    """
    last = len(layers) - 1
    for layer in range(last, -1, -1):
        n_in, n_out, gap, weight, bias, at = layers[layer]
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
        end = below + n_in * row
        deltas, values = d[below:end], h[below:end]
        if curve >= 0 and drops:
            _drop_curve_back(deltas, slopes[below:end], keep[below:end])
        elif curve >= 0:
            _curve_back(deltas, slopes[below:end])
        elif drops:
            _drop_back(deltas, values, keep[below:end], slope)
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
def _move(state: Any, g: Any, layers: Any, optimiser: int, steps: Any, e: int, s: int) -> None:
    """One step of everything."""
    p, first, second = state
    now_e = e if steps.settings.shape[0] > 1 else 0
    now_s = s if steps.settings.shape[1] > 1 else 0
    settings, bias_settings = steps.settings[now_e, now_s], steps.bias_settings[now_e, now_s]
    if not steps.exempt:
        _move_all(p, g, first, second, optimiser, settings)
    for layer in range(len(layers)):
        _, n_out, gap, weight, bias, _ = layers[layer]
        if steps.exempt:
            a, b = weight, weight + n_out * gap
            _move_all(p[a:b], g[a:b], first[a:b], second[a:b], optimiser, settings)
            a, b = bias, bias + n_out
            _move_all(p[a:b], g[a:b], first[a:b], second[a:b], optimiser, bias_settings)
        if len(steps.thresholds):
            edge = steps.thresholds[now_e, now_s]
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
def _score(
    p: Any, net: Any, data: Any, rows: Any, loss: int, room: Any, sums: Any, marks: Any
) -> None:
    """Add the losses and hits on `rows` to `sums` (2,); for `marks` see `train_mlp`."""
    x, layers, h = data.x, net.score_plan, room.h
    last, none = layers[-1], room.noise[:0]
    for first in range(0, len(rows), SCORED):
        picked = rows[first : first + SCORED]
        n, gap = len(picked), layers[0, 2]
        _gather(x, picked, gap, room.batch)
        _turn(room.batch, gap, n, x.shape[1], room.inputs, SCORED)
        _forward(
            p, layers, room.inputs, h, SCORED, n, net.slope, net.curve, room.slopes, h, none, none,
            net.edges[:0], net.ups, 0,
        )  # fmt: skip
        some = marks[first : first + n]
        _judge(h, last[VALUES], SCORED, last[1], data.y, picked, loss, sums, 0.0, some)


@compiled
def _copy(a: Any, b: Any) -> None:
    for i in range(len(a)):
        b[i] = a[i]


@compiled
def _is_finite(p: Any) -> bool:
    total = p[0] * 0
    for i in range(len(p)):
        total += p[i] * 0  # NaN where it is not finite
    return bool(total == 0)


@compiled
def train_mlp(
    state: Any, net: Any, data: Any, groups: Any, course: Any, steps: Any, room: Any,
    first_loss: Any, watch: Any, history: Any, marks: Any,
) -> int:  # fmt: skip
    """Train one run for the epochs that `history` has room for.

    Args:
        state: `p`, all weights and biases, and the optimiser's own `first` and `second`, (P,).
        net: `plan` says of each layer (L, 6): inputs, outputs, distance between the rows of its
            weights in `p`, where weights and where biases begin, and where its values lie in `h`
            if a unit has `row` of them; `score_plan` the same for `SCORED`. `curve` is the number
            of the activation in `suits.CURVES` and `slope` its alpha; or the number is -1, and
            `slope` that of the activation below 0. `noise_key` is that of (seed, "dropout"),
            `edges` the noise from which a unit is kept, (L - 1,) or empty without dropout, and
            `ups` what a kept unit is multiplied with, (L - 1,).
        data: see `course.Data`.
        groups: see `course.Groups`; the run is the only one.
        course: see `course.Course`.
        steps: `settings` and `bias_settings` (E or 1, S or 1, K), see `lanes`; `thresholds` of
            the soft threshold after each step, (E or 1, S or 1), or empty; whether biases are
            `exempt` from decay.
        room: `h` and `d` for the values and deltas of a batch or of `SCORED` rows, `slopes` for
            those of a curve, of the size of `h` or empty, `keep` and `noise` for dropout, `g`
            (P,), `batch` and `inputs` for the inputs of so many rows, row by row and turned,
            `turned` for a layer's values, `order` (N,), `of_order`.
        first_loss: mean loss of the very first batch, (1,), written in epoch 0.
        watch: see `watch.Watch`; there is one place, or none. Once the run is over, `p` are the
            weights that it ends with.
        history: sums of loss, and of hits of classes, on the three splits, (3, 2, E), written.
        marks: 1 for each test example that is right, (T,), written; or empty.

    Returns:
        The epoch after which the run had diverged, or 0.
    """
    p, sizes, loss = state.p, course.sizes, course.loss
    slope, curve, layers, edges, x = net.slope, net.curve, net.plan, net.edges, data.x
    slopes, h, d, keep, noise, g = room.slopes, room.h, room.d, room.keep, room.noise, room.g
    batch, inputs, turned, order = room.batch, room.inputs, room.turned, room.order
    drops, row, gap, width = len(edges) > 0, net.row, layers[0, 2], x.shape[1]
    watches, weighs = len(watch.kept) > 0, len(data.weights) > 0
    out, n_out = layers[-1, VALUES], layers[-1, 1]
    for e in range(history.shape[2]):
        epoch = course.epoch + e
        put_in_order(groups.keys[0], epoch, groups.train[0], room.of_order, order)
        at, step = 0, epoch * len(sizes)
        for s in range(len(sizes)):
            n = sizes[s]
            rows = order[at : at + n]
            at += n
            _gather(x, rows, gap, batch)
            _turn(batch, gap, n, width, inputs, row)
            _forward(
                p, layers, inputs, h, row, n, slope, curve, slopes, keep, noise, net.noise_key,
                edges, net.ups, step + s,
            )  # fmt: skip
            share = 1.0 if weighs else 1.0 / n
            _judge(h, out, row, n_out, data.y, rows, loss, history[0, :, e], share, marks[:0])
            if weighs:
                _weigh(h, out, row, n_out, rows, data)
            if s == 0 and epoch == 0:
                first_loss[0] = history[0, 0, e] / n
            _backward(p, g, layers, batch, h, turned, d, row, n, slope, curve, slopes, keep, drops)
            _move(state, g, layers, course.optimiser, steps, e, s)
        mean = history[0, 0, e] / at
        if not _is_finite(p):
            history[0, :, e] = np.nan
            return int(epoch + 1)
        if _diverged(mean, first_loss[0], course.far):
            return int(epoch + 1)
        _score(p, net, data, groups.valid[0], loss, room, history[1, :, e], marks[:0])
        if not math.isfinite(history[1, 0, e]):
            return int(epoch + 1)
        over = False
        if watches:
            sums, restores, n_valid = history[1, :, e], watch.restores[0], len(groups.valid[0])
            if is_best(watch, 0, epoch + 1, sums[0], sums[1], n_valid) and restores:
                _copy(p, watch.kept)
            over = stops(watch, 0, epoch + 1)
            if (over or epoch + 1 == course.n_epochs) and restores:
                _copy(watch.kept, p)
        if epoch >= course.test_from or (over and course.test_from < NEVER):
            _score(p, net, data, data.test, loss, room, history[2, :, e], marks)
            if not math.isfinite(history[2, 0, e]):
                return int(epoch + 1)
        if over:
            break
    return 0
