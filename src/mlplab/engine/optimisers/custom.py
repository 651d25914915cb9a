"""Optimisers that users bring: one function of a parameter, its gradient and what it keeps."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.optimisers.base import LayerGradient, Slot, decays_of, per_slot, rates_of, twin
from mlplab.engine.optimisers.formula import Decay
from mlplab.engine.repeats import check_repeats
from mlplab.errors import ConfigError, users_code
from mlplab.hints import expected
from mlplab.specs import OPTIMISERS, Custom, Run
from mlplab.specs.plugins import find_plugin, register_plugin

Step = Callable[..., None]
_GIVEN = ("weight", "gradient", "rate")


@dataclass(frozen=True)
class CustomStep:
    """A user's step: the function, what it keeps per parameter, and its settings' defaults."""

    function: Step
    keeps: tuple[str, ...]
    defaults: Mapping[str, float] = field(default_factory=dict)
    decay: Decay = "coupled"


def register_optimiser(name: str, *, keeps: Sequence[str] = (), decay: Decay = "coupled") -> Any:
    """Register a step function as an optimiser, for `Custom(name=...)`.

    The function moves `weight` in place. It is called for each run by itself: weight, gradient and
    each kept tensor (zeros at first) are (1, O, I) or (1, O), `rate` and the settings broadcast
    against them, so that it may do what it likes and no run sees another. Settings are its keyword
    parameters with a default; each is free per run. The name is part of a run's
    key, the code is not.

    Args:
        name: as `Custom.name` says it.
        keeps: names of the tensors that it keeps beside each parameter.
        decay: `coupled` where weight decay joins the gradient before the step, `decoupled` where
            it shrinks the weights before by rate * decay, and stays out of the gradient.

    Raises:
        ConfigError: the function's parameters are not weight, gradient, rate, the kept tensors
            and settings with defaults.

    >>> @register_optimiser("signum", keeps=["mean"])
    ... def signum(weight, gradient, rate, mean, beta=0.9):
    ...     mean.mul_(beta).add_((1 - beta) * gradient)
    ...     weight.sub_(rate * mean.sign())
    >>> Custom(name="signum", lr=0.01, settings={"beta": 0.95}).settings
    (('beta', 0.95),)
    """

    if decay not in get_args(Decay):
        raise ConfigError(f"optimiser {name!r}: decay: {expected(str(decay), get_args(Decay))}")

    def register(function: Step) -> Step:
        parameters = inspect.signature(function).parameters
        settings = {
            key: value.default
            for key, value in parameters.items()
            if value.default is not inspect.Parameter.empty
        }
        wanted = (*_GIVEN, *keeps)
        if tuple(key for key in parameters if key not in settings) != wanted:
            raise ConfigError(
                f"optimiser {name!r}: expected the parameters {', '.join(wanted)} and settings "
                f"with defaults; got {', '.join(parameters)}; what it keeps from step to step is "
                "named by keeps=[...]"
            )
        made = CustomStep(function, tuple(keeps), settings, decay)
        register_plugin("optimiser", name, made, {**OPTIMISERS, "custom": Custom})
        return function

    return register


class CustomOptimiser:
    """Applies a user's step to every parameter of a stack, run by run.

    What a function makes of many runs at once depends on where each lies: the end of a vector
    loop, a batched product. Called for one run, at the same alignment, it does not.
    """

    settings_of_step = None  # a user's function may ask the host for anything

    def __init__(self, like: Tensor, name: str) -> None:
        self._like = like
        self._name = name
        self._step: CustomStep = find_plugin("optimiser", name)

    def state(self, weights: Sequence[Tensor], vectors: Sequence[Tensor]) -> dict[str, Tensor]:
        """What the step keeps, per weight and bias."""
        self._gradients = [twin(w) for w in weights]
        self._vector_gradients = [twin(v) for v in vectors]
        named = [(f"w{i}", w) for i, w in enumerate(weights)]
        named += [(f"b{i}", b) for i, b in enumerate(vectors)]
        return {f"{kept}.{name}": twin(t) for kept in self._step.keeps for name, t in named}

    def begin_epoch(self, slots: Sequence[Slot | None], n_steps: int) -> None:
        """Take this epoch's rates, decays and settings."""
        self._slots = slots
        self._rates = rates_of(slots, n_steps, self._like)
        self._decays = decays_of(slots, self._like)
        self._settings = {
            name: per_slot(slots, lambda slot, n=name, d=default: _setting(slot, n, d), self._like)  # type: ignore[misc]
            for name, default in self._step.defaults.items()
        }

    def begin_step(self, step: int) -> None:
        """Take the step's rates."""
        self._rate = self._rates.at(step)

    def delta_scale(self) -> None:
        """The step wants the gradient itself."""

    def apply(
        self, layer: int, weight: Tensor, gradient: LayerGradient, state: dict[str, Tensor]
    ) -> None:
        """Move one layer's weights."""
        formed = self._gradients[layer]
        gradient.write(formed)
        self._move(f"w{layer}", weight, formed, state, self._decays.weights)

    def apply_vector(
        self, index: int, vector: Tensor, gradient: Tensor, state: dict[str, Tensor]
    ) -> None:
        """Move a bias."""
        formed = self._vector_gradients[index]
        formed.copy_(gradient)
        self._move(f"b{index}", vector, formed, state, self._decays.vectors)

    def _move(
        self, name: str, w: Tensor, gradient: Tensor, state: dict[str, Tensor], decay: Tensor
    ) -> None:
        shape = (-1,) + (1,) * (w.ndim - 1)
        if self._decays.any and self._step.decay == "decoupled":
            w.mul_(1 - self._rate.view(shape) * decay)
        elif self._decays.any:
            gradient.addcmul_(w, decay)
        given = [w, gradient, self._rate.view(shape)]
        kept = [state[f"{key}.{name}"] for key in self._step.keeps]
        settings = [number.view(shape) for number in self._settings.values()]
        names = [*self._step.keeps, *self._settings]
        runs = zip(*(tensor.unsqueeze(1) for tensor in given + kept + settings), strict=True)
        with users_code("optimiser", self._name):
            for r, (weight, own, rate, *rest) in enumerate(runs):
                if self._slots[r] is not None:
                    self._step.function(weight, own, rate, **dict(zip(names, rest, strict=True)))

    def end_step(
        self, weights: Sequence[Tensor], vectors: Sequence[Tensor], state: dict[str, Tensor]
    ) -> None:
        """Everything is done already."""


def check_step(run: Run) -> None:
    """Try a user's step on a few numbers, before anything is trained.

    Raises:
        ConfigError: it fails, or gives something else a second time.
    """
    if not isinstance(run.optim, Custom):
        return
    name = run.optim.name

    def moved() -> NDArray[Any]:
        numbers = torch.linspace(-1, 1, 15, dtype=getattr(torch, run.fit.dtype), device="cpu")
        weight, vector = numbers[:12].clone().view(1, 4, 3), numbers[12:].clone().view(1, 3)
        optimiser = CustomOptimiser(weight, name)
        state = optimiser.state([weight], [vector])
        optimiser.begin_epoch([Slot(run, epoch=0, step=0)], n_steps=1)
        optimiser.begin_step(0)
        decays = optimiser._decays
        optimiser._move("w0", weight, weight.flip(1), state, decays.weights)
        optimiser._move("b0", vector, vector.flip(1), state, decays.vectors)
        return torch.cat([weight.flatten(), vector.flatten()]).numpy()

    check_repeats("optimiser", name, moved)


def _setting(slot: Slot, name: str, default: float) -> float:
    assert isinstance(slot.run.optim, Custom)
    return dict(slot.run.optim.settings).get(name, default)
