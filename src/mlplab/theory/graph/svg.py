"""A graph as a picture: variables as squares, operators as circles, as the chapter draws them."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from mlplab.draw.theme import DARK, FONT, LIGHT, Theme
from mlplab.theory.graph.computation import Array, Graph, Values, number_text, shape_text
from mlplab.theory.graph.layout import layout
from mlplab.theory.graph.routes import Cell

_HALF = 16  # of a square's side and of a circle's width, in pixels
_PITCH = 58, 74  # between columns and between rows
_LETTER = 5.6  # the mean width of a small letter
_CORNER = 10
_SMALL = "⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹\u0303\u0302′₂"


def graph_svg(graph: Graph, values: Values | None = None) -> str:
    """Return the graph as SVG text; one picture suits light and dark pages.

    Args:
        graph: of a network or a module.
        values: one example's, written below each variable: its value v, and the gradient g of the
            objective by it; of more than two numbers, their Euclidean norm.
    """
    grid = layout(graph)
    notes = {name: _notes(graph, name, values) for name in graph.variables}
    named = [o.label for o in graph.operators if not _fits(o.label)]
    longest = max(len(line) for lines in (*notes.values(), named) for line in lines)
    pitch = max(_PITCH[0], round(_LETTER * longest) + 8), _PITCH[1] + (22 if values else 0)
    (left, top), (right, bottom) = grid.box
    sources = {one.name for one in graph.sources}

    def place(cell: Cell) -> tuple[float, float]:
        return (cell[0] - left + 0.5) * pitch[0], (cell[1] - top + 0.5) * pitch[1]

    width, height = (right - left + 1) * pitch[0], (bottom - top + 1) * pitch[1] + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" font-family=\'{FONT}\'>',
        f"<title>{html.escape(graph.title)}</title>",
        f"<style>{_style()}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
    ]
    # Outside an operator's circle or a variable's square, on the side that it is entered.
    for route in grid.routes.values():
        parts.append(f'<path class="edge" marker-end="url(#tip)" d="{_path(route, place)}"/>')
    for one in graph.variables.values():
        if one.name in grid.cells:
            x, y = place(grid.cells[one.name])
            corner = f'x="{x - _HALF:g}" y="{y - _HALF:g}"'
            side = f'width="{2 * _HALF}" height="{2 * _HALF}"'
            label = one.label if _fits(one.label) else ""
            parts.append(
                f'<g class="{one.role}"><rect {corner} {side} rx="2"/>{_text(x, y + 4, label)}</g>'
            )
            # Beside what stands alone: an edge leaves it on the other sides.
            beside = one.name in sources and grid.cells[one.name][1] != 0
            parts += _lines(x, y, notes[one.name], beside)
    for operator in graph.operators:
        x, y = place(grid.cells[operator.name])
        fits = _fits(operator.label)
        circle = f'<circle cx="{x:g}" cy="{y:g}" r="{_HALF}"/>'
        inside = _text(x, y + 4, operator.label if fits else "")
        parts.append(f'<g class="operator">{circle}{inside}</g>')
        # Beside the edge that may come from above.
        style = "small beside halo"
        parts.append(_text(x + 5, y - _HALF - 4, "" if fits else operator.label, style))
    return "\n".join([*parts, "</svg>", ""])


def _style() -> str:
    def rules(theme: Theme) -> str:
        blue, orange, green = theme.category[:3]
        return (
            f"rect,circle{{fill:{theme.paper};stroke:{theme.ink};stroke-width:1.4}}"
            f"text{{fill:{theme.ink};font-size:13px;text-anchor:middle}}"
            f".small{{fill:{theme.quiet};font-size:10px}}"
            f".beside{{text-anchor:start}}"
            f".halo{{stroke:{theme.paper};stroke-width:3px;paint-order:stroke}}"
            f".edge{{fill:none;stroke:{theme.quiet};stroke-width:1.3}}.tip{{fill:{theme.quiet}}}"
            f".parameter rect{{stroke:{blue};stroke-width:2.2}}"
            f".noise rect{{stroke:{green};stroke-dasharray:3 2}}"
            f".objective rect{{stroke:{orange};stroke-width:2.2}}"
            f".operator circle{{fill:{theme.wash}}}"
        )

    dark = f"svg{{background:{DARK.paper}}}{rules(DARK)}"
    return f"{rules(LIGHT)}@media(prefers-color-scheme:dark){{{dark}}}"


def _text(x: float, y: float, words: str, style: str = "") -> str:
    if not words:
        return ""
    kind = f' class="{style}"' if style else ""
    return f'<text x="{x:g}" y="{y:g}"{kind}>{html.escape(words)}</text>'


def _fits(label: str) -> bool:
    """Tell whether a label fits its square or circle; raised numbers and accents are small."""
    return len([letter for letter in label if letter not in _SMALL]) < 4


def _lines(x: float, y: float, lines: list[str], beside: bool = False) -> Iterator[str]:
    for number, line in enumerate(lines):
        if beside:
            top = y + 4 + 11 * (number - (len(lines) - 1) / 2)
            yield _text(x + _HALF + 5, top, line, "small beside halo")
        else:
            yield _text(x, y + _HALF + 12 + 11 * number, line, "small halo")


def _notes(graph: Graph, name: str, values: Values | None) -> list[str]:
    one = graph.variables[name]
    lines = [] if _fits(one.label) else [one.label]
    lines += [shape_text(one.shape)] if one.shape else []
    if values is not None:
        marked = (("v", values.values), ("g", values.gradients))
        lines += [f"{mark} {number_text(known[name])}" for mark, known in marked if name in known]
    return lines


def _path(route: tuple[Cell, ...], place: Callable[[Cell], tuple[float, float]]) -> str:
    points = [np.array(place(cell)) for cell in route]
    unit = [_direction(one, other) for one, other in pairwise(points)]
    points[0] = points[0] + _HALF * unit[0]
    points[-1] = points[-1] - (_HALF + 2) * unit[-1]
    text = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for corner, before, after in zip(points[1:-1], unit[:-1], unit[1:], strict=True):
        # Rounded: a crossing is never taken for a bend.
        (a, b), (c, d) = corner - _CORNER * before, corner + _CORNER * after
        text.append(f"L{a:g} {b:g}Q{corner[0]:g} {corner[1]:g} {c:g} {d:g}")
    text.append(f"L{points[-1][0]:g} {points[-1][1]:g}")
    return "".join(text)


def _direction(start: Array, end: Array) -> Array:
    way = end - start
    return np.asarray(way / np.hypot(*way))
