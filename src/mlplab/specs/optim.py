"""How a network's weights move: the optimisers and the course of their rate."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from mlplab.specs.base import Spec
from mlplab.specs.shorthand import parse_shorthand

LearningRate = Annotated[float, Field(gt=0, description="Learning rate.")]
Decay = Annotated[
    float, Field(ge=0, description="L2 penalty: weight_decay * w joins the gradient.")
]
Fraction = Annotated[float, Field(ge=0, lt=1)]

_SCHEDULE_FORMS = {
    "constant": [],
    "exponential": ["gamma"],
    "step": ["every", "gamma"],
    "cosine": ["final"],
}


class Schedule(Spec):
    """The course of the learning rate, as a factor of `lr` in epoch e = 0, 1, ... of E.

    `constant`: 1. `exponential`: gamma^e. `step`: gamma^floor(e / every).
    `cosine`: final + (1 - final) (1 + cos(pi e / E)) / 2.

    >>> Schedule.model_validate("step:5,0.5").factor(epoch=12, epochs=20)
    0.25
    """

    kind: Literal["constant", "exponential", "step", "cosine"] = "constant"
    gamma: float = Field(0.9, gt=0, le=1, description="Factor of a decay.")
    every: int = Field(1, ge=1, description="Epochs between the steps of `step`.")
    final: float = Field(0.0, ge=0, le=1, description="Where `cosine` ends, as a factor.")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return parse_shorthand(value, _SCHEDULE_FORMS) if isinstance(value, str) else value

    def factor(self, epoch: int, epochs: int) -> float:
        """Return the factor of `lr` in one epoch of `epochs`."""
        import math

        match self.kind:
            case "constant":
                return 1.0
            case "exponential":
                return float(self.gamma**epoch)
            case "step":
                return float(self.gamma ** (epoch // self.every))
            case "cosine":
                wave = (1 + math.cos(math.pi * epoch / epochs)) / 2
                return self.final + (1 - self.final) * wave


_SCHEDULE = Field(
    Schedule(), description="constant, exponential:GAMMA, step:EVERY,GAMMA or cosine:FINAL."
)


class SGD(Spec):
    """Stochastic gradient descent with momentum: v <- m v + g, w <- w - lr v.

    Source: Sutskever et al. (2013), in the form torch.optim.SGD uses.
    """

    kind: Literal["sgd"] = "sgd"
    lr: LearningRate = 0.1
    momentum: Fraction = Field(0.0, description="Share of the last step kept.")
    weight_decay: Decay = 0.0
    schedule: Schedule = _SCHEDULE


class Adam(Spec):
    """Adam: steps scaled by running means of the gradient and of its square.

    Source: Kingma and Ba (2015), arXiv 1412.6980; weight decay joins the gradient.
    """

    kind: Literal["adam"] = "adam"
    lr: LearningRate = 0.001
    betas: tuple[Fraction, Fraction] = Field((0.9, 0.999), description="Memory of the two means.")
    eps: float = Field(1e-8, gt=0, description="Added to the root in the denominator.")
    weight_decay: Decay = 0.0
    schedule: Schedule = _SCHEDULE


class AdamW(Spec):
    """Adam with decoupled weight decay: w <- w (1 - lr * weight_decay) before each step.

    Source: Loshchilov and Hutter (2019), arXiv 1711.05101.
    """

    kind: Literal["adamw"] = "adamw"
    lr: LearningRate = 0.001
    betas: tuple[Fraction, Fraction] = Field((0.9, 0.999), description="Memory of the two means.")
    eps: float = Field(1e-8, gt=0, description="Added to the root in the denominator.")
    weight_decay: float = Field(0.01, ge=0, description="Decoupled: w shrinks by lr * this.")
    schedule: Schedule = _SCHEDULE


Optimiser = Annotated[SGD | Adam | AdamW, Field(discriminator="kind")]
OPTIMISERS: dict[str, type[SGD | Adam | AdamW]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}
