"""What a network is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from mlplab.specs.base import Spec
from mlplab.specs.shorthand import parse_shorthand

Activation = Literal["relu", "tanh", "sigmoid", "identity"]
Width = Annotated[int, Field(ge=1, le=1_000_000)]
Rate = Annotated[float, Field(ge=0.0, lt=1.0)]

_INIT_FORMS = {
    "he": ["scale"],
    "xavier": ["scale"],
    "normal": ["scale"],
    "uniform": ["scale"],
    "zeros": [],
}


class Init(Spec):
    """How weights are drawn; biases start at 0.

    `normal`: N(0, scale^2). `uniform`: U(-scale, scale). `he`: N(0, scale^2 * 2 / I).
    `xavier`: N(0, scale^2 * 2 / (I + O)). `zeros`: 0. I and O are the layer's inputs and outputs.

    >>> Init.model_validate("normal:0.01").scale
    0.01
    """

    kind: Literal["he", "xavier", "normal", "uniform", "zeros"] = Field(
        "he", description="He, Xavier, normal, uniform or zeros."
    )
    scale: float = Field(
        1.0, gt=0, description="Standard deviation (normal), bound (uniform), or a factor."
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return parse_shorthand(value, _INIT_FORMS) if isinstance(value, str) else value


class MLP(Spec):
    """A multilayer perceptron: affine maps with an activation after each but the last.

    >>> MLP(hidden=(256, 128), dropout=0.2).dropout
    (0.2, 0.2)
    >>> MLP(hidden=()).hidden  # a linear model
    ()
    """

    hidden: tuple[Width, ...] = Field(
        (256,), description="Units of each hidden layer; none makes a linear model."
    )
    activation: Activation = Field("relu", description="After each hidden layer.")
    init: Init = Field(Init(), description="he, xavier, normal:STD, uniform:BOUND or zeros.")
    dropout: tuple[Rate, ...] = Field(
        (), description="Share of each hidden layer's outputs dropped in training; one for all."
    )

    @model_validator(mode="before")
    @classmethod
    def _spread(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        fields = dict(fields)
        hidden = fields.get("hidden", (256,))
        if isinstance(hidden, int):
            fields["hidden"] = hidden = (hidden,)
        rate = fields.get("dropout", ())
        if isinstance(rate, int | float) and not isinstance(rate, bool):
            rate = (rate,)
        if isinstance(rate, Sequence) and isinstance(hidden, Sequence) and len(rate) == 1:
            rate = tuple(rate) * len(hidden)
        if isinstance(rate, Sequence) and all(r == 0 for r in rate):
            rate = ()
        fields["dropout"] = rate
        return fields

    @model_validator(mode="after")
    def _one_rate_per_layer(self) -> MLP:
        if self.dropout and len(self.dropout) != len(self.hidden):
            raise ValueError(
                f"dropout: expected one rate, or one for each of {len(self.hidden)} hidden "
                f"layers; got {list(self.dropout)}"
            )
        return self
