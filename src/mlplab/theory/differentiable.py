"""The engine's activations as functions that autograd can follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def differentiable(name: str) -> Callable[[Tensor], Tensor]:
    """Return an activation by the text of a network's spec, out of place and differentiable.

    Its derivative is the engine's own, so it also holds for what users registered; pReLU has the
    slope it begins with.

    >>> import torch
    >>> z = torch.tensor([-1.0, 2.0], requires_grad=True)
    >>> differentiable("leaky-relu:0.5")(z).sum().backward()
    >>> z.grad
    tensor([0.5000, 1.0000])
    """
    import torch

    from mlplab.engine.activations import activation

    act = activation(name)
    if act.slopes:
        act = activation(f"leaky-relu:{act.slope}")

    class Applied(torch.autograd.Function):
        """One application, whose backward pass is the engine's."""

        @staticmethod
        def forward(ctx: Any, z: Tensor) -> Tensor:
            h = z.clone()
            act.forward(h)
            ctx.save_for_backward(z, h)
            return h

        @staticmethod
        def backward(ctx: Any, *gradients: Tensor) -> Tensor:
            z, h = ctx.saved_tensors
            d = gradients[0].clone()
            act.backward(d, h, z)
            return d

    def apply(z: Tensor) -> Tensor:
        out: Tensor = Applied.apply(z)  # type: ignore[no-untyped-call]
        return out

    return apply
