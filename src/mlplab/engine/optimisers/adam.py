"""Adam and AdamW: stacked passes for small networks, one fused pass per run for large ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.optimisers.base import LayerGradient, Slot, step_numbers, twin
from mlplab.engine.optimisers.formula import Formula, FormulaOptimiser
from mlplab.specs import Adam, AdamW


def _step(
    weight: Tensor,
    gradient: Tensor,
    rate: Tensor,
    first: Tensor,
    second: Tensor,
    room: Tensor,
    *,
    b1: Tensor,
    rest1: Tensor,
    b2: Tensor,
    rest2: Tensor,
    eps: Tensor,
) -> None:
    """m <- b1 m + (1-b1) g, v <- b2 v + (1-b2) g^2, w <- w + rate m / (sqrt(v) + eps)."""
    first.mul_(b1).addcmul_(gradient, rest1)
    gradient.mul_(gradient)
    second.mul_(b2).addcmul_(gradient, rest2)
    torch.sqrt(second, out=room)
    torch.div(first, room.add_(eps), out=room)
    weight.addcmul_(room, rate)


def _settings(optim: Any) -> Mapping[str, float]:
    return {"b1": optim.betas[0], "b2": optim.betas[1], "eps": optim.eps}


def _rests(settings: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """In the run's own precision: what is kept of a moment and what joins it make 1."""
    return {"rest1": 1 - settings["b1"], "rest2": 1 - settings["b2"]}


def _corrected(
    settings: Mapping[str, NDArray[np.float64]],
    numbers: NDArray[np.float64],
    rates: NDArray[np.float64],
) -> dict[str, NDArray[np.float64]]:
    """Correct the moments for their start at 0; the rate comes with its sign, downhill.

    m^ / (sqrt(v^) + eps) is c m / (sqrt(v) + eps root): a pass less over the weights.
    """
    root = np.sqrt(1 - settings["b2"] ** numbers)
    return {
        "rate": -rates / (1 - settings["b1"] ** numbers) * root,
        "eps": settings["eps"] * root,
    }


ADAM = Formula(
    _step,
    ("first", "second"),
    _settings,
    has_room=True,
    idle=0.5,  # of moments that start at 0, neither all nor nothing
    derived=_rests,
    timed=_corrected,
)
ADAMW = replace(ADAM, decay="decoupled")


class FusedAdam(FormulaOptimiser):
    """The same, with torch's fused kernel on each run: one pass over weights and moments.

    Chosen by the size of the network alone (see `Program.fused_adam`), never by companions.
    """

    settings_of_step = None  # each run's rate is a number of the call

    def __init__(self, like: Tensor, formula: Formula) -> None:
        super().__init__(like, replace(formula, has_room=False, timed=None))

    def state(self, weights: Sequence[Tensor], vectors: Sequence[Tensor]) -> dict[str, Tensor]:
        """Two moments per weight and bias, and the gradients' places."""
        self._vector_gradients = [twin(b) for b in vectors]
        self._views: list[tuple[list[Tensor], ...]] | None = None
        return super().state(weights, vectors)

    def begin_epoch(self, slots: Sequence[Slot | None], n_steps: int) -> None:
        """Take this epoch's settings and how many steps each run has taken."""
        super().begin_epoch(slots, n_steps)
        self._numbers = step_numbers(slots, n_steps)

    def begin_step(self, step: int) -> None:
        """Take note of the step."""
        self._step = step

    def apply(
        self, layer: int, weight: Tensor, gradient: LayerGradient, state: dict[str, Tensor]
    ) -> None:
        """Form the gradient; the step waits for the last layer."""
        gradient.write(self._gradients[layer])

    def apply_vector(
        self, index: int, vector: Tensor, gradient: Tensor, state: dict[str, Tensor]
    ) -> None:
        """Keep the gradient; the step waits for the last layer."""
        self._vector_gradients[index].copy_(gradient)

    def end_step(
        self, weights: Sequence[Tensor], vectors: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Walk over the runs."""
        fused = torch._fused_adamw_ if self._formula.decay == "decoupled" else torch._fused_adam_
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
            [*self._gradients, *self._vector_gradients],
            [state[f"first.{name}"] for name in names],
            [state[f"second.{name}"] for name in names],
        )
        return [tuple([t[r] for t in part] for part in parts) for r in range(len(weights[0]))]
