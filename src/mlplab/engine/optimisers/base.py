"""What an optimiser is to a stack: per-slot settings in, moved weights out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from mlplab.engine.buffers import zeros
from mlplab.engine.repeats import check_repeats
from mlplab.specs import Run, Schedule
from mlplab.specs.schedule import SCHEDULE_FORMS


class LayerGradient(Protocol):
    """The gradient of a layer's weights, formed or not."""

    def add_to(self, out: Tensor) -> None:
        """Add the gradient to `out`."""

    def write(self, out: Tensor) -> None:
        """Overwrite `out` with the gradient."""


@dataclass(frozen=True)
class Slot:
    """Who sits in a slot, and how far it is: `step` counts all steps before this epoch."""

    run: Run
    epoch: int
    step: int
    losses: tuple[float, ...] = ()
    """Of the epochs before, where the schedule looks at them."""
    rate_factor: float = 1.0
    """Below 1 after rewinds."""


class Optimiser(Protocol):
    """Moves a stack's weights, layer by layer, while the backward pass goes down.

    A new optimiser is one class with these methods; `state` makes the tensors it keeps beside
    the weights, which the engine then compacts and checkpoints for it.
    """

    @property
    def settings_of_step(self) -> tuple[str, ...] | None:
        """Names of its attributes that a step reads and `begin_epoch` or `begin_step` sets.

        None where its steps cannot be recorded; see `recording`.
        """

    def state(self, weights: Sequence[Tensor], vectors: Sequence[Tensor]) -> dict[str, Tensor]:
        """Make the optimiser's own tensors, zero, each with the runs as first dimension.

        `vectors` are the biases, (R, O), layer by layer, then what else is learned, (R, ...).
        """

    def begin_epoch(self, slots: Sequence[Slot | None], n_steps: int) -> None:
        """Take the settings of the slots for an epoch of `n_steps` steps; None is an idle slot."""

    def begin_step(self, step: int) -> None:
        """Take up step 0, 1, ... of the epoch."""

    def delta_scale(self) -> Tensor | None:
        """Factors that the output delta is multiplied with, (R, 1, 1), where that saves a pass."""

    def apply(
        self,
        layer: int,
        weight: Tensor,
        gradient: LayerGradient,
        state: dict[str, Tensor],
    ) -> None:
        """Move one layer's weights, (R, O, I); gradients carry the delta scale."""

    def apply_vector(
        self, index: int, vector: Tensor, gradient: Tensor, state: dict[str, Tensor]
    ) -> None:
        """Move one of the vectors, (R, O) or (R, 1), after the weights of its layer."""

    def end_step(
        self, weights: Sequence[Tensor], vectors: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Finish a step, after every layer's `apply`."""


def twin(tensor: Tensor) -> Tensor:
    """Make zeros that lie in memory as `tensor` does, so that products meet the same alignment."""
    shape, stride = tensor.shape, tensor.stride()
    size = 1 + sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
    with torch.device(tensor.device):
        room = zeros(max(0, size if tensor.numel() else 0), dtype=tensor.dtype)
    return room.as_strided(shape, stride)


def per_slot(
    slots: Sequence[Slot | None],
    value: Callable[[Slot], float],
    like: Tensor,
    idle: float = 0.0,
) -> Tensor:
    """Collect one number per slot as (R, 1, 1), with `idle` for empty slots."""
    numbers = [idle if slot is None else value(slot) for slot in slots]
    return torch.tensor(numbers, dtype=like.dtype, device=like.device).view(-1, 1, 1)


@dataclass(frozen=True, eq=False)
class Decays:
    """The L2 penalties of the slots: for weights (R, 1, 1), and for vectors (R, 1).

    Attributes:
        any: whether a slot has one; asked once, for a device would wait for it in every step.
    """

    weights: Tensor
    vectors: Tensor
    any: bool


def decays_of(slots: Sequence[Slot | None], like: Tensor) -> Decays:
    """Return the slots' penalties; a run may leave its biases alone."""
    weights = per_slot(slots, lambda slot: slot.run.optim.weight_decay, like)
    included = per_slot(slots, lambda slot: float(slot.run.optim.decay_biases), like)
    return Decays(weights, (weights * included).squeeze(2), bool(weights.any()))


def same_runs(before: Sequence[Slot | None], now: Sequence[Slot | None]) -> bool:
    """Say whether the same runs sit in the same slots, whatever their epochs."""
    return len(before) == len(now) and all(
        one is other or (one is not None and other is not None and one.run is other.run)
        for one, other in zip(before, now, strict=True)
    )


def scheduled_rates(slot: Slot, n_steps: int) -> list[float]:
    """Return a slot's learning rate in each step of its present epoch."""
    optim = slot.run.optim
    factors = optim.schedule.factors(slot.epoch, slot.run.fit.epochs, n_steps, slot.losses)
    return [optim.lr * slot.rate_factor * factor for factor in factors]


@dataclass(frozen=True, eq=False)
class Rates:
    """What belongs to each step of an epoch, (R, 1, 1); one tensor where all steps are alike.

    Attributes:
        numbers: the learning rates in float64, (R, n_steps).
    """

    numbers: np.ndarray
    steps: tuple[Tensor, ...]

    def map(self, function: Callable[[Tensor], Tensor]) -> Rates:
        """Return a function of the rates."""
        return Rates(self.numbers, tuple(function(step) for step in self.steps))

    def at(self, step: int) -> Tensor:
        """Return what belongs to a step of the epoch, (R, 1, 1)."""
        return self.steps[step if len(self.steps) > 1 else 0]


def check_schedule(schedule: Schedule, epochs: int) -> None:
    """Ask a user's schedule for every epoch, before anything is trained.

    Raises:
        ConfigError: it fails, returns no finite number, or draws.
    """
    if schedule.kind not in SCHEDULE_FORMS:
        check_repeats(
            "schedule", schedule.kind, lambda: [schedule.factor(e, epochs) for e in range(epochs)]
        )


def rates_of(slots: Sequence[Slot | None], n_steps: int, like: Tensor) -> Rates:
    """Return the learning rates of an epoch, of type and device of `like`."""
    stepwise = any(slot is not None and slot.run.optim.schedule.is_stepwise for slot in slots)
    n_columns = n_steps if stepwise else 1
    rows = np.zeros((len(slots), n_columns))
    for r, slot in enumerate(slots):
        if slot is not None:
            rows[r] = scheduled_rates(slot, n_steps)[:n_columns]
    table = torch.tensor(rows.T, dtype=like.dtype, device=like.device)
    return Rates(np.broadcast_to(rows, (len(slots), n_steps)), table[:, :, None, None].unbind())


def step_numbers(slots: Sequence[Slot | None], n_steps: int) -> np.ndarray:
    """Return the 1-based numbers of the coming steps of each slot, (R, n_steps)."""
    first = np.array([0 if slot is None else slot.step for slot in slots], dtype=np.float64)
    return first[:, None] + np.arange(1, n_steps + 1)
