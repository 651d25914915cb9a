"""SGD with momentum: the gradient product adds to the velocity."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.optimisers.base import LayerGradient, Slot, decays_of, per_slot, rates_of, twin
from mlplab.specs import SGD


class MomentumSGD:
    """v <- m v + g + decay w, w <- w - lr v; as torch.optim.SGD without dampening."""

    settings_of_step = ("_move", "_momentum", "_decays")

    def __init__(self, like: Tensor) -> None:
        self._like = like

    def state(self, weights: Sequence[Tensor], vectors: Sequence[Tensor]) -> dict[str, Tensor]:
        """One velocity per weight and bias."""
        made = {f"velocity.w{i}": twin(w) for i, w in enumerate(weights)}
        return made | {f"velocity.b{i}": twin(b) for i, b in enumerate(vectors)}

    def begin_epoch(self, slots: Sequence[Slot | None], n_steps: int) -> None:
        """Take this epoch's rates, momenta and decays."""
        self._moves = rates_of(slots, n_steps, self._like).map(torch.neg)
        self._momentum = per_slot(slots, _momentum, self._like)
        self._decays = decays_of(slots, self._like)

    def begin_step(self, step: int) -> None:
        """Take the step's rates."""
        self._move = self._moves.at(step)

    def delta_scale(self) -> None:
        """The velocity wants the gradient itself."""

    def apply(
        self, layer: int, weight: Tensor, gradient: LayerGradient, state: dict[str, Tensor]
    ) -> None:
        """Renew the velocity, then move."""
        velocity = state[f"velocity.w{layer}"]
        velocity.mul_(self._momentum)
        if self._decays.any:
            velocity.addcmul_(weight, self._decays.weights)
        gradient.add_to(velocity)
        weight.addcmul_(velocity, self._move)

    def apply_vector(
        self, index: int, vector: Tensor, gradient: Tensor, state: dict[str, Tensor]
    ) -> None:
        """The same for a bias."""
        velocity = state[f"velocity.b{index}"]
        velocity.mul_(self._momentum.squeeze(2))
        if self._decays.any:
            velocity.addcmul_(vector, self._decays.vectors)
        velocity.add_(gradient)
        vector.addcmul_(velocity, self._move.squeeze(2))

    def end_step(
        self, weights: Sequence[Tensor], vectors: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Everything is done already."""


def _momentum(slot: Slot) -> float:
    optim = slot.run.optim
    return optim.momentum if isinstance(optim, SGD) else 0.0
