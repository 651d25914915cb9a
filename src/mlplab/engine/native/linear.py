"""Compiled training of linear models: vectors of sixteen runs that share their batches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from mlplab.engine.divergence import has_diverged
from mlplab.engine.native.compiled import compiled, inlined
from mlplab.engine.native.course import ADAM, NEVER, SQUARED
from mlplab.engine.native.lanes import (
    LANES,
    LEAST_TOGETHER,
    MOST_TOGETHER,
    add_rows,
    find_gaps,
    gradient_of_4,
    gradient_of_8,
    move_by_adam,
    move_by_sgd,
    multiply_rows,
    outputs_of_4,
    outputs_of_8,
    squares_of_classes,
    squares_of_many,
    squares_of_one,
)
from mlplab.engine.native.philox import put_in_order
from mlplab.engine.native.watch import is_best, stops

SCORED = 64  # rows at a time
_diverged = compiled(has_diverged)


@inlined
def _fill(starts: Any, at: int, rows: Any, width: int) -> int:
    """Write where rows begin from `at` on, and the first again up to a multiple of 4."""
    n = len(rows)
    whole = -(-n // LEAST_TOGETHER) * LEAST_TOGETHER
    for j in range(n):
        starts[at + j] = rows[j] * width
    for j in range(n, whole):
        starts[at + j] = rows[0] * width
    return whole


@inlined
def _outputs(p: Any, v: int, seen: int, x: Any, starts: Any, at: int, n: int, z: Any) -> None:
    """z (O, n, 16): the first `seen` inputs times weights, plus bias; n is a multiple of 4."""
    n_outputs, height, room = p.shape[1], p.shape[2], z.shape[1]
    for o in range(n_outputs):
        weights, values = (v * n_outputs + o) * height, o * room
        bias = weights + height - 1
        j = 0
        while j + MOST_TOGETHER <= n:
            outputs_of_8(p, weights, bias, x, starts, at + j, seen, z, values + j)
            j += MOST_TOGETHER
        if j < n:
            outputs_of_4(p, weights, bias, x, starts, at + j, seen, z, values + j)


@inlined
def _judge_squares(
    z: Any, y: Any, rows: Any, at: int, n: int, share: float, sums: Any, into: int
) -> None:
    """Add squared errors to row `into` of sums, and turn outputs into share * dloss/dz."""
    n_outputs, room = z.shape[0], z.shape[1]
    scale = 2 / n_outputs * share
    for o in range(n_outputs):
        if n_outputs == 1:
            squares_of_one(z, 0, y, 1, 0, rows, at, n, scale, sums, into)
        elif y.shape[1] < n_outputs:
            squares_of_classes(z, o * room, y, n_outputs, o, rows, at, n, scale, sums, into)
        else:
            squares_of_many(z, o * room, y, n_outputs, o, rows, at, n, scale, sums, into)


@compiled
def _count_hits(z: Any, y: Any, rows: Any, n: int, sums: Any, marks: Any) -> None:
    """Add the hits of classes to `sums` (2, 16), for a loss that does not look at them."""
    for j in range(n):
        own_class = int(y[rows[j], 0])
        for lane in range(LANES):
            best = 0
            for o in range(1, z.shape[0]):
                if z[o, j, lane] > z[best, j, lane]:
                    best = o
            hit = best == own_class
            sums[1, lane] += hit
            if len(marks):
                marks[j, lane] = hit


@compiled
def _judge_classes(z: Any, y: Any, rows: Any, n: int, share: float, sums: Any, marks: Any) -> None:
    """Add losses and hits to `sums` (2, 16), and turn outputs into share * dloss/dz."""
    n_outputs = z.shape[0]
    for j in range(n):
        own_class = int(y[rows[j], 0])
        for lane in range(LANES):
            top, best = z[0, j, lane], 0
            for o in range(1, n_outputs):
                if z[o, j, lane] > top:
                    top, best = z[o, j, lane], o
            total, own = z[0, j, lane] * 0, z[0, j, lane] * 0
            for o in range(n_outputs):
                shifted = z[o, j, lane] - top
                own += shifted * (1.0 if o == own_class else 0.0)
                z[o, j, lane] = math.exp(shifted)
                total += z[o, j, lane]
            sums[0, lane] += math.log(total) - own
            right = best == own_class
            sums[1, lane] += right
            if len(marks):
                marks[j, lane] = right
            for o in range(n_outputs):
                hot = 1.0 if o == own_class else 0.0
                z[o, j, lane] = (z[o, j, lane] / total - hot) * share


@compiled
def _weigh(z: Any, rows: Any, data: Any) -> None:
    """Multiply deltas with each example's share of the batch's weight."""
    weights = data.weights
    total = weights[0] * 0
    for j in range(len(rows)):
        total += weights[rows[j]]
    total = max(total, data.least)
    for o in range(z.shape[0]):
        for j in range(len(rows)):
            share = weights[rows[j]] / total
            for lane in range(LANES):
                z[o, j, lane] *= share


@compiled
def _score(
    p: Any,
    v: int,
    seen: int,
    data: Any,
    rows: Any,
    loss: int,
    room: Any,
    history: Any,
    e: int,
    split: int,
    marks: Any,
) -> None:
    """Add the losses and hits of a vector of runs on `rows` to the history."""
    z, starts = room.z, room.few_starts
    n_vectors = p.shape[0]
    for first in range(0, len(rows), SCORED):
        picked = rows[first : first + SCORED]
        n = len(picked)
        whole = _fill(starts, 0, picked, data.x.shape[1])
        _outputs(p, v, seen, data.x, starts, 0, whole, z)
        if loss == SQUARED:
            into = (split * 2 * history.shape[2] + e) * n_vectors + v
            if data.y.shape[1] < z.shape[0]:
                some = marks[first : first + n, v]
                _count_hits(z, data.y, picked, n, history[split, :, e, v], some)
            _judge_squares(z, data.y, picked, 0, n, 0.0, history, into)
        else:
            some = marks[first : first + n, v]
            _judge_classes(z, data.y, picked, n, 0.0, history[split, :, e, v], some)


@inlined
def _move(
    p: Any, at: int, n: int, g: Any, g_at: int, first: Any, second: Any, optimiser: int,
    settings: Any, now: int,
) -> None:  # fmt: skip
    if optimiser == ADAM:
        move_by_adam(p, at, n, g, g_at, first, second, settings, now * 8)
    else:
        move_by_sgd(p, at, n, g, g_at, first, settings, now * 4)


@inlined
def _learn(
    state: Any, v: int, inputs: Any, x: Any, starts: Any, at: int, n: int, whole: int, room: Any,
    optimiser: int, settings: Any, bias_settings: Any, now: int,
) -> None:  # fmt: skip
    """One step of a vector of runs, from the deltas that lie in place of the outputs."""
    z, g = room.z, room.g
    n_outputs, height, values = state.p.shape[1], state.p.shape[2], z.shape[1]
    least, most = inputs.least[v], inputs.most[v]
    for o in range(n_outputs):
        from_row, weights, bias = o * height, (v * n_outputs + o) * height, height - 1
        for j in range(n, whole):
            z[o, j] = 0
        j = 0
        while j + MOST_TOGETHER <= whole:
            gradient_of_8(g, from_row, x, starts, at + j, most, z, o * values + j, j)
            j += MOST_TOGETHER
        if j < whole:
            gradient_of_4(g, from_row, x, starts, at + j, most, z, o * values + j, j)
        add_rows(z, o * values, n, g, from_row + bias)
        if least < most:
            multiply_rows(g, from_row + least, most - least, inputs.mask, v * height + least)
        p, first, second = state.p, state.first, state.second
        _move(p, weights, most, g, from_row, first, second, optimiser, settings, now)
        _move(
            p, weights + bias, 1, g, from_row + bias, first, second, optimiser, bias_settings, now
        )


@inlined
def _shrink(p: Any, v: int, n: int, edges: Any) -> None:
    """The soft threshold of n inputs' weights; edges are (16,)."""
    for o in range(p.shape[1]):
        for i in range(n):
            for lane in range(LANES):
                value, edge = p[v, o, i, lane], edges[lane]
                p[v, o, i, lane] = max(value - edge, min(value + edge, value * 0))


