"""What one thread works on at a time: sixteen linear models, or one network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.initialise import initial_weight
from mlplab.engine.native.arrays import Arrays
from mlplab.engine.native.lanes import LANES
from mlplab.engine.native.linear import CROSS_ENTROPY, SQUARED, train_linear
from mlplab.engine.native.mlp import train_mlp
from mlplab.engine.native.settings import is_adam, settings_of, thresholds_of
from mlplab.engine.noise import realised_rate
from mlplab.engine.places import put_state
from mlplab.engine.program import Program
from mlplab.engine.training import Training
from mlplab.specs.activation import activation_settings
from mlplab.specs.keyed import philox_key

Doubles = NDArray[np.float64]
_LINE = 64  # bytes
_NOISE_LEVELS = 65_536
_NEVER = 2**62


class Unit(Protocol):
    """Runs that train in one compiled call; None is where one has ended.

    Args:
        program: what they have in common.
        members: with the same batches and epochs; at most sixteen linear models, or one network.
        arrays: the task's.
        marks: whether to keep which test examples are right.
        far: the loss of outputs that are all 0, see `Training.has_diverged`.
    """

    members: list[Training | None]

    def __init__(
        self, program: Program, members: Sequence[Training], arrays: Arrays, marks: bool, far: float
    ) -> None: ...

    @property
    def seated(self) -> list[tuple[int, Training]]:
        """The members that still train, each with its place."""

    def advance(self, n_epochs: int) -> None:
        """Train all members for some epochs and note what was measured; for any thread."""

    def state(self, member: int) -> dict[str, Tensor]:
        """Return what a member must carry along: weights and the optimiser's own."""

    def weights(self, member: int) -> dict[str, Tensor]:
        """Return a member's weights as `weights.pack_weights` takes them."""


class _Course:
    """What both kinds of units have in common: rows, sizes, and the notes of an epoch."""

    def __init__(
        self, program: Program, members: Sequence[Training], arrays: Arrays, marks: bool, far: float
    ) -> None:
        self.members: list[Training | None] = list(members)
        self.program = program
        self.arrays = arrays
        self.far = far
        lead = members[0]
        self.sizes = np.array(program.batch_sizes, dtype=np.int64)
        self.order_key = philox_key(lead.run.seed, "order", 1)
        self.when = lead.run.fit.test
        self.loss = SQUARED if program.loss == "squared" else CROSS_ENTROPY
        self.counts = "rmse" if program.loss == "squared" else "accuracy"
        last = lead.run.fit.epochs - 1
        self.test_from = {"never": _NEVER, "end": last, "epoch": 0}[self.when]
        self.test = arrays.test if self.when != "never" else np.empty(0, np.int64)
        self.marks = marks and self.counts == "accuracy" and self.when != "never"

    @property
    def seated(self) -> list[tuple[int, Training]]:
        """See `Unit`."""
        return [(place, t) for place, t in enumerate(self.members) if t is not None]

    def note(self, training: Training, history: Doubles, ended: int) -> None:
        """Add the epochs that a run has trained, from sums (E, 3, 2); see `train_linear`."""
        first = training.epoch
        n = (ended - first) if ended else len(history)
        sums = history[:n]
        splits = {"train": int(self.sizes.sum()), "valid": training.n_valid}
        if self.when != "never":
            splits["test"] = len(self.test)
        for place, (split, n_rows) in enumerate(splits.items()):
            if not n_rows:
                continue
            means = sums[:, place] / n_rows
            if split == "test":
                means[: max(0, self.test_from - first)] = np.nan
            if ended and split != "train":
                means[-1] = np.nan
            if self.counts == "rmse":
                means[:, 1] = np.sqrt(means[:, 1])
            for column, name in enumerate(("loss", self.counts)):
                values = training.history.setdefault(f"{split}_{name}", [])
                values.extend(means[:, column].tolist())
        training.epoch = first + n
        if ended:
            training.status, training.diverged_epoch = "diverged", ended
        elif training.epoch == training.run.fit.epochs:
            training.status = "finished"

    def mark(self, training: Training, marks: NDArray[np.uint8]) -> None:
        """Keep which test examples a finished run has right."""
        if self.marks and training.status == "finished":
            training.correct["test"] = np.packbits(marks).tobytes()


