"""A computational graph: variables, and the operators that make each from others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import ConfigError
from mlplab.hints import hint

Array = NDArray[np.float64]
_SHOWN = 2  # numbers that are written out beside a variable
Role = Literal["input", "target", "parameter", "noise", "constant", "intermediate", "objective"]


@dataclass(frozen=True, slots=True)
class Variable:
    """A number, vector or matrix of a graph.

    Attributes:
        name: in plain text, unique in its graph: `W1`, `z1`.
        label: as drawn: `W⁽¹⁾`.
        tex: as LaTeX.
        shape: () for a number, (n,) for a vector, (n_out, n_in) for a matrix.
        role: what it is to the network.
    """

    name: str
    label: str
    tex: str
    shape: tuple[int, ...]
    role: Role


@dataclass(frozen=True, slots=True)
class Operator:
    """A function of some variables that gives one.

    Attributes:
        kind: which function, such as `matmul`.
        label: as drawn: `×`.
        inputs: names of variables, in the order of the function's arguments.
        output: name of the variable that it gives.
        settings: what else the function depends on.
    """

    kind: str
    label: str
    inputs: tuple[str, ...]
    output: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Unique in a graph, for each variable is given by one operator."""
        return f"{self.kind}:{self.output}"


@dataclass(frozen=True, eq=False)
class Values:
    """What every variable is for one example, and the objective's gradient by it.

    Attributes:
        values: by name, each of its variable's shape.
        gradients: the same for all that the objective depends on; the target has none.
    """

    values: Mapping[str, Array]
    gradients: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Graph:
    """Variables and operators; each operator's inputs stand before it.

    Attributes:
        variables: by name.
        operators: in an order in which they can be computed; the last gives the objective.
        title: what it is the graph of.
    """

    variables: Mapping[str, Variable]
    operators: tuple[Operator, ...]
    title: str = ""

    @property
    def objective(self) -> Variable:
        """What is minimised, or, of a network without a loss, what it gives."""
        return self.variables[self.operators[-1].output]

    @property
    def sources(self) -> tuple[Variable, ...]:
        """The variables that no operator gives."""
        given = {operator.output for operator in self.operators}
        return tuple(one for name, one in self.variables.items() if name not in given)

    @property
    def edges(self) -> Iterator[tuple[str, str]]:
        """Pairs of names, from a variable to an operator or from an operator to a variable."""
        for operator in self.operators:
            yield from ((name, operator.name) for name in operator.inputs)
            yield operator.name, operator.output

    def __getitem__(self, name: str) -> Variable:
        if name not in self.variables:
            raise ConfigError(f"variable: no {name!r} in this graph; {hint(name, self.variables)}")
        return self.variables[name]

    def to_plain(self, values: Values | None = None) -> dict[str, Any]:
        """Return the graph as JSON can hold it: nodes with shapes, edges as pairs of ids.

        Args:
            values: one example's, written into the variables as `value` and `gradient`.
        """
        nodes = []
        for one in self.variables.values():
            node: dict[str, Any] = {
                "id": one.name,
                "kind": "variable",
                "role": one.role,
                "label": one.label,
                "tex": one.tex,
                "shape": list(one.shape),
            }
            if values is not None:
                for key, arrays in (("value", values.values), ("gradient", values.gradients)):
                    node[key] = arrays[one.name].tolist() if one.name in arrays else None
            nodes.append(node)
        for operator in self.operators:
            settings = {key: value for key, value in operator.settings.items() if key != "module"}
            nodes.append(
                {
                    "id": operator.name,
                    "kind": "operator",
                    "operator": operator.kind,
                    "label": operator.label,
                    "settings": settings,
                }
            )
        edges = [list(edge) for edge in self.edges]
        return {"title": self.title, "nodes": nodes, "edges": edges}

    def lines(self) -> Iterator[str]:
        """Yield what each operator computes, in their order.

        >>> from mlplab.specs import MLP
        >>> from mlplab.theory import network_graph
        >>> print(*network_graph(MLP(hidden=4), 3, 2).lines(), sep="\\n")
        z1' = matmul(W1, x)                (4)
        z1 = add(z1', b1)                  (4)
        h1 = relu(z1)                      (4)
        o' = matmul(W2, h1)                (2)
        o = add(o', b2)                    (2)
        L = cross-entropy(o, y)            ()
        """
        for operator in self.operators:
            called = operator.settings.get("function", operator.kind)
            text = f"{operator.output} = {called}({', '.join(operator.inputs)})"
            yield f"{text:<34} ({shape_text(self.variables[operator.output].shape)})"


def shape_text(shape: tuple[int, ...]) -> str:
    """Return a shape as people write it.

    >>> shape_text((256, 784))
    '256×784'
    """
    return "×".join(map(str, shape))


def number_text(array: Array) -> str:
    """Return a value as it fits beside a variable: two numbers at most, else their norm.

    >>> import numpy as np
    >>> number_text(np.array([0.5, -1.0])), number_text(np.full((2, 2), 2.0))
    ('0.5, -1', '‖·‖ 4')
    """
    if array.size > _SHOWN:
        return f"‖·‖ {np.linalg.norm(array):.3g}"
    return ", ".join(f"{number:.3g}" for number in array.ravel())