@compiled
def _end_epoch(
    p: Any, v: int, gaps: Any, sums: Any, n: int, epoch: int, lanes: Any, far: float
) -> bool:
    """Note which runs of a vector have diverged; return whether one of them goes on."""
    size = p.shape[1] * p.shape[2]
    gaps[:] = 0
    find_gaps(p, v * size, size, gaps, 0)
    goes_on = False
    for lane in range(LANES):
        mean = sums[0, v, lane] / n
        if gaps[0, lane] != 0:
            sums[:, v, lane] = np.nan
            mean = np.nan
        if lanes.ended[v, lane] == 0:
            if _diverged(mean, lanes.first_losses[v, lane], far):
                lanes.ended[v, lane] = epoch
            else:
                goes_on = True
    return goes_on


@compiled
def _end_scored(lanes: Any, v: int, losses: Any, epoch: int) -> bool:
    """Note whose losses (16,) on a split are not finite; return whether a run goes on."""
    goes_on = False
    for lane in range(LANES):
        if lanes.ended[v, lane] == 0:
            if math.isfinite(losses[lane]):
                goes_on = True
            else:
                lanes.ended[v, lane] = epoch
    return goes_on


@compiled
def _end_stopped(lanes: Any, v: int, watch: Any, losses: Any, epoch: int) -> None:
    """The same on the test split for runs whose patience is over with this epoch."""
    for lane in range(LANES):
        place = v * LANES + lane
        if watch.stopped[place] == epoch and not math.isfinite(losses[lane]):
            watch.stopped[place] = 0
            lanes.ended[v, lane] = epoch


