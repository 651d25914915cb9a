"""What each operator computes, and what it passes back: one rule for each operator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from mlplab.theory.derive.scalars import Scalar, activation_scalar, loss_scalar
from mlplab.theory.derive.terms import (
    Called,
    Hadamard,
    Number,
    Outer,
    Product,
    Scaled,
    Sum,
    Symbol,
    Term,
    Transposed,
    times,
    total,
)
from mlplab.theory.graph.computation import Operator, Variable
from mlplab.theory.graph.values import EPS

_DEVIATION = rf"\sqrt{{\operatorname{{var}}(\mathbf{{z}}) + {EPS:.5f}}}"


@dataclass(frozen=True)
class Rule:
    """An operator at one place of a graph.

    Attributes:
        forward: what it gives, of its inputs.
        backward: for each input, what the objective's derivative by the output becomes on its way
            to that input; None where nothing is passed on.
        functions: scalar functions that the formulas name, by their LaTeX.
    """

    forward: Term
    backward: tuple[Term | None, ...]
    functions: Mapping[str, Scalar | str]


def rule_of(operator: Operator, inputs: Sequence[Variable], output: Variable, d: Term) -> Rule:
    """Return an operator's rule.

    Args:
        operator: which.
        inputs, output: its variables.
        d: the objective's derivative by the output.

    Raises:
        ConfigError: an operator without a rule.
    """
    make = _RULES.get(operator.kind, _mean_of_errors)
    return make(operator, inputs, output, d)


def _symbols(variables: Sequence[Variable]) -> tuple[Symbol, ...]:
    return tuple(Symbol(one.name, one.tex) for one in variables)


def _matmul(_: Operator, inputs: Sequence[Variable], __: Variable, d: Term) -> Rule:
    weight, x = _symbols(inputs)
    return Rule(Product(weight, x), (Outer(d, x), Product(Transposed(weight), d)), {})


def _add(_: Operator, inputs: Sequence[Variable], __: Variable, d: Term) -> Rule:
    return Rule(Sum(_symbols(inputs)), (d,) * len(inputs), {})


def _multiply(_: Operator, inputs: Sequence[Variable], output: Variable, d: Term) -> Rule:
    a, b = _symbols(inputs)
    if inputs[0].shape == output.shape:
        return Rule(Hadamard(a, b), (Hadamard(d, b), Hadamard(d, a)), {})
    # One number for all entries of b.
    return Rule(Scaled(a, b), (total(Hadamard(d, b)), Scaled(a, d)), {})


def _activation(operator: Operator, inputs: Sequence[Variable], output: Variable, d: Term) -> Rule:
    arguments = _symbols(inputs)
    text = str(operator.settings["function"])
    scalar = activation_scalar(text)
    if scalar is None:
        own, slope = _users(text)
        phi = Called(r"\phi\left({}\right)", own, arguments)
        return Rule(
            phi, (Hadamard(d, Called(r"\phi'\left({}\right)", slope, arguments)),), {r"\phi": text}
        )
    inner = ", ".join("{}" for _ in arguments)
    functions: dict[str, Scalar | str] = {rf"\phi\left({_names(scalar)}\right)": scalar}
    phi = Called(rf"\phi\left({inner}\right)", scalar.function, arguments)
    backward: list[Term] = []
    for place, one in enumerate(inputs):
        partial = scalar.partial(place)
        head = r"\phi'" if len(inputs) == 1 else rf"\partial_{{{scalar.symbols[place]}}}\phi"
        functions[rf"{head}\left({_names(scalar)}\right)"] = partial
        part = Hadamard(d, Called(rf"{head}\left({inner}\right)", partial.function, arguments))
        # A number that all entries share gathers what each of them passes on.
        backward.append(part if one.shape == output.shape else total(part))
    return Rule(phi, tuple(backward), functions)


def _names(scalar: Scalar) -> str:
    return ", ".join(map(str, scalar.symbols))


def _users(text: str) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return a user's activation and its derivative, both by the engine, on arrays."""
    import torch

    from mlplab.theory.differentiable import differentiable

    applied = differentiable(text)

    def slope(z: Any) -> Any:
        with torch.inference_mode(False), torch.enable_grad():
            leaf = torch.tensor(z, requires_grad=True)
            (found,) = torch.autograd.grad(applied(leaf).sum(), leaf)
        return found.numpy()

    return lambda z: applied(torch.tensor(z)).numpy(), slope


