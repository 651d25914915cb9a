"""SGD with momentum: the gradient product adds to the velocity."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from mlplab.engine.gradient import Gradient
from mlplab.engine.optimisers.base import Slot, per_slot, scheduled_rate, twin
from mlplab.specs import SGD


class MomentumSGD:
    """v <- m v + g + decay w, w <- w - lr v; as torch.optim.SGD without dampening."""

    def __init__(self, like: Tensor) -> None:
        self._like = like

    def state(self, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> dict[str, Tensor]:
        """One velocity per weight and bias."""
        made = {f"velocity.w{i}": twin(w) for i, w in enumerate(weights)}
        return made | {f"velocity.b{i}": twin(b) for i, b in enumerate(biases)}

    def begin_epoch(self, slots: Sequence[Slot | None], n_steps: int) -> None:
        """Take this epoch's rates, momenta and decays."""
        self._step = -per_slot(slots, scheduled_rate, self._like)
        self._momentum = per_slot(slots, _momentum, self._like)
        self._decay = per_slot(slots, lambda slot: slot.run.optim.weight_decay, self._like)
        self._decays = bool(self._decay.any())

    def begin_step(self, step: int) -> None:
        """Settings are constant within an epoch."""

    def delta_scale(self) -> None:
        """The velocity wants the gradient itself."""

    def apply(
        self,
        layer: int,
        weight: Tensor,
        bias: Tensor,
        gradient: Gradient,
        bias_gradient: Tensor,
        state: dict[str, Tensor],
    ) -> None:
        """Renew the velocity, then move."""
        velocity, drift = state[f"velocity.w{layer}"], state[f"velocity.b{layer}"]
        velocity.mul_(self._momentum)
        drift.mul_(self._momentum.squeeze(2))
        if self._decays:
            velocity.addcmul_(weight, self._decay)
            drift.addcmul_(bias, self._decay.squeeze(2))
        gradient.add_to(velocity)
        drift.add_(bias_gradient)
        weight.addcmul_(velocity, self._step)
        bias.addcmul_(drift, self._step.squeeze(2))

    def end_step(
        self, weights: Sequence[Tensor], biases: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Everything is done already."""


def _momentum(slot: Slot) -> float:
    optim = slot.run.optim
    return optim.momentum if isinstance(optim, SGD) else 0.0
