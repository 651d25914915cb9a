"""Where a graph's nodes are drawn: columns by depth, the longest path in the middle row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlplab.theory.graph.computation import Graph
from mlplab.theory.graph.routes import Cell, route_edges

_REACH = 40  # rows that are looked through for a free one, far more than any graph has


@dataclass(frozen=True, eq=False)
class Layout:
    """A drawing's grid.

    Attributes:
        cells: of each node.
        routes: of each edge, the corners from its node to the next, ends included.
    """

    cells: Mapping[str, Cell]
    routes: Mapping[tuple[str, str], tuple[Cell, ...]]

    @property
    def box(self) -> tuple[Cell, Cell]:
        """The smallest and the largest column and row."""
        every = [*self.cells.values(), *(cell for route in self.routes.values() for cell in route)]
        columns, rows = zip(*every, strict=True)
        return (min(columns), min(rows)), (max(columns), max(rows))


def layout(graph: Graph) -> Layout:
    """Place nodes and edges so that edges run along rows and columns and pass through no node.

    Parameters stand below or above the operator that uses them, side branches in rows of their own
    as late as what needs them allows.

    >>> from mlplab.specs import MLP
    >>> from mlplab.theory import network_graph
    >>> found = layout(network_graph(MLP(hidden=4), 3, 2))
    >>> found.cells["x"], found.cells["matmul:z1'"], found.cells["W1"], found.cells["b1"]
    ((0, 0), (1, 0), (1, 1), (3, -1))
    """
    cells = _Placement(graph).cells
    return Layout(cells, route_edges(cells, list(graph.edges)))


class _Placement:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._before: dict[str, list[str]] = {}
        self._after: dict[str, list[str]] = {}
        for tail, head in graph.edges:
            self._before.setdefault(head, []).append(tail)
            self._after.setdefault(tail, []).append(head)
        self._sources = {one.name for one in graph.sources if one.name in self._after}
        self._order = [n for o in graph.operators for n in (o.name, o.output)]
        self._depths = self._by_depth()
        self.cells: dict[str, Cell] = {}
        trunk = self._trunk()
        self.cells |= {node: (self._depths[node], 0) for node in trunk}
        self._columns = self._latest()
        self._place_sources(trunk)
        for chain in self._chains():
            row = self._row_of(chain)
            self.cells |= {node: (self._columns[node], row) for node in chain}
            self._place_sources(chain)

    def _by_depth(self) -> dict[str, int]:
        """Return how far from the inputs each node lies that depends on them."""
        starts = [one.name for one in self._graph.sources if one.role == "input"]
        depths = dict.fromkeys([one for one in starts if one in self._sources], 0)
        for node in self._order:
            known = [depths[one] for one in self._before.get(node, ()) if one in depths]
            if known:
                depths[node] = 1 + max(known)
        return depths

    def _trunk(self) -> list[str]:
        """Return the longest path from an input to the objective."""
        path = [self._graph.objective.name]
        while before := [one for one in self._before.get(path[-1], ()) if one in self._depths]:
            path.append(max(before, key=lambda one: self._depths[one]))
        return path[::-1]

    def _latest(self) -> dict[str, int]:
        """Return the columns: a branch ends below what needs it, its other nodes before that."""
        columns: dict[str, int] = {}
        for node in reversed(self._order):
            if node in self.cells:
                columns[node] = self.cells[node][0]
                continue
            after = self._after.get(node, ())
            meets = len(after) == 1 and after[0] in self.cells
            later = [columns[one] - (not meets) for one in after]
            columns[node] = min(later, default=self._depths.get(node, 0))
        return columns

    def _chains(self) -> Iterator[list[str]]:
        """Yield the paths beside the trunk, each from its first node to where it meets another."""
        taken: set[str] = set()
        for node in self._order:
            if node in self.cells or node in taken:
                continue
            chain = [node]
            while nexts := [
                one for one in self._after.get(chain[-1], ())
                if one not in self.cells and one not in taken
                and self._columns[one] == self._columns[chain[-1]] + 1
            ]:  # fmt: skip
                chain.append(nexts[0])
            taken.update(chain)
            yield chain

    def _row_of(self, chain: list[str]) -> int:
        """Return the nearest row with room for a chain; below the parameters that it reads."""
        first, last = self._columns[chain[0]], self._columns[chain[-1]]
        before = self._before.get(chain[0], ())
        below = [self.cells[one][1] for one in before if one in self.cells]
        start = max(1, *below) + 1 if below else 2
        rows = [row for step in range(_REACH) for row in (start + step, -2 - step)]
        taken = set(self.cells.values())
        # A row to spare on the side of the trunk, for the chain's own parameters.
        return next(
            row
            for row in rows
            if not any((column, row) in taken for column in range(first - 1, last + 2))
        )

    def _place_sources(self, nodes: list[str]) -> None:
        taken = set(self.cells.values())
        # What leaves these on its way past others needs the room above or below them.
        forks = {self.cells[one][0] for one in self.cells if len(self._after.get(one, ())) > 1}
        for node in nodes:
            for name in self._before.get(node, ()):
                if name not in self._sources or name in self.cells:
                    continue
                column, row = self.cells[node]
                # Matrices below, where a regulariser finds them; all else above.
                down = len(self._graph.variables[name].shape) >= 2
                signs = (1, -1) if down else (-1, 1)
                # The next columns are for operators with many parameters, such as recurrent ones.
                steps = [(0, 1), *((aside, k) for k in range(1, _REACH) for aside in (-1, 1))]
                self.cells[name] = next(
                    cell
                    for aside, k in steps
                    for sign in signs
                    if (cell := (column + aside, row + sign * k)) not in taken
                    and not (aside and column + aside in forks)
                )
                taken.add(self.cells[name])
