"""Lion: steps of one size, along the sign of a running mean of the gradient."""

import torch
from torch import Tensor

from mlplab.engine.optimisers.formula import Formula
from mlplab.specs import Lion


def _step(
    weight: Tensor,
    gradient: Tensor,
    rate: Tensor,
    mean: Tensor,
    room: Tensor,
    *,
    b1: Tensor,
    rest1: Tensor,
    b2: Tensor,
    rest2: Tensor,
) -> None:
    torch.mul(mean, b1, out=room)
    room.addcmul_(gradient, rest1)
    weight.addcmul_(room.sign_(), rate, value=-1)
    mean.mul_(b2).addcmul_(gradient, rest2)


def _settings(optim: Lion) -> dict[str, float]:
    b1, b2 = optim.betas
    return {"b1": b1, "rest1": 1 - b1, "b2": b2, "rest2": 1 - b2}


LION = Formula(_step, ("mean",), _settings, decay="decoupled", has_room=True)
