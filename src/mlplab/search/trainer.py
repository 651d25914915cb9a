"""The evaluator that trains: a whole population at a time, through the store."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from mlplab.data import Task
from mlplab.experiment import Arm, Cell, Setup, finish
from mlplab.experiment.progress import ProgressCallback
from mlplab.search.space import Space, name_of
from mlplab.search.trial import Proposal
from mlplab.specs import Run, TaskRef


class Trainer:
    """Trains what the store does not know; the scores are of the weights that runs end with."""

    def __init__(
        self,
        task: Task,
        space: Space,
        metric: str,
        sign: float,
        setup: Setup,
        progress: Callable[[], ProgressCallback | None],
        title: str,
        keep_weights: bool = False,
    ) -> None:
        """`sign` is -1 where smaller values of the metric are better; `title` names the search."""
        self._task = task
        self._ref = TaskRef(**task.spec())
        self._space = space
        self._metric = metric
        self._sign = sign
        self._setup = setup
        self._progress = progress
        self._title = title
        self._keep_weights = keep_weights
        self._trained: dict[tuple[str, int], list[int]] = {}
        self.n_runs = 0
        self.n_from_store = 0

    def scores(self, proposals: Sequence[Proposal]) -> list[tuple[float, ...]]:
        """Train one population and return its scores.

        Raises:
            ConfigError: a configuration that does not fit the base run or the task.
            Interrupted: Ctrl-C; what had finished is in the store.
        """
        populations = [self._cells(proposal) for proposal in proposals]
        # Configurations that make the same run train once.
        unique = list({cell.key: cell for cells in populations for cell in cells}.values())
        finished = finish(
            unique,
            self._task,
            self._setup,
            title=self._title,
            keep_weights=self._keep_weights,
            progress=self._progress(),
        )
        self.n_runs += len(unique)
        self.n_from_store += finished.n_from_store
        answers = []
        for proposal, cells in zip(proposals, populations, strict=True):
            outcomes = [finished.outcomes[cell.key] for cell in cells]
            self._trained[_place(proposal)] = [outcome.epochs for outcome in outcomes]
            values = [
                math.nan if outcome.status == "diverged" else outcome.last(self._metric)
                for outcome in outcomes
            ]
            answers.append(tuple(self._sign * v if math.isfinite(v) else -math.inf for v in values))
        return answers

    def trained(self, proposal: Proposal) -> Sequence[int]:
        """Return the epochs that each seed's run of a scored proposal trained."""
        return self._trained[_place(proposal)]

    def _cells(self, proposal: Proposal) -> list[Cell]:
        config = proposal.config
        epochs = self._space.epochs(config, proposal.epochs)
        run: Run = self._space.run(config).with_value("fit.epochs", epochs).replace(task=self._ref)
        arm = Arm(name_of(config), {"fit.epochs": epochs, **config}, run)
        return [Cell(arm, made.seed, made, made.key) for made in run.with_seeds(proposal.seeds)]


def _place(proposal: Proposal) -> tuple[str, int]:
    return f"{name_of(proposal.config)} {proposal.seeds}", proposal.epochs