@compiled
def _copy_lane(a: Any, b: Any, v: int, lane: int) -> None:
    for o in range(a.shape[1]):
        for i in range(a.shape[2]):
            b[v, o, i, lane] = a[v, o, i, lane]


@compiled
def _watch(
    p: Any, v: int, watch: Any, ended: Any, sums: Any, epoch: int, n_valid: int, is_last: bool
) -> Any:
    """Keep what the runs of a vector end with; return whether one stops now, and one goes on."""
    stop, goes_on = False, False
    for lane in range(LANES):
        place = v * LANES + lane
        patience, restores = watch.patience[place], watch.restores[place]
        over = False
        if ended[v, lane] == 0 and patience > 0:
            best = is_best(watch, place, epoch, sums[0, lane], sums[1, lane], n_valid)
            over = stops(watch, place, epoch)
            if best if restores else over or is_last:
                _copy_lane(p, watch.kept, v, lane)
            if over:
                ended[v, lane] = NEVER
        if watch.stopped[place] > 0 or (ended[v, lane] == 0 and patience > 0 and is_last):
            # Others go on, and its lane with them: it is put back after each epoch.
            _copy_lane(watch.kept, p, v, lane)
        stop = stop or over
        goes_on = goes_on or ended[v, lane] == 0
    return stop, goes_on


