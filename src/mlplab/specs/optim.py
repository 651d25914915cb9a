"""How a network's weights move: the optimisers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, model_validator

from mlplab.errors import ConfigError
from mlplab.hints import expected
from mlplab.specs.base import Spec
from mlplab.specs.given import Short
from mlplab.specs.numbers import Real
from mlplab.specs.plugins import find_plugin, plugin_names
from mlplab.specs.schedule import SCHEDULE_FORMS, Schedule
from mlplab.specs.settings import plain_settings, setting_of

LearningRate = Annotated[Real, Field(gt=0, description="Learning rate.")]
Decay = Annotated[Real, Field(ge=0, description="L2 penalty: weight_decay * w joins the gradient.")]
DecoupledDecay = Annotated[Real, Field(ge=0, description="Decoupled: w shrinks by lr * this.")]
Fraction = Annotated[float, Field(ge=0, lt=1)]
DecayBiases = Annotated[
    bool,
    Field(
        description="Whether biases (and gains and slopes) decay too, as in torch.optim; "
        "False leaves them alone."
    ),
]
L1 = Annotated[
    Real,
    Field(
        ge=0,
        description="L1 penalty: after each step, weights (never biases) move towards 0 by "
        "lr * l1 and stop there: exact zeros.",
    ),
]
ClipNorm = Annotated[
    Real,
    Field(ge=0, description="Most that the norm of the whole gradient may be; 0 does not clip."),
]
ClipValue = Annotated[
    Real, Field(ge=0, description="Most that a gradient entry may be, by size; 0 does not clip.")
]

_SCHEDULE: Any = Field(
    default=Schedule(),
    description="constant, exponential:GAMMA, step:EVERY,GAMMA, cosine:FINAL, "
    "polynomial:POWER,FINAL, warmup:EPOCHS, one-cycle:PEAK or plateau:PATIENCE,GAMMA; any with "
    "warmup=EPOCHS.",
    examples=list(SCHEDULE_FORMS),
)


class _Rated(Spec):
    """What all optimisers share: a rate, decay, and bounds of the gradient.

    The schedule stands in each: mypy loses the short form of an inherited field.
    """

    kind: str
    lr: LearningRate
    weight_decay: Decay = 0.0
    decay_biases: DecayBiases = True
    l1: L1 = 0.0
    clip_norm: ClipNorm = 0.0
    clip_value: ClipValue = 0.0

    def _idle(self) -> Collection[str]:
        return () if self.weight_decay else ("decay_biases",)


class SGD(_Rated):
    """Stochastic gradient descent with momentum: v <- m v + g, w <- w - lr v.

    With `nesterov`, w <- w - lr (g + m v). Source: Sutskever et al. (2013), in the form
    torch.optim.SGD uses.
    """

    kind: Literal["sgd"] = "sgd"
    lr: LearningRate = 0.1
    momentum: Fraction = Field(default=0.0, description="Share of the last step kept.")
    nesterov: bool = Field(default=False, description="Look ahead along the momentum.")
    schedule: Short[Schedule, str] = _SCHEDULE

    @model_validator(mode="after")
    def _momentum_to_look_along(self) -> SGD:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov: expected a momentum above 0; got momentum=0")
        return self


class RMSprop(_Rated):
    """RMSprop: steps divided by the root of a running mean of the squared gradient.

    s <- alpha s + (1 - alpha) g^2, w <- w - lr g / (sqrt(s) + eps).
    Source: Hinton, Neural networks for machine learning (2012), lecture 6e; as torch has it.
    """

    kind: Literal["rmsprop"] = "rmsprop"
    lr: LearningRate = 0.01
    alpha: Fraction = Field(default=0.99, description="Memory of the mean square.")
    eps: Real = Field(default=1e-8, gt=0, description="Added to the root in the denominator.")
    schedule: Short[Schedule, str] = _SCHEDULE


class Adam(_Rated):
    """Adam: steps scaled by running means of the gradient and of its square.

    Source: Kingma and Ba (2015), arXiv 1412.6980; weight decay joins the gradient.
    """

    kind: Literal["adam"] = "adam"
    lr: LearningRate = 0.001
    betas: tuple[Fraction, Fraction] = Field(
        default=(0.9, 0.999), description="Memory of the two means."
    )
    eps: Real = Field(default=1e-8, gt=0, description="Added to the root in the denominator.")
    schedule: Short[Schedule, str] = _SCHEDULE


class AdamW(_Rated):
    """Adam with decoupled weight decay: w <- w (1 - lr * weight_decay) before each step.

    Source: Loshchilov and Hutter (2019), arXiv 1711.05101.
    """

    kind: Literal["adamw"] = "adamw"
    lr: LearningRate = 0.001
    betas: tuple[Fraction, Fraction] = Field(
        default=(0.9, 0.999), description="Memory of the two means."
    )
    eps: Real = Field(default=1e-8, gt=0, description="Added to the root in the denominator.")
    weight_decay: DecoupledDecay = 0.01
    schedule: Short[Schedule, str] = _SCHEDULE


class LARS(_Rated):
    """Layer-wise adaptive rate scaling: each layer's step is in proportion to its weights.

    v <- m v + lr * trust * |W| / (|G| + weight_decay |W|) * (g + weight_decay w), w <- w - v,
    with the norms of a layer's weight matrix; its bias shares the ratio. Where a norm is 0 the
    ratio is 1. Source: You, Gitman and Ginsburg (2017), arXiv 1708.03888, algorithm 1.
    """

    kind: Literal["lars"] = "lars"
    lr: LearningRate = 1.0
    trust: Real = Field(
        default=0.01, gt=0, description="Share of a layer's norm that a step may move."
    )
    momentum: Fraction = Field(default=0.9, description="Share of the last step kept.")
    schedule: Short[Schedule, str] = _SCHEDULE


class Lion(_Rated):
    """Lion: steps of one size, along the sign of a running mean of the gradient.

    w <- w (1 - lr * weight_decay), w <- w - lr sign(b1 m + (1 - b1) g), m <- b2 m + (1 - b2) g.
    Source: Chen et al. (2023), arXiv 2302.06675.
    """

    kind: Literal["lion"] = "lion"
    lr: LearningRate = 1e-4
    betas: tuple[Fraction, Fraction] = Field(
        default=(0.9, 0.99), description="Memory of the step's mean, and of the kept one."
    )
    weight_decay: DecoupledDecay = 0.0
    schedule: Short[Schedule, str] = _SCHEDULE


_NO_SETTINGS: Any = ()


class Custom(_Rated):
    """An optimiser that a user registered with `mlplab.optimiser`.

    Settings that equal the function's defaults are left out, so that equal optimisers have equal
    keys.

    >>> Custom(name="unregistered", lr=0.01)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    mlplab.errors.ConfigError: optimiser: no 'unregistered' is registered here; registered: ...
    """

    kind: Literal["custom"] = "custom"
    name: str = Field(description="As it was registered.")
    lr: LearningRate = 0.01
    settings: Short[tuple[tuple[str, float], ...], Mapping[str, float]] = Field(
        default=_NO_SETTINGS,
        description="Its own numbers by name, free per run; those left out have their defaults.",
    )
    schedule: Short[Schedule, str] = _SCHEDULE

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, fields: Any) -> Any:
        if not isinstance(fields, dict) or "name" not in fields:
            return fields
        name = str(fields["name"])
        settings = plain_settings(name, fields.get("settings") or (), _defaults(name))
        return fields if settings is None else {**fields, "settings": settings}

    @model_validator(mode="after")
    def _registered(self) -> Custom:
        find_plugin("optimiser", self.name)
        return self

    @property
    def known_settings(self) -> Mapping[str, float]:
        """All settings of the step, with their defaults."""
        return _defaults(self.name)

    def setting(self, name: str) -> float:
        """Return one setting, given or by default.

        Raises:
            ConfigError: the step has no such setting.
        """
        return setting_of(self.name, self.settings, self.known_settings, name)


def _defaults(name: str) -> dict[str, float]:
    known = find_plugin("optimiser", name).defaults
    return {setting: float(value) for setting, value in known.items()}


BuiltIn = SGD | RMSprop | Adam | AdamW | LARS | Lion
AnyOptimiser = BuiltIn | Custom
Optimiser = Annotated[AnyOptimiser, Field(discriminator="kind")]
OPTIMISERS: dict[str, type[BuiltIn]] = {
    spec.model_fields["kind"].default: spec for spec in get_args(BuiltIn)
}


def optimiser_spec(name: str) -> type[AnyOptimiser]:
    """Return the spec of an optimiser by name: one of the package, or `Custom` for a user's.

    Raises:
        ConfigError: there is none of that name.
    """
    if name in OPTIMISERS:
        return OPTIMISERS[name]
    own = plugin_names("optimiser")
    if name not in own:
        raise ConfigError(f"optimizer: {expected(name, [*OPTIMISERS, *own])}")
    return Custom
