"""Activations and their derivatives, in place on whole stacks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mlplab.engine.repeats import check_repeats
from mlplab.errors import ConfigError, users_code
from mlplab.specs.activation import ACTIVATION_FORMS, ALIASES, activation_settings
from mlplab.specs.plugins import find_plugin, register_plugin

aten = torch.ops.aten
Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Activation:
    """An elementwise function h = f(z) and its derivative.

    `forward(z)` overwrites z by f(z). `backward(d, h, z)` overwrites d by d * f'(z); `z` is
    kept for it where `needs_input`, and is `h` otherwise: then the derivative is written in
    terms of f(z). `slopes` says whether a slope for z < 0 is learned, per `layer` or `unit`;
    forward and backward are then those of z >= 0.
    """

    forward: Callable[[Tensor], object]
    backward: Callable[[Tensor, Tensor, Tensor], object]
    needs_input: bool = False
    slopes: str = ""
    slope: float = 0.0


def _relu_backward(d: Tensor, h: Tensor, z: Tensor) -> None:
    # The aten form writes into d: ten times faster than making a mask and multiplying by it.
    aten.threshold_backward.grad_input(d, h, 0.0, grad_input=d)


def _tanh_backward(d: Tensor, h: Tensor, z: Tensor) -> None:
    aten.tanh_backward.grad_input(d, h, grad_input=d)


def _sigmoid_backward(d: Tensor, h: Tensor, z: Tensor) -> None:
    aten.sigmoid_backward.grad_input(d, h, grad_input=d)


def _gelu_backward(d: Tensor, h: Tensor, z: Tensor) -> None:
    aten.gelu_backward.grad_input(d, z, grad_input=d)


def _silu_backward(d: Tensor, h: Tensor, z: Tensor) -> None:
    aten.silu_backward.grad_input(d, z, grad_input=d)


def _softplus_backward(d: Tensor, h: Tensor, z: Tensor) -> None:
    aten.softplus_backward.grad_input(d, z, 1.0, 20.0, grad_input=d)  # beta and threshold: torch's


def _nothing(*tensors: Tensor) -> None:
    """The identity leaves everything as it is."""


_PLAIN: dict[str, Activation] = {
    "relu": Activation(torch.relu_, _relu_backward),
    "tanh": Activation(torch.tanh_, _tanh_backward),
    "sigmoid": Activation(torch.sigmoid_, _sigmoid_backward),
    "identity": Activation(_nothing, _nothing),
    "gelu": Activation(aten.gelu_, _gelu_backward, needs_input=True),
    "silu": Activation(aten.silu_, _silu_backward, needs_input=True),
    "softplus": Activation(
        lambda z: aten.softplus.out(z, 1.0, 20.0, out=z), _softplus_backward, needs_input=True
    ),
}


def activation(text: str) -> Activation:
    """Return the activation that a spec's text names.

    Raises:
        ConfigError: there is none.

    >>> activation("leaky-relu:0.1").forward(torch.tensor([-1.0, 2.0]))
    tensor([-0.1000,  2.0000])
    """
    try:
        kind, settings = activation_settings(text)
    except ValueError as problem:
        raise ConfigError(f"activation: {problem}") from None
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == "leaky-relu":
        return _leaky(settings["slope"])
    if kind == "elu":
        return _elu(settings["alpha"])
    if kind == "prelu":
        return Activation(
            _nothing, _nothing, needs_input=True, slopes=settings["per"], slope=settings["slope"]
        )
    made: _Made = find_plugin("activation", kind)
    return Activation(
        lambda z: made.forward(kind, z), lambda d, h, z: made.backward(kind, d, z), needs_input=True
    )


def _leaky(slope: float) -> Activation:
    def backward(d: Tensor, h: Tensor, z: Tensor) -> None:
        aten.leaky_relu_backward.grad_input(d, h, slope, True, grad_input=d)

    def forward(z: Tensor) -> object:
        return aten.leaky_relu_(z, slope)

    # At slope 0 the sign of z cannot be read from h, and that is the plain ReLU.
    return Activation(forward, backward) if slope else _PLAIN["relu"]


def _elu(alpha: float) -> Activation:
    def backward(d: Tensor, h: Tensor, z: Tensor) -> None:
        aten.elu_backward.grad_input(d, alpha, 1.0, 1.0, True, h, grad_input=d)

    def forward(z: Tensor) -> object:
        return aten.elu_(z, alpha)

    return Activation(forward, backward) if alpha else _PLAIN["relu"]


class _Made:
    """A user's activation as the engine applies it; pickled by its functions."""

    def __init__(self, function: Function, derivative: Function | None) -> None:
        self.function = function
        self.derivative = derivative

    def forward(self, name: str, z: Tensor) -> None:
        """Overwrite z by f(z)."""
        with users_code("activation", name):
            h = self.function(z)
        z.copy_(_like(z, h, f"activation {name!r}"))

    def backward(self, name: str, d: Tensor, z: Tensor) -> None:
        """Overwrite d by d * f'(z), by autograd where no derivative was given."""
        if self.derivative is not None:
            with users_code("derivative of activation", name):
                slope = self.derivative(z)
        else:
            with (
                users_code("derivative of activation", name),
                torch.inference_mode(False),
                torch.enable_grad(),
            ):
                # Elementwise, so the gradient of the sum is the derivative at each place.
                leaf = z.clone().requires_grad_()
                (slope,) = torch.autograd.grad(self.function(leaf).sum(), leaf)
        d.mul_(_like(z, slope, f"derivative of activation {name!r}"))