class LinearUnit:
    """Up to sixteen linear models with the same batches, a lane each."""

    def __init__(
        self, program: Program, members: Sequence[Training], arrays: Arrays, marks: bool, far: float
    ) -> None:
        self._course = _Course(program, members, arrays, marks, far)
        self.members = self._course.members
        n_in, n_out = program.widths
        shape = (n_out, n_in + 1, LANES)
        self._arrays = [np.zeros(shape, dtype=program.dtype) for _ in range(3)]
        self._n_inputs = [training.run.mlp.inputs or n_in for training in members]
        self._mask = np.zeros((0, LANES), dtype=program.dtype)
        if min(self._n_inputs) < n_in:
            self._mask = np.ones((n_in + 1, LANES), dtype=program.dtype)
            for lane, seen in enumerate(self._n_inputs):
                self._mask[seen:n_in, lane] = 0
        self._exempt = np.array([not training.run.optim.decay_biases for training in members])
        self._exempt = self._exempt.astype(np.int64) if self._exempt.any() else np.zeros(0, int)
        self._first_losses = np.full(LANES, np.inf)
        for lane, training in enumerate(members):
            self._first_losses[lane] = training.first_loss
            if training.state is None:
                seen, init = self._n_inputs[lane], training.run.mlp.init
                drawn = initial_weight(init, training.run.seed, 0, n_out, seen)
                self._arrays[0][:, :seen, lane] = drawn
            else:
                places = {
                    name: torch.zeros(shape[:2], dtype=t.dtype)
                    for name, t in self.state(lane).items()
                }
                put_state(training.state, places)
                for array, place in zip(self._arrays, places.values(), strict=True):
                    array[:, :, lane] = place.numpy()
                training.state = None

    @property
    def seated(self) -> list[tuple[int, Training]]:
        """See `Unit`."""
        return self._course.seated

    def advance(self, n_epochs: int) -> None:
        """See `Unit`."""
        course, program = self._course, self._course.program
        n_steps = len(course.sizes)
        seated = self.seated
        parts = {lane: settings_of(training, n_epochs, n_steps) for lane, training in seated}
        most = max(part.shape[1] for part in parts.values())
        adam = is_adam(program.optimiser)
        # Idle lanes do not move, and divide by 1.
        settings = np.zeros((n_epochs, most, 8 if adam else 4, LANES), dtype=program.dtype)
        settings[:, :, -1] = int(adam)
        history = np.zeros((n_epochs, 3, 2, LANES))
        ended = np.full(LANES, _NEVER, dtype=np.int64)
        for lane, part in parts.items():
            settings[..., lane] = part
            ended[lane] = 0
        marks = np.zeros((len(course.test) if course.marks else 0, LANES), dtype=np.uint8)
        rows = seated[0][1].rows
        thresholds = np.zeros((0, 1, LANES), dtype=program.dtype)
        if program.sparse:
            edges = {lane: thresholds_of(t, n_epochs, n_steps) for lane, t in seated}
            columns = max(edge.shape[1] for edge in edges.values())
            # As many columns as the settings have: one index serves both.
            thresholds = np.zeros((n_epochs, max(columns, most), LANES), dtype=program.dtype)
            for lane, edge in edges.items():
                thresholds[..., lane] = edge
        p, first, second = self._arrays
        train_linear(
            p,
            first,
            second,
            course.arrays.x,
            course.arrays.y,
            rows.train,
            rows.valid,
            course.test,
            course.order_key,
            seated[0][1].epoch,
            course.sizes,
            course.loss,
            int(adam),
            settings,
            self._exempt,
            thresholds,
            self._mask,
            course.test_from,
            course.far,
            history,
            self._first_losses,
            ended,
            marks,
        )
        for lane, training in seated:
            training.first_loss = float(self._first_losses[lane])
            course.note(training, history[..., lane], int(ended[lane]))
            course.mark(training, marks[:, lane])

    def state(self, member: int) -> dict[str, Tensor]:
        """See `Unit`."""
        names = ("weights", "first", "second")
        parts = (np.ascontiguousarray(array[:, :, member]) for array in self._arrays)
        return {name: torch.from_numpy(part) for name, part in zip(names, parts, strict=True)}

    def weights(self, member: int) -> dict[str, Tensor]:
        """See `Unit`."""
        own = torch.from_numpy(np.ascontiguousarray(self._arrays[0][:, :, member]))
        return {"weight.0": own[:, : self._n_inputs[member]], "bias.0": own[:, -1]}


