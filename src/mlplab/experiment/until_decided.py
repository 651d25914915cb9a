"""Seeds in portions, until every claim is decided: looks declared before the first."""

from __future__ import annotations

from collections.abc import Sequence

from mlplab.errors import ConfigError
from mlplab.experiment.arms import Arm
from mlplab.experiment.conduct import Finished, KeepWeights, Setup, finish
from mlplab.experiment.declaration import Declaration
from mlplab.experiment.design import Cell, Cells
from mlplab.experiment.outcome_table import OutcomeTable
from mlplab.experiment.parts import arms_of, parts_of
from mlplab.experiment.progress import ProgressCallback, Total
from mlplab.experiment.verdict import Judge, LookPlan, count_claims
from mlplab.specs import Outcome, Proof
from mlplab.specs.columns import Outcomes


def look_plan(experiment: Declaration) -> tuple[LookPlan, tuple[int, ...]]:
    """Return the looks and the seeds they draw on: 0 to 63, or those the experiment lists.

    Raises:
        ConfigError: no claims to decide, or too few seeds for the first look.
    """
    plan = LookPlan()
    if not count_claims(experiment.claims):
        raise ConfigError("until_decided: expected claims to decide; the experiment declares none")
    if experiment.counted_seeds:
        return plan, tuple(range(plan.looks[-1]))
    n_looks = sum(look <= len(experiment.seeds) for look in plan.looks)
    if not n_looks:
        raise ConfigError(
            f"until_decided: the first look is at {plan.looks[0]} seeds; "
            f"got {len(experiment.seeds)} (a number of seeds lets it draw its own)"
        )
    return LookPlan(plan.looks[:n_looks], plan.split[:n_looks]), experiment.seeds


def finish_until_decided(
    experiment: Declaration,
    setup: Setup,
    *,
    keep_weights: KeepWeights = False,
    progress: ProgressCallback | None = None,
) -> tuple[Cells, Finished, LookPlan]:
    """Finish the seeds of one look after the other, for the arms that open claims still need.

    Every arm gets the seeds of the first look. A part of a claim is through when it is equivalent
    or beyond +-d; an arm that only such parts need gets no further seeds.

    Returns:
        All cells, what came of them, and the looks that were planned.
    """
    plan, seeds = look_plan(experiment)
    declared = [claim for claim in experiment.claims if not isinstance(claim, Proof)]
    parts = [part for claim in declared for part in parts_of(claim, experiment.find)]
    wanted: Sequence[Arm] = experiment.design
    cells: list[Cell] = []
    outcomes: dict[str, Outcome] = {}
    n_from_store = 0
    total = Total(progress)
    for before, now in zip((0, *plan.looks), plan.looks, strict=False):
        needed = set(wanted)
        # Arms that no open part needs keep the verdicts on the seeds they have.
        fresh = [cell for cell in experiment.cells(seeds[before:now]) if cell.arm in needed]
        found = finish(
            fresh,
            experiment.data,
            setup,
            title=experiment.title,
            keep_weights=keep_weights,
            keep_correct=experiment.keeps_correct,
            need_correct=experiment.needs_correct,
            progress=total.next_part(),
        )
        cells += fresh
        outcomes |= found.outcomes
        n_from_store += found.n_from_store
        table = OutcomeTable(cells, outcomes, experiment.fails)
        judge = Judge(table, experiment.data, count_claims(experiment.claims), plan)
        parts = [part for part in parts if not judge.decide(part).settled]
        if not parts:
            break
        wanted = arms_of(parts)
    asked = Cells.of(cells)
    return asked, Finished(Outcomes.of(asked.keys, outcomes), n_from_store), plan
