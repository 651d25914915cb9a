"""Adam and AdamW: stacked passes for small networks, one fused pass per run for large ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from mlplab.engine.optimisers.base import (
    LayerGradient,
    Slot,
    decays_of,
    rates_of,
    same_runs,
    step_numbers,
    twin,
)
from mlplab.specs import Adam, AdamW


class StackedAdam:
    """m <- b1 m + (1-b1) g, v <- b2 v + (1-b2) g^2, w <- w - lr m^ / (sqrt(v^) + eps).

    m^ and v^ are corrected for their start at 0. With `decoupled`, weights shrink by lr * decay
    before the step (AdamW); otherwise the decay joins the gradient (Adam).
    """

    def __init__(self, like: Tensor, decoupled: bool) -> None:
        self._like = like
        self._decoupled = decoupled
        self._slots: Sequence[Slot | None] = ()

    def state(self, weights: Sequence[Tensor], vectors: Sequence[Tensor]) -> dict[str, Tensor]:
        """Two moments per weight and bias, and the gradient's place."""
        made = {}
        for kind, tensors in (("w", weights), ("b", vectors)):
            for i, tensor in enumerate(tensors):
                made[f"first.{kind}{i}"] = twin(tensor)
                made[f"second.{kind}{i}"] = twin(tensor)
        self._gradients = [twin(w) for w in weights]
        self._scratch = self._make_scratch(weights)
        self._bias_scratch = [twin(b) for b in vectors]
        self._views: list[tuple[list[Tensor], ...]] | None = None
        return made

    def _make_scratch(self, weights: Sequence[Tensor]) -> list[Tensor]:
        return [twin(w) for w in weights]

    def begin_epoch(self, slots: Sequence[Slot | None], n_steps: int) -> None:
        """Take this epoch's settings, and the corrections of all its steps."""
        like = self._like
        if not same_runs(self._slots, slots):
            self._take_runs(slots)
        self._slots = slots
        self._rates = rates_of(slots, n_steps, like)
        self._numbers = step_numbers(slots, n_steps)
        correction = 1 - self._betas[:, :, None] ** self._numbers[:, None, :]
        # m^ / (sqrt(v^) + eps) is c m / (sqrt(v) + eps root(c2)): a pass less over the weights.
        root = np.sqrt(correction[:, 1])
        steps = -self._rates.numbers / correction[:, 0] * root
        # Step by step, each (R, 1, 1).
        self._step_sizes = torch.tensor(steps.T, dtype=like.dtype)[:, :, None, None].unbind()
        smalls = (self._eps * root).T
        self._smalls = torch.tensor(smalls, dtype=like.dtype)[:, :, None, None].unbind()
        self._shrinks = self._rates.map(lambda rate: 1 - rate * self._decays.weights)
        self._vector_shrinks = self._rates.map(
            lambda rate: 1 - rate.squeeze(2) * self._decays.vectors
        )

    def _take_runs(self, slots: Sequence[Slot | None]) -> None:
        """Take what does not change from epoch to epoch."""
        like = self._like
        self._betas = np.array([_betas(slot) for slot in slots])
        self._b1 = torch.tensor(self._betas[:, 0], dtype=like.dtype).view(-1, 1, 1)
        self._b2 = torch.tensor(self._betas[:, 1], dtype=like.dtype).view(-1, 1, 1)
        self._rest1, self._rest2 = 1 - self._b1, 1 - self._b2
        self._eps = np.array([[1.0 if slot is None else _eps(slot)] for slot in slots])
        self._decays = decays_of(slots, like)

    def begin_step(self, step: int) -> None:
        """Take the step's corrections."""
        self._step = step
        self._size, self._small = self._step_sizes[step], self._smalls[step]
        self._shrink, self._vector_shrink = self._shrinks.at(step), self._vector_shrinks.at(step)

    def delta_scale(self) -> None:
        """The moments want the gradient itself."""

    def apply(
        self, layer: int, weight: Tensor, gradient: LayerGradient, state: dict[str, Tensor]
    ) -> None:
        """Renew the moments, then move."""
        formed = self._gradients[layer]
        gradient.write(formed)
        decay, shrink = self._decays.weights, self._shrink
        name, scratch = f"w{layer}", self._scratch[layer]
        self._move(weight, formed, state, name, scratch, decay, shrink, lambda t: t)

    def apply_vector(
        self, index: int, vector: Tensor, gradient: Tensor, state: dict[str, Tensor]
    ) -> None:
        """The same for a bias."""
        scratch = self._bias_scratch[index]
        decay, shrink = self._decays.vectors, self._vector_shrink
        name = f"b{index}"
        self._move(vector, gradient, state, name, scratch, decay, shrink, lambda t: t.squeeze(2))

    def _move(
        self,
        w: Tensor,
        gradient: Tensor,
        state: dict[str, Tensor],
        name: str,
        scratch: Tensor,
        decay: Tensor,
        shrink: Tensor,
        shape: Callable[[Tensor], Tensor],
    ) -> None:
        first, second = state[f"first.{name}"], state[f"second.{name}"]
        if self._decays.any and self._decoupled:
            w.mul_(shrink)
        elif self._decays.any:
            gradient.addcmul_(w, decay)
        first.mul_(shape(self._b1)).addcmul_(gradient, shape(self._rest1))
        gradient.mul_(gradient)
        second.mul_(shape(self._b2)).addcmul_(gradient, shape(self._rest2))
        torch.sqrt(second, out=scratch)
        scratch.add_(shape(self._small))
        torch.div(first, scratch, out=scratch)
        w.addcmul_(scratch, shape(self._size))

    def end_step(
        self, weights: Sequence[Tensor], vectors: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Everything is done already."""


class FusedAdam(StackedAdam):
    """The same, with torch's fused kernel on each run: one pass over weights and moments.

    Chosen by the size of the network alone (see `Program.fused_adam`), never by companions.
    """

    def apply(
        self, layer: int, weight: Tensor, gradient: LayerGradient, state: dict[str, Tensor]
    ) -> None:
        """Form the gradient; the step waits for the last layer."""
        gradient.write(self._gradients[layer])

    def apply_vector(
        self, index: int, vector: Tensor, gradient: Tensor, state: dict[str, Tensor]
    ) -> None:
        """Keep the gradient; the step waits for the last layer."""
        self._bias_scratch[index].copy_(gradient)

    def _make_scratch(self, weights: Sequence[Tensor]) -> list[Tensor]:
        return []

    def end_step(
        self, weights: Sequence[Tensor], vectors: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Walk over the runs."""
        fused = torch._fused_adamw_ if self._decoupled else torch._fused_adam_
        if self._views is None:
            self._views = self._views_of(weights, vectors, state)
        numbers: dict[float, Tensor] = {}
        for r, slot in enumerate(self._slots):
            if slot is None or not isinstance(slot.run.optim, Adam | AdamW):
                continue
            optim = slot.run.optim
            number = float(self._numbers[r, self._step])
            if number not in numbers:
                numbers[number] = torch.tensor(number, dtype=torch.float32)
            # Where biases do not decay, they move by a call of their own.
            apart = optim.weight_decay > 0 and not optim.decay_biases
            cuts = (0, len(weights), None) if apart else (0, None)
            for first, stop in pairwise(cuts):
                params, gradients, means, squares = (part[first:stop] for part in self._views[r])
                fused(
                    params,
                    gradients,
                    means,
                    squares,
                    [],
                    [numbers[number]] * len(params),
                    lr=float(self._rates.numbers[r, self._step]),
                    beta1=optim.betas[0],
                    beta2=optim.betas[1],
                    weight_decay=0.0 if first else optim.weight_decay,
                    eps=optim.eps,
                    amsgrad=False,
                    maximize=False,
                )

    def _views_of(
        self, weights: Sequence[Tensor], vectors: Sequence[Tensor], state: dict[str, Tensor]
    ) -> list[tuple[list[Tensor], ...]]:
        """Views of each run's parameters, gradients and moments; made once for a stack."""
        names = [f"w{i}" for i in range(len(weights))] + [f"b{i}" for i in range(len(vectors))]
        parts = (
            [*weights, *vectors],
            [*self._gradients, *self._bias_scratch],
            [state[f"first.{name}"] for name in names],
            [state[f"second.{name}"] for name in names],
        )
        return [tuple([t[r] for t in part] for part in parts) for r in range(len(weights[0]))]


def _betas(slot: Slot | None) -> tuple[float, float]:
    if slot is None or not isinstance(slot.run.optim, Adam | AdamW):
        return (0.0, 0.0)
    return slot.run.optim.betas


def _eps(slot: Slot) -> float:
    return slot.run.optim.eps if isinstance(slot.run.optim, Adam | AdamW) else 1.0
