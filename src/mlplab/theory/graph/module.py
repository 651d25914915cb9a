"""The graph of any torch.nn.Module that can be traced."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError, users_code
from mlplab.specs.keyed import philox
from mlplab.theory.graph.computation import Array, Graph, Operator, Role, Values, Variable
from mlplab.theory.graph.network import add_objective
from mlplab.theory.graph.trace import BATCH, called, run_trace, trace
from mlplab.theory.graph.values import draw_target, operator_function

if TYPE_CHECKING:
    from torch import Tensor, fx, nn

_SIGNS = {"add": "+", "mul": "⊙", "matmul": "×", "sub": "−"}


@dataclass(frozen=True, eq=False)
class TracedModule:
    """A module's graph, and what computes it.

    Attributes:
        graph: from x to the loss and the regulariser.
        program: the trace, of a copy of the module.
    """

    graph: Graph
    program: fx.GraphModule

    def draw_example(self, seed: int = 0) -> tuple[Array, Array]:
        """Draw an example and its target as `draw_example` does for an MLP: (I,) and (O,)."""
        rng = philox(seed, "graph example")
        x = next(one for one in self.graph.variables.values() if one.role == "input")
        return rng.standard_normal(x.shape), draw_target(self.graph, rng)

    def values(self, x: ArrayLike, y: ArrayLike) -> Values:
        """Compute the graph forward and back for one example, in float64 and evaluation mode.

        Args:
            x: (I,).
            y: the target, (O,): shares of classes, or numbers.

        Raises:
            ConfigError: the module fails on it.
        """
        import torch

        variables = self.graph.variables
        with warnings.catch_warnings():
            # Of torch's own trees, when an exported program is copied.
            warnings.simplefilter("ignore")
            program = copy.deepcopy(self.program).double()
        own = dict(program.named_parameters())
        numbers: dict[str, Tensor] = {
            name: own[key] for key, name in _parameter_names(program).items()
        }
        with torch.inference_mode(False), torch.enable_grad():
            # A trace may hold for its own batch size alone; the loss is that of the first row.
            rows = torch.tensor(np.tile(np.asarray(x, dtype=np.float64), (BATCH, 1)))
            with users_code("module", self.graph.title):
                numbers |= run_trace(program, rows.requires_grad_())
            numbers["y"] = torch.tensor(np.asarray(y, dtype=np.float64))
            traced = {node.name for node in program.graph.nodes}
            for operator in self.graph.operators:
                if operator.output not in traced:
                    given = (_own_part(numbers[name], variables[name]) for name in operator.inputs)
                    numbers[operator.output] = operator_function(operator)(*given)
            for one in numbers.values():
                if one.requires_grad:
                    one.retain_grad()
            numbers[self.graph.objective.name].backward()  # type: ignore[no-untyped-call]
        shown = {name: one for name, one in numbers.items() if name in variables}
        gradients = {name: one.grad for name, one in shown.items() if one.grad is not None}
        return Values(_arrays(shown, variables), _arrays(gradients, variables))


def _arrays(tensors: Mapping[str, Tensor], variables: Mapping[str, Variable]) -> dict[str, Array]:
    return {name: _own_part(one.detach(), variables[name]).numpy() for name, one in tensors.items()}


def _own_part(tensor: Tensor, variable: Variable) -> Tensor:
    """Return the first example's part of what has one for each example."""
    return tensor if tuple(tensor.shape) == variable.shape else tensor[0]


def trace_module(
    model: nn.Module,
    n_features: int,
    *,
    l2: float | None = None,
    loss: str = "auto",
    name: str = "module",
) -> TracedModule:
    """Trace a module by torch.fx or torch.export, and add a loss and a regulariser to its graph.

    A layer of torch's own (`nn.Linear`, `nn.Conv2d`, ...) is one operator whose parameters are its
    inputs, unless the forward pass depends on shapes; the regulariser has the parameters of two
    dimensions and more.

    Args:
        model: maps (B, n_features) to (B, O); it stays as it is.
        n_features: the size of x.
        l2: lambda; None leaves the regulariser out.
        loss: as in `network_graph`.
        name: for errors.

    Raises:
        ConfigError: it cannot be traced, or fails on inputs of that size.

    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    >>> [operator.kind for operator in trace_module(model, 3).graph.operators]
    ['Linear', 'Tanh', 'Linear', 'cross-entropy']
    """
    import torch

    program = trace(model, n_features, name)
    dtype = next((p.dtype for p in model.parameters()), torch.float32)
    with torch.no_grad():
        found = run_trace(program, torch.zeros(BATCH, n_features, dtype=dtype))
    variables: dict[str, Variable] = {}
    operators: list[Operator] = []
    parameters = _parameter_names(program)
    shapes = {parameters[key]: tuple(one.shape) for key, one in program.named_parameters()}

    def add(key: str, shape: Sequence[int], role: Role) -> None:
        variables[key] = Variable(key, key, rf"\mathrm{{{key}}}", tuple(shape), role)

    output = ""
    for node in program.graph.nodes:
        if node.op == "output":
            output = str(node.all_input_nodes[0].name) if node.all_input_nodes else ""
        elif node.op == "placeholder":
            # Further arguments keep the values that the module gives them.
            if not variables or node.users:
                add(node.name, _shape(found.get(node.name)), "input")
        elif node.op == "get_attr":
            if node.target not in parameters:
                add(node.name, found[node.name].shape, "constant")
        else:
            inputs = [_source(one, parameters) for one in node.all_input_nodes]
            inputs += [parameters[key] for key in _own_parameters(program, node)]
            for one in inputs:
                if one in shapes and one not in variables:
                    add(one, shapes[one], "parameter")
            kind = called(program, node)
            operators.append(Operator(kind, _SIGNS.get(kind, kind), tuple(inputs), node.name))
            add(node.name, _shape(found.get(node.name)), "intermediate")
    o = variables.get(output)
    if o is None or len(o.shape) != 1:
        got = "none" if o is None else str((BATCH, *o.shape))
        raise ConfigError(f"module {name!r}: expected one tensor (B, n_outputs); got {got}")
    weights = [one.name for one in variables.values()
               if one.role == "parameter" and len(one.shape) > 1]  # fmt: skip
    if l2 is not None and not weights:
        raise ConfigError(f"l2: module {name!r} has no weights of two dimensions or more")
    add_objective(variables, operators, output, weights, l2, loss)
    return TracedModule(Graph(variables, tuple(operators), name), program)


def _parameter_names(program: fx.GraphModule) -> dict[str, str]:
    """Return what the graph calls each parameter; no name is that of a node's output."""
    taken = {node.name for node in program.graph.nodes}
    return {
        key: key if key not in taken else f"{key}.value" for key, _ in program.named_parameters()
    }


def _own_parameters(program: fx.GraphModule, node: fx.Node) -> Iterator[str]:
    if node.op != "call_module":
        return
    first = {id(one): key for key, one in program.named_parameters()}
    layer = program.get_submodule(str(node.target))
    yield from (first[id(one)] for one in layer.parameters())


def _source(node: fx.Node, parameters: dict[str, str]) -> str:
    is_parameter = node.op == "get_attr" and node.target in parameters
    return parameters[str(node.target)] if is_parameter else str(node.name)


def _shape(tensor: Tensor | None) -> tuple[int, ...]:
    """The shape of one example's part; of what is no tensor, that of a number."""
    shape = () if tensor is None else tuple(tensor.shape)
    return shape[1:] if shape[:1] == (BATCH,) else shape
