"""What an experiment has finished, what remains, and what that would cost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlplab.data import Task
from mlplab.experiment.arms import Arm
from mlplab.experiment.backend import Backend
from mlplab.experiment.design import Cell, Cells
from mlplab.specs import Outcome
from mlplab.specs.claim import ANSWERED
from mlplab.specs.columns import Outcomes
from mlplab.store import Store

if TYPE_CHECKING:
    from mlplab.engine import Cost
    from mlplab.execute import Portions


@dataclass(frozen=True, slots=True)
class Needs:
    """What a finished run must have kept; where it has not, it is trained again.

    Attributes:
        weights: its weights, if it has any.
        correct: arms whose runs must have kept their right answers on the test split.
    """

    weights: bool = False
    correct: Collection[Arm] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The runs of a design, split by what the store knows.

    Attributes:
        cells: all runs asked for.
        finished: key -> outcome of those the store answers.
        remaining: cells that must be trained.
        without_weights: of these, runs that are finished but whose weights are not kept.
        paths: how many of them train which way: in a compiled loop, a stack (and why), a module.
        needs: what a finished run must have kept: as `make_plan` was given it.
    """

    cells: Cells
    finished: Outcomes
    remaining: Cells
    without_weights: int = 0
    paths: Mapping[str, int] = field(default_factory=dict)
    needs: Needs = field(default_factory=Needs)

    def again(self, cells: Cells, store: Store) -> Plan:
        """Return what the store knows of some cells now."""
        needs = self.needs
        return make_plan(cells, store, need_weights=needs.weights, need_correct=needs.correct)

    def cost(self, task: Task, backend: Backend, workers: int | None = None) -> Cost:
        """Estimate what the remaining runs cost; nothing runs."""
        return backend.plan_cost(self.remaining.runs, task, workers)

    def portions(self, task: Task, backend: Backend, workers: int | None = None) -> Portions:
        """Return how the remaining runs would be portioned out; nothing runs."""
        return backend.portions(self.remaining.runs, task, workers)

    def page(self, task: Task, backend: Backend, workers: int | None = None) -> dict[str, Any]:
        """Return the plan and its cost as plain JSON values, with the portions on a cluster."""
        if backend.on is None:
            return self.as_dict(self.cost(task, backend, workers))
        parts = self.portions(task, backend, workers)
        cost = backend.plan_cost(self.remaining.runs, task, workers, parts)
        return {**self.as_dict(cost), "on": {"kind": backend.on.kind, **asdict(parts)}}

    def with_paths(self, task: Task, device: str = "cpu") -> Plan:
        """Return the plan with the ways in which the remaining runs train on a device."""
        from mlplab.engine import training_paths

        return replace(self, paths=training_paths(self.remaining.runs, task, device))

    def as_dict(self, cost: Cost) -> dict[str, Any]:
        """Return the plan as plain JSON values."""
        return {
            "runs": len(self.cells),
            "finished": len(self.finished),
            "remaining": len(self.remaining),
            "flop": cost.flop,
            "seconds": cost.seconds,
            "bytes": cost.bytes,
            "paths": dict(self.paths),
        }


def make_plan(
    cells: Sequence[Cell],
    store: Store,
    *,
    need_weights: bool = False,
    need_correct: Collection[Arm] = (),
) -> Plan:
    """Ask the store which runs are finished.

    Args:
        cells: the runs wanted.
        store: where finished runs are kept.
        need_weights: count a run as finished only if its weights are kept, or it has none.
        need_correct: arms of which the same holds for the right answers on the test split.
    """
    cells = Cells.of(cells).distinct()
    finished = store.outcomes(cells.keys)
    without = 0
    if need_weights:
        # A diverged run has no weights to keep: it would be trained again for ever.
        sound = finished.ended[~finished.has_status("diverged")[finished.ended]]
        kept = store.with_weights(cells.keys.take(sound))
        lacking = np.array([key not in kept for key in cells.keys.take(sound)], bool)
        without = int(lacking.sum())
        finished.drop(sound[lacking])
    if need_correct:
        wanted = [number for number, arm in enumerate(cells.arms) if arm in need_correct]
        of_them = finished.ended[np.isin(cells.arm_of[finished.ended], wanted)]
        finished.drop(np.array([row for row in of_them if not _is_answered(finished.at(row))], int))
    remaining = cells.take(finished.ends.status == 0)
    return Plan(cells, finished, remaining, without, needs=Needs(need_weights, need_correct))


def _is_answered(outcome: Outcome) -> bool:
    """Whether an outcome holds its right answers, or has none to hold."""
    scored = outcome.status == "finished" and ANSWERED in outcome.history
    return bool(outcome.correct) or not scored
