"""Traces of modules: by torch.fx, and where that fails by torch.export."""

from __future__ import annotations

import copy
import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any

from mlplab.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor, fx, nn

BATCH = 2
"""Examples of a trial call: one would be taken for a dimension to squeeze."""


def trace(model: nn.Module, n_features: int, name: str) -> fx.GraphModule:
    """Return a trace of a copy of a module in evaluation mode.

    torch.fx keeps a layer of torch's own as one node. What depends on shapes it cannot follow, and
    torch.export can, which takes layers apart into functions.

    Raises:
        ConfigError: neither can, or the module fails on inputs of that size.
    """
    import torch
    from torch import fx

    model = copy.deepcopy(model).eval()
    dtype = next((p.dtype for p in model.parameters()), torch.float32)
    x = torch.zeros(BATCH, n_features, dtype=dtype)
    try:
        with torch.no_grad():
            model(x)
    except Exception as problem:
        raise ConfigError(
            f"module {name!r}: fails on inputs of {n_features} features "
            f"({_first_line(problem)}); try another --features"
        ) from problem
    try:
        program = fx.symbolic_trace(model)
    except Exception as problem:
        try:
            program = _exported(model, x)
        except Exception:
            raise ConfigError(
                f"module {name!r}: neither torch.fx nor torch.export can trace it "
                f"({_first_line(problem)}); its forward pass may not branch on values"
            ) from problem
    program.graph.eliminate_dead_code()
    inputs = [node for node in program.graph.nodes if node.op == "placeholder"]
    if len(inputs) == 1 and all(node.name != "x" for node in program.graph.nodes):
        inputs[0].name = "x"
    return program


def _exported(model: nn.Module, x: Tensor) -> fx.GraphModule:
    import torch

    with _silent():
        program: fx.GraphModule = torch.export.export(model, (x,)).module()
    for node in list(program.graph.nodes):
        # Checks of shapes, and what nothing needs.
        if not node.users and node.op in ("call_module", "get_attr"):
            program.graph.erase_node(node)
    program.recompile()
    return program


@contextmanager
def _silent() -> Iterator[None]:
    """Keep torch.export's accounts of its failures to itself: one line is said of them."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stderr(io.StringIO()), redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)


def run_trace(program: fx.GraphModule, x: Tensor) -> dict[str, Tensor]:
    """Run a trace; return what each of its nodes gave, where that is a tensor."""
    from torch import Tensor, fx

    found: dict[str, Tensor] = {}

    class Recorder(fx.Interpreter):
        """Keeps what every node gives."""

        def run_node(self, n: fx.Node) -> Any:
            given = super().run_node(n)
            if isinstance(given, Tensor) and n.op != "output":
                found[n.name] = given
            return given

    recorder = Recorder(program)
    # Its tracebacks load torch's compiler, a second, and one line is all that is said of it.
    recorder.extra_traceback = False
    # Node by node: `run` has a progress bar, which leaves a thread behind.
    recorder.args_iter = iter([x])
    for node in program.graph.nodes:
        recorder.env[node] = recorder.run_node(node)
    return found


def called(program: fx.GraphModule, node: fx.Node) -> str:
    """Return what a node calls: a layer's class, or a function's or method's name."""
    if node.op == "call_module":
        return type(program.get_submodule(str(node.target))).__name__
    if node.op == "call_function":
        # Those of torch.export have an overload: linear.default.
        return str(getattr(node.target, "__name__", node.target)).split(".")[0]
    return str(node.target)


def _first_line(problem: Exception) -> str:
    text = (str(problem).strip() or "no message").splitlines()[0]
    return f"{type(problem).__name__}: {text}"
