"""The populations whose steps are timed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

import mlplab as ml
from mlplab.data import Task
from mlplab.specs import MLP, SGD, AdamW, Fit, Run, TaskRef


@dataclass(frozen=True)
class Shape:
    """Networks of one shape, and how many of them train at once.

    Attributes:
        optimiser: `sgd` or `adamw`.
        rates: each trains with every seed.
        steps: of an epoch.
    """

    name: str
    features: int
    hidden: tuple[int, ...]
    classes: int
    batch: int
    seeds: int
    optimiser: str
    rates: tuple[float, ...]
    steps: int

    @property
    def n_runs(self) -> int:
        """How many networks there are."""
        return self.seeds * len(self.rates)

    @property
    def title(self) -> str:
        """Return the shape in words.

        >>> SMALL[0].title
        '4 x 12-8-3, batch 8, sgd'
        """
        widths = "-".join(map(str, (self.features, *self.hidden, self.classes)))
        return f"{self.n_runs} x {widths}, batch {self.batch}, {self.optimiser}"

    @property
    def flop_per_step(self) -> int:
        """Multiplications and additions of one network's products in a step."""
        widths = (self.features, *self.hidden, self.classes)
        pairs = list(pairwise(widths))
        # Three products a layer, but no delta goes below the first.
        each = sum(6 * i * o for i, o in pairs) - 2 * pairs[0][0] * pairs[0][1]
        return each * self.batch

    def task(self) -> Task:
        """Return one epoch of normal inputs and random classes."""
        return _task(self.features, self.classes, self.batch * self.steps)

    def runs(self, task: Task) -> list[Run]:
        """Return the runs, seed by seed."""
        return [
            Run(
                task=TaskRef(**task.spec()),
                net=MLP(hidden=self.hidden),
                optim=SGD(lr=rate) if self.optimiser == "sgd" else AdamW(lr=rate),
                fit=Fit(epochs=1000, batch_size=self.batch, test="never"),
                seed=seed,
            )
            for seed in range(self.seeds)
            for rate in self.rates
        ]


@lru_cache(maxsize=2)  # A's take a second, and every way to train begins with them
def _task(features: int, classes: int, n: int) -> Task:
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((n, features), dtype=np.float32)
    return ml.task_from_arrays(inputs, rng.permutation(np.arange(n) % classes))


FULL = (
    Shape("A", 784, (256,), 10, 256, 8, "sgd", (0.03, 0.1, 0.3, 0.5), 234),
    Shape("W384", 384, (384, 384, 384), 10, 256, 64, "adamw", (0.001,), 100),
)
SMALL = (
    Shape("A", 12, (8,), 3, 8, 2, "sgd", (0.1, 0.3), 3),
    Shape("W384", 12, (8, 8, 8), 3, 8, 3, "adamw", (0.001,), 3),
)
