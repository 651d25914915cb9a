"""What a reader of tables says of columns that it took for something: a line per kind of thing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

_SHOWN = 4


class Remark(NamedTuple):
    """A sentence on a column; of those with one `topic`, the first stands for all."""

    topic: str
    column: str
    says: str


def spell_remarks(remarks: Iterable[Remark]) -> tuple[str, ...]:
    """Return a line per topic, with its columns in front.

    >>> spell_remarks([Remark("x", "a", "is odd"), Remark("x", "b", "is odd too")])
    ('a, b: is odd',)
    """
    topics: dict[str, list[Remark]] = {}
    for remark in remarks:
        topics.setdefault(remark.topic, []).append(remark)
    lines = []
    for same in topics.values():
        names = ", ".join(remark.column for remark in same[:_SHOWN])
        more = f" and {len(same) - _SHOWN} more" if len(same) > _SHOWN else ""
        lines.append(f"{names}{more}: {same[0].says}")
    return tuple(lines)
