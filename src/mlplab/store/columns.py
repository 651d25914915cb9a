"""Rows of finished runs read into columns: many at a time, without an object for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from mlplab.specs.columns import Keys, Outcomes
from mlplab.specs.columns.outcomes import Ends, Histories, Layout
from mlplab.store import schema
from mlplab.store.failures import naming
from mlplab.store.packing import NOTHING, open_blob, unpack
from mlplab.store.row_checks import check_ends, check_lengths
from mlplab.store.statements import in_parts

_AT_ONCE = 2000  # rows: 3 MB with histories of 20 epochs
# A row that is looked for costs 15 microseconds, one that is read in order and passed over 3.
_WORTH_A_SCAN = 5
_MANY = 5000  # keys; fewer are looked for

_NAMES = (
    "key",
    "provenance",
    "status",
    "epochs",
    "diverged_epoch",
    "best_epoch",
    "seconds",
    "n_params",
    "history",
    "correct",
)
_Row = tuple[str, str, str, int, int | None, int | None, float | None, int, bytes, bytes]


def read_columns(connection: Connection, outcomes: Outcomes, provenance: str | None) -> None:
    """Fill in the runs that are stored; of several rows the same as `outcomes.read_outcomes`."""
    for rows in _rows(connection, outcomes.keys_column):
        places = outcomes.keys_column.find([row[0] for row in rows])
        wanted = [row for row, place in zip(rows, places.tolist(), strict=True) if place >= 0]
        _put(outcomes, places[places >= 0], wanted, provenance)


def count_runs(connection: Connection, keys: Keys) -> int:
    """Return how many of the keys have finished, without reading their rows."""
    known = np.zeros(len(keys), bool)
    for rows in _rows(connection, keys, ("key",)):
        places = keys.find([row[0] for row in rows])
        known[places[places >= 0]] = True
    return int(known.sum())


def _rows(
    connection: Connection, keys: Keys, names: Sequence[str] = _NAMES
) -> Iterator[Sequence[Any]]:
    """Yield rows, among them all of these keys, each key's oldest first."""
    table = schema.outcomes
    query = select(*(table.c[name] for name in names)).order_by(table.c.id)
    n_rows = connection.execute(select(func.max(table.c.id))).scalar() or 0
    if len(keys) > _MANY and n_rows < _WORTH_A_SCAN * len(keys):
        everything = connection.execute(query, execution_options={"yield_per": _AT_ONCE})
        for part in everything.partitions():
            yield [tuple(row) for row in part]
        return
    for some in in_parts(keys):
        found = connection.execute(query.where(table.c.key.in_(some))).all()
        yield [tuple(row) for row in found]


def _put(
    outcomes: Outcomes, places: NDArray[np.int64], rows: Sequence[_Row], provenance: str | None
) -> None:
    """Put rows in their places: the newest stays, unless the provenance asked for has been met."""
    if not rows:
        return
    keys, origins, status, epochs, diverged, best, seconds, n_params, blobs, answers = zip(
        *rows, strict=True
    )
    for key, origin, *ends_of_run in zip(
        keys, origins, status, epochs, diverged, best, seconds, n_params, strict=True
    ):
        with naming(key):
            check_ends(ends_of_run[0], origin, *ends_of_run[1:])
    order = np.arange(len(rows))
    if provenance is not None:
        asked = np.array([origin == provenance for origin in origins])
        order = order[asked | ~outcomes.are_of(provenance, places)]
        order = order[np.argsort(asked[order], kind="stable")]  # those asked for come last
    # Of several rows of one run in this part the last counts.
    _, first = np.unique(places[order][::-1], return_index=True)
    order = np.sort(order[::-1][first]) if provenance is None else order[::-1][first]
    ends = Ends.of(status, epochs, diverged, best, seconds, n_params)
    by_layout: dict[Layout, tuple[list[int], list[bytes]]] = {}
    for at in order.tolist():
        with naming(keys[at]):
            parts, body = open_blob(blobs[at])
            check_lengths(epochs[at], (size // 8 for _, size in parts))
        some, bodies = by_layout.setdefault(parts, ([], []))
        some.append(at)
        bodies.append(body)
    for parts, (some, bodies) in by_layout.items():
        if any(size % 8 for _, size in parts):
            with naming(keys[some[0]]):
                raise ValueError("damaged blob: its numbers are not whole")
        numbers = np.frombuffer(b"".join(bodies), "<f8").reshape(len(some), -1)
        correct = None
        if any(answers[at] != NOTHING for at in some):
            correct = [_unpacked(keys[at], answers[at]) for at in some]
        layout = tuple((name, size // 8) for name, size in parts)
        block = Histories(layout, numbers.astype(np.float64, copy=False), correct)
        chosen = np.array(some)
        outcomes.put(places[chosen], ends, chosen, [origins[at] for at in some], block)


def _unpacked(key: str, answers: bytes) -> dict[str, bytes]:
    with naming(key):
        return unpack(answers)