class MLPUnit:
    """One network with hidden layers."""

    def __init__(
        self, program: Program, members: Sequence[Training], arrays: Arrays, marks: bool, far: float
    ) -> None:
        self._course = _Course(program, members, arrays, marks, far)
        self.members = self._course.members
        (training,) = members
        self._plan, size = plan_of(program)
        self._arrays = [np.zeros(size, dtype=program.dtype) for _ in range(3)]
        self._first_loss = np.full(1, training.first_loss)
        net = training.run.mlp
        kind, given = activation_settings(net.activation)
        slope = {"relu": 0.0, "identity": 1.0}.get(kind, given.get("slope", 0.0))
        self._slope = self._arrays[0].dtype.type(slope)
        rates = [realised_rate(rate) for rate in net.dropout]
        self._edges = np.array([rate * _NOISE_LEVELS - _NOISE_LEVELS // 2 for rate in rates])
        self._edges = self._edges.astype(np.int64)
        self._ups = np.array([1 / (1 - rate) for rate in rates], dtype=program.dtype)
        self._noise_key = philox_key(training.run.seed, "dropout", 2)
        if training.state is None:
            for layer, place in enumerate(self.weights(0).values()):
                if place.ndim == 2:
                    n_out, n_in = place.shape
                    index = layer // 2
                    drawn = initial_weight(net.init, training.run.seed, index, n_out, n_in)
                    place.copy_(torch.from_numpy(np.array(drawn)))
        else:
            put_state(training.state, self.state(0))
            training.state = None

    @property
    def seated(self) -> list[tuple[int, Training]]:
        """See `Unit`."""
        return self._course.seated

    def advance(self, n_epochs: int) -> None:
        """See `Unit`."""
        course, program = self._course, self._course.program
        ((_, training),) = self.seated
        settings = settings_of(training, n_epochs, len(course.sizes)).astype(program.dtype)
        thresholds = np.zeros((0, 1), dtype=program.dtype)
        if program.sparse:
            edges = thresholds_of(training, n_epochs, len(course.sizes)).astype(program.dtype)
            columns = max(edges.shape[1], settings.shape[1])
            thresholds = np.array(np.broadcast_to(edges, (n_epochs, columns)))
        history = np.zeros((n_epochs, 3, 2))
        marks = np.zeros(len(course.test) if course.marks else 0, dtype=np.uint8)
        rows = training.rows
        p, first, second = self._arrays
        ended = train_mlp(
            p,
            first,
            second,
            self._plan,
            self._slope,
            course.arrays.x,
            course.arrays.y,
            rows.train,
            rows.valid,
            course.test,
            course.order_key,
            training.epoch,
            course.sizes,
            course.loss,
            int(is_adam(program.optimiser)),
            settings,
            not training.run.optim.decay_biases,
            thresholds,
            self._noise_key,
            self._edges,
            self._ups,
            course.test_from,
            course.far,
            history,
            self._first_loss,
            marks,
        )
        training.first_loss = float(self._first_loss[0])
        course.note(training, history, int(ended))
        course.mark(training, marks)

    def state(self, member: int) -> dict[str, Tensor]:
        """See `Unit`."""
        names = ("weights", "first", "second")
        return {n: torch.from_numpy(a) for n, a in zip(names, self._arrays, strict=True)}

    def weights(self, member: int) -> dict[str, Tensor]:
        """See `Unit`."""
        flat, out = torch.from_numpy(self._arrays[0]), {}
        for layer, (n_in, n_out, gap, weight, bias, *_) in enumerate(self._plan.tolist()):
            rows = flat[weight : weight + n_out * gap].view(n_out, gap)
            out[f"weight.{layer}"] = rows[:, :n_in]
            out[f"bias.{layer}"] = flat[bias : bias + n_out]
        return out


def plan_of(program: Program) -> tuple[NDArray[np.int64], int]:
    """Return where the layers of a network lie in one flat array, (L, 7), and its size.

    Rows of weights begin at whole 64-byte lines; for the columns see `train_mlp`.
    """
    line = _LINE // np.dtype(program.dtype).itemsize
    rows: list[Any] = []
    at = 0
    for n_in, n_out in zip(program.widths, program.widths[1:], strict=False):
        gap = -(-n_in // line) * line
        rows.append((n_in, n_out, gap, at, at + n_out * gap, 0, 0))
        at += n_out * gap + -(-n_out // line) * line
    return np.array(rows, dtype=np.int64), at
