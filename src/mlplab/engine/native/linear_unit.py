"""Linear models with the same batches, as one thread works on them: sixteen to a vector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.initialise import initial_weight
from mlplab.engine.native.arrays import Arrays, aligned
from mlplab.engine.native.job import LANES, NEVER, train
from mlplab.engine.native.patience import NOBODY, keep_best, note_best, watch_of
from mlplab.engine.native.settings import settings_of, spared, thresholds_of
from mlplab.engine.native.unit import (
    Doubles,
    Notebook,
    State,
    fields_of_groups,
    room_for_order,
    seated,
)
from mlplab.engine.places import put_state
from mlplab.engine.program import Program
from mlplab.engine.training import Training

_OF_NETWORKS = (
    "plan", "score_plan", "noise_key", "edges", "ups", "d", "slopes", "keep", "noise", "batch",
    "inputs", "turned",
)  # fmt: skip
SCORED = 64  # rows at a time: their outputs stay in the cache


class LinearUnit:
    """Linear models with the same epochs, a lane each; see `unit.Unit`.

    Args:
        program: what they have in common.
        members: those with the same batches side by side, best sorted by how many inputs they see.
        arrays: the task's.
        marks: whether to keep which test examples are right.
    """

    def __init__(
        self, program: Program, members: Sequence[Training], arrays: Arrays, marks: bool
    ) -> None:
        self.members: list[Training | None] = list(members)
        self._notebook = Notebook(program, members[0], arrays, marks)
        self._places, leads, vectors = _seat(members)
        self._groups = fields_of_groups(leads, vectors)
        self._n_vectors = vectors[-1]
        n_in, n_out = program.widths
        shape = (self._n_vectors, n_out, n_in + 1, LANES)
        self._state = State(*(aligned(shape, program.dtype) for _ in range(3)))
        self._seen = [training.run.mlp.inputs or n_in for training in members]
        self._inputs = self._masks(n_in, program.dtype)
        self._exempt = np.zeros((self._n_vectors, LANES), dtype=bool)
        self._first_losses = np.full((self._n_vectors, LANES), np.inf)
        self._watch = watch_of(members, self._places, self._n_vectors * LANES, self._state.p)
        for member, training in enumerate(members):
            vector, lane = divmod(self._places[member], LANES)
            self._first_losses[vector, lane] = training.first_loss
            self._exempt[vector, lane] = not training.run.optim.decay_biases
            if self._watch is not None:
                keep_best(training, self._watch.kept[vector, :, :, lane])
            if training.state is None:
                seen, init = self._seen[member], training.run.mlp.init
                drawn = initial_weight(init, training.run.seed, 0, n_out, seen)
                self._state.p[vector, :, :seen, lane] = drawn
            else:
                self._take_up(member, training.state)
                training.state = None

    def _masks(self, n_in: int, dtype: str) -> dict[str, Any]:
        """Return how many inputs the runs of a vector see, and 1 where a run learns."""
        seen = np.zeros((self._n_vectors, LANES), np.int64)
        seen.reshape(-1)[self._places] = self._seen
        most = seen.max(1)
        least = np.where(seen > 0, seen, most[:, None]).min(1)
        if (least == most).all():
            return {"least": least, "most": most, "mask": None}
        mask = aligned((self._n_vectors, n_in + 1, LANES), dtype)
        mask[:] = np.arange(n_in + 1)[:, None] < seen[:, None]
        return {"least": least, "most": most, "mask": mask}

    def _take_up(self, member: int, state: dict[str, Tensor]) -> None:
        kept = self.state(member)
        places = {name: torch.zeros_like(tensor) for name, tensor in kept.items()}
        put_state(state, places)
        vector, lane = divmod(self._places[member], LANES)
        for array, tensor in zip(self._state, places.values(), strict=True):
            array[vector, :, :, lane] = tensor.numpy()

    def advance(self, n_epochs: int) -> None:
        """See `Unit`."""
        notebook = self._notebook
        present = [(self._places[member], training) for member, training in seated(self.members)]
        places, trainings = [place for place, _ in present], [training for _, training in present]
        lead = trainings[0]
        ended = np.full(self._n_vectors * LANES, NEVER, dtype=np.int64)
        ended[places] = 0
        history = np.zeros((3, 2, n_epochs, self._n_vectors, LANES))
        marks = np.zeros((notebook.n_marks, self._n_vectors, LANES), dtype=np.uint8)
        fields = {
            **notebook.fields(lead.epoch, n_epochs),
            **self._groups,
            **self._state._asdict(),
            **self._inputs,
            **self._steps(places, trainings, n_epochs),
            **self._room(lead),
            **(NOBODY if self._watch is None else self._watch._asdict()),
            "size": self._state.p.shape[1] * self._state.p.shape[2],
            "first_losses": self._first_losses,
            "ended": ended,
            "history": history,
            "marks": marks if len(marks) else None,
        }
        train(fields, notebook.program.dtype)
        sums = history.reshape(3, 2, n_epochs, self._n_vectors * LANES)
        stopped = note_best(trainings, self._watch, places)
        diverged = [0 if end == NEVER else end for end in ended[places].tolist()]
        notebook.note(trainings, sums, places, diverged, stopped)
        right = marks.reshape(len(marks), self._n_vectors * LANES)
        for place, training in present:
            vector, lane = divmod(place, LANES)
            training.first_loss = float(self._first_losses[vector, lane])
            notebook.mark(training, right[:, place])

    def _room(self, lead: Training) -> dict[str, Any]:
        program = self._notebook.program
        n_out, dtype = program.widths[1], program.dtype
        n_rows = max(SCORED, *program.batch_sizes)
        return {
            **dict.fromkeys(_OF_NETWORKS),
            "n_layers": 1,
            "curve": -1,
            "alpha": 0.0,
            "h": aligned((n_out, n_rows, LANES), dtype),
            "g": aligned((program.widths[0] + 1, LANES), dtype),
            "shares": np.empty(n_rows, dtype),
            "row": 0,
            "scored": n_rows,
            **room_for_order(len(lead.rows.train)),
        }

    def _steps(
        self, places: list[int], trainings: Sequence[Training], n_epochs: int
    ) -> dict[str, Any]:
        notebook = self._notebook
        n_steps, dtype = notebook.n_steps, notebook.program.dtype
        adam = notebook.adam
        settings = self._spread(
            places, [settings_of(training, n_epochs, n_steps) for training in trainings]
        )
        if adam:  # idle lanes divide by 1
            idle = np.ones(self._n_vectors * LANES)
            idle[places] = 0
            settings[..., -1, :] += idle.reshape(-1, 1, 1, LANES)
        smoothing = np.zeros(self._n_vectors * LANES, dtype)
        smoothing[places] = [training.run.fit.label_smoothing for training in trainings]
        thresholds = None
        if notebook.program.sparse:
            edges = [thresholds_of(training, n_epochs, n_steps) for training in trainings]
            # As many rows and columns as the settings have: one index serves both.
            thresholds = np.empty((*settings.shape[:3], LANES), dtype)
            thresholds[:] = self._spread(places, [edge[..., None] for edge in edges])[..., 0, :]
        biases = settings
        if self._exempt.any():
            biases = np.stack(
                [
                    spared(part, exempt, adam)
                    for part, exempt in zip(settings, self._exempt, strict=True)
                ]
            )
        return {
            "settings": settings,
            "bias_settings": biases,
            "thresholds": thresholds,
            "smoothing": smoothing if notebook.program.smooths else None,
            "by_epoch": settings.shape[1] > 1,
            "by_step": settings.shape[2] > 1,
        }

    def _spread(self, places: list[int], parts: Sequence[Doubles]) -> NDArray[Any]:
        """Lay numbers (E or 1, S or 1, K) of some members side by side, (V, E, S, K, 16)."""
        shapes = [part.shape for part in parts]
        n_epochs, n_steps, n_rows = (max(sizes) for sizes in zip(*shapes, strict=True))
        dtype = self._notebook.program.dtype
        out = np.zeros((self._n_vectors, n_epochs, n_steps, n_rows, LANES), dtype)
        for place, part in zip(places, parts, strict=True):
            vector, lane = divmod(place, LANES)
            with np.errstate(over="ignore"):  # a rate beyond float32: the run diverges
                out[vector, ..., lane] = part
        return out

    def state(self, member: int) -> dict[str, Tensor]:
        """See `Unit`."""
        vector, lane = divmod(self._places[member], LANES)
        parts = (np.ascontiguousarray(array[vector, :, :, lane]) for array in self._state)
        names = ("weights", "first", "second")
        return {name: torch.from_numpy(part) for name, part in zip(names, parts, strict=True)}

    def weights(self, member: int) -> dict[str, Tensor]:
        """See `Unit`."""
        vector, lane = divmod(self._places[member], LANES)
        own = torch.from_numpy(np.ascontiguousarray(self._state.p[vector, :, :, lane]))
        return {"weight.0": own[:, : self._seen[member]], "bias.0": own[:, -1]}


def _seat(members: Sequence[Training]) -> tuple[list[int], list[Training], list[int]]:
    """Give each run a lane: runs with the same batches share vectors, and nobody else does.

    Returns:
        Places (16 to a vector), the first of each group, and where the vectors of each begin.
    """
    places: list[int] = []
    leads: list[Training] = []
    vectors: list[int] = [0]
    at = 0
    for training in members:
        if not leads or training.batches != leads[-1].batches:
            at = -(-at // LANES) * LANES
            leads.append(training)
            vectors.append(0)
        places.append(at)
        at += 1
        vectors[-1] = -(-at // LANES)
    return places, leads, vectors