def _normalise(_: Operator, inputs: Sequence[Variable], output: Variable, d: Term) -> Rule:
    (z,), (n,) = _symbols(inputs), _symbols([output])

    def deviation(array: Any) -> Any:
        return np.sqrt(np.var(array) + EPS)

    def over(term: Term) -> Term:
        return Called(r"\frac{{}}{\sigma\left({}\right)}", lambda a, b: a / deviation(b), (term, z))

    def mean(term: Term) -> Term:
        return Called(r"\operatorname{mean}\left({}\right)", np.mean, (term,))

    minus = Number(Fraction(-1))
    back = over(Sum((d, Scaled(minus, mean(d)), Scaled(minus, Scaled(mean(Hadamard(d, n)), n)))))
    return Rule(
        over(Sum((z, Scaled(minus, mean(z))))),
        (back,),
        {r"\sigma\left(\mathbf{z}\right)": _DEVIATION},
    )


def _cross_entropy(_: Operator, inputs: Sequence[Variable], __: Variable, d: Term) -> Rule:
    o, y = _symbols(inputs)

    def log_softmax(z: Any) -> Any:
        shifted = z - np.max(z)
        return shifted - np.log(np.exp(shifted).sum())

    loss = Called(
        r"-{}^\top \log \operatorname{softmax}\left({}\right)",
        lambda target, z: -(target * log_softmax(z)).sum(),
        (y, o),
    )
    softmax = Called(
        r"\operatorname{softmax}\left({}\right)", lambda z: np.exp(log_softmax(z)), (o,)
    )
    # The target's entries sum to one.
    return Rule(loss, (times(d, Sum((softmax, Scaled(Number(Fraction(-1)), y)))), None), {})


def _mean_of_errors(operator: Operator, inputs: Sequence[Variable], _: Variable, d: Term) -> Rule:
    o, y = _symbols(inputs)
    scalar = loss_scalar(operator.kind, operator.settings.get("delta", 1.0))
    slope = scalar.partial()
    share = Number(Fraction(1, inputs[0].shape[0]))
    error = Sum((o, Scaled(Number(Fraction(-1)), y)))
    values = Called(r"\rho\left({}\right)", scalar.function, (error,))
    loss = Called(r"\mathbf{1}^\top {}", np.sum, (values,))
    back = Called(r"\rho'\left({}\right)", slope.function, (error,))
    return Rule(
        times(share, loss),
        (times(d, times(share, back)), None),
        {r"\rho\left(r\right)": scalar, r"\rho'\left(r\right)": slope},
    )


def _l2(operator: Operator, inputs: Sequence[Variable], __: Variable, d: Term) -> Rule:
    strength = operator.settings["lambda"]
    weights = _symbols(inputs)
    squares = tuple(
        Called(r"\left\|{}\right\|_F^2", lambda w: np.square(w).sum(), (one,)) for one in weights
    )
    half = Called(r"\frac{\lambda}{2}", lambda: strength / 2, ())
    rate = Called(r"\lambda", lambda: strength, ())
    total_square = squares[0] if len(squares) == 1 else Sum(squares)
    return Rule(
        Scaled(half, total_square), tuple(times(d, Scaled(rate, one)) for one in weights), {}
    )


_RULES: Mapping[str, Callable[[Operator, Sequence[Variable], Variable, Term], Rule]] = {
    "matmul": _matmul,
    "add": _add,
    "multiply": _multiply,
    "activation": _activation,
    "normalise": _normalise,
    "cross-entropy": _cross_entropy,
    "l2": _l2,
}
