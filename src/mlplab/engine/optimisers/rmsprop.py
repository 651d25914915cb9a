"""RMSprop: steps divided by the root of a running mean of the squared gradient."""

import torch
from torch import Tensor

from mlplab.engine.optimisers.formula import Formula


def _step(
    weight: Tensor,
    gradient: Tensor,
    rate: Tensor,
    square: Tensor,
    room: Tensor,
    *,
    alpha: Tensor,
    rest: Tensor,
    eps: Tensor,
) -> None:
    torch.mul(gradient, gradient, out=room)
    square.mul_(alpha).addcmul_(room, rest)
    torch.sqrt(square, out=room)
    gradient.div_(room.add_(eps))
    weight.addcmul_(gradient, rate, value=-1)


RMSPROP = Formula(
    _step,
    ("square",),
    # 1 - alpha in double precision, as a single run has it: it loses digits in float32.
    lambda optim: {"alpha": optim.alpha, "rest": 1 - optim.alpha, "eps": optim.eps},
    has_room=True,
)
