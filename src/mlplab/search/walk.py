"""The walk of a strategy: it proposes, an evaluator answers, the budget ends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from mlplab.search.evaluate import Counting, Evaluator
from mlplab.search.space import Space
from mlplab.search.strategies.base import Strategy
from mlplab.search.trial import Proposal, Terms, Trial
from mlplab.specs.keyed import philox

_MOST_IDLE_STEPS = 20  # in a row that train nothing new: a small space is used up

_Placed = tuple[int, Proposal]
_Scored = tuple[int, Proposal, tuple[float, ...], int]


class Account:
    """Counts run-epochs: what was trained once is free, and longer training costs what it adds.

    Where trainings cannot continue, a longer one costs all of its epochs.
    """

    def __init__(self, space: Space, terms: Terms) -> None:
        self._space = space
        self._continues = terms.continues
        self._budget = terms.budget
        self._trained: dict[tuple[str, int], set[int]] = {}
        self.spent = 0

    def affordable(self, proposals: Sequence[_Placed]) -> tuple[list[_Placed], list[_Placed]]:
        """Return the proposals that the rest of the budget pays, the first first, and the rest."""
        left = self._budget - self.spent
        paid: list[_Placed] = []
        waiting: list[_Placed] = []
        for place, proposal in proposals:
            cost = sum(self._costs(proposal))
            (paid if cost <= left else waiting).append((place, proposal))
            left -= cost if cost <= left else 0
        return paid, waiting

    def charge(self, proposal: Proposal, trained: Sequence[int] | None = None) -> int:
        """Note a proposal as trained; return what it cost.

        Args:
            proposal: all of whose seeds are now known.
            trained: epochs of each seed's run; default: as many as it might.
        """
        course, epochs = self._course(proposal)
        costs = self._costs(proposal)
        if trained is not None:
            costs = [min(pair) for pair in zip(costs, trained, strict=True)]
        for seed in proposal.seeds:
            self._trained.setdefault((course, seed), set()).add(epochs)
        self.spent += sum(costs)
        return sum(costs)

    def _course(self, proposal: Proposal) -> tuple[str, int]:
        config = proposal.config
        return self._space.course(config), self._space.epochs(config, proposal.epochs)

    def _costs(self, proposal: Proposal) -> list[int]:
        """Return what each seed adds to what was spent, at most."""
        course, epochs = self._course(proposal)
        costs = []
        for seed in proposal.seeds:
            known = self._trained.get((course, seed), set())
            behind = max((e for e in known if e < epochs), default=0) if self._continues else 0
            longer = self._continues and any(e > epochs for e in known)
            costs.append(0 if epochs in known or longer else epochs - behind)
        return costs


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
    # Keyed: walked again, a search proposes the same, and the store has the answers.
    rng: np.random.Generator = philox(seed, "search")
    account = Account(space, terms)
    steps = strategy(space, terms, rng)
    step, idle = 0, 0
    proposals: Sequence[Proposal] | None = next(steps, None)
    while proposals is not None:
        scored: list[_Scored] = []
        paid, waiting = account.affordable(list(enumerate(proposals)))
        while paid:
            scored += _score(paid, account, evaluator)
            # What ended early left something for those that seemed too dear.
            paid, waiting = account.affordable(waiting)
        if not scored:
            return
        trials = _trials(scored, step, space, account.spent)
        yield trials
        idle = 0 if any(trial.run_epochs for trial in trials) else idle + 1
        if waiting or idle == _MOST_IDLE_STEPS:
            return
        step += 1
        try:
            proposals = steps.send(trials)
        except StopIteration:
            return


def _score(paid: Sequence[_Placed], account: Account, evaluator: Evaluator) -> Iterator[_Scored]:
    answers = evaluator.scores([proposal for _, proposal in paid])
    for (place, proposal), scores in zip(paid, answers, strict=True):
        # One account for all: two proposals of a step may share runs.
        counted = evaluator.trained(proposal) if isinstance(evaluator, Counting) else None
        yield place, proposal, scores, account.charge(proposal, counted)


def _trials(scored: Sequence[_Scored], step: int, space: Space, spent: int) -> list[Trial]:
    """Return a step's trials in the order in which they were proposed."""
    spent -= sum(cost for *_, cost in scored)
    trials = []
    for _, proposal, scores, cost in sorted(scored, key=lambda each: each[0]):
        spent += cost
        epochs = space.epochs(proposal.config, proposal.epochs)
        trials.append(
            Trial(
                proposal.config,
                epochs,
                proposal.seeds,
                scores,
                cost,
                spent,
                step,
                proposal.epochs,
            )
        )
    return trials
