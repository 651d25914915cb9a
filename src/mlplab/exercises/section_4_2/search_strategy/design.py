"""The table on which the strategies are replayed."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_2.search_table import make_table, model_package
from mlplab.experiment import Experiment

NEEDS = model_package


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train the table of 4.2.4."""
    return {"table": make_table(profile)}
