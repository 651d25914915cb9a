"""Forward and backward equations of a graph, derived operator by operator, and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mlplab.specs.keyed import philox
from mlplab.theory.derive.rules import rule_of
from mlplab.theory.derive.scalars import Scalar
from mlplab.theory.derive.terms import ONE, Derivative, Sum, Term
from mlplab.theory.graph.computation import Array, Graph, Variable

_N_EXAMPLES = 3
_TOLERANCE = 1e-10
_MIN_SIZE = 2


@dataclass(frozen=True)
class Equation:
    """A variable, or the objective's derivative by it, and what it equals.

    Attributes:
        name: of the variable.
        left, right: the two sides.
    """

    name: str
    left: str
    right: Term

    @property
    def tex(self) -> str:
        """The equation as LaTeX."""
        return f"{self.left} = {self.right.tex()}"


@dataclass(frozen=True)
class Derivation:
    """All equations of a graph.

    Attributes:
        forward: of each variable that an operator gives, in an order to compute them in.
        backward: of the objective's derivatives, from the objective down.
        parameters: of the derivatives by what is learned, with every derivative written out that
            only one path reaches, down to those by the outputs.
        functions: scalar functions that the formulas name: LaTeX of both sides.
        error: the largest difference from autograd, relative to the size of what was compared.
    """

    forward: tuple[Equation, ...]
    backward: tuple[Equation, ...]
    parameters: tuple[Equation, ...]
    functions: Mapping[str, str]
    error: float = float("nan")

    def tex(self) -> Iterator[str]:
        """Yield every equation as LaTeX: forward, the functions' definitions, backward."""
        yield from (one.tex for one in self.forward)
        yield from (f"{left} = {right}" for left, right in self.functions.items())
        yield from (one.tex for one in self.backward)


def derive(graph: Graph) -> Derivation:
    """Derive the equations of a graph by reverse-mode differentiation of its operators.

    Each operator has one rule; an operator's derivative by an input, times the derivative by its
    output, is summed over all operators that use the variable. Every equation is computed on
    random examples in float64 and compared with torch's autograd before it is returned; sizes do
    not enter the equations and are made small for that.

    Args:
        graph: of an MLP, from `network_graph`.

    Raises:
        ConfigError: an operator that has no rule.

    Cost: some milliseconds per operator, and the algebra of the activation.

    >>> from mlplab.specs import MLP
    >>> from mlplab.theory import network_graph
    >>> found = derive(network_graph(MLP(hidden=256, activation="tanh"), l2=0.001))
    >>> print(found.backward[2].right.tex())
    \\operatorname{softmax}\\left(\\mathbf{o}\\right) - \\mathbf{y}
    >>> found.error < 1e-10
    True
    """
    found = _derived(graph)
    small = _shrunk(graph)
    return replace(found, error=largest_error(small, _derived(small)))


def _derived(graph: Graph) -> Derivation:
    variables, objective = graph.variables, graph.objective
    shares: dict[str, list[Term]] = {objective.name: [ONE]}
    forward: list[Equation] = []
    functions: dict[str, str] = {}
    known: dict[str, Term] = {}
    for operator in reversed(graph.operators):
        output = variables[operator.output]
        whole = known[output.name] = _sum(shares[output.name])
        d = ONE if whole == ONE else _derivative(output, objective)
        rule = rule_of(operator, [variables[name] for name in operator.inputs], output, d)
        forward.append(Equation(output.name, output.tex, rule.forward))
        functions.update(
            (left, one.tex() if isinstance(one, Scalar) else one)
            for left, one in rule.functions.items()
        )
        for name, share in zip(operator.inputs, rule.backward, strict=True):
            if share is not None:
                shares.setdefault(name, []).append(share)
    wanted = [one for one in graph.sources if one.role in ("parameter", "input")]
    known |= {one.name: _sum(shares[one.name]) for one in wanted}
    backward = [
        Equation(name, _derivative(variables[name], objective).tex(), right)
        for name, right in known.items()
        if name != objective.name
    ]
    return Derivation(
        tuple(forward[::-1]),
        tuple(backward),
        tuple(_written_out(graph, known)),
        functions,
    )


def _sum(terms: list[Term]) -> Term:
    # Collected from the objective down; read from the input up, as people write them.
    return terms[0] if len(terms) == 1 else Sum(tuple(terms[::-1]))


def _derivative(variable: Variable, objective: Variable) -> Derivative:
    return Derivative(variable.name, variable.tex, objective.tex)


def _written_out(graph: Graph, known: Mapping[str, Term]) -> Iterator[Equation]:
    """Yield the parameters' equations with single paths written out."""
    full: dict[str, Term] = {}
    for name, term in known.items():
        above = [part for part in term.parts() if isinstance(part, Derivative)]
        # What several paths reach keeps its name: written out, it would double at each layer.
        if len(above) < 2 and name != "o":
            full[name] = term.replaced(full)
    for one in graph.variables.values():
        if one.role == "parameter":
            left = _derivative(one, graph.objective).tex()
            yield Equation(one.name, left, known[one.name].replaced(full))


def _shrunk(graph: Graph) -> Graph:
    """Return the graph with small sizes: equal ones stay equal, and different ones different."""
    sizes = sorted({size for one in graph.variables.values() for size in one.shape if size > 1})
    small = {size: _MIN_SIZE + place for place, size in enumerate(sizes)} | {1: 1}
    variables = {
        name: replace(one, shape=tuple(small[size] for size in one.shape))
        for name, one in graph.variables.items()
    }
    return Graph(variables, graph.operators, graph.title)


def largest_error(graph: Graph, derivation: Derivation, seed: int = 0) -> float:
    """Compute every equation on random examples and compare with torch's autograd.

    Returns:
        The largest difference, relative to the largest entry of what was compared and 1.

    Raises:
        AssertionError: an equation is wrong.
    """
    from mlplab.theory.graph.values import graph_values

    rng = philox(seed, "derive example")
    largest = 0.0
    for _ in range(_N_EXAMPLES):
        drawn: dict[str, Array] = {}
        for one in graph.sources:
            drawn[one.name] = rng.standard_normal(one.shape)
            if one.role == "target":
                # Shares of classes, which are numbers too.
                drawn[one.name] = rng.dirichlet(np.ones(one.shape[0]))
        found = graph_values(graph, drawn)
        env = {**found.values, **{f"d{name}": one for name, one in found.gradients.items()}}
        pairs = [(one, found.values) for one in derivation.forward]
        pairs += [(one, found.gradients) for one in (*derivation.backward, *derivation.parameters)]
        for equation, truth in pairs:
            wanted = truth[equation.name]
            computed = np.asarray(equation.right.value(env))
            assert computed.shape == wanted.shape, equation.tex
            size = max(1.0, float(np.abs(wanted).max()))
            error = float(np.abs(computed - wanted).max()) / size
            assert error < _TOLERANCE, f"{equation.tex}: {error:g} from autograd"
            largest = max(largest, error)
    return largest
