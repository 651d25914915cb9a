"""What a network is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from mlplab.specs.activation import ACTIVATION_FORMS, Activation
from mlplab.specs.base import Spec
from mlplab.specs.given import Short
from mlplab.specs.init import INIT_FORMS, Init
from mlplab.specs.module import Module
from mlplab.specs.numbers import Real, Whole

Width = Annotated[int, Field(ge=1, le=1_000_000)]
Rate = Annotated[float, Field(ge=0.0, lt=1.0)]
Strength = Annotated[Real, Field(ge=0.0)]


# Any: a default is of the kind that is kept, and checkers want the field's.
_HIDDEN: Any = (256,)
_INIT: Any = Init()
_NONE: Any = ()
PER_LAYER = ("dropout", "noise_strength")
"""Fields with a number for each hidden layer, given as one for all of them or one for each."""


Noise = Literal[
    "none",
    "gaussian",
    "uniform",
    "multiplicative",
    "dropout-before",
    "drop-connect",
    "drop-connect-each",
    "stochastic-depth",
]
# Noises whose strength is a rate.
_RATES = ("dropout-before", "drop-connect", "drop-connect-each", "stochastic-depth")


class MLP(Spec):
    """A multilayer perceptron: affine maps with an activation after each but the last.

    >>> MLP(hidden=(256, 128), dropout=0.2).dropout
    (0.2, 0.2)
    >>> MLP(hidden=()).hidden  # a linear model
    ()
    """

    hidden: Short[tuple[Width, ...], int | Sequence[int]] = Field(
        default=_HIDDEN, description="Units of each hidden layer; none makes a linear model."
    )
    activation: Activation = Field(
        default="relu",
        description="After each hidden layer: relu, leaky-relu:SLOPE, prelu:SLOPE,PER (learned, "
        "per layer or unit), elu:ALPHA, gelu, silu, softplus, tanh, sigmoid or identity.",
        examples=list(ACTIVATION_FORMS),
    )
    norm: Literal["none", "batch", "layer"] = Field(
        default="none",
        description="What is normalised before each activation; biases come after it.",
    )
    init: Short[Init, str] = Field(
        default=_INIT,
        description="he, he-uniform, xavier, xavier-uniform, normal:STD, uniform:BOUND, "
        "uniform:LOW,HIGH, orthogonal, identity, constant:VALUE or zeros.",
        examples=list(INIT_FORMS),
    )
    inputs: Whole = Field(
        default=0,
        ge=0,
        description="How many of the task's features are seen, from the first; 0 is all.",
    )
    dropout: Short[tuple[Rate, ...], float | Sequence[float]] = Field(
        default=_NONE,
        description="Share of each hidden layer's outputs dropped in training; one for all.",
    )
    residual: bool = Field(
        default=False,
        description="Whether a hidden layer as wide as the one below adds what that one gives.",
    )
    noise: Noise = Field(
        default="none",
        description="On the outputs h of hidden layers in training: h + s N(0, 1), h + s U(0, 1), "
        "h (1 + s N(0, 1)), or dropout of what the activation is given, of the weights that give "
        "h (drop-connect for a whole batch, drop-connect-each for each example), or of whole "
        "residual branches (stochastic-depth); s is the strength.",
    )
    noise_strength: Short[tuple[Strength, ...], float | Sequence[float]] = Field(
        default=_NONE,
        description="Of the noise: a deviation, a width, or the rate of dropout; one for all.",
    )

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        fields = dict(fields)
        hidden = fields.get("hidden", _HIDDEN)
        hidden = hidden.tolist() if hasattr(hidden, "tolist") else hidden
        if isinstance(hidden, int):
            hidden = (hidden,)
        if "hidden" in fields:
            fields["hidden"] = hidden
        has_strength = not _is_empty(fields.get("noise_strength", ()))
        for name in PER_LAYER:
            # A tuple per layer, or none: one network has one spelling, and one key.
            fields[name] = _per_layer(fields.get(name, ()), hidden)
        if has_strength and not fields["noise_strength"]:
            fields["noise"] = "none"
        return fields

    def _idle(self) -> Collection[str]:
        # Dropout of no layer is written as none.
        idle = () if self.noise != "none" and self.hidden else ("noise", "noise_strength")
        return idle if self.hidden else (*idle, "activation", "norm")

    @model_validator(mode="after")
    def _one_per_layer(self) -> MLP:
        for name in PER_LAYER:
            values = getattr(self, name)
            if values and len(values) != len(self.hidden):
                raise ValueError(
                    f"{name}: expected one number, or one for each of {len(self.hidden)} hidden "
                    f"layers; got {list(values)}"
                )
        if self.noise != "none" and self.hidden and not self.noise_strength:
            raise ValueError(f"noise: {self.noise} needs noise_strength, such as 0.1")
        if self.noise in _RATES and max(self.noise_strength, default=0) >= 1:
            raise ValueError(
                f"noise_strength: expected rates below 1 for {self.noise}; "
                f"got {list(self.noise_strength)}"
            )
        if self.residual and not any(self.skips):
            raise ValueError(
                f"residual: expected neighbouring hidden layers of one width; "
                f"got {list(self.hidden)}"
            )
        if self.noise == "stochastic-depth" and not self.residual:
            raise ValueError("noise: stochastic-depth drops residual branches; give residual too")
        return self

    @property
    def skips(self) -> tuple[bool, ...]:
        """For each hidden layer, whether it adds what the layer below gives.

        >>> MLP(hidden=(8, 8, 4), residual=True).skips
        (False, True, False)
        """
        pairs = pairwise((0, *self.hidden))
        return tuple(self.residual and below == width for below, width in pairs)


def _is_empty(value: Any) -> bool:
    return isinstance(value, Sequence) and not value


def _per_layer(value: Any, hidden: Any) -> Any:
    """Return a number for each hidden layer, or none where all are 0."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = (value,)
    if isinstance(value, Sequence) and isinstance(hidden, Sequence) and len(value) == 1:
        value = tuple(value) * len(hidden)
    if isinstance(value, Sequence) and all(one == 0 for one in value):
        return ()
    return value


def _family(value: Any) -> str:
    """Say which network is meant; an MLP has no `kind`, and its keys are older than modules."""
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return "module" if kind == "module" else "mlp"


Net = Annotated[
    Annotated[MLP, Tag("mlp")] | Annotated[Module, Tag("module")], Discriminator(_family)
]
