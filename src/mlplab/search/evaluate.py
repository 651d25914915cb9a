"""What answers a strategy: the seam between searching and training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from mlplab.search.trial import Proposal


class Evaluator(Protocol):
    """Scores proposals, a whole population at a time."""

    def scores(self, proposals: Sequence[Proposal]) -> list[tuple[float, ...]]:
        """Return each proposal's scores by seed; larger is better, -inf where a run failed."""


@runtime_checkable
class Counting(Protocol):
    """An evaluator that knows how long runs trained: some end earlier than they might."""

    def trained(self, proposal: Proposal) -> Sequence[int]:
        """Return the epochs that each seed's run of a scored proposal trained."""
