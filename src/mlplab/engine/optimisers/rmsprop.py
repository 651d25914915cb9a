"""RMSprop: steps divided by the root of a running mean of the squared gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from mlplab.engine.optimisers.base import LayerGradient, Slot, decays_of, per_slot, rates_of, twin
from mlplab.specs import RMSprop


class StackedRMSprop:
    """s <- alpha s + (1 - alpha) g^2, w <- w - lr g / (sqrt(s) + eps), as torch.optim has it.

    Source: Hinton, Neural networks for machine learning (2012), lecture 6e.
    """

    def __init__(self, like: Tensor) -> None:
        self._like = like

    def state(self, weights: Sequence[Tensor], vectors: Sequence[Tensor]) -> dict[str, Tensor]:
        """One mean square per weight and bias, and the gradient's place."""
        self._gradients = [twin(w) for w in weights]
        self._roots = [twin(w) for w in weights]
        made = {f"square.w{i}": twin(w) for i, w in enumerate(weights)}
        return made | {f"square.b{i}": twin(b) for i, b in enumerate(vectors)}

    def begin_epoch(self, slots: Sequence[Slot | None], n_steps: int) -> None:
        """Take this epoch's rates and settings."""
        self._moves = rates_of(slots, n_steps, self._like).map(torch.neg)
        self._alpha = per_slot(slots, lambda slot: _settings(slot).alpha, self._like)
        # From double precision, as a single run has it: 1 - alpha loses digits in float32.
        self._rest = per_slot(slots, lambda slot: 1 - _settings(slot).alpha, self._like)
        self._eps = per_slot(slots, lambda slot: _settings(slot).eps, self._like, idle=1.0)
        self._decays = decays_of(slots, self._like)

    def begin_step(self, step: int) -> None:
        """Take the step's rates."""
        self._move = self._moves.at(step)

    def delta_scale(self) -> None:
        """The mean wants the gradient itself."""

    def apply(
        self, layer: int, weight: Tensor, gradient: LayerGradient, state: dict[str, Tensor]
    ) -> None:
        """Renew the mean square, then move."""
        formed = self._gradients[layer]
        gradient.write(formed)
        square, decay = state[f"square.w{layer}"], self._decays.weights
        self._step(weight, formed, square, self._roots[layer], decay, lambda t: t)

    def apply_vector(
        self, index: int, vector: Tensor, gradient: Tensor, state: dict[str, Tensor]
    ) -> None:
        """The same for a bias."""
        square = state[f"square.b{index}"]
        root = torch.empty_like(square)
        self._step(vector, gradient, square, root, self._decays.vectors, lambda t: t.squeeze(2))

    def _step(
        self,
        w: Tensor,
        gradient: Tensor,
        square: Tensor,
        root: Tensor,
        decay: Tensor,
        shape: Callable[[Tensor], Tensor],
    ) -> None:
        if self._decays.any:
            gradient.addcmul_(w, decay)
        torch.mul(gradient, gradient, out=root)
        square.mul_(shape(self._alpha)).addcmul_(root, shape(self._rest))
        torch.sqrt(square, out=root)
        gradient.div_(root.add_(shape(self._eps)))
        w.addcmul_(gradient, shape(self._move))

    def end_step(
        self, weights: Sequence[Tensor], vectors: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Everything is done already."""


def _settings(slot: Slot) -> RMSprop:
    assert isinstance(slot.run.optim, RMSprop)
    return slot.run.optim
