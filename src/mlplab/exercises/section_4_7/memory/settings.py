"""The networks whose memory is counted and measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from mlplab.specs import MLP, SGD, Adam, Fit, Optimiser, Run
from mlplab.theory.memory import DataShape, MeasuredPeak, measure_peak

FEATURES, HIDDEN, OUTPUTS, BATCH = 784, 256, 10, 256
"""The chapter's model, on images of 28 by 28 pixels."""


@dataclass(frozen=True)
class Case:
    """A population that is trained in a process of its own."""

    name: str
    hidden: tuple[int, ...]
    n_runs: int
    batch_size: int = 256
    optim: Optimiser = field(default_factory=SGD)
    dtype: str = "float32"

    @property
    def run(self) -> Run:
        """A run of it, of one epoch."""
        fit = Fit(epochs=1, batch_size=self.batch_size, dtype=self.dtype)
        return Run(net=MLP(hidden=self.hidden), optim=self.optim, fit=fit)

    @property
    def shape(self) -> DataShape:
        """Two batches of images."""
        return DataShape(FEATURES, OUTPUTS, n_rows=2 * self.batch_size)


CASES = (
    Case("4096 units", (4096,), 4, batch_size=64),
    Case("two layers of 4096", (4096, 4096), 2, batch_size=64),
    Case("1024 units, Adam", (1024,), 8, optim=Adam()),
    Case("512 units, batches of 4000", (512,), 8, batch_size=4000),
    Case("2048 units, float64", (2048,), 4, batch_size=64, dtype="float64"),
)


@lru_cache(maxsize=1)
def peaks() -> tuple[MeasuredPeak, ...]:
    """Train every case in a fresh process."""
    return tuple(measure_peak(case.run, case.shape, case.n_runs) for case in CASES)
