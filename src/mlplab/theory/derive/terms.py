"""Formulas over numbers, vectors and matrices: each writes itself as LaTeX and computes itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any

import numpy as np

# How firmly a formula holds together: what is looser gets brackets.
_SUM, _HADAMARD, _PRODUCT, _ATOM = range(4)
Env = Mapping[str, Any]
"""Arrays by name of variable; the objective's derivatives are named `d` and the variable."""


class Term:
    """A formula."""

    level = _ATOM

    def tex(self) -> str:
        """Return it as LaTeX."""
        raise NotImplementedError

    def value(self, env: Env) -> Any:
        """Compute it."""
        raise NotImplementedError

    def inside(self, level: int) -> str:
        """Return it as LaTeX, in brackets where it is looser than `level`."""
        return self.tex() if self.level >= level else rf"\left({self.tex()}\right)"

    def parts(self) -> Iterator[Term]:
        """Yield it and every formula within."""
        yield self
        for one in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            value = getattr(self, one.name)
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, Term):
                    yield from part.parts()

    def replaced(self, known: Mapping[str, Term]) -> Term:
        """Return it with derivatives replaced by what is known of them, by variable."""

        def other(value: Any) -> Any:
            if isinstance(value, tuple):
                return tuple(map(other, value))
            return value.replaced(known) if isinstance(value, Term) else value

        changed = {one.name: other(getattr(self, one.name)) for one in fields(self)}  # type: ignore[arg-type]
        made: Term = replace(self, **changed)  # type: ignore[type-var]
        return made


@dataclass(frozen=True)
class Symbol(Term):
    """A variable."""

    name: str
    text: str

    def tex(self) -> str:
        """Its own letter."""
        return self.text

    def value(self, env: Env) -> Any:
        """What it stands for."""
        return env[self.name]


@dataclass(frozen=True)
class Derivative(Term):
    """The derivative of the objective by a variable, of the variable's shape."""

    name: str
    text: str
    objective: str

    def tex(self) -> str:
        """As a fraction."""
        return rf"\frac{{\partial {self.objective}}}{{\partial {self.text}}}"

    def value(self, env: Env) -> Any:
        """What it stands for."""
        return env[f"d{self.name}"]

    def replaced(self, known: Mapping[str, Term]) -> Term:
        """What is known of it."""
        return known.get(self.name, self)


@dataclass(frozen=True)
class Number(Term):
    """A rational number."""

    number: Fraction

    def tex(self) -> str:
        """As a fraction where it is one."""
        n, d = self.number.numerator, self.number.denominator
        return str(n) if d == 1 else rf"\frac{{{n}}}{{{d}}}"

    def value(self, env: Env) -> Any:
        """The number."""
        return float(self.number)


ONE = Number(Fraction(1))


@dataclass(frozen=True)
class Sum(Term):
    """a + b + ..., with a minus where a term is `Scaled` by -1."""

    terms: tuple[Term, ...]
    level = _SUM

    def tex(self) -> str:
        """With the sign of each."""
        text = self.terms[0].tex()
        for term in self.terms[1:]:
            shown = term.inside(_HADAMARD)
            text += f" - {shown[1:].lstrip()}" if shown.startswith("-") else f" + {shown}"
        return text

    def value(self, env: Env) -> Any:
        """Their sum."""
        return sum(term.value(env) for term in self.terms)


@dataclass(frozen=True)
class Scaled(Term):
    """A number times anything."""

    factor: Term
    term: Term
    level = _PRODUCT

    def tex(self) -> str:
        """Side by side."""
        if self.factor == Number(Fraction(-1)):
            return f"-{self.term.inside(_PRODUCT)}"
        return rf"{self.factor.inside(_PRODUCT)}\,{self.term.inside(_PRODUCT)}"

    def value(self, env: Env) -> Any:
        """Their product."""
        return self.factor.value(env) * self.term.value(env)


@dataclass(frozen=True)
class Product(Term):
    """A matrix times a vector."""

    left: Term
    right: Term
    level = _PRODUCT

    def tex(self) -> str:
        """Side by side."""
        return f"{self.left.inside(_PRODUCT)} {self.right.inside(_PRODUCT)}"

    def value(self, env: Env) -> Any:
        """Their product."""
        return self.left.value(env) @ self.right.value(env)


@dataclass(frozen=True)
class Transposed(Term):
    """A matrix's transpose."""

    term: Term

    def tex(self) -> str:
        """With a raised sign."""
        return rf"{{{self.term.inside(_ATOM)}}}^\top"

    def value(self, env: Env) -> Any:
        """The transpose."""
        return self.term.value(env).T


@dataclass(frozen=True)
class Outer(Term):
    """a b^T of two vectors."""

    left: Term
    right: Term
    level = _PRODUCT

    def tex(self) -> str:
        """A column times a row."""
        return rf"{self.left.inside(_PRODUCT)} {{{self.right.inside(_ATOM)}}}^\top"

    def value(self, env: Env) -> Any:
        """A matrix."""
        return np.outer(self.left.value(env), self.right.value(env))


@dataclass(frozen=True)
class Hadamard(Term):
    """a times b, entry by entry."""

    left: Term
    right: Term
    level = _HADAMARD

    def tex(self) -> str:
        """With the operator of its own."""

        def side(term: Term) -> str:
            # A product beside it is bracketed too: which comes first is not left to the reader.
            return term.tex() if isinstance(term, Hadamard) else term.inside(_ATOM)

        return rf"{side(self.left)} \odot {side(self.right)}"

    def value(self, env: Env) -> Any:
        """Of their common shape."""
        return self.left.value(env) * self.right.value(env)


@dataclass(frozen=True)
class Called(Term):
    """A named function of some formulas; `{}` in its LaTeX stand for them."""

    pattern: str
    function: Callable[..., Any]
    arguments: tuple[Term, ...]

    def tex(self) -> str:
        """The pattern, filled."""
        text = self.pattern
        for argument in self.arguments:
            text = text.replace("{}", argument.tex(), 1)
        return text

    def value(self, env: Env) -> Any:
        """What the function gives."""
        return self.function(*(argument.value(env) for argument in self.arguments))


def total(term: Term) -> Term:
    """Return the sum of a vector's entries."""
    return Called(r"\mathbf{1}^\top \left({}\right)", np.sum, (term,))


def times(derivative: Term, local: Term) -> Term:
    """Return a number's derivative times what it passes on, without a factor of one."""
    return local if derivative == ONE else Scaled(derivative, local)
