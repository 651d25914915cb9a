"""Finished runs as data: the cells of a declaration, what came of them, and their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.experiment.arms import Arm
from mlplab.experiment.conduct import Setup
from mlplab.experiment.declaration import Declaration
from mlplab.experiment.design import Cell, Cells
from mlplab.experiment.outcome_table import OutcomeTable
from mlplab.specs import Outcome
from mlplab.specs.columns import Outcomes


class Results:
    """What comparing, choosing and scoring read.

    Attributes:
        experiment: what was asked.
        cells: arm, seed, run and key of every run.
        outcomes: key -> outcome.
        setup: where they are kept, and what trains more of them.
        table: the outcomes as arms by seeds.
    """

    def __init__(
        self,
        experiment: Declaration,
        cells: Sequence[Cell],
        outcomes: Mapping[str, Outcome],
        setup: Setup,
    ) -> None:
        self.experiment = experiment
        self.cells = Cells.of(cells)
        self.outcomes = Outcomes.of(self.cells.keys, outcomes)
        self.setup = setup
        self.table = OutcomeTable(self.cells, self.outcomes, experiment.fails)

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms, in the order of the design."""
        return self.experiment.design
