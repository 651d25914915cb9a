"""Functions of x as people type them, parsed by a list of what is allowed; never evaluated."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError
from mlplab.theory.intervals import Interval, Jet

Array = NDArray[np.float64]
CONSTANTS = {"pi": math.pi, "e": math.e}
# Python's parser recurses: longer texts may exhaust its stack before they are refused.
_LONGEST = 500
_HIGHEST_POWER = 64


@dataclass(frozen=True)
class _Named:
    value: Callable[[Array], Array]
    jet: Callable[[Jet], Jet]


def _sigmoid(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-x)))


def _sin(u: Jet) -> Jet:
    return u.chain(u.value.sin(), u.value.cos(), -u.value.sin())


def _cos(u: Jet) -> Jet:
    return u.chain(u.value.cos(), -u.value.sin(), -u.value.cos())


def _exp(u: Jet) -> Jet:
    value = u.value.monotone(np.exp)
    return u.chain(value, value, value)


def _log(u: Jet) -> Jet:
    inverse = Interval.of(1.0) / u.value
    return u.chain(u.value.monotone(np.log), inverse, -(inverse * inverse))


def _sqrt(u: Jet) -> Jet:
    root = u.value.monotone(np.sqrt)
    first = Interval.of(0.5) / root
    return u.chain(root, first, -(first / (u.value + u.value)))


def _tanh(u: Jet) -> Jet:
    value = u.value.monotone(np.tanh)
    first = Interval.of(1.0) - value.power(2)
    return u.chain(value, first, -((value + value) * first))


def _sigmoid_jet(u: Jet) -> Jet:
    value = u.value.monotone(_sigmoid)
    rest = Interval.of(1.0) - value
    return u.chain(value, value * rest, value * rest * (rest - value))


def _atan(u: Jet) -> Jet:
    first = Interval.of(1.0) / (Interval.of(1.0) + u.value.power(2))
    return u.chain(u.value.monotone(np.arctan), first, -((u.value + u.value) * first * first))


def _kinked(below: float) -> Callable[[Jet], Jet]:
    """A function of slope `below` for u < 0 and 1 for u > 0."""

    def jet(u: Jet) -> Jet:
        low, high = u.value.low, u.value.high
        left, right = below * low, below * high
        least = np.where(low >= 0, low, np.where(high <= 0, np.minimum(left, right), 0.0))
        least = np.where((low < 0) & (high > 0) & (below > 0), left, least)
        most = np.where(low >= 0, high, np.where(high <= 0, np.maximum(left, right),
                                                 np.maximum(left, high)))  # fmt: skip
        first = Interval(np.where(low > 0, 1.0, below), np.where(high < 0, below, 1.0))
        kink = (low <= 0) & (high >= 0)
        second = Interval(np.where(kink, -np.inf, 0.0), np.where(kink, np.inf, 0.0))
        return u.chain(Interval(least, most), first, second)

    return jet


FUNCTIONS: dict[str, _Named] = {
    "sin": _Named(np.sin, _sin),
    "cos": _Named(np.cos, _cos),
    "exp": _Named(np.exp, _exp),
    "log": _Named(np.log, _log),
    "sqrt": _Named(np.sqrt, _sqrt),
    "tanh": _Named(np.tanh, _tanh),
    "sigmoid": _Named(_sigmoid, _sigmoid_jet),
    "atan": _Named(np.arctan, _atan),
    "abs": _Named(np.abs, _kinked(-1.0)),
    "relu": _Named(lambda x: np.maximum(x, 0.0), _kinked(0.0)),
}


@dataclass(frozen=True)
class Expression:
    """A function of x: its values, and certain bounds of it and its derivatives.

    >>> parse("sin(3*x) + x^2")([0.0, 1.0]).round(4)
    array([0.    , 1.1411])
    >>> slope = parse("sin(3*x)").jet(np.array([-2.0]), np.array([2.0])).first
    >>> round(float(slope.size[0]), 6)
    3.0
    """

    text: str
    _tree: ast.expr

    def __call__(self, x: ArrayLike) -> Array:
        """Return the values at x; NaN or infinite where the function is not defined."""
        points = np.asarray(x, dtype=np.float64)
        with np.errstate(all="ignore"):
            found = _value(self._tree, points)
        return np.broadcast_to(found, points.shape).copy()

    def jet(self, low: Array, high: Array) -> Jet:
        """Return bounds on each interval [low, high] of the value and two derivatives."""
        return _jet(self._tree, Jet.variable(low, high))


def parse(text: str) -> Expression:
    """Read a function of x: numbers, x, pi, e, + - * / ^, brackets and the named functions.

    Raises:
        ConfigError: anything else, in one line that names it.
    """
    if len(text) > _LONGEST:
        raise ConfigError(f"function: expected at most {_LONGEST} characters; got {len(text)}")
    try:
        tree = ast.parse(text.replace("^", "**").strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ConfigError(f"function: cannot be read as a function of x: {text!r}") from None
    _check(tree, text)
    return Expression(text, tree)


def _check(node: ast.expr, text: str) -> None:
    match node:
        case ast.Constant(value=bool()):
            pass
        case ast.Constant(value=int() | float()):
            return None
        case ast.Name(id=name) if name == "x" or name in CONSTANTS:
            return None
        case ast.UnaryOp(op=ast.UAdd() | ast.USub(), operand=operand):
            return _check(operand, text)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            _power_of(right, text)
            return _check(left, text)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right=right):
            _check(left, text)
            return _check(right, text)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            return _check(argument, text)
    raise ConfigError(
        f"function: {ast.unparse(node)!r} in {text!r} is not allowed; expected numbers, x, pi, e, "
        f"+ - * / ^, brackets, {', '.join(FUNCTIONS)}"
    )


def _power_of(node: ast.expr, text: str) -> int:
    """The exponent, a whole number from 0."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        power = float(node.value)
        if power == int(power) and 0 <= power <= _HIGHEST_POWER:
            return int(power)
    raise ConfigError(
        f"function: powers in {text!r} must be whole numbers from 0 to {_HIGHEST_POWER}; got "
        f"{ast.unparse(node)!r}; try sqrt(x) or exp(... * log(x))"
    )


