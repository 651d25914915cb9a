"""What a strategy asks for and what it is told."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlplab.search.space import Config


@dataclass(frozen=True)
class Proposal:
    """A configuration to train with some seeds, for some epochs of a full training.

    Epochs are those of the base: a configuration whose full training is three times as long as
    the base's trains three times as many.
    """

    config: Config
    epochs: int
    seeds: tuple[int, ...]

    @property
    def run_epochs(self) -> int:
        """What it costs if nothing of it is known, and it trains as long as the base."""
        return self.epochs * len(self.seeds)


@dataclass(frozen=True)
class Trial:
    """What came of a proposal.

    Attributes:
        config: what was tried.
        epochs: how long at most; a run with patience, or one that diverges, may end earlier.
        seeds: with which seeds.
        scores: one per seed; larger is better, -inf for a run that failed.
        run_epochs: that it cost: those that were trained.
        spent: run-epochs of the search so far, this trial included.
        step: the population it belongs to, from 0.
        rung: the epochs that were proposed, if they differ from its own.
    """

    config: Config
    epochs: int
    seeds: tuple[int, ...]
    scores: tuple[float, ...]
    run_epochs: int = 0
    spent: int = 0
    step: int = 0
    rung: int = 0

    @property
    def score(self) -> float:
        """Mean over seeds; -inf if one failed."""
        return sum(self.scores) / len(self.scores) if self.scores else -math.inf

    @property
    def length(self) -> int:
        """How long the base would have trained: by this, trainings are long or short."""
        return self.rung or self.epochs


@dataclass(frozen=True)
class Terms:
    """What a strategy has to go by.

    Attributes:
        epochs: of a full training of the base.
        budget: run-epochs in all.
        population: configurations per step, where a strategy may choose.
        seeds: of each configuration, where a strategy does not say otherwise.
        per_range: values of a range, where a strategy wants a list.
        start: the configuration that a search begins with, where it needs one.
        costs: of each factor, relative: how much more a run costs at its dearest value.
        continues: whether a longer training costs only what it adds to a shorter one.
        lengths: epochs of the shortest and longest full training, where the space varies them.
    """

    epochs: int
    budget: int
    population: int = 16
    seeds: tuple[int, ...] = (0,)
    per_range: int = 4
    start: Config | None = None
    costs: tuple[tuple[str, float], ...] = ()
    continues: bool = False
    lengths: tuple[int, int] | None = None

    @property
    def n_trials(self) -> int:
        """How many full trainings of one configuration the budget pays, at most."""
        shortest = self.lengths[0] if self.lengths else self.epochs
        return max(1, self.budget // (shortest * len(self.seeds)))

    @property
    def sure_budget(self) -> int:
        """The budget in epochs of the base, if all configurations train as long as the longest."""
        longest = self.lengths[1] if self.lengths else self.epochs
        return self.budget * self.epochs // longest
