"""Where edges run between nodes that stand on a grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

Cell = tuple[int, int]
"""(column, row); rows grow downwards."""
Edge = tuple[str, str]
_MARGIN = 3  # rows beyond the outermost nodes that edges may use
_ASIDE = 3  # columns that an edge may go aside before it turns to a free row
_CROSSING, _BEND, _STEP = 4.0, 1.0, 0.1


def route_edges(cells: Mapping[str, Cell], edges: Sequence[Edge]) -> dict[Edge, tuple[Cell, ...]]:
    """Return each edge's corners, ends included: along rows and columns, through no node.

    Edges that share an end may share their way there; others cross at right angles only. Short
    edges choose first. Where there is no such way, an edge is a straight line.

    Cost: proportional to edges x rows x length.
    """
    ways = _Ways(cells)
    shortest = sorted(edges, key=lambda edge: (_distance(cells[edge[0]], cells[edge[1]]), edge))
    routes = {edge: ways.take(edge) for edge in shortest}
    return {edge: routes[edge] for edge in edges}


def _distance(one: Cell, other: Cell) -> int:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


class _Ways:
    """The cells that nodes and edges have taken."""

    def __init__(self, cells: Mapping[str, Cell]) -> None:
        self._cells = cells
        self._nodes = set(cells.values())
        rows = [row for _, row in cells.values()]
        self._rows = range(min(rows) - _MARGIN, max(rows) + _MARGIN + 1)
        # By cell and direction of travel (along a row or not): who runs there.
        self._taken: dict[tuple[Cell, bool], list[Edge]] = {}

    def take(self, edge: Edge) -> tuple[Cell, ...]:
        """Choose an edge's way and keep others off it."""
        start, end = self._cells[edge[0]], self._cells[edge[1]]
        costs = [
            (cost, corners)
            for corners in self._candidates(start, end)
            if (cost := self._cost(edge, corners)) is not None
        ]
        if not costs:
            return start, end
        corners = min(costs)[1]
        for key in _passed(corners):
            self._taken.setdefault(key, []).append(edge)
        return corners

    def _candidates(self, start: Cell, end: Cell) -> Iterator[tuple[Cell, ...]]:
        (left, top), (right, bottom) = start, end
        if left == right or top == bottom:
            yield start, end
        yield start, (left, bottom), end
        yield start, (right, top), end
        for row in self._rows:
            yield start, (left, row), (right, row), end
        for column in range(left + 1, right):
            yield start, (column, top), (column, bottom), end
        for column in range(left + 1, min(right, left + _ASIDE + 1)):
            for row in self._rows:
                yield start, (column, top), (column, row), (right, row), end

    def _cost(self, edge: Edge, corners: tuple[Cell, ...]) -> float | None:
        """Return what a way costs; None where it is barred."""
        if any(one == other for one, other in pairwise(corners)):
            return None
        ends = {corners[0], corners[-1]}
        crossings = 0
        passed = set(_passed(corners))
        for cell, along in passed:
            if cell not in ends and cell in self._nodes:
                return None
            beside = self._taken.get((cell, along), ())
            if any(not set(edge) & set(other) for other in beside):
                return None
            # A corner lies in both directions of its own cell.
            if (cell, not along) not in passed and cell not in ends:
                across = self._taken.get((cell, not along), ())
                crossings += any(not set(edge) & set(other) for other in across)
        return _CROSSING * crossings + _BEND * (len(corners) - 2) + _STEP * len(passed)


def _passed(corners: tuple[Cell, ...]) -> Iterator[tuple[Cell, bool]]:
    """Yield the cells on a way with the direction of travel in each."""
    for (column, row), (to_column, to_row) in pairwise(corners):
        if row == to_row:
            step = 1 if to_column > column else -1
            yield from (((at, row), True) for at in range(column, to_column + step, step))
        else:
            step = 1 if to_row > row else -1
            yield from (((column, at), False) for at in range(row, to_row + step, step))
