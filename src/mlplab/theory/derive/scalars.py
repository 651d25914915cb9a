"""Functions of numbers by which operators act on each entry, and their derivatives by algebra."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from mlplab.errors import ConfigError
from mlplab.specs.activation import ACTIVATION_FORMS, activation_settings


@dataclass(frozen=True)
class Scalar:
    """A function of one or more numbers as a sympy expression; its derivatives follow from it.

    Attributes:
        symbols: its arguments.
        expression: what it is.
    """

    symbols: tuple[Any, ...]
    expression: Any

    @cached_property
    def function(self) -> Callable[..., Any]:
        """The function on arrays, entry by entry."""
        return _computed(self.symbols, self.expression)

    def partial(self, place: int = 0) -> Scalar:
        """Return the derivative by one argument, as algebra finds it."""
        return _partial(self, place)

    def tex(self) -> str:
        """Return the expression as LaTeX."""
        import sympy

        return str(sympy.latex(self.expression))


@cache
def _partial(scalar: Scalar, place: int) -> Scalar:
    import sympy

    found = sympy.diff(scalar.expression, scalar.symbols[place])
    # Simplified is not always simpler: 1 - tanh^2 would become 1 / cosh^2.
    shorter = min(found, sympy.simplify(found), key=lambda one: one.count_ops())
    return Scalar(scalar.symbols, shorter)


def _computed(symbols: tuple[Any, ...], expression: Any) -> Callable[..., Any]:
    import sympy

    # scipy takes a while to load, and numpy has all but the error function.
    modules = ["scipy", "numpy"] if expression.has(sympy.erf) else ["numpy"]
    computed = sympy.lambdify(symbols, expression, modules=modules)

    def on_arrays(*arrays: Any) -> Any:
        with np.errstate(all="ignore"):
            # A constant has no array in it that would give the answer its shape.
            return np.broadcast_arrays(computed(*arrays), *arrays)[0]

    return on_arrays


def activation_scalar(text: str) -> Scalar | None:
    """Return an activation of the package; None for a user's own, whose formula nobody knows.

    >>> activation_scalar("tanh").partial().tex()
    '1 - \\\\tanh^{2}{\\\\left(z \\\\right)}'
    """
    import sympy

    kind, settings = activation_settings(text)
    if kind not in ACTIVATION_FORMS:
        return None
    z, a = sympy.symbols("z a", real=True)

    def bent(below: Any) -> Any:
        return sympy.Piecewise((z, z > 0), (below, True))

    def number(name: str) -> Any:
        return sympy.nsimplify(repr(settings[name]))

    forms: dict[str, Callable[[], Any]] = {
        "identity": lambda: z,
        "relu": lambda: bent(sympy.Integer(0)),
        "leaky-relu": lambda: bent(number("slope") * z),
        "prelu": lambda: bent(a * z),
        "elu": lambda: bent(number("alpha") * (sympy.exp(z) - 1)),
        "gelu": lambda: z * (1 + sympy.erf(z / sympy.sqrt(2))) / 2,
        "silu": lambda: z / (1 + sympy.exp(-z)),
        "softplus": lambda: sympy.log(1 + sympy.exp(z)),
        "tanh": lambda: sympy.tanh(z),
        "sigmoid": lambda: 1 / (1 + sympy.exp(-z)),
    }
    return Scalar((z, a) if kind == "prelu" else (z,), forms[kind]())


def loss_scalar(kind: str, delta: float = 1.0) -> Scalar:
    """Return what a loss makes of one output's error r = o - y.

    Raises:
        ConfigError: a loss that is no mean over outputs.
    """
    import sympy

    r = sympy.symbols("r", real=True)
    far = sympy.nsimplify(repr(delta))
    forms = {
        "squared": r**2,
        "absolute": sympy.Abs(r),
        "huber": sympy.Piecewise(
            (r**2 / 2, sympy.Abs(r) <= far), (far * (sympy.Abs(r) - far / 2), True)
        ),
        "log-cosh": sympy.log(sympy.cosh(r)),
    }
    if kind not in forms:
        raise ConfigError(f"derive: no rule for the operator {kind!r}")
    return Scalar((r,), forms[kind])