def _value(node: ast.expr, x: Array) -> Array:
    match node:
        case ast.Constant(value=number):
            return np.asarray(float(number))  # type: ignore[arg-type]
        case ast.Name(id=name):
            return x if name == "x" else np.asarray(CONSTANTS[name])
        case ast.UnaryOp(op=op, operand=operand):
            return -_value(operand, x) if isinstance(op, ast.USub) else _value(operand, x)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return np.asarray(_value(left, x) ** _power_of(right, ""))
        case ast.BinOp(left=left, op=op, right=right):
            one, other = _value(left, x), _value(right, x)
            match op:
                case ast.Add():
                    return one + other
                case ast.Sub():
                    return one - other
                case ast.Mult():
                    return one * other
            return one / other
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return np.asarray(FUNCTIONS[name].value(_value(argument, x)))
    raise AssertionError("checked before")


def _jet(node: ast.expr, x: Jet) -> Jet:
    match node:
        case ast.Constant(value=number):
            return Jet.constant(float(number))  # type: ignore[arg-type]
        case ast.Name(id=name):
            return x if name == "x" else Jet.constant(CONSTANTS[name])
        case ast.UnaryOp(op=op, operand=operand):
            return -_jet(operand, x) if isinstance(op, ast.USub) else _jet(operand, x)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _jet(left, x).power(_power_of(right, ""))
        case ast.BinOp(left=left, op=op, right=right):
            one, other = _jet(left, x), _jet(right, x)
            match op:
                case ast.Add():
                    return one + other
                case ast.Sub():
                    return one - other
                case ast.Mult():
                    return one * other
            return one / other
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            return FUNCTIONS[name].jet(_jet(argument, x))
    raise AssertionError("checked before")
