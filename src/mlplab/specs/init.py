"""How first weights are drawn."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import Field, model_validator

from mlplab.hints import expected
from mlplab.specs.base import Spec
from mlplab.specs.numbers import Real
from mlplab.specs.plugins import plugin_names
from mlplab.specs.shorthand import parse_shorthand

INIT_FORMS: dict[str, list[str]] = {
    "he": ["scale"],
    "he-uniform": ["scale"],
    "xavier": ["scale"],
    "xavier-uniform": ["scale"],
    "normal": ["scale"],
    "uniform": ["low", "high"],
    "orthogonal": ["scale"],
    "identity": ["scale"],
    "constant": ["value"],
    "zeros": [],
}


class Init(Spec):
    """How weights are drawn; biases start at 0.

    `normal`: N(0, scale^2). `uniform`: U(low, high), or U(-scale, scale).
    `he`: N(0, scale^2 * 2 / I). `xavier`: N(0, scale^2 * 2 / (I + O)). Their `-uniform` forms have
    the same variances. `orthogonal`: scale times a matrix with orthonormal rows or columns.
    `identity`: scale on the diagonal. `constant`: value. `zeros`: 0. I and O are the layer's
    inputs and outputs.

    Source: He et al. (2015), arXiv 1502.01852; Glorot and Bengio (2010); Saxe et al. (2014),
    arXiv 1312.6120.

    >>> Init.model_validate("normal:0.01").scale
    0.01
    >>> Init.model_validate("uniform:0.5") == Init(kind="uniform", scale=0.5)
    True
    """

    kind: str = Field(default="he", description="A kind above, or a name that a user registered.")
    scale: Real = Field(
        default=1.0, gt=0, description="Standard deviation (normal), bound (uniform), or a factor."
    )
    low: Real | None = Field(default=None, description="Lower bound of `uniform`, if not -scale.")
    high: Real | None = Field(default=None, description="Upper bound of `uniform`, if not scale.")
    value: Real = Field(default=0.0, description="Every weight of `constant`.")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        forms = INIT_FORMS | {name: ["scale"] for name in plugin_names("init")}
        fields = parse_shorthand(value, forms, cls.model_fields)
        if fields["kind"] == "uniform" and "low" in fields and "high" not in fields:
            fields["scale"] = fields.pop("low")
        return fields

    @model_validator(mode="after")
    def _sound(self) -> Init:
        known = [*INIT_FORMS, *plugin_names("init")]
        if self.kind not in known:
            raise ValueError(f"init: {expected(self.kind, known)}")
        if (self.low is None) != (self.high is None):
            raise ValueError("init: uniform expects both low and high, or a scale")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"init: expected low < high; got {self.low:g}, {self.high:g}")
        return self

    def _idle(self) -> Collection[str]:
        if self.kind == "uniform":
            return ("value", "scale") if self.low is not None else ("value",)
        return type(self).model_fields.keys() - set(INIT_FORMS.get(self.kind, ["scale"]))
