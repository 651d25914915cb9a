"""The walk of a strategy: it proposes, an evaluator answers, the budget ends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mlplab.search.evaluate import Evaluator
from mlplab.search.space import Space, name_of
from mlplab.search.strategies.base import Strategy
from mlplab.search.trial import Proposal, Terms, Trial
from mlplab.specs.keyed import philox

_MOST_IDLE_STEPS = 20  # in a row that train nothing new: a small space is used up


class Account:
    """Counts run-epochs: what was trained once is free, and longer training costs what it adds.

    Where trainings cannot continue, a longer one costs all of its epochs.
    """

    def __init__(self, continues: bool) -> None:
        self._continues = continues
        self._trained: dict[tuple[str, int], set[int]] = {}
        self.spent = 0

    def cost(self, proposal: Proposal) -> int:
        """Return what a proposal adds to what was spent."""
        name, cost = name_of(proposal.config), 0
        for seed in proposal.seeds:
            known = self._trained.get((name, seed), set())
            if proposal.epochs in known:
                continue
            behind = max((e for e in known if e < proposal.epochs), default=0)
            longer = self._continues and any(e > proposal.epochs for e in known)
            cost += 0 if longer else proposal.epochs - (behind if self._continues else 0)
        return cost

    def charge(self, proposal: Proposal) -> int:
        """Note a proposal as trained; return what it cost."""
        cost = self.cost(proposal)
        for seed in proposal.seeds:
            self._trained.setdefault((name_of(proposal.config), seed), set()).add(proposal.epochs)
        self.spent += cost
        return cost


def walk(
    strategy: Strategy, space: Space, terms: Terms, evaluator: Evaluator, seed: int = 0
) -> Iterator[list[Trial]]:
    """Let a strategy search until it ends or the budget is spent; yield each step's trials.

    The same strategy, seed and answers take the same steps, so a search that was interrupted is
    continued by walking again: finished runs are remembered by the evaluator's store.

    Args:
        strategy: what proposes.
        space: what it may propose.
        terms: budget and sizes.
        evaluator: what trains, or replays.
        seed: of the strategy's own draws.
    """
    rng: np.random.Generator = philox(seed, "search")
    account = Account(terms.continues)
    steps = strategy(space, terms, rng)
    step, idle = 0, 0
    proposals: Sequence[Proposal] | None = next(steps, None)
    while proposals is not None:
        paid, dear = _affordable(proposals, account, terms.budget)
        if not paid:
            return
        # One account for all: two proposals of a step may share runs.
        costs = [account.charge(proposal) for proposal in paid]
        spent = account.spent - sum(costs)
        trials = []
        for proposal, cost, scores in zip(paid, costs, evaluator.scores(paid), strict=True):
            spent += cost
            trials.append(
                Trial(proposal.config, proposal.epochs, proposal.seeds, scores, cost, spent, step)
            )
        yield trials
        idle = 0 if any(costs) else idle + 1
        if dear or idle == _MOST_IDLE_STEPS:
            return
        step += 1
        try:
            proposals = steps.send(trials)
        except StopIteration:
            return


def _affordable(
    proposals: Sequence[Proposal], account: Account, budget: int
) -> tuple[list[Proposal], bool]:
    """Return the first proposals that the rest of the budget pays, and whether some are left."""
    left = budget - account.spent
    paid: list[Proposal] = []
    for proposal in proposals:
        cost = account.cost(proposal)
        if cost > left:
            return paid, True
        left -= cost
        paid.append(proposal)
    return paid, False
