"""A computational graph as a chart of the page, on the places that its picture has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.theory import Graph, Values
from mlplab.theory.graph.computation import shape_text
from mlplab.theory.graph.layout import Layout, layout

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure

_COLUMN, _ROW = 41, 74  # pixels
_SIDE, _LINE = 24, 12
_MOST_LINES = 3
_ROOM = 0.6  # of a column or row around the graph
_SHAPES = {"parameter": "square", "variable": "square", "operator": "circle"}
_STYLES = {"value": "note", "gradient": "verdict-refuted"}


def graph_figure(graph: Graph, name: str, values: Values | None = None) -> Figure:
    """Draw a graph: variables as squares, operators as circles.

    Args:
        graph: of a network.
        name: of the figure.
        values: written by each variable, its value and below it the gradient; else its shape is.
    """
    import altair as alt

    from mlplab.draw import Figure
    from mlplab.draw.rows import inline
    from mlplab.draw.words import UNTITLED

    grid = layout(graph)
    row_height = _ROW + (_LINE * _MOST_LINES if values is not None else 0)
    nodes, lines = _nodes(graph, grid, values), _lines(grid, row_height)
    (left, top), (right, bottom) = grid.box
    ends = [left - _ROOM, right + _ROOM], [bottom + _ROOM, top - _ROOM]
    axes: Iterator[Any] = (
        kind(f"{axis}:Q", axis=None, scale=alt.Scale(domain=domain, nice=False))
        for kind, axis, domain in zip((alt.X, alt.Y), "xy", ends, strict=True)
    )
    x, y = axes

    def part(frame: pd.DataFrame) -> alt.Chart:
        return alt.Chart(inline(frame)).encode(x=x, y=y)

    kinds = list(_SHAPES)
    shapes = alt.Scale(domain=kinds, range=list(_SHAPES.values()))
    layers: list[Any] = [
        part(lines)
        .mark_line(style="reference", strokeDash=[1, 0], strokeWidth=1.3)
        .encode(detail="edge:N", order="order:Q"),
        part(lines[lines["is_end"]])
        .mark_point(shape="triangle", filled=True, size=36, style="faded", opacity=1)
        .encode(angle=alt.Angle("angle:Q", scale=None)),
        part(nodes)
        .mark_point(size=_SIDE**2, strokeWidth=1.8, opacity=1)
        .encode(
            color=alt.Color("kind:N", title=None, scale=alt.Scale(domain=kinds)),
            shape=alt.Shape("kind:N", title=None, scale=shapes),
            tooltip=[alt.Tooltip("node:N"), alt.Tooltip("shape:N")],
        ),
        part(nodes).mark_text(style="row-label", fontSize=11).encode(text="label:N"),
    ]
    notes = _notes(graph, grid, values, row_height)
    for group in (one for _, one in notes.groupby(["kind", "align"])):
        kind, align = group[["kind", "align"]].iloc[0]
        text = part(group).mark_text(style=_STYLES[kind], fontSize=10, align=align)
        layers.append(text.encode(text="text:N"))
    chart = alt.layer(*layers).properties(
        width=round(_COLUMN * (right - left + 2 * _ROOM)),
        height=round(row_height * (bottom - top + 2 * _ROOM)),
    )
    return Figure(name, UNTITLED, chart, "", nodes.drop(columns=["x", "y"]))


def _nodes(graph: Graph, grid: Layout, values: Values | None) -> pd.DataFrame:
    import pandas as pd

    rows: list[dict[str, Any]] = []
    for one in graph.variables.values():
        kind = "parameter" if one.role == "parameter" else "variable"
        row = {"node": one.name, "kind": kind, "label": one.label, "shape": shape_text(one.shape)}
        if values is not None:
            row["value"] = numbers_text(values.values[one.name])
            known = one.name in values.gradients
            row["gradient"] = numbers_text(values.gradients[one.name]) if known else ""
        rows.append(row)
    for operator in graph.operators:
        row = {"node": operator.name, "kind": "operator", "label": operator.label, "shape": ""}
        rows.append(row | ({} if values is None else {"value": "", "gradient": ""}))
    places = [grid.cells[row["node"]] for row in rows]
    return pd.DataFrame(rows).assign(x=[x for x, _ in places], y=[y for _, y in places])


def _lines(grid: Layout, row_height: int) -> pd.DataFrame:
    """Return the corners of all edges, which end at the rims of their nodes."""
    import pandas as pd

    rim = np.array([_SIDE / 2 / _COLUMN, _SIDE / 2 / row_height])
    rows = []
    for (tail, head), route in grid.routes.items():
        points = [np.array(cell, dtype=float) for cell in route]
        first, last = np.sign(points[1] - points[0]), np.sign(points[-1] - points[-2])
        points[0] = points[0] + rim * first
        # A little before the rim, where the arrow's tip reaches it.
        points[-1] = points[-1] - 1.3 * rim * last
        angle = float(np.degrees(np.arctan2(last[1], last[0]))) + 90
        for order, (x, y) in enumerate(points):
            is_end = order == len(points) - 1
            rows.append((f"{tail} → {head}", order, float(x), float(y), angle, is_end))
    return pd.DataFrame(rows, columns=["edge", "order", "x", "y", "angle", "is_end"])


def _notes(graph: Graph, grid: Layout, values: Values | None, row_height: int) -> pd.DataFrame:
    """Return a row for each line of text: below its variable, or beside what stands alone."""
    import pandas as pd

    sources = {one.name for one in graph.sources}
    rows = []
    for one in graph.variables.values():
        x, y = grid.cells[one.name]
        texts = list(_texts(one.name, shape_text(one.shape), values))
        beside = one.name in sources and y != 0
        for line, (kind, text) in enumerate(texts):
            if beside:
                across, down = _SIDE / 2 + 4, _LINE * (line - (len(texts) - 1) / 2)
            else:
                across, down = 0.0, _SIDE / 2 + 9 + _LINE * line
            align = "left" if beside else "center"
            rows.append((x + across / _COLUMN, y + down / row_height, text, kind, align))
    return pd.DataFrame(rows, columns=["x", "y", "text", "kind", "align"])


def _texts(name: str, shape: str, values: Values | None) -> Iterator[tuple[str, str]]:
    if values is None:
        yield from (("value", text) for text in (shape,) if text)
        return
    for kind, arrays in (("value", values.values), ("gradient", values.gradients)):
        if name in arrays:
            # A line for each entry of a vector and each row of a matrix.
            yield from ((kind, numbers_text(row)) for row in np.atleast_1d(arrays[name]))


def numbers_text(array: NDArray[np.float64]) -> str:
    """Write an array in a line; the rows of a matrix are parted by semicolons.

    >>> numbers_text(np.array([[0.5, -1.0], [2.0, 0.25]]))
    '0.5, −1; 2, 0.25'
    """
    if array.ndim > 1:
        return "; ".join(map(numbers_text, array))
    return ", ".join(f"{number + 0.0:.4g}" for number in np.atleast_1d(array)).replace("-", "−")
