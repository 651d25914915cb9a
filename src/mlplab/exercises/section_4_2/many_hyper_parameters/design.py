"""One table on which searches are replayed, and fresh runs of what it suggests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_2.many_hyper_parameters.tuning import tuned_apart, tuned_jointly
from mlplab.exercises.section_4_2.search_table import grid_of, make_table, model_package
from mlplab.exercises.source_setting import FASHION
from mlplab.experiment import Experiment, Runs
from mlplab.specs import Difference, Interaction, TaskRef

NEEDS = model_package


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train the table, and test whether rate and batch size interact."""
    table = make_table(profile)
    sizes = table.vary["fit.batch_size"]

    def arm(rate: float, size: int) -> dict[str, Any]:
        return {"optim.lr": rate, "fit.batch_size": size}

    both, only_rate = arm(0.3, max(sizes)), arm(0.3, min(sizes))
    only_size, neither = arm(0.1, max(sizes)), arm(0.1, min(sizes))
    claim = Interaction(
        key="interact",
        both=both,
        only_a=only_rate,
        only_b=only_size,
        neither=neither,
        expect="higher",
    )
    return {
        "table": table,
        "pair": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            table.base.with_value("fit.test", "end"),
            arms=[both, only_rate, only_size, neither],
            seeds=seeds or profile.n_seeds,
            claims=(claim,),
        ),
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare, with fresh seeds, what was tuned one by one with what was tuned jointly."""
    table = runs["table"]
    grid = grid_of(table)
    apart, jointly = (grid.as_arm(place(grid)) for place in (tuned_apart, tuned_jointly))
    return {
        "fresh": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            table.experiment.base.with_value("fit.test", "end"),
            arms=[apart, *([jointly] if jointly != apart else [])],
            seeds=seeds or profile.n_seeds,
            claims=(Difference(key="apart", arm=apart, baseline=jointly, expect="lower"),),
        )
    }
