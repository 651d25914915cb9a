"""One network with hidden layers, as one thread works on it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.initialise import initial_weight
from mlplab.engine.native.arrays import Arrays, aligned
from mlplab.engine.native.coverage import CURVES
from mlplab.engine.native.job import LANES, NEVER, train
from mlplab.engine.native.patience import NOBODY, keep_best, note_best, watch_of
from mlplab.engine.native.settings import settings_of, spared, thresholds_of
from mlplab.engine.native.unit import (
    Doubles,
    Notebook,
    State,
    fields_of_groups,
    room_for_order,
)
from mlplab.engine.noise import realised_rate, threshold
from mlplab.engine.places import put_state
from mlplab.engine.program import Program, padded
from mlplab.engine.training import Training
from mlplab.specs.activation import activation_settings
from mlplab.specs.keyed import philox_key

SCORED = 256  # rows at a time


class MLPUnit:
    """One network with hidden layers; see `unit.Unit`.

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
        self._groups = fields_of_groups([training], [0, 1])
        self._net = _net_of(training, program)
        n_out, bias = self._net["plan"][-1, [1, 4]].tolist()
        size = bias + padded(n_out)
        self._state = State(*(aligned((size,), program.dtype) for _ in range(3)))
        self._first_loss = np.full(1, training.first_loss)
        self._watch = watch_of([training], [0], 1, self._state.p)
        if self._watch is not None:
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
        history = np.zeros((3, 2, n_epochs, 1))
        marks = np.zeros(notebook.n_marks, dtype=np.uint8)
        ended = np.zeros(1, np.int64)
        fields = {
            **notebook.fields(training.epoch, n_epochs),
            **self._groups,
            **self._state._asdict(),
            **self._net,
            **self._steps(training, n_epochs),
            **self._room(training),
            **(NOBODY if self._watch is None else self._watch._asdict()),
            "size": len(self._state.p),
            "first_losses": self._first_loss,
            "ended": ended,
            "history": history,
            "marks": marks if len(marks) else None,
        }
        train(fields, notebook.program.dtype)
        training.first_loss = float(self._first_loss[0])
        stopped = note_best([training], self._watch, [0])
        diverged = [0 if end == NEVER else end for end in ended.tolist()]
        notebook.note([training], history, [0], diverged, stopped)
        notebook.mark(training, marks)

    def _room(self, training: Training) -> dict[str, Any]:
        program, plan, row = self._notebook.program, self._net["plan"], self._net["row"]
        dtype, n_train = program.dtype, len(training.rows.train)
        n_values, n_scored = row * sum(program.widths[1:]), SCORED * sum(program.widths[1:])
        gap, n_rows = int(plan[:, 2].max()), max(row, SCORED)
        units = max(*program.widths[1:], LANES)
        room: dict[str, Any] = {
            "h": aligned((max(n_values, n_scored),), dtype),
            "d": aligned((n_values,), dtype),
            "g": aligned((max(LANES * gap, padded(units)),), dtype),
            "shares": np.empty(n_rows, dtype),
            "batch": aligned((n_rows * int(plan[0, 2]),), dtype),
            "inputs": aligned((n_rows * program.widths[0],), dtype),
            "turned": aligned((row * gap,), dtype),
            "slopes": aligned((max(n_values, n_scored),), dtype) if self._curved else None,
            "keep": None,
            "noise": None,
            **room_for_order(n_train),
        }
        if program.has_dropout:
            room["keep"] = aligned((n_values,), dtype)
            room["noise"] = np.empty(units * row // 4, np.uint64)
        return room

    @property
    def _curved(self) -> bool:
        return bool(self._net["curve"] >= 0)

    def _steps(self, training: Training, n_epochs: int) -> dict[str, Any]:
        notebook = self._notebook
        n_steps, dtype = notebook.n_steps, notebook.program.dtype
        with np.errstate(over="ignore"):  # a rate beyond float32: the run diverges
            settings = settings_of(training, n_epochs, n_steps).astype(dtype)
        exempt = np.array([not training.run.optim.decay_biases])
        biases = spared(settings[..., None], exempt, notebook.adam)[..., 0]
        smoothing = np.full(1, training.run.fit.label_smoothing, dtype)
        thresholds = None
        if notebook.program.sparse:
            thresholds = np.empty(settings.shape[:2], dtype)
            thresholds[:] = thresholds_of(training, n_epochs, n_steps)
        return {
            "settings": settings,
            "bias_settings": np.ascontiguousarray(biases),
            "thresholds": thresholds,
            "smoothing": smoothing if notebook.program.smooths else None,
            "by_epoch": settings.shape[0] > 1,
            "by_step": settings.shape[1] > 1,
        }

    def state(self, member: int) -> dict[str, Tensor]:
        """See `Unit`."""
        names = ("weights", "first", "second")
        return {n: torch.from_numpy(a) for n, a in zip(names, self._state, strict=True)}

    def weights(self, member: int) -> dict[str, Tensor]:
        """See `Unit`."""
        flat, out = torch.from_numpy(self._state.p), {}
        for layer, (n_in, n_out, gap, weight, bias, _) in enumerate(self._net["plan"].tolist()):
            rows = flat[weight : weight + n_out * gap].view(n_out, gap)
            out[f"weight.{layer}"] = rows[:, :n_in]
            out[f"bias.{layer}"] = flat[bias : bias + n_out]
        return out


def _net_of(training: Training, program: Program) -> dict[str, Any]:
    """Return the layers, what lies between them, and its noise, as `kernel/job.h` names them."""
    row = padded(max(program.batch_sizes))
    net = training.run.mlp
    kind, given = activation_settings(net.activation)
    slope = {"identity": 1.0}.get(kind, given.get("slope", given.get("alpha", 0.0)))
    rates: Doubles = np.array([realised_rate(rate) for rate in net.dropout])
    drops = program.has_dropout
    return {
        "plan": plan_of(program, row),
        "score_plan": plan_of(program, SCORED),
        "n_layers": program.n_layers,
        "row": row,
        "scored": SCORED,
        "curve": CURVES.index(kind) if kind in CURVES else -1,
        "alpha": slope,
        "noise_key": philox_key(training.run.seed, "dropout", 2),
        "edges": threshold(rates).astype(np.int64) if drops else None,
        "ups": (1 / (1 - rates)).astype(program.dtype) if drops else None,
        "least": None,
        "most": None,
        "mask": None,
    }


def plan_of(program: Program, row: int) -> NDArray[np.int64]:
    """Return where layers lie in flat arrays, with `row` places for a unit's values, (L, 6).

    Rows of weights begin at whole lines; for the columns see `Layer` in `kernel/job.h`.
    """
    rows: list[Any] = []
    at = values = 0
    for n_in, n_out in pairwise(program.widths):
        gap = padded(n_in)
        rows.append((n_in, n_out, gap, at, at + n_out * gap, values))
        at += n_out * gap + padded(n_out)
        values += n_out * row
    return np.array(rows, dtype=np.int64)
