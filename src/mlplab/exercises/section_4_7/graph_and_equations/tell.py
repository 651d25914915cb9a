"""What is shown: the graph, its equations, and one example step by step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mlplab.exercises.findings import Findings, Results
from mlplab.exercises.section_4_7.graph_and_equations.example import (
    L2,
    NET,
    example_graph,
    example_tape,
    example_values,
)
from mlplab.exercises.section_4_7.graph_figure import graph_figure, numbers_text
from mlplab.specs import MLP
from mlplab.theory import derive, network_graph

if TYPE_CHECKING:
    import pandas as pd

_CHAPTER = MLP(hidden=256)
_LAMBDA = 0.001


def tell(results: Results) -> Findings:
    """Draw the chapter's network with biases, derive its equations, and step through one."""
    graph = network_graph(_CHAPTER, l2=_LAMBDA)
    found = derive(graph)
    values = example_values()
    tape, _ = example_tape()
    parameters = {one.name: one.tex for one in found.parameters}
    shown: dict[str, Any] = {
        "forward_tex": _aligned(one.tex for one in found.forward),
        "slope_tex": _by_language(
            _aligned(f"{left} = {right}" for left, right in found.functions.items())
        ),
        "backward_tex": _aligned(one.tex for one in found.backward if one.name not in parameters),
        "parameters_tex": _aligned(one.tex for one in found.backward if one.name in parameters),
        "bias_tex": f"$$\n{parameters['b1']}\n$$",
        "error": found.error,
        "objective": float(values.values["J"]),
        "n_lines": len(tape.nodes),
        "on": values.gradients["z1"].tolist()[0],
        "off": values.gradients["z1"].tolist()[1],
        "l2": L2,
        "n_hidden": NET.hidden[0],
    }
    figures = (
        graph_figure(graph, "graph"),
        graph_figure(example_graph(), "example", values),
    )
    return Findings(shown, figures, {"tape": _table()})


def _aligned(equations: Iterable[str]) -> str:
    """Write equations one below another, each with its sign of equality below the others'."""
    rows = (one.replace(" = ", " &= ", 1) for one in equations)
    return "$$\n\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}\n$$"


def _by_language(text: str) -> dict[str, str]:
    # sympy says in English where a case holds.
    chinese = text.replace(r"\text{for}\:", r"\text{若}\:").replace("otherwise", "否则")
    return {"en": text, "zh": chinese}


def _table() -> pd.DataFrame:
    """Return the tape's lines in the order in which they were written."""
    import pandas as pd

    tape, nodes = example_tape()
    names = {node.place: name for name, node in nodes.items()}
    rows = [
        {
            "line": node.place,
            "variable": names.get(node.place, ""),
            "operation": node.operation if node.made_of else "given",
            "of lines": ", ".join(str(one.place) for one, _ in node.made_of),
            "value": numbers_text(node.value),
            "gradient": numbers_text(node.gradient),
        }
        for node in tape.nodes
    ]
    return pd.DataFrame(rows)
