"""Activations and their derivatives, in place on whole stacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mlplab.errors import ConfigError


@dataclass(frozen=True)
class Activation:
    """An elementwise function h = f(z), with its derivative written in terms of h.

    `forward(z)` overwrites z by f(z); `backward(d, h)` overwrites d by d * f'(z).
    """

    forward: Callable[[Tensor], object]
    backward: Callable[[Tensor, Tensor], object]


def _relu_backward(d: Tensor, h: Tensor) -> None:
    torch.ops.aten.threshold_backward.grad_input(d, h, 0.0, grad_input=d)


def _tanh_backward(d: Tensor, h: Tensor) -> None:
    torch.ops.aten.tanh_backward.grad_input(d, h, grad_input=d)


def _sigmoid_backward(d: Tensor, h: Tensor) -> None:
    torch.ops.aten.sigmoid_backward.grad_input(d, h, grad_input=d)


ACTIVATIONS: dict[str, Activation] = {
    "relu": Activation(torch.relu_, _relu_backward),
    "tanh": Activation(torch.tanh_, _tanh_backward),
    "sigmoid": Activation(torch.sigmoid_, _sigmoid_backward),
    "identity": Activation(lambda z: None, lambda d, h: None),
}


def activation(name: str) -> Activation:
    """Return the activation of that name.

    Raises:
        ConfigError: there is none.
    """
    if name not in ACTIVATIONS:
        raise ConfigError(f"activation: expected one of {', '.join(ACTIVATIONS)}; got {name!r}")
    return ACTIVATIONS[name]
