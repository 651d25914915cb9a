"""The evaluator that trains: a whole population at a time, through the store."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from mlplab.data import Task
from mlplab.experiment import Arm, Cell, Setup, finish
from mlplab.experiment.arms import apply_factors
from mlplab.experiment.progress import Report
from mlplab.experiment.table import Table as Outcomes
from mlplab.search.space import name_of
from mlplab.search.trial import Proposal
from mlplab.specs import Run, TaskRef


class Trainer:
    """Trains what the store does not know; the scores are of the last epoch."""

    def __init__(
        self,
        task: Task,
        base: Run,
        metric: str,
        sign: float,
        setup: Setup,
        progress: Callable[[], Report | None],
    ) -> None:
        """`sign` is -1 where smaller values of the metric are better."""
        self._task = task
        self._ref = TaskRef(**task.spec())
        self._base = base
        self._metric = metric
        self._sign = sign
        self._setup = setup
        self._progress = progress
        self.n_runs = 0
        self.n_from_store = 0

    def scores(self, proposals: Sequence[Proposal]) -> list[tuple[float, ...]]:
        """Train one population and return its scores.

        Raises:
            ConfigError: a configuration that does not fit the base run or the task.
            Interrupted: Ctrl-C; what had finished is in the store.
        """
        cells = [self._cell(proposal, seed) for proposal in proposals for seed in proposal.seeds]
        unique = list({cell.key: cell for cell in cells}.values())
        found = finish(unique, self._task, self._setup, progress=self._progress())
        self.n_runs += len(unique)
        self.n_from_store += found.n_from_store
        table = Outcomes(unique, found.outcomes)
        out = []
        keys = iter(cell.key for cell in cells)
        for proposal in proposals:
            scores = []
            for _ in proposal.seeds:
                outcome = found.outcomes[next(keys)]
                value = math.nan if table.has_failed(outcome) else outcome.last(self._metric)
                scores.append(self._sign * value if math.isfinite(value) else -math.inf)
            out.append(tuple(scores))
        return out

    def _cell(self, proposal: Proposal, seed: int) -> Cell:
        config = {"fit.epochs": proposal.epochs, **proposal.config}
        run: Run = apply_factors(self._base, config).replace(task=self._ref, seed=seed)
        return Cell(Arm(name_of(config), config, run), seed, run, run.key)
