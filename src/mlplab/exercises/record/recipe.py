"""The recipe of the record, the one it grew from, and the seeds that had no part in choosing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises import source_setting
from mlplab.exercises.profile import Profile
from mlplab.exercises.source_setting import FASHION
from mlplab.experiment.arms import apply_factors
from mlplab.specs import MLP, AdamW, First, Fit, Run, Schedule, TaskRef

FIRST = Run(
    net=MLP(hidden=(1024, 1024), norm="batch", dropout=0.5),
    optim=AdamW(lr=0.002, weight_decay=0.01, schedule=Schedule(kind="one-cycle")),
    fit=Fit(epochs=40, batch_size=256, label_smoothing=0.1),
)
"""Where the search began: good practice, nothing tuned."""

SHORT: Run = FIRST.with_value("fit.epochs", 20)
"""The first recipe for half as long: what the search's first sixteen runs change."""

SEARCH_SEEDS = range(1)
"""Of the runs that chose the recipe."""

SCREENED = apply_factors(
    FIRST,
    {"net.dropout": 0.3, "fit.mixup": 0.2, "fit.label_smoothing": 0.0, "optim.lr": 0.005},
)
"""The best of the sixteen runs that the search began with, trained longer."""

WITH_NOISE = apply_factors(SCREENED, {"fit.input_noise": "gaussian", "fit.input_strength": 0.1})
"""The best of the first round of single changes."""

RECIPE: Run = WITH_NOISE.with_value("net.dropout", 0.2)
"""What the search ended with, by validation rows alone."""

BINS = 2
"""Each pixel is given by how far it fills so many bins of grey levels."""

WHOLE = TaskRef(name=FASHION, params={"bins": BINS})
"""All 60,000 training rows: nothing is held out, since nothing is chosen any more."""

PERMUTED = TaskRef(name=FASHION, params={"bins": BINS, "permute": 7})
"""The same with all inputs in one random order."""

_QUICK_WIDTH, _QUICK_SHARE = 128, 8
_FIRST_FRESH = 100


def held_out(profile: Profile, bins: int = BINS) -> TaskRef:
    """Return the task on which things are chosen: 10,000 rows validate (quick: a sixth)."""
    params = {"bins": bins} if bins > 1 else {}
    return TaskRef(name=FASHION, params=params, valid=profile.pick(1 / 6, 10_000))


def sized(run: Run, profile: Profile) -> Run:
    """Return a recipe as a profile trains it: quick has 12,000 rows, 128 units, few epochs."""
    if profile.effort:
        return run
    small: Run = run.with_value("net.hidden", (_QUICK_WIDTH,) * len(run.mlp.hidden))
    few = small.with_value("fit.epochs", max(1, run.fit.epochs // _QUICK_SHARE))
    made: Run = few.with_value("rows", First(n=source_setting.QUICK_ROWS))
    return made


def sized_changes(changes: Mapping[str, Any], profile: Profile) -> Mapping[str, Any]:
    """Return changes of a recipe as a profile makes them: quick has 128 units."""
    if profile.effort or "net.hidden" not in changes:
        return changes
    return {**changes, "net.hidden": (_QUICK_WIDTH,) * len(changes["net.hidden"])}


def blind(run: Run) -> Run:
    """Return a run that does not score the test split."""
    made: Run = run.with_value("fit.test", "never")
    return made


def fresh_seeds(n: int, skip: int = 0) -> range:
    """Return seeds that chose nothing, the same for all exercises: equal runs are trained once."""
    return range(_FIRST_FRESH + skip, _FIRST_FRESH + skip + n)
