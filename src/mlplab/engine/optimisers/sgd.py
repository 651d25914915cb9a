"""SGD whose step happens inside the gradient product."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.optimisers.base import LayerGradient, Slot, decays_of, rates_of


class FusedSGD:
    """w <- w - lr (g + decay w), without a gradient buffer.

    The rate is folded into the output delta, so the product that would form the gradient adds
    the finished step to the weights: no second pass over them, and rates are free per run.
    """

    settings_of_step = ("_scale", "_shrink", "_vector_shrink")

    def __init__(self, like: Tensor) -> None:
        self._like = like

    def state(self, weights: Sequence[Tensor], vectors: Sequence[Tensor]) -> dict[str, Tensor]:
        """Plain SGD keeps nothing."""
        return {}

    def begin_epoch(self, slots: Sequence[Slot | None], n_steps: int) -> None:
        """Take this epoch's rates and decays."""
        rates = rates_of(slots, n_steps, self._like)
        decays = decays_of(slots, self._like)
        self._scales = rates.map(torch.neg)
        # Multiplying by exactly 1 would change no bit, so a stack without decay may skip it.
        self._shrinks = self._vector_shrinks = None
        if decays.any:
            self._shrinks = rates.map(lambda rate: 1 - rate * decays.weights)
            self._vector_shrinks = rates.map(lambda rate: 1 - rate.squeeze(2) * decays.vectors)

    def begin_step(self, step: int) -> None:
        """Take the step's rates."""
        self._scale = self._scales.at(step)
        self._shrink = None if self._shrinks is None else self._shrinks.at(step)
        shrinks = self._vector_shrinks
        self._vector_shrink = None if shrinks is None else shrinks.at(step)

    def delta_scale(self) -> Tensor:
        """-lr of each run."""
        return self._scale

    def apply(
        self, layer: int, weight: Tensor, gradient: LayerGradient, state: dict[str, Tensor]
    ) -> None:
        """Let the gradient product add the step."""
        if self._shrink is not None:
            weight.mul_(self._shrink)
        gradient.add_to(weight)

    def apply_vector(
        self, index: int, vector: Tensor, gradient: Tensor, state: dict[str, Tensor]
    ) -> None:
        """Add the step."""
        if self._vector_shrink is not None:
            vector.mul_(self._vector_shrink)
        vector.add_(gradient)

    def end_step(
        self, weights: Sequence[Tensor], vectors: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Everything is done already."""
