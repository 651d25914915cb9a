"""Counts the chapter's features."""

from __future__ import annotations

from collections.abc import Sequence

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_10.tables import published_features


def prove() -> Sequence[Checked]:
    """Count the columns that the chapter's preparation makes."""
    n_rows, n = published_features(True).shape
    return (Checked("features", n == 330, facts={"n": n, "n_rows": n_rows}),)
