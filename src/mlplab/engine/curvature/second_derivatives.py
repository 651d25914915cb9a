"""First and second derivatives of activations on whole stacks."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from mlplab.engine.activations import activation
from mlplab.errors import users_code
from mlplab.specs.activation import ACTIVATION_FORMS, activation_settings
from mlplab.specs.plugins import find_plugin

Second = Callable[[Tensor], Tensor]


def first_derivative(text: str, y: Tensor) -> Tensor:
    """Return f'(y) of the activation that a spec's text names: the engine's own derivative.

    >>> first_derivative("relu", torch.tensor([-1.0, 2.0]))
    tensor([0., 1.])
    """
    act = activation(text)
    # Both work in place, and neither needs to write into y.
    d, h = torch.ones_like(y), y.clone()
    act.forward(h)
    act.backward(d, h, y)
    return d


def second_derivative(text: str) -> Second | None:
    """Return f'' of the activation that a spec's text names; None where it is 0.

    Piecewise linear activations (relu, leaky-relu, prelu, identity) have f'' = 0 but at the kink,
    where there is none: products leave the kink out, as autograd does.

    >>> second_derivative("relu") is None
    True
    >>> second_derivative("tanh")(torch.zeros(1))
    tensor([-0.])
    """
    kind, settings = activation_settings(text)
    if kind == "elu":
        return _elu(settings["alpha"])
    if kind in ACTIVATION_FORMS:
        return _SMOOTH.get(kind)
    return lambda y: _by_autograd(kind, y)


def _tanh(y: Tensor) -> Tensor:
    h = torch.tanh(y)
    return -2 * h * (1 - h * h)


def _sigmoid(y: Tensor) -> Tensor:
    h = torch.sigmoid(y)
    return h * (1 - h) * (1 - 2 * h)


def _softplus(y: Tensor) -> Tensor:
    h = torch.sigmoid(y)
    # Above 20 torch takes the identity.
    return torch.where(y > 20.0, torch.zeros_like(y), h * (1 - h))


def _silu(y: Tensor) -> Tensor:
    h = torch.sigmoid(y)
    return h * (1 - h) * (2 + y * (1 - 2 * h))


def _gelu(y: Tensor) -> Tensor:
    return torch.exp(-y * y / 2) * (2 - y * y) / math.sqrt(2 * math.pi)


def _elu(alpha: float) -> Second | None:
    if not alpha:
        return None  # the plain ReLU
    return lambda y: torch.where(y > 0, torch.zeros_like(y), alpha * torch.exp(y.clamp(max=0)))


_SMOOTH: dict[str, Second] = {
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "silu": _silu,
    "gelu": _gelu,
}


def _by_autograd(name: str, y: Tensor) -> Tensor:
    """The second derivative of a user's function: by autograd, through its first if it is given."""
    made = find_plugin("activation", name)
    with (
        users_code("second derivative of activation", name),
        torch.inference_mode(False),
        torch.enable_grad(),
    ):
        leaf = y.clone().requires_grad_()
        if made.derivative is not None:
            slope = made.derivative(leaf)
        else:
            (slope,) = torch.autograd.grad(made.function(leaf).sum(), leaf, create_graph=True)
        if not slope.requires_grad:  # linear, piece by piece
            return torch.zeros_like(y)
        (bend,) = torch.autograd.grad(slope.sum(), leaf, allow_unused=True)
    return torch.zeros_like(y) if bend is None else bend
