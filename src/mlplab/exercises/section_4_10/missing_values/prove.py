"""Does what the source does: interpolates what has no gaps any more."""

from __future__ import annotations

from collections.abc import Sequence

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_10.tables import houses


def prove() -> Sequence[Checked]:
    """Count the numbers that the source's interpolation changes."""
    every = houses().features.select_dtypes("number").astype(float)
    n_gaps = int(every.isna().to_numpy().sum())
    filled = ((every - every.mean()) / every.std()).fillna(0.0)
    again = (filled - filled.mean()) / filled.std()
    changed = int((again.interpolate() != again).to_numpy().sum())
    facts = {"changed": changed, "n_gaps": n_gaps}
    return (Checked("unchanged", changed == 0 and n_gaps > 0, facts=facts),)
