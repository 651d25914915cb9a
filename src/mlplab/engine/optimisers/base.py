"""What an optimiser is to a stack: per-slot settings in, moved weights out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from mlplab.engine.gradient import Gradient
from mlplab.specs import Run


@dataclass(frozen=True)
class Slot:
    """Who sits in a slot, and how far it is: `step` counts all steps before this epoch."""

    run: Run
    epoch: int
    step: int


class Optimiser(Protocol):
    """Moves a stack's weights, layer by layer, while the backward pass goes down.

    A new optimiser is one class with these methods; `state` makes the tensors it keeps beside
    the weights, which the engine then compacts and checkpoints for it.
    """

    def state(self, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> dict[str, Tensor]:
        """Make the optimiser's own tensors, zero, each with the runs as first dimension."""

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
        bias: Tensor,
        gradient: Gradient,
        bias_gradient: Tensor,
        state: dict[str, Tensor],
    ) -> None:
        """Move one layer's weights (R, O, I) and biases (R, O); gradients carry the delta scale."""

    def end_step(
        self, weights: Sequence[Tensor], biases: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Finish a step, after every layer's `apply`."""


def twin(tensor: Tensor) -> Tensor:
    """Make zeros that lie in memory as `tensor` does, so that products meet the same alignment."""
    return torch.empty_strided(
        tensor.shape, tensor.stride(), dtype=tensor.dtype, device=tensor.device
    ).zero_()


def per_slot(
    slots: Sequence[Slot | None],
    value: Callable[[Slot], float],
    like: Tensor,
    idle: float = 0.0,
) -> Tensor:
    """Collect one number per slot as (R, 1, 1), with `idle` for empty slots."""
    numbers = [idle if slot is None else value(slot) for slot in slots]
    return torch.tensor(numbers, dtype=like.dtype, device=like.device).view(-1, 1, 1)


def same_runs(before: Sequence[Slot | None], now: Sequence[Slot | None]) -> bool:
    """Say whether the same runs sit in the same slots, whatever their epochs."""
    return len(before) == len(now) and all(
        one is other or (one is not None and other is not None and one.run is other.run)
        for one, other in zip(before, now, strict=True)
    )


def scheduled_rate(slot: Slot) -> float:
    """Return a slot's learning rate in its present epoch."""
    optim = slot.run.optim
    return optim.lr * optim.schedule.factor(slot.epoch, slot.run.fit.epochs)


def step_numbers(slots: Sequence[Slot | None], n_steps: int) -> np.ndarray:
    """Return the 1-based numbers of the coming steps of each slot, (R, n_steps)."""
    first = np.array([0 if slot is None else slot.step for slot in slots], dtype=np.float64)
    return first[:, None] + np.arange(1, n_steps + 1)
