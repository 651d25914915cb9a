"""SGD whose step happens inside the gradient product."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from mlplab.engine.gradient import Gradient
from mlplab.engine.optimisers.base import Slot, per_slot, scheduled_rate


class FusedSGD:
    """w <- w - lr (g + decay w), without a gradient buffer.

    The rate is folded into the output delta, so the product that would form the gradient adds
    the finished step to the weights: no second pass over them, and rates are free per run.
    """

    def __init__(self, like: Tensor) -> None:
        self._like = like

    def state(self, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> dict[str, Tensor]:
        """Plain SGD keeps nothing."""
        return {}

    def begin_epoch(self, slots: Sequence[Slot | None], n_steps: int) -> None:
        """Take this epoch's rates and decays."""
        rate = per_slot(slots, scheduled_rate, self._like)
        decay = per_slot(slots, lambda slot: slot.run.optim.weight_decay, self._like)
        self._scale = -rate
        # Multiplying by exactly 1 would change no bit, so a stack without decay may skip it.
        self._shrink = 1 - rate * decay if bool(decay.any()) else None

    def begin_step(self, step: int) -> None:
        """Rates are constant within an epoch."""

    def delta_scale(self) -> Tensor:
        """-lr of each run."""
        return self._scale

    def apply(
        self,
        layer: int,
        weight: Tensor,
        bias: Tensor,
        gradient: Gradient,
        bias_gradient: Tensor,
        state: dict[str, Tensor],
    ) -> None:
        """Let the gradient product add the step."""
        if self._shrink is not None:
            weight.mul_(self._shrink)
            bias.mul_(self._shrink.squeeze(2))
        gradient.add_to(weight)
        bias.add_(bias_gradient)

    def end_step(
        self, weights: Sequence[Tensor], biases: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Everything is done already."""
