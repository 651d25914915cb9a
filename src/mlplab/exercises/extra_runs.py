"""What an exercise trains besides its experiments, for its plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlplab.exercises.profile import Profile

if TYPE_CHECKING:
    from mlplab.experiment import Arm, Experiment
    from mlplab.experiment.design import Cell
    from mlplab.store import Store


@dataclass(frozen=True)
class ExtraRuns:
    """Runs that an exercise trains outside its experiments.

    Attributes:
        says: what they are for.
        experiment: the name of the one whose arms they train.
        cells: which runs, as far as that is known before anything has run.
        weights: they are trained for their weights, again if these were not kept.
    """

    says: str
    experiment: str
    cells: Callable[[Experiment, Profile, Store], Sequence[Cell]]
    weights: bool = False


def fresh_seeds_of_the_best(experiment: Experiment, profile: Profile, store: Store) -> list[Cell]:
    """Return the runs that score the best arm's test accuracy, for whichever arm costs most.

    Where an arm's are finished already, it was the best one, and its runs are returned.
    """
    from mlplab.experiment import this_machine

    first = max(experiment.seeds) + 1
    cells = experiment.cells(range(first, first + profile.pick(5, 10)))
    known = store.origins(cell.key for cell in cells)
    finished = {key for key, _ in known}
    by_arm: dict[Arm, list[Cell]] = {}
    for cell in cells:
        by_arm.setdefault(cell.arm, []).append(cell)

    def rank(arm: list[Cell]) -> tuple[int, float]:
        flop = this_machine().plan_cost([arm[0].run], experiment.data, 1).flop
        return sum(cell.key in finished for cell in arm), flop

    return max(by_arm.values(), key=rank)
