"""Runs that one thread trains in one compiled call: a network, or linear models, a lane each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.divergence import FAR
from mlplab.engine.initialise import initial_weight
from mlplab.engine.native.arrays import Arrays, aligned
from mlplab.engine.native.history import note_epochs
from mlplab.engine.native.job import LANES, NEVER, room_for_order, train
from mlplab.engine.native.library import library
from mlplab.engine.native.linear import LinearLayout
from mlplab.engine.native.network import NetworkLayout
from mlplab.engine.native.settings import rule_of, settings_of, spared, thresholds_of
from mlplab.engine.native.watch import keep_best, note_best, watch_of
from mlplab.engine.places import put_state
from mlplab.engine.program import Program
from mlplab.engine.training import Training
from mlplab.specs.keyed import philox_key


class State(NamedTuple):
    """Weights with biases, and the two arrays of the same shape that an optimiser keeps."""

    p: NDArray[Any]
    first: NDArray[Any]
    second: NDArray[Any]


class _Call(NamedTuple):
    """An epoch, or several, that is being trained: what C is given, and what it notes."""

    fields: dict[str, Any]
    ended: NDArray[np.int64]
    sums: NDArray[np.float64]
    marks: NDArray[np.uint8]


class Unit:
    """Runs with the same epochs, in V vectors of L lanes: 16 for linear models, 1 for a network.

    Args:
        program: what they have in common.
        members: one network, or linear models, those with the same batches side by side.
        arrays: the task's.
        marks: whether to keep which test examples are right.

    Attributes:
        members: None is where one has ended.
        step: of the epoch that is being trained; 0 between epochs.
    """

    def __init__(
        self, program: Program, members: Sequence[Training], arrays: Arrays, marks: bool
    ) -> None:
        self.members: list[Training | None] = list(members)
        self._program, self._arrays = program, arrays
        is_linear = program.n_layers == 1
        self._n_lanes = LANES if is_linear else 1
        self._places, leads, vectors = _seat(members, self._n_lanes)
        self._n_vectors = vectors[-1]
        self._layout: LinearLayout | NetworkLayout = (
            LinearLayout(program, members, self._places, self._n_vectors)
            if is_linear
            else NetworkLayout(program, members[0])
        )
        self._fields = self._fixed_fields(leads, vectors, marks)
        shape = (self._n_vectors, *self._layout.shape, self._n_lanes)
        self._state = State(*(aligned(shape, program.dtype) for _ in range(3)))
        self._exempt = np.zeros((self._n_vectors, self._n_lanes), dtype=bool)
        self._first_losses = np.full(self._exempt.size, np.inf)
        self._watch = watch_of(members, self._places, self._exempt.size, self._state.p)
        for member, training in enumerate(members):
            self._take_up(member, training)
        self.step = 0
        self._call: _Call | None = None

    def _fixed_fields(
        self, leads: Sequence[Training], vectors: list[int], marks: bool
    ) -> dict[str, Any]:
        """Return what stays the same in all calls; what these runs have no use for is None.

        Args:
            leads: one of each group of runs with the same batches.
            vectors: where those of each group begin, (G + 1,).
            marks: whether to keep which test examples are right.
        """
        arrays, program, fit = self._arrays, self._program, leads[0].run.fit
        rows = [training.rows for training in leads]
        tests = fit.test != "never"
        self._n_test = len(arrays.test) if tests else 0
        self._n_marks = self._n_test if marks and program.classes else 0
        return {
            **dict.fromkeys(library().arrays),
            **self._layout.fields,
            "x": arrays.x,
            "y": arrays.y,
            "example_weights": arrays.weights if len(arrays.weights) else None,
            "order_keys": np.array([philox_key(t.run.seed, "order", 1) for t in leads]),
            "train": np.array([one.train for one in rows], np.int64),
            "valid": np.array([one.valid for one in rows], np.int64),
            "test": arrays.test if tests else np.empty(0, np.int64),
            "vectors": np.array(vectors, dtype=np.int64),
            "sizes": np.array(program.batch_sizes, dtype=np.int64),
            "n_groups": len(rows),
            "n_train": len(rows[0].train),
            "n_valid": len(rows[0].valid),
            "n_test": self._n_test,
            "n_steps": len(program.batch_sizes),
            "n_inputs": arrays.x.shape[1],
            "n_outputs": program.widths[-1],
            "size": math.prod(self._layout.shape),
            "classes": program.classes,
            "cross_entropy": program.loss == "cross-entropy",
            "rule": rule_of(program.optimiser),
            "end": fit.epochs,
            "tests": tests,
            "test_from": {"never": NEVER, "end": fit.epochs - 1, "epoch": 0}[fit.test],
            "far": FAR,
            "zero_loss": arrays.far,
        }

    def _take_up(self, member: int, training: Training) -> None:
        """Begin with a run's first weights, or go on with its checkpoint's."""
        place = self._places[member]
        self._first_losses[place] = training.first_loss
        self._exempt.reshape(-1)[place] = not training.run.optim.decay_biases
        if self._watch is not None:
            keep_best(training, self._own(self._watch.kept, member))
        if training.state is not None:
            put_state(training.state, self.state(member))
            training.state = None
            return
        weights = self._layout.weights(member, self._own(self._state.p, member))
        init, seed = training.run.mlp.init, training.run.seed
        for layer in range(self._program.n_layers):
            weight = weights[f"weight.{layer}"]
            with np.errstate(over="ignore"):  # beyond float32: the run diverges
                weight[...] = initial_weight(init, seed, layer, *weight.shape)

    def advance(self, n_epochs: int, to_step: int | None = None) -> None:
        """Train all members for some epochs and note what was measured; for any thread.

        Args:
            n_epochs: 1 where an epoch is taken in parts.
            to_step: the step of the epoch before which to stop; the next call goes on there.
        """
        present = [(self._places[member], training) for member, training in seated(self.members)]
        places, trainings = [place for place, _ in present], [training for _, training in present]
        call = self._call or self._begin(places, trainings, n_epochs)
        steps = {"from_step": self.step, "to_step": to_step or self._fields["n_steps"]}
        train({**call.fields, **steps}, self._program.dtype)
        if to_step is not None:
            self._call, self.step = call, to_step
            return
        self._call, self.step = None, 0
        stopped = note_best(trainings, self._watch, places)
        diverged = [0 if end == NEVER else end for end in call.ended[places].tolist()]
        n_rows = (sum(self._program.batch_sizes), self._fields["n_valid"], self._n_test)
        note_epochs(
            trainings, call.sums[..., places], n_rows, self._fields["test_from"], diverged, stopped
        )
        for place, training in present:
            training.first_loss = float(self._first_losses[place])
            if training.status == "finished":
                training.end_test(call.marks[:, place] if self._n_marks else None)

    def _begin(self, places: list[int], trainings: Sequence[Training], n_epochs: int) -> _Call:
        n_places = self._exempt.size
        ended = np.full(n_places, NEVER, dtype=np.int64)
        ended[places] = 0
        sums = np.zeros((3, 2, n_epochs, n_places))
        marks = np.zeros((self._n_marks, n_places), dtype=np.uint8)
        fields = {
            **self._fields,
            **self._state._asdict(),
            **self._steps(places, trainings, n_epochs),
            **self._layout.scratch(),
            **room_for_order(self._fields["n_train"]),
            **({} if self._watch is None else self._watch._asdict()),
            "epoch": trainings[0].epoch,
            "n_epochs": n_epochs,
            "first_losses": self._first_losses,
            "ended": ended,
            "history": sums,
            "marks": marks if len(marks) else None,
        }
        return _Call(fields, ended, sums, marks)

    def _steps(
        self, places: list[int], trainings: Sequence[Training], n_epochs: int
    ) -> dict[str, Any]:
        """Return the settings of each step, by place."""
        program, rule, n_places = self._program, self._fields["rule"], self._exempt.size
        n_steps, lanes = len(program.batch_sizes), (-1, 1, 1, self._n_lanes)
        settings = self._spread(places, [settings_of(t, n_epochs, n_steps) for t in trainings])
        if rule and len(places) < n_places:  # idle lanes divide by 1
            idle = np.ones(n_places)
            idle[places] = 0
            settings[..., -1, :] += idle.reshape(lanes)
        smoothing = np.zeros(n_places, program.dtype)
        smoothing[places] = [training.run.fit.label_smoothing for training in trainings]
        thresholds = None
        if program.sparse:
            edges = [thresholds_of(training, n_epochs, n_steps) for training in trainings]
            # As many rows and columns as the settings have: one index serves both.
            thresholds = np.empty((*settings.shape[:3], self._n_lanes), program.dtype)
            thresholds[:] = self._spread(places, [edge[..., None] for edge in edges])[..., 0, :]
        biases = settings
        if self._exempt.any():
            pairs = zip(settings, self._exempt, strict=True)
            biases = np.stack([spared(part, exempt, rule) for part, exempt in pairs])
        return {
            "settings": settings,
            "bias_settings": biases,
            "thresholds": thresholds,
            "smoothing": smoothing if program.smooths else None,
            "by_epoch": settings.shape[1] > 1,
            "by_step": settings.shape[2] > 1,
        }

    def _spread(self, places: list[int], parts: Sequence[NDArray[np.float64]]) -> NDArray[Any]:
        """Lay numbers (E or 1, S or 1, K) of some members side by side, (V, E, S, K, L)."""
        sizes = [max(sizes) for sizes in zip(*(part.shape for part in parts), strict=True)]
        out = np.zeros((self._n_vectors, *sizes, self._n_lanes), self._program.dtype)
        for place, part in zip(places, parts, strict=True):
            vector, lane = divmod(place, self._n_lanes)
            with np.errstate(over="ignore"):  # a rate beyond float32: the run diverges
                out[vector, ..., lane] = part
        return out

    def _own(self, array: NDArray[Any], member: int) -> NDArray[Any]:
        """Return a member's part of an array (V, ..., L), as a view."""
        vector, lane = divmod(self._places[member], self._n_lanes)
        part: NDArray[Any] = array[vector, ..., lane]
        return part

    def state(self, member: int) -> dict[str, Tensor]:
        """Return views of what a member must carry along: weights and the optimiser's own."""
        parts = (torch.from_numpy(self._own(array, member)) for array in self._state)
        return dict(zip(("weights", "first", "second"), parts, strict=True))

    def weights(self, member: int) -> dict[str, Tensor]:
        """Return views of a member's weights as `weights.pack_weights` takes them."""
        weights = self._layout.weights(member, self._own(self._state.p, member))
        return {name: torch.from_numpy(array) for name, array in weights.items()}


def seated(members: Sequence[Training | None]) -> list[tuple[int, Training]]:
    """Return the members that still train, each with its place."""
    return [(place, training) for place, training in enumerate(members) if training is not None]


def _seat(members: Sequence[Training], n_lanes: int) -> tuple[list[int], list[Training], list[int]]:
    """Give each run a lane: runs with the same batches share vectors, and nobody else does.

    Returns:
        Places (L to a vector), the first of each group, and where the vectors of each begin.
    """
    places: list[int] = []
    leads: list[Training] = []
    vectors: list[int] = [0]
    at = 0
    for training in members:
        if not leads or training.batches != leads[-1].batches:
            at = -(-at // n_lanes) * n_lanes
            leads.append(training)
            vectors.append(0)
        places.append(at)
        at += 1
        vectors[-1] = -(-at // n_lanes)
    return places, leads, vectors
