"""What a network is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from mlplab.specs.activation import ACTIVATION_FORMS, Activation
from mlplab.specs.base import Spec
from mlplab.specs.given import Short
from mlplab.specs.init import INIT_FORMS, Init
from mlplab.specs.module import Module

Width = Annotated[int, Field(ge=1, le=1_000_000)]
Rate = Annotated[float, Field(ge=0.0, lt=1.0)]


# Any: a default is of the kind that is kept, and checkers want the field's.
_HIDDEN: Any = (256,)
_INIT: Any = Init()
_NO_DROPOUT: Any = ()


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
    inputs: int = Field(
        default=0,
        ge=0,
        description="How many of the task's features are seen, from the first; 0 is all.",
    )
    dropout: Short[tuple[Rate, ...], float | Sequence[float]] = Field(
        default=_NO_DROPOUT,
        description="Share of each hidden layer's outputs dropped in training; one for all.",
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
        rate = fields.get("dropout", ())
        rate = rate.tolist() if hasattr(rate, "tolist") else rate
        if isinstance(rate, int | float) and not isinstance(rate, bool):
            rate = (rate,)
        if isinstance(rate, Sequence) and isinstance(hidden, Sequence) and len(rate) == 1:
            rate = tuple(rate) * len(hidden)
        if isinstance(rate, Sequence) and all(r == 0 for r in rate):
            rate = ()
        # A tuple per layer, or none: one network has one spelling, and one key.
        fields["dropout"] = rate
        return fields

    def _idle(self) -> Collection[str]:
        # Dropout of no layer is written as none.
        return () if self.hidden else ("activation", "norm")

    @model_validator(mode="after")
    def _one_rate_per_layer(self) -> MLP:
        if self.dropout and len(self.dropout) != len(self.hidden):
            raise ValueError(
                f"dropout: expected one rate, or one for each of {len(self.hidden)} hidden "
                f"layers; got {list(self.dropout)}"
            )
        return self


def _family(value: Any) -> str:
    """Say which network is meant; an MLP has no `kind`, and its keys are older than modules."""
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return "module" if kind == "module" else "mlp"


Net = Annotated[
    Annotated[MLP, Tag("mlp")] | Annotated[Module, Tag("module")], Discriminator(_family)
]
