"""What an answer cost: hours of one core, and looks at the test split."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlplab.exercises.profile import Profile

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.experiment import Runs


def core_hours(experiments: Iterable[Runs]) -> float:
    """Return what the runs took, each counted once, wherever and whenever they were trained."""
    seconds = {key: one.seconds for runs in experiments for key, one in runs.outcomes.items()}
    return sum(seconds.values()) / 3600


def test_looks(runs: Runs, profile: Profile) -> pd.DataFrame:
    """Return how often each of the record's exercises computed test scores, by this store's log.

    Scores that were remembered are none: nothing new was seen.
    """
    import pandas as pd

    looks = [
        (look["experiment"].split(" ")[0], look["n_runs"])
        for look in runs.setup.store.looks()
        if look["split"] == "test"
        and not look["remembered"]
        and look["experiment"].startswith("record.")
        and look["experiment"].endswith(f", {profile.name}")
    ]
    found = pd.DataFrame(looks, columns=["exercise", "runs"])
    return found.groupby("exercise")["runs"].agg(looks="size", runs="sum").reset_index()
