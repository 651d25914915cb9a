"""The graph of any torch.nn.Module, traced by torch.fx."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError, users_code
from mlplab.specs.keyed import philox
from mlplab.theory.graph.computation import Array, Graph, Operator, Role, Values, Variable
from mlplab.theory.graph.network import add_objective
from mlplab.theory.graph.values import draw_target, operator_function

if TYPE_CHECKING:
    import torch
    from torch import Tensor, fx, nn

_BATCH = 2  # examples of the trial call: one would be taken for a dimension to squeeze


@dataclass(frozen=True, eq=False)
class TracedModule:
    """A module's graph, and what computes it.

    Attributes:
        graph: from x to the loss and the regulariser.
        program: the trace that `torch.fx` made.
        parameters: by the graph's names.
    """

    graph: Graph
    program: fx.GraphModule
    parameters: dict[str, torch.nn.Parameter] = field(repr=False)

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
        import copy

        import torch

        program = copy.deepcopy(self.program).double().eval()
        own = dict(program.named_parameters())
        names = {name: key for key, name in _parameter_names(self.program).items()}
        numbers: dict[str, Tensor] = {name: own[key] for name, key in names.items()}
        with torch.inference_mode(False), torch.enable_grad():
            inputs = torch.tensor(np.asarray(x, dtype=np.float64)[None], requires_grad=True)
            with users_code("module", self.graph.title):
                numbers |= _run(program, inputs)
            numbers["y"] = torch.tensor(np.asarray(y, dtype=np.float64))
            traced = {node.name for node in program.graph.nodes}
            for operator in self.graph.operators:
                if operator.output not in traced:
                    given = [numbers[name] for name in operator.inputs]
                    # Losses are of one example, and the module's outputs a batch of one.
                    given = [n[0] if n.ndim > 1 and operator.kind != "l2" else n for n in given]
                    numbers[operator.output] = operator_function(operator)(*given)
            for one in numbers.values():
                if one.requires_grad:
                    one.retain_grad()
            numbers[self.graph.objective.name].backward()  # type: ignore[no-untyped-call]

        def array(name: str, tensor: Tensor) -> Array:
            return tensor.detach().numpy().reshape(self.graph.variables[name].shape)

        shown = {name: one for name, one in numbers.items() if name in self.graph.variables}
        return Values(
            {name: array(name, one) for name, one in shown.items()},
            {name: array(name, one.grad) for name, one in shown.items() if one.grad is not None},
        )


def trace_module(
    model: nn.Module,
    n_features: int,
    *,
    l2: float | None = None,
    loss: str = "auto",
    name: str = "module",
) -> TracedModule:
    """Trace a module by torch.fx and add a loss and a regulariser to its graph.

    A layer of torch's own (`nn.Linear`, `nn.Conv2d`, ...) is one operator whose parameters are its
    inputs; the regulariser has the parameters of two dimensions and more.

    Args:
        model: maps (B, n_features) to (B, O).
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

    program = _traced(model, name)
    dtype = next((p.dtype for p in model.parameters()), torch.float32)
    was_training = program.training
    try:
        with torch.no_grad():
            found = _run(program.eval(), torch.zeros(_BATCH, n_features, dtype=dtype))
    except Exception as problem:
        raise ConfigError(
            f"module {name!r}: fails on inputs of {n_features} features "
            f"({_first_line(problem)}); try another --features"
        ) from problem
    finally:
        program.train(was_training)
    variables: dict[str, Variable] = {}
    operators: list[Operator] = []
    parameters = _parameter_names(program)
    tensors = dict(program.named_parameters())

    def add(key: str, shape: Sequence[int], role: Role) -> str:
        variables[key] = Variable(key, key, rf"\mathrm{{{key}}}", tuple(shape), role)
        return key

    output = ""
    for node in program.graph.nodes:
        if node.op == "output":
            output = str(node.all_input_nodes[0].name) if node.all_input_nodes else ""
            continue
        shape = _shape(found.get(node.name))
        if node.op == "placeholder":
            # Further arguments keep the values that the module gives them.
            if variables and not node.users:
                continue
            add(node.name, shape, "input")
            continue
        if node.op == "get_attr" and node.target in parameters:
            continue
        inputs = [_source(one, parameters) for one in node.all_input_nodes]
        inputs += [parameters[key] for key in _own_parameters(program, node) if key in parameters]
        for key, known in parameters.items():
            if known in inputs and known not in variables:
                add(known, tuple(tensors[key].shape), "parameter")
        called = _called(program, node)
        operators.append(Operator(called, _SIGNS.get(called, called), tuple(inputs), node.name))
        add(node.name, shape, "intermediate")
    o = variables.get(output)
    if o is None or len(o.shape) != 1:
        got = "none" if o is None else str((_BATCH, *o.shape))
        raise ConfigError(f"module {name!r}: expected one tensor (B, n_outputs); got {got}")
    weights = [one.name for one in variables.values()
               if one.role == "parameter" and len(one.shape) > 1]  # fmt: skip
    if l2 is not None and not weights:
        raise ConfigError(f"l2: module {name!r} has no weights of two dimensions or more")
    add_objective(variables, operators, output, weights, l2, loss)
    return TracedModule(
        Graph(variables, tuple(operators), name),
        program,
        {parameters[key]: one for key, one in tensors.items()},
    )


_SIGNS = {"add": "+", "mul": "⊙", "matmul": "×", "sub": "−"}


def _traced(model: nn.Module, name: str) -> fx.GraphModule:
    from torch import fx

    try:
        program = fx.symbolic_trace(model)
    except Exception as problem:
        raise ConfigError(
            f"module {name!r}: torch.fx cannot trace it ({_first_line(problem)}); its forward pass "
            "may not branch on values or loop over a tensor's length"
        ) from problem
    program.graph.eliminate_dead_code()
    inputs = [node for node in program.graph.nodes if node.op == "placeholder"]
    if len(inputs) == 1 and all(node.name != "x" for node in program.graph.nodes):
        inputs[0].name = "x"
    return program


def _run(program: fx.GraphModule, x: Tensor) -> dict[str, Tensor]:
    """Run a trace; return what each of its nodes gave, where that is a tensor."""
    from torch import Tensor, fx

    found: dict[str, Tensor] = {}

    class Recorder(fx.Interpreter):
        """Keeps what every node gives."""

        def run_node(self, n: fx.Node) -> Any:
            given = super().run_node(n)
            if isinstance(given, Tensor) and n.op not in ("output", "get_attr"):
                found[n.name] = given
            return given

    recorder = Recorder(program)
    # Its tracebacks load torch's compiler, a second, and one line is all that is said of it.
    recorder.extra_traceback = False
    recorder.run(x)
    return found


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


def _called(program: fx.GraphModule, node: fx.Node) -> str:
    if node.op == "call_module":
        return type(program.get_submodule(str(node.target))).__name__
    if node.op == "call_function":
        return str(getattr(node.target, "__name__", node.target))
    return str(node.target)


def _shape(tensor: Any) -> tuple[int, ...]:
    """The shape of one example's part."""
    shape = tuple(getattr(tensor, "shape", ()))
    return shape[1:] if shape[:1] == (_BATCH,) else shape


def _first_line(problem: Exception) -> str:
    text = (str(problem).strip() or "no message").splitlines()[0]
    return f"{type(problem).__name__}: {text}"
