"""Optimisers that are one elementwise function, called once for all runs of a stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
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

Decay = Literal["coupled", "decoupled"]


@dataclass(frozen=True)
class Formula:
    """A step as a function of `weight, gradient, rate, kept..., room, settings`, all in place.

    It may overwrite `gradient` and, where `has_room`, a tensor like it: no step allocates. Every
    element must depend on its own place alone, by operations whose bits do not depend on where
    in memory it lies (no `pow`, no sums): then the whole stack moves in one call.

    Attributes:
        settings: from a spec to the numbers that the function takes by name, in float64.
        idle: of an empty slot, where a 0 would divide.
        derived: from the settings, in the run's precision, to further ones.
        timed: from the settings (R, 1), and each step's number from 1 and rate (R, n_steps), to
            the rates and settings that change from step to step, (R, n_steps).
    """

    function: Callable[..., None]
    keeps: tuple[str, ...]
    settings: Callable[[Any], Mapping[str, float]]
    decay: Decay = "coupled"
    has_room: bool = False
    idle: float = 1.0
    derived: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]] | None = None
    timed: Callable[..., Mapping[str, NDArray[np.float64]]] | None = None

    @property
    def copies(self) -> int:
        """How many tensors like the weights it needs beside them."""
        return len(self.keeps) + 1 + self.has_room


class FormulaOptimiser:
    """Applies a formula to every parameter of a stack."""

    settings_of_step: tuple[str, ...] | None = (
        "_rate",
        "_vector_rate",
        "_shrink",
        "_vector_shrink",
        "_settings",
        "_vector_settings",
        "_decays",
    )

    def __init__(self, like: Tensor, formula: Formula) -> None:
        self._like = like
        self._formula = formula
        self._slots: Sequence[Slot | None] = ()
        self._shrink: Tensor | None = None
        self._vector_shrink: Tensor | None = None

    def state(self, weights: Sequence[Tensor], vectors: Sequence[Tensor]) -> dict[str, Tensor]:
        """What the formula keeps, per weight and bias, and the gradients' places."""
        named = {f"w{i}": w for i, w in enumerate(weights)}
        named |= {f"b{i}": b for i, b in enumerate(vectors)}
        self._gradients = [twin(w) for w in weights]
        made = {
            f"{kept}.{name}": twin(t) for kept in self._formula.keeps for name, t in named.items()
        }
        has_room = self._formula.has_room
        self._rooms = {name: [twin(t)] if has_room else [] for name, t in named.items()}
        return made

    def begin_epoch(self, slots: Sequence[Slot | None], n_steps: int) -> None:
        """Take this epoch's rates, and the settings where other runs sit here now."""
        if not same_runs(self._slots, slots):
            self._take_runs(slots)
        self._slots = slots
        self._rates = rates_of(slots, n_steps, self._like)
        self._timed = self._timed_of(slots, n_steps)
        if self._shrinking:
            self._shrinks = self._rates.map(lambda rate: 1 - rate * self._decays.weights)
            self._vector_shrinks = self._rates.map(
                lambda rate: 1 - rate.squeeze(2) * self._decays.vectors
            )

    def _take_runs(self, slots: Sequence[Slot | None]) -> None:
        read, idle = self._formula.settings, self._formula.idle
        each = [None if slot is None else read(slot.run.optim) for slot in slots]
        names = next((one for one in each if one is not None), {})
        self._numbers_of = {
            name: np.array([[idle if one is None else one[name]] for one in each]) for name in names
        }
        like = self._like
        self._settings = {
            name: torch.tensor(numbers, dtype=like.dtype, device=like.device).unsqueeze(2)
            for name, numbers in self._numbers_of.items()
        }
        if self._formula.derived is not None:
            self._settings |= self._formula.derived(self._settings)
        self._vector_settings = {name: t.squeeze(2) for name, t in self._settings.items()}
        self._decays = decays_of(slots, like)
        decoupled = self._formula.decay == "decoupled"
        self._joining = self._decays.any and not decoupled
        self._shrinking = self._decays.any and decoupled
        self._shrink = self._vector_shrink = None

    def _timed_of(
        self, slots: Sequence[Slot | None], n_steps: int
    ) -> Mapping[str, Sequence[Tensor]]:
        """What changes from step to step: for each name, step by step, (R, 1, 1)."""
        if self._formula.timed is None:
            return {}
        numbers = step_numbers(slots, n_steps)
        timed = self._formula.timed(self._numbers_of, numbers, self._rates.numbers)
        like = self._like
        return {
            name: torch.tensor(table.T, dtype=like.dtype, device=like.device)[
                :, :, None, None
            ].unbind()
            for name, table in timed.items()
        }

    def begin_step(self, step: int) -> None:
        """Take the step's rates."""
        now = {name: steps[step] for name, steps in self._timed.items()}
        self._rate = now.pop("rate", None)
        if self._rate is None:
            self._rate = self._rates.at(step)
        self._vector_rate = self._rate.squeeze(2)
        # Merged only where some change: a view costs a microsecond of every step.
        for name, setting in now.items():
            self._settings[name], self._vector_settings[name] = setting, setting.squeeze(2)
        if self._shrinking:
            self._shrink, self._vector_shrink = (
                self._shrinks.at(step),
                self._vector_shrinks.at(step),
            )

    def delta_scale(self) -> None:
        """The formula wants the gradient itself."""

    def apply(
        self, layer: int, weight: Tensor, gradient: LayerGradient, state: dict[str, Tensor]
    ) -> None:
        """Move one layer's weights."""
        formed, name = self._gradients[layer], f"w{layer}"
        gradient.write(formed)
        if self._joining:
            formed.addcmul_(weight, self._decays.weights)
        elif self._shrink is not None:
            weight.mul_(self._shrink)
        kept = [state[f"{key}.{name}"] for key in self._formula.keeps]
        self._formula.function(
            weight, formed, self._rate, *kept, *self._rooms[name], **self._settings
        )

    def apply_vector(
        self, index: int, vector: Tensor, gradient: Tensor, state: dict[str, Tensor]
    ) -> None:
        """Move a bias; its gradient is used up."""
        name = f"b{index}"
        if self._joining:
            gradient.addcmul_(vector, self._decays.vectors)
        elif self._vector_shrink is not None:
            vector.mul_(self._vector_shrink)
        kept = [state[f"{key}.{name}"] for key in self._formula.keeps]
        self._formula.function(
            vector, gradient, self._vector_rate, *kept, *self._rooms[name], **self._vector_settings
        )

    def end_step(
        self, weights: Sequence[Tensor], vectors: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Everything is done already."""
