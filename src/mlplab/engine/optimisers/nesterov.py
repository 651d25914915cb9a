"""SGD with Nesterov's momentum: the step looks ahead along the velocity."""

from torch import Tensor

from mlplab.engine.optimisers.formula import Formula


def _step(
    weight: Tensor, gradient: Tensor, rate: Tensor, velocity: Tensor, *, momentum: Tensor
) -> None:
    velocity.mul_(momentum).add_(gradient)
    gradient.addcmul_(velocity, momentum)
    weight.addcmul_(gradient, rate, value=-1)


NESTEROV = Formula(_step, ("velocity",), lambda optim: {"momentum": optim.momentum})
