"""LARS: each layer's step is in proportion to the norm of its weights."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.buffers import Squares
from mlplab.engine.optimisers.base import LayerGradient, Slot, decays_of, per_slot, rates_of, twin
from mlplab.specs import LARS


class StackedLARS:
    """v <- m v + lr r (g + decay w), w <- w - v, r = trust |W| / (|G| + decay |W|).

    Norms are of a layer's weight matrix, each run's own; the layer's vectors share its ratio,
    which is 1 where a norm is 0. Source: You, Gitman and Ginsburg (2017), arXiv 1708.03888.
    """

    settings_of_step = ("_rate", "_trust", "_momentum", "_decays")

    def __init__(self, like: Tensor) -> None:
        self._like = like
        self._squares = Squares(like.dtype)

    def state(self, weights: Sequence[Tensor], vectors: Sequence[Tensor]) -> dict[str, Tensor]:
        """One velocity per weight and bias, and the gradient's place."""
        self._gradients = [twin(w) for w in weights]
        made = {f"velocity.w{i}": twin(w) for i, w in enumerate(weights)}
        return made | {f"velocity.b{i}": twin(b) for i, b in enumerate(vectors)}

    def begin_epoch(self, slots: Sequence[Slot | None], n_steps: int) -> None:
        """Take this epoch's rates and settings."""
        self._rates = rates_of(slots, n_steps, self._like)
        self._trust = per_slot(slots, lambda slot: _settings(slot).trust, self._like)
        self._momentum = per_slot(slots, lambda slot: _settings(slot).momentum, self._like)
        self._decays = decays_of(slots, self._like)

    def begin_step(self, step: int) -> None:
        """Take the step's rates."""
        self._rate = self._rates.at(step)

    def delta_scale(self) -> None:
        """The ratio wants the gradient itself."""

    def apply(
        self, layer: int, weight: Tensor, gradient: LayerGradient, state: dict[str, Tensor]
    ) -> None:
        """Find the layer's own rate, renew the velocity, then move."""
        formed = self._gradients[layer]
        gradient.write(formed)
        size, slope = self._norms(weight), self._norms(formed)
        ratio = self._trust * size / (slope + self._decays.weights * size)
        ratio = torch.where((size > 0) & (slope > 0), ratio, torch.ones_like(ratio))
        self._own_rate = self._rate * ratio
        if self._decays.any:
            formed.addcmul_(weight, self._decays.weights)
        velocity = state[f"velocity.w{layer}"]
        velocity.mul_(self._momentum).addcmul_(formed, self._own_rate)
        weight.sub_(velocity)

    def apply_vector(
        self, index: int, vector: Tensor, gradient: Tensor, state: dict[str, Tensor]
    ) -> None:
        """Move with the rate of the layer whose weights have just moved."""
        if self._decays.any:
            gradient.addcmul_(vector, self._decays.vectors)
        velocity = state[f"velocity.b{index}"]
        velocity.mul_(self._momentum.squeeze(2)).addcmul_(gradient, self._own_rate.squeeze(2))
        vector.sub_(velocity)

    def _norms(self, tensor: Tensor) -> Tensor:
        """The norm of each run's matrix, (R, 1, 1)."""
        return self._squares(tensor).flatten(1).sum(1).sqrt_().view(-1, 1, 1)

    def end_step(
        self, weights: Sequence[Tensor], vectors: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Everything is done already."""


def _settings(slot: Slot) -> LARS:
    assert isinstance(slot.run.optim, LARS)
    return slot.run.optim
