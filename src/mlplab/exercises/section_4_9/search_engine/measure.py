"""One number per pair of engines for every claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_9.search_engine.clicks import Array
from mlplab.exercises.section_4_9.search_engine.outcomes import (
    ALPHA,
    CHANGE,
    LATE,
    LOOPS,
    SPELL,
    history,
    inequality,
    kept_errors,
    n_seeds,
    pair,
    reactions,
    recovered,
    shift_p,
)
from mlplab.experiment import Runs

_DRIFT = 10
_LOG = "natural log"


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare engines that change with their controls, and ways in which the model learns."""
    seeds = n_seeds(profile)
    changed, control = pair(seeds)
    found = reactions(changed, control)
    share, correlation = "share", "correlation"
    alarms = [
        (shift_p(one, CHANGE - SPELL, CHANGE) < ALPHA).astype(float) for one in (changed, control)
    ]
    drift = (shift_p(control, _DRIFT, CHANGE - SPELL) < ALPHA).astype(float)
    return (
        measured("left", found["left"], 0.01, "higher", share),
        measured("stayed", found["stayed"] - 0.5, 0.1, "higher", share),
        measured("accepted", found["accepted"], 0.005, "lower", share),
        measured("long_queries", found["long_queries"], 0.02, "higher", share),
        measured("bids", found["bids"], 0.02, "higher", _LOG),
        measured("budgets", found["budgets"], 0.05, "higher", _LOG),
        measured("order", found["order"], 0.05, "higher", share),
        measured("price", found["price"], 0.05, "higher", _LOG),
        measured("lasting", found["last_revenue"] - found["first_revenue"], 0.05, "same", _LOG),
        measured("stale", found["stale"], 0.01, "higher", "nats"),
        measured("raw_loss", found["raw_loss"], 0.01, "higher", "nats"),
        measured("detected", alarms[0] - alarms[1], 0.1, "higher", share, cases="difference"),
        measured("drift", drift - 0.5, 0.1, "higher", share, cases="share", less=0.5),
        *_loops(seeds, correlation, share),
    )


def _loops(seeds: int, correlation: str, share: str) -> Sequence[Measured]:
    naive, explored, weighted, both = (history(how, seeds) for how in LOOPS.values())
    first, last = slice(5, 5 + LATE), slice(-LATE, None)

    def lower(key: str, one: Array, other: Array, matters: float, metric: str) -> Measured:
        return measured(key, one - other, matters, "lower", metric)

    return (
        measured("kept", kept_errors(naive) - 0.5, 0.1, "higher", correlation),
        lower("kept_explored", kept_errors(explored), kept_errors(naive), 0.1, correlation),
        lower("kept_both", kept_errors(both), kept_errors(naive), 0.1, correlation),
        measured("recovery", recovered(both) - recovered(explored), 0.02, "higher", correlation),
        measured("blind", recovered(weighted) - recovered(both), 0.02, "lower", correlation),
        measured(
            "unequal", inequality(naive, last) - inequality(naive, first), 0.01, "higher", "Gini"
        ),
        lower(
            "unequal_explored", inequality(explored, last), inequality(naive, last), 0.01, "Gini"
        ),
        lower(
            "cost",
            np.asarray(explored.found[last].mean(axis=0)),
            np.asarray(naive.found[last].mean(axis=0)),
            0.02,
            share,
        ),
    )
