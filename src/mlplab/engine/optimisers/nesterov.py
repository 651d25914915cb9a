"""SGD with Nesterov's momentum: the step looks ahead along the velocity."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mlplab.engine.optimisers.base import LayerGradient, Slot, decays_of, per_slot, rates_of, twin
from mlplab.specs import SGD


class NesterovSGD:
    """v <- m v + g, w <- w - lr (g + m v), g with the decay; as torch.optim.SGD has it.

    Source: Sutskever et al. (2013).
    """

    def __init__(self, like: Tensor) -> None:
        self._like = like

    def state(self, weights: Sequence[Tensor], vectors: Sequence[Tensor]) -> dict[str, Tensor]:
        """One velocity per weight and bias, and the gradient's place."""
        self._gradients = [twin(w) for w in weights]
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
        """Renew the velocity, then move beyond it."""
        formed = self._gradients[layer]
        gradient.write(formed)
        self._step(weight, formed, state[f"velocity.w{layer}"], self._decays.weights, lambda t: t)

    def apply_vector(
        self, index: int, vector: Tensor, gradient: Tensor, state: dict[str, Tensor]
    ) -> None:
        """The same for a bias."""
        velocity = state[f"velocity.b{index}"]
        self._step(vector, gradient, velocity, self._decays.vectors, lambda t: t.squeeze(2))

    def _step(
        self,
        w: Tensor,
        gradient: Tensor,
        velocity: Tensor,
        decay: Tensor,
        shape: Callable[[Tensor], Tensor],
    ) -> None:
        if self._decays.any:
            gradient.addcmul_(w, decay)
        velocity.mul_(shape(self._momentum)).add_(gradient)
        gradient.addcmul_(velocity, shape(self._momentum))
        w.addcmul_(gradient, shape(self._move))

    def end_step(
        self, weights: Sequence[Tensor], vectors: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Everything is done already."""


def _momentum(slot: Slot) -> float:
    optim = slot.run.optim
    return optim.momentum if isinstance(optim, SGD) else 0.0
