"""Where edges run between nodes that stand on a grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import pairwise

Cell = tuple[int, int]
"""(column, row); rows grow downwards."""
Edge = tuple[str, str]
_MARGIN = 3  # rows beyond the outermost nodes that edges may use
_SHORTEST_BENT = 3  # corners of a way with one bend, ends included
_ASIDE = 3  # columns that an edge may go aside before it turns to a free row
_CROSSING, _BEND, _STEP = 4.0, 1.0, 0.1


def route_edges(cells: Mapping[str, Cell], edges: Sequence[Edge]) -> dict[Edge, tuple[Cell, ...]]:
    """Return each edge's corners, ends included: along rows and columns, through no node.

    Edges that share an end may share their way there; others cross at right angles only. Short
    edges choose first. Between neighbouring columns, and where there is no such way, an edge may
    be a slanted line.

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
        best: tuple[float, tuple[Cell, ...]] = (float("inf"), (start, end))
        for least, corners in sorted((_least_cost(c), c) for c in self._candidates(start, end)):
            # Crossings only add to it: no later one can be better.
            if least >= best[0]:
                break
            crossings = self._crossings(edge, corners)
            if crossings is not None:
                best = min(best, (least + _CROSSING * crossings, corners))
        corners = best[1]
        if abs(end[0] - start[0]) == 1 and len(corners) > _SHORTEST_BENT:
            # Between two neighbouring columns nothing stands in the way of a slanted line.
            return start, end
        if best[0] == float("inf"):
            corners = self._shortest(edge)
            if len(corners) == 2:
                return corners
        for key in _passed(corners):
            self._taken.setdefault(key, []).append(edge)
        return corners

    def _shortest(self, edge: Edge) -> tuple[Cell, ...]:
        """Return the cheapest way with any number of bends; a slanted line if there is none."""
        start, end = self._cells[edge[0]], self._cells[edge[1]]
        columns = [column for column, _ in self._nodes]
        waiting: list[tuple[float, tuple[Cell, ...], Cell]] = [(0.0, (start,), start)]
        seen: set[tuple[Cell, bool | None]] = set()
        while waiting:
            cost, corners, cell = heappop(waiting)
            if cell == end:
                return (*corners, end)
            along = corners[-1][1] == cell[1] if corners[-1] != cell else None
            if (cell, along) in seen:
                continue
            seen.add((cell, along))
            for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1)):
                to = cell[0] + across, cell[1] + down
                inside = to[1] in self._rows and min(columns) <= to[0] <= max(columns)
                turns = along is not None and along != (across != 0)
                way = (*corners, cell) if turns else corners
                crossings = self._crossings(edge, (cell, to)) if inside else None
                if crossings is None or (to in self._nodes and to != end):
                    continue
                more = _STEP + _BEND * turns + _CROSSING * crossings
                heappush(waiting, (cost + more, way, to))
        return start, end

    def _candidates(self, start: Cell, end: Cell) -> Iterator[tuple[Cell, ...]]:
        (left, top), (right, bottom) = start, end
        if left == right or top == bottom:
            yield start, end
        yield start, (left, bottom), end
        yield start, (right, top), end
        for row in self._rows:
            yield start, (left, row), (right, row), end
        near = range(left + 1, min(right, left + _ASIDE + 1))
        for column in {*near, *range(max(left + 1, right - _ASIDE), right)}:
            yield start, (column, top), (column, bottom), end
        for column in near:
            for row in self._rows:
                yield start, (column, top), (column, row), (right, row), end

    def _crossings(self, edge: Edge, corners: tuple[Cell, ...]) -> int | None:
        """Return how many edges a way crosses; None where it is barred."""
        if any(one == other for one, other in pairwise(corners)):
            return None
        ends, own = {corners[0], corners[-1]}, set(edge)
        crossings = 0
        passed = set(_passed(corners))
        for cell, along in passed:
            if cell in self._nodes and cell not in ends:
                return None
            beside = self._taken.get((cell, along), ())
            if any(own.isdisjoint(other) for other in beside):
                return None
            # A corner lies in both directions of its own cell.
            if (cell, not along) not in passed and cell not in ends:
                across = self._taken.get((cell, not along), ())
                crossings += any(own.isdisjoint(other) for other in across)
        return crossings


def _least_cost(corners: tuple[Cell, ...]) -> float:
    length = sum(_distance(one, other) for one, other in pairwise(corners))
    return _BEND * (len(corners) - 2) + _STEP * length


def _passed(corners: tuple[Cell, ...]) -> Iterator[tuple[Cell, bool]]:
    """Yield the cells on a way along rows and columns, with the direction of travel in each."""
    for (column, row), (to_column, to_row) in pairwise(corners):
        if row == to_row:
            step = 1 if to_column > column else -1
            yield from (((at, row), True) for at in range(column, to_column + step, step))
        else:
            step = 1 if to_row > row else -1
            yield from (((column, at), False) for at in range(row, to_row + step, step))
