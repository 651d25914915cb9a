"""One network with hidden layers, as one thread works on it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.initialise import initial_weight
from mlplab.engine.native.arrays import Arrays, aligned
from mlplab.engine.native.course import ADAM, Doubles, Notebook, State, groups_of
from mlplab.engine.native.mlp import SCORED, train_mlp
from mlplab.engine.native.philox import OrderRoom, order_room
from mlplab.engine.native.settings import settings_of, spared, thresholds_of
from mlplab.engine.native.suits import CURVES
from mlplab.engine.native.watch import keep_best, note_best, watch_of
from mlplab.engine.noise import realised_rate, threshold
from mlplab.engine.places import put_state
from mlplab.engine.program import Program
from mlplab.engine.training import Training
from mlplab.specs.activation import activation_settings
from mlplab.specs.keyed import philox_key

_LINE = 64  # bytes
_ROW = 16  # a batch takes whole vectors


class Net(NamedTuple):
    """The layers, what lies between them, and its noise; for this and the following see
    `mlp.train_mlp`.
    """

    plan: NDArray[np.int64]
    score_plan: NDArray[np.int64]
    row: int
    slope: Any
    curve: int
    noise_key: NDArray[np.uint64]
    edges: NDArray[np.int64]
    ups: NDArray[Any]


class Steps(NamedTuple):
    """What the steps of some epochs are like."""

    settings: NDArray[Any]
    bias_settings: NDArray[Any]
    thresholds: NDArray[Any]
    exempt: bool


class Room(NamedTuple):
    """What an epoch works with."""

    h: NDArray[Any]
    d: NDArray[Any]
    slopes: NDArray[Any]
    keep: NDArray[Any]
    noise: NDArray[np.uint64]
    g: NDArray[Any]
    batch: NDArray[Any]
    inputs: NDArray[Any]
    turned: NDArray[Any]
    order: NDArray[np.int64]
    of_order: OrderRoom


class MLPUnit:
    """One network with hidden layers; see `course.Unit`.

    Args:
        program: its program.
        members: the one run.
        arrays: the task's.
        marks: whether to keep which test examples are right.
    """

    def __init__(
        self, program: Program, members: Sequence[Training], arrays: Arrays, marks: bool
    ) -> None:
        (training,) = members
        self.members: list[Training | None] = [training]
        self._notebook = Notebook(program, training, arrays, marks)
        self._groups = groups_of([training], [0, 1])
        self._net = _net_of(training, program)
        n_out, bias = self._net.plan[-1, [1, 4]].tolist()
        size = bias + _lines(n_out, program.dtype)
        self._state = State(*(aligned((size,), program.dtype) for _ in range(3)))
        self._first_loss = np.full(1, training.first_loss)
        self._watch = watch_of([training], [0], 1, self._state.p)
        keep_best(training, self._watch.kept)
        if training.state is None:
            net = training.run.mlp
            for layer, (n_in, n_out) in enumerate(pairwise(program.widths)):
                drawn = initial_weight(net.init, training.run.seed, layer, n_out, n_in)
                self.weights(0)[f"weight.{layer}"].copy_(torch.from_numpy(np.array(drawn)))
        else:
            put_state(training.state, self.state(0))
            training.state = None

    def advance(self, n_epochs: int) -> None:
        """See `Unit`."""
        notebook, training = self._notebook, self.members[0]
        assert training is not None
        history = np.zeros((3, 2, n_epochs))
        marks = np.zeros(notebook.n_marks, dtype=np.uint8)
        ended = train_mlp(
            self._state,
            self._net,
            notebook.data,
            self._groups,
            notebook.course(training.epoch),
            self._steps(training, n_epochs),
            self._room(training),
            self._first_loss,
            self._watch,
            history,
            marks,
        )
        training.first_loss = float(self._first_loss[0])
        stopped = note_best([training], self._watch, [0])
        notebook.note([training], history[..., None], [0], [int(ended)], stopped)
        notebook.mark(training, marks)

    def _room(self, training: Training) -> Room:
        program, plan, row = self._notebook.program, self._net.plan, self._net.row
        dtype, n_train, drops = program.dtype, len(training.rows.train), program.has_dropout
        n_values, n_scored = row * sum(program.widths[1:]), SCORED * sum(program.widths[1:])
        gap, n_rows = int(plan[0, 2]), max(row, SCORED)
        return Room(
            aligned((max(n_values, n_scored),), dtype),
            aligned((n_values,), dtype),
            aligned((max(n_values, n_scored) if self._net.curve >= 0 else 0,), dtype),
            aligned((n_values if drops else 0,), dtype),
            np.empty(max(program.widths[1:]) * row // 4 if drops else 0, np.uint64),
            aligned((len(self._state.p),), dtype),
            aligned((n_rows * gap,), dtype),
            aligned((n_rows * program.widths[0],), dtype),
            aligned((row * int(plan[:, 2].max()),), dtype),
            np.empty(n_train, np.int64),
            order_room(n_train),
        )

    def _steps(self, training: Training, n_epochs: int) -> Steps:
        notebook = self._notebook
        n_steps, dtype = notebook.n_steps, notebook.program.dtype
        with np.errstate(over="ignore"):  # a rate beyond float32: the run diverges
            settings = settings_of(training, n_epochs, n_steps).astype(dtype)
        exempt = np.array([not training.run.optim.decay_biases])
        biases = spared(settings[..., None], exempt, notebook.optimiser == ADAM)[..., 0]
        thresholds = np.zeros((0, 1), dtype)
        if notebook.program.sparse:
            thresholds = np.empty(settings.shape[:2], dtype)
            thresholds[:] = thresholds_of(training, n_epochs, n_steps)
        return Steps(settings, np.ascontiguousarray(biases), thresholds, bool(exempt[0]))

    def state(self, member: int) -> dict[str, Tensor]:
        """See `Unit`."""
        names = ("weights", "first", "second")
        return {n: torch.from_numpy(a) for n, a in zip(names, self._state, strict=True)}

    def weights(self, member: int) -> dict[str, Tensor]:
        """See `Unit`."""
        flat, out = torch.from_numpy(self._state.p), {}
        for layer, (n_in, n_out, gap, weight, bias, _) in enumerate(self._net.plan.tolist()):
            rows = flat[weight : weight + n_out * gap].view(n_out, gap)
            out[f"weight.{layer}"] = rows[:, :n_in]
            out[f"bias.{layer}"] = flat[bias : bias + n_out]
        return out


def _net_of(training: Training, program: Program) -> Net:
    row = -(-max(program.batch_sizes) // _ROW) * _ROW
    net = training.run.mlp
    kind, given = activation_settings(net.activation)
    slope = {"identity": 1.0}.get(kind, given.get("slope", given.get("alpha", 0.0)))
    rates: Doubles = np.array([realised_rate(rate) for rate in net.dropout])
    return Net(
        plan_of(program, row),
        plan_of(program, SCORED),
        row,
        np.dtype(program.dtype).type(slope),
        CURVES.index(kind) if kind in CURVES else -1,
        philox_key(training.run.seed, "dropout", 2),
        threshold(rates).astype(np.int64),
        (1 / (1 - rates)).astype(program.dtype),
    )


def plan_of(program: Program, row: int) -> NDArray[np.int64]:
    """Return where layers lie in flat arrays, with `row` places for a unit's values, (L, 6).

    Rows of weights begin at whole 64-byte lines; for the columns see `train_mlp`.
    """
    rows: list[Any] = []
    at = values = 0
    for n_in, n_out in pairwise(program.widths):
        gap = _lines(n_in, program.dtype)
        rows.append((n_in, n_out, gap, at, at + n_out * gap, values))
        at += n_out * gap + _lines(n_out, program.dtype)
        values += n_out * row
    return np.array(rows, dtype=np.int64)


def _lines(n: int, dtype: str) -> int:
    """Round a number of elements up to whole lines."""
    line = _LINE // np.dtype(dtype).itemsize
    return -(-n // line) * line
