"""What the order of the pixels changes, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.experiment import Runs

SAME = 0.002


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare the recipe on permuted pixels with the recipe, each seed with itself."""
    permuted, recipe = (runs[name].values("test_accuracy")[0] for name in ("permuted", "recipe"))
    recipe = recipe[: len(permuted)]
    step = 1 / runs["recipe"].experiment.data.n_test
    return (measured("permuted", permuted - recipe, SAME, "same", "test_accuracy", step=step),)