@compiled
def _walk(
    state: Any, v: int, inputs: Any, data: Any, course: Any, steps: Any, room: Any,
    e: int, history: Any, first_losses: Any, marks: Any,
) -> None:  # fmt: skip
    """The steps of an epoch of a vector of runs; `room` holds the epoch's order."""
    p, sizes, z, starts, order = state.p, course.sizes, room.z, room.starts, room.order
    x, y, weighs = data.x, data.y, len(data.weights) > 0
    epoch, seen = course.epoch + e, inputs.most[v]
    n_epochs, n_columns = steps.settings.shape[1], steps.settings.shape[2]
    now_e = e if n_epochs > 1 else 0
    into = e * p.shape[0] + v
    at, place = 0, 0
    for s in range(len(sizes)):
        n = sizes[s]
        whole = -(-n // LEAST_TOGETHER) * LEAST_TOGETHER
        _outputs(p, v, seen, x, starts, place, whole, z)
        share = 1.0 if weighs else 1.0 / n
        if course.loss == SQUARED:
            if y.shape[1] < z.shape[0]:
                rows = order[at : at + n]
                _count_hits(z, y, rows, n, history[0, :, e, v], marks[:0, v])
            _judge_squares(z, y, order, at, n, share, history, into)
        else:
            _judge_classes(z, y, order[at : at + n], n, share, history[0, :, e, v], marks[:0, v])
        if weighs:
            _weigh(z, order[at : at + n], data)
        now_s = s if n_columns > 1 else 0
        now = (v * n_epochs + now_e) * n_columns + now_s
        _learn(
            state, v, inputs, x, starts, place, n, whole, room,
            course.optimiser, steps.settings, steps.bias_settings, now,
        )  # fmt: skip
        if len(steps.thresholds):
            _shrink(p, v, seen, steps.thresholds[v, now_e, now_s])
        if s == 0 and epoch == 0:
            for lane in range(LANES):
                first_losses[v, lane] = history[0, 0, e, v, lane] / n
        at += n
        place += whole


@compiled
def train_linear(
    state: Any,
    inputs: Any,
    data: Any,
    groups: Any,
    course: Any,
    steps: Any,
    lanes: Any,
    watch: Any,
    room: Any,
    history: Any,
    marks: Any,
) -> None:
    """Train vectors of sixteen runs for the epochs of `history`.

    Args:
        state: `p`, weights with the bias as last row, and the optimiser's own `first` and
            `second`, (V, O, I + 1, 16).
        inputs: how many of them the runs of a vector see, `least` and `most` (V,), and `mask`,
            1 where a run learns, (V, I + 1, 16), or empty where all see the same.
        data: see `course.Data`.
        groups: of vectors with the same batches, see `course.Groups`.
        course: see `course.Course`.
        steps: `settings` and `bias_settings` (V, E or 1, S or 1, K, 16), see `lanes`;
            `thresholds` of the soft threshold after each step, (V, E or 1, S or 1, 16) or empty.
        lanes: `first_losses`, the mean loss of the very first batch, written in epoch 0, and
            `ended`, the epoch after which a run had diverged, or 0, written, and `NEVER` where
            there is no run or one has stopped; both (V, 16).
        watch: see `watch.Watch`; there are V * 16 places, or none. Once a run is over, its part of
            `p` are the weights that it ends with.
        room: `z` (O, R, 16) for the outputs of R rows, at least `SCORED` and a batch and four;
            `g` (O, I + 1, 16) for a gradient; `gaps` (1, 16); `goes_on` (V,), all true; `order`
            and `starts` for an epoch's rows and four more per batch; `few_starts` (SCORED,);
            `of_order`, see `philox.order_room`.
        history: sums of loss, and of hits of classes, on the three splits, (3, 2, E, V, 16),
            written.
        marks: 1 for each test example that is right, (T, V, 16), written; or empty.
    """
    p, x, sizes, order = state.p, data.x, course.sizes, room.order
    loss, goes_on, no_marks = course.loss, room.goes_on, marks[:0]
    for group in range(len(groups.keys)):
        vectors = range(groups.vectors[group], groups.vectors[group + 1])
        train, valid = groups.train[group], groups.valid[group]
        for e in range(history.shape[2]):
            epoch = course.epoch + e
            put_in_order(groups.keys[group], epoch, train, room.of_order, order)
            at, place = 0, 0
            for s in range(len(sizes)):
                rows = order[at : at + sizes[s]]
                place += _fill(room.starts, place, rows, x.shape[1])
                at += sizes[s]
            going = False
            for v in vectors:
                if not goes_on[v]:
                    continue
                _walk(
                    state, v, inputs, data, course, steps, room, e, history, lanes.first_losses,
                    no_marks,
                )  # fmt: skip
                goes_on[v] = _end_epoch(
                    p, v, room.gaps, history[0, :, e], at, epoch + 1, lanes, course.far
                )
                seen = inputs.most[v]
                _score(p, v, seen, data, valid, loss, room, history, e, 1, no_marks)
                goes_on[v] = _end_scored(lanes, v, history[1, 0, e, v], epoch + 1)
                over = False
                if len(watch.kept):
                    over, goes_on[v] = _watch(
                        p, v, watch, lanes.ended, history[1, :, e, v], epoch + 1, len(valid),
                        epoch + 1 == course.n_epochs,
                    )  # fmt: skip
                if epoch >= course.test_from or (over and course.test_from < NEVER):
                    _score(p, v, seen, data, data.test, loss, room, history, e, 2, marks)
                    if over:
                        _end_stopped(lanes, v, watch, history[2, 0, e, v], epoch + 1)
                    if epoch >= course.test_from:
                        goes_on[v] = _end_scored(lanes, v, history[2, 0, e, v], epoch + 1)
                going = going or goes_on[v]
            if not going:
                break
