"""What came of a run, and where it was computed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["finished", "diverged", "stopped"]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a run's bits come from: runs of one provenance are comparable bit for bit.

    >>> Provenance("x86_64", "2.13.0", "openblas-0.3.34-haswell", "1").id
    '26def4c77c50'
    """

    machine: str
    torch: str
    numerics: str
    engine: str

    @property
    def id(self) -> str:
        """A short hash of the four."""
        text = "\0".join((self.machine, self.torch, self.numerics, self.engine))
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run gave: its metrics after every epoch, and how it ended.

    Attributes:
        epochs: that were trained.
        history: metric -> its value after each epoch.
        best_epoch: the epoch whose weights the run ended with, if not the last.
    """

    key: str
    provenance: str
    status: Status
    epochs: int
    history: Mapping[str, Sequence[float]]
    seconds: float
    n_params: int
    diverged_epoch: int | None = None
    correct: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    best_epoch: int | None = None

    def last(self, metric: str) -> float:
        """Return a metric of the weights that the run ended with; NaN where it was not recorded.

        These are the last epoch's, or the best one's where a run with patience restored them. Of a
        metric that is scored at the end alone it is the only one.
        """
        values = self.history.get(metric, ())
        if not values:
            return float("nan")
        return values[min(self.best_epoch or len(values), len(values)) - 1]
