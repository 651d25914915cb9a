"""The course of the learning rate."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

from pydantic import Field, model_validator

from mlplab.errors import ConfigError, users_code
from mlplab.hints import expected
from mlplab.specs.base import Spec
from mlplab.specs.numbers import Real, Whole
from mlplab.specs.plugins import find_plugin, plugin_names, register_plugin
from mlplab.specs.shorthand import parse_shorthand

SCHEDULE_FORMS: dict[str, list[str]] = {
    "constant": [],
    "exponential": ["gamma"],
    "step": ["every", "gamma"],
    "cosine": ["final"],
    "polynomial": ["power", "final"],
    "warmup": ["warmup"],
    "one-cycle": ["peak", "start", "final"],
    "plateau": ["patience", "gamma"],
}
_THRESHOLD = 1e-4  # relative, as torch's ReduceLROnPlateau has it


class Schedule(Spec):
    """The course of the learning rate, as a factor of `lr` in epoch e = 0, 1, ... of E.

    `constant`: 1. `exponential`: gamma^e. `step`: gamma^floor(e / every).
    `cosine`: final + (1 - final) (1 + cos(pi e / E)) / 2.
    `polynomial`: final + (1 - final) (1 - e / E)^power.
    `one-cycle`: step by step from `start` up to 1 at the share `peak` of all steps and down to
    `final`, along cosines. `plateau`: times gamma whenever the validation loss (the training loss
    where there is none) has not fallen by 0.01 % for more than `patience` epochs.
    Each may begin with `warmup` epochs in which the factor also grows linearly, step by step.

    Source: one-cycle: Smith and Topin (2019), arXiv 1708.07120; warm-up: Goyal et al. (2017),
    arXiv 1706.02677; the forms are those of torch.optim.lr_scheduler.

    >>> Schedule.model_validate("step:5,0.5").factor(epoch=12, epochs=20)
    0.25
    >>> Schedule.model_validate("cosine:warmup=2").warmup
    2.0
    """

    kind: str = Field(
        default="constant", description="A kind above, or a name that a user registered."
    )
    gamma: float = Field(default=0.9, gt=0, le=1, description="Factor of a decay.")
    every: Whole = Field(default=1, ge=1, description="Epochs between the steps of `step`.")
    final: float = Field(default=0.0, ge=0, le=1, description="Where the factor ends.")
    power: Real = Field(default=1.0, gt=0, description="Exponent of `polynomial`.")
    warmup: Real = Field(
        default=0.0, ge=0, description="Epochs of linear warm-up before full strength."
    )
    peak: float = Field(
        default=0.3, gt=0, lt=1, description="Where `one-cycle` turns, as share of steps."
    )
    start: float = Field(default=0.04, gt=0, le=1, description="Where `one-cycle` begins.")
    patience: Whole = Field(
        default=2, ge=0, description="Epochs without a gain that `plateau` bears."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            forms = SCHEDULE_FORMS | {name: [] for name in plugin_names("schedule")}
            value = parse_shorthand(value, forms, cls.model_fields)
        if isinstance(value, dict) and value.get("kind") == "warmup":
            value = {"warmup": 1.0, **value, "kind": "constant"}
        return value

    @model_validator(mode="after")
    def _known(self) -> Schedule:
        known = [*SCHEDULE_FORMS, *plugin_names("schedule")]
        if self.kind not in known:
            raise ValueError(f"schedule: {expected(self.kind, known)}")
        return self

    def _idle(self) -> Collection[str]:
        used = {"warmup", *SCHEDULE_FORMS.get(self.kind, ())}
        return type(self).model_fields.keys() - used

    @property
    def is_stepwise(self) -> bool:
        """Whether the factor changes within an epoch."""
        return self.kind == "one-cycle" or self.warmup > 0

    def factor(self, epoch: int, epochs: int, losses: Sequence[float] = ()) -> float:
        """Return the factor of `lr` in one epoch of `epochs`, before any warm-up.

        Args:
            epoch: from 0.
            epochs: of the whole training.
            losses: of the epochs before, which `plateau` looks at.

        Raises:
            ConfigError: a user's function fails, or returns no finite number.
        """
        match self.kind:
            case "constant" | "one-cycle":
                return 1.0
            case "exponential":
                return float(self.gamma**epoch)
            case "step":
                return float(self.gamma ** (epoch // self.every))
            case "cosine":
                wave = (1 + math.cos(math.pi * epoch / epochs)) / 2
                return self.final + (1 - self.final) * wave
            case "polynomial":
                rest = (1 - epoch / epochs) ** self.power
                return float(self.final + (1 - self.final) * rest)
            case "plateau":
                return self._plateau(losses[:epoch])
        with users_code("schedule", self.kind):
            factor = float(find_plugin("schedule", self.kind)(epoch, epochs))
        if not math.isfinite(factor):
            raise ConfigError(
                f"schedule {self.kind!r}: expected a finite factor in epoch {epoch} of {epochs}; "
                f"got {factor}"
            )
        return factor

    def factors(
        self, epoch: int, epochs: int, n_steps: int, losses: Sequence[float] = ()
    ) -> list[float]:
        """Return the factor in each of an epoch's steps.

        Args:
            epoch: from 0.
            epochs: of the whole training.
            n_steps: of an epoch.
            losses: of the epochs before.
        """
        base = self.factor(epoch, epochs, losses)
        if not self.is_stepwise:
            return [base] * n_steps
        first, total = epoch * n_steps, epochs * n_steps
        out = []
        for step in range(first, first + n_steps):
            factor = self._cycle(step, total) if self.kind == "one-cycle" else base
            if self.warmup:
                factor *= min(1.0, (step + 1) / (self.warmup * n_steps))
            out.append(factor)
        return out

    def _cycle(self, step: int, total: int) -> float:
        turn, end = self.peak * total - 1, total - 1
        if step <= turn and turn > 0:
            begin, goal, share = self.start, 1.0, step / turn
        else:
            begin, goal, share = 1.0, self.final, (step - turn) / max(end - turn, 1e-12)
        # A half wave of the cosine: flat at both ends, so the rate jumps nowhere.
        return goal + (begin - goal) / 2 * (1 + math.cos(math.pi * min(share, 1.0)))

    def _plateau(self, losses: Sequence[float]) -> float:
        best, waited, factor = math.inf, 0, 1.0
        for loss in losses:
            if loss < best * (1 - _THRESHOLD):
                best, waited = loss, 0
            else:
                waited += 1
            if waited > self.patience:
                factor, waited = factor * self.gamma, 0
        return factor


def schedule(name: str) -> Any:
    """Register a function (epoch, epochs) -> factor of `lr` as a schedule that runs can name.

    Epochs count from 0. The name is part of a run's key, the function's code is not: give a
    changed function a new name. Worker processes get it by pickling, so define it at the top of a
    module.

    >>> @schedule("inverse-root")
    ... def inverse_root(epoch, epochs):
    ...     return (1 + epoch) ** -0.5
    >>> Schedule.model_validate("inverse-root").factor(epoch=3, epochs=10)
    0.5
    """

    def register(function: Any) -> Any:
        register_plugin("schedule", name, function, SCHEDULE_FORMS)
        return function

    return register