def _like(z: Tensor, values: Any, what: str) -> Tensor:
    if isinstance(values, Tensor) and values.shape == z.shape:
        return values
    got = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
    raise ConfigError(
        f"{what}: expected a tensor of its argument's shape {tuple(z.shape)}; got {got}"
    )


def check_activation(text: str) -> None:
    """Try a user's activation and its derivative on a few numbers, before anything is trained.

    Raises:
        ConfigError: one of them fails, returns another shape, draws, or is not elementwise.
    """
    name = activation_settings(text)[0]
    if name in ACTIVATION_FORMS:
        return
    made = activation(text)

    def both(z: Tensor) -> Tensor:
        h, d = z.clone(), torch.ones_like(z)
        made.forward(h)  # in place, hence the copy
        made.backward(d, h, z.clone())
        return torch.stack([h, d])

    # Of 49 points one is left out: 0 is among the rest, which are 6 x 8.
    numbers = torch.linspace(-2, 2, 49, dtype=torch.float32, device="cpu")[:48]
    z = numbers.view(6, 8).t().reshape(2, 3, 8)  # no axis is sorted
    answer = torch.from_numpy(check_repeats("activation", name, lambda: both(z).numpy()))
    for at in (0, 1), (1, 0), (1, 2):
        here = (*map(slice, at, (at[0] + 1, at[1] + 1)), slice(5, 6))
        alone = both(z[here])
        if not torch.allclose(alone, answer[:, *here], 1e-3, 1e-4, equal_nan=True):
            raise ConfigError(
                f"activation {name!r}: expected an elementwise function; what it makes of "
                f"{float(z[here]):.3g} depends on the other numbers of its tensor, which belong "
                "to other examples and runs; a module (mlplab.module) may mix them"
            )


def register_activation(name: str, derivative: Function | None = None) -> Any:
    """Register an elementwise function of a tensor as an activation that networks can name.

    Without a `derivative`, a function of z as well, autograd finds it: about three times slower.
    The name is part of a run's key, the function's code is not: give a changed function a new
    name. Worker processes get it by pickling, so define it at the top of a module.

    >>> @register_activation("cube")
    ... def cube(z):
    ...     return z**3
    >>> from mlplab.specs import MLP
    >>> MLP(activation="cube").activation
    'cube'
    """

    def register(function: Function) -> Function:
        register_plugin("activation", name, _Made(function, derivative), ACTIVATION_FORMS | ALIASES)
        return function

    return register
