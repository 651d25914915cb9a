"""Configurations that a table model tries: what its inputs are, the network, how it is trained."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from pydantic import Field

from mlplab.specs import MLP, Fit, Run
from mlplab.specs.base import Spec
from mlplab.specs.optim import Adam, AdamW
from mlplab.specs.schedule import Schedule
from mlplab.tabular.model_inputs import Inputs
from mlplab.tabular.scoring import TaskKind

_STEPS = 1100  # of a training: enough for small tables; large ones get more with their epochs
_LEAST_EPOCHS, _MOST_EPOCHS = 12, 400
# Four share their inputs, made once; few enough to look at the clock after each.
_PER_CHUNK = 4
_SHAPES = ((64,), (128,), (256,), (384,), (512,), (128, 64), (256, 128))
# L1 and L2 of linear models.
_LINEAR = (
    (0.2, 0.0), (0.0, 0.03), (0.1, 0.0), (0.05, 0.03), (0.25, 0.0), (0.0, 0.003), (0.15, 0.0),
    (0.1, 0.03), (0.02, 0.0),
)  # fmt: skip
# Layers, dropout, rate, L1, decay, and how much longer than linear models they train.
_NETWORKS = (
    ((128,), 0.2, 0.001, 0.1, 1.0, 1.0), ((384,), 0.5, 0.001, 0.0, 1.0, 1.0),
    ((64,), 0.1, 0.001, 0.2, 0.0, 1.0), ((512,), 0.2, 0.001, 0.1, 0.0, 1.0),
    ((128,), 0.2, 0.001, 0.1, 1.0, 2.0), ((256, 128), 0.0, 0.0003, 0.1, 3.0, 1.0),
    ((384,), 0.5, 0.001, 0.05, 3.0, 1.0),
)  # fmt: skip


class Candidate(Spec):
    """One configuration."""

    inputs: Inputs = Inputs()
    hidden: tuple[int, ...] = Field(default=(), description="none: a linear model")
    dropout: float = Field(default=0.0, ge=0, lt=1)
    lr: float = Field(default=0.01, gt=0)
    decay: float = Field(default=0.0, ge=0, description="L2 of linear models, else decoupled")
    l1: float = Field(default=0.0, ge=0, description="moves weights to 0 and leaves them there")
    epochs: int = Field(default=60, ge=1)
    batch: int = Field(default=64, ge=1)

    @property
    def words(self) -> str:
        """The settings in words."""
        net = f"{'x'.join(map(str, self.hidden))} ReLU" if self.hidden else "linear"
        parts = [net, f"dropout {self.dropout:g}" if self.dropout else "", f"lr {self.lr:g}"]
        parts += [f"decay {self.decay:g}" if self.decay else ""]
        parts += [f"L1 {self.l1:g}" if self.l1 else ""]
        parts += [f"{self.epochs} epochs of batches of {self.batch}", self.inputs.words]
        return ", ".join(part for part in parts if part)

    @property
    def work(self) -> float:
        """What a pass over a row costs, in units of about a microsecond on one core."""
        if not self.hidden:
            return 0.1 * self.epochs
        return sum(self.hidden) / 16 * self.epochs / 10

    def run(self, n_rows: int) -> Run:
        """Return the training of it on so many rows, with seed 0."""
        schedule = Schedule(kind="cosine")
        optim: Adam | AdamW
        if self.hidden:
            optim = AdamW(lr=self.lr, weight_decay=self.decay, l1=self.l1, schedule=schedule)
        else:
            optim = Adam(
                lr=self.lr,
                weight_decay=self.decay,
                l1=self.l1,
                decay_biases=False,
                schedule=schedule,
            )
        return Run(
            net=MLP(hidden=self.hidden, dropout=self.dropout if self.hidden else 0.0),
            optim=optim,
            fit=Fit(epochs=self.epochs, batch_size=min(self.batch, n_rows), test="never"),
        )


def batch_and_epochs(n_rows: int) -> tuple[int, int]:
    """Return the size of batches and the number of epochs that suit so many training rows.

    >>> batch_and_epochs(1168), batch_and_epochs(16)
    ((64, 61), (16, 400))
    """
    batch = min(256, max(16, 2 ** round(math.log2(max(1.0, n_rows / 18)))))
    batch = max(1, min(batch, n_rows))
    epochs = round(_STEPS / max(1, n_rows // batch))
    return batch, min(_MOST_EPOCHS, max(_LEAST_EPOCHS, epochs))


def kinds_of_inputs(task: TaskKind) -> tuple[Inputs, ...]:
    """Return the ways in which a table becomes inputs, the most promising first."""
    kinds = (
        Inputs(plain=True, limit=2.0, few=16, winsor=2.5),
        Inputs(limit=3.0, winsor=2.0),
        Inputs(plain=True, limit=2.0, few=16, rare=10, winsor=1.5),
        Inputs(plain=True, limit=3.0),
        Inputs(scale="rank", few=16, winsor=2.0),
        Inputs(limit=2.0, bins=8, winsor=2.0),
    )
    return tuple(one if task == "regression" else one.replace(winsor=0.0) for one in kinds)


def chunks_of_candidates(n_rows: int, task: TaskKind, seed: int) -> Iterator[list[Candidate]]:
    """Yield what is tried, endlessly, in groups with the same inputs.

    For each kind of inputs, linear models and networks that did well elsewhere; after them,
    networks with settings drawn by the seed.

    Args:
        n_rows: that a fold trains on.
        task: what is predicted.
        seed: draws settings.
    """
    batch, epochs = batch_and_epochs(n_rows)
    kinds = kinds_of_inputs(task)
    linear = [Candidate(batch=batch, epochs=epochs, l1=l1, decay=l2) for l1, l2 in _LINEAR]
    nets = [
        Candidate(
            hidden=hidden,
            dropout=dropout,
            lr=lr,
            l1=l1,
            decay=decay,
            epochs=max(1, round(epochs * longer)),
            batch=batch,
        )
        for hidden, dropout, lr, l1, decay, longer in _NETWORKS
    ]
    # With little time, something of everything comes first.
    plan = [(0, linear[:4]), (1, nets[:2]), (0, linear[4:]), (1, nets[2:4]), (0, nets[:2])]
    plan += [(1, linear), (1, nets[4:]), (2, linear), (2, nets[:3]), (0, nets[2:])]
    for kind in range(3, len(kinds)):
        plan += [(kind, linear), (kind, nets[:3])]
    for kind, some in plan:
        yield [one.replace(inputs=kinds[kind]) for one in some]
    rng = np.random.default_rng([seed, 0x7AB1E])
    for turn in range(10_000):
        usual = Candidate(inputs=kinds[turn % len(kinds)], batch=batch)
        yield [
            usual.replace(
                hidden=_SHAPES[int(rng.integers(len(_SHAPES)))],
                dropout=float(rng.choice([0.0, 0.1, 0.2, 0.35, 0.5])),
                lr=float(rng.choice([0.0005, 0.001, 0.002])),
                l1=float(rng.choice([0.0, 0.05, 0.1, 0.2])),
                decay=float(rng.choice([0.0, 1.0, 3.0, 10.0])),
                epochs=max(1, round(epochs * rng.choice([1.0, 1.0, 2.0]))),
            )
            for _ in range(_PER_CHUNK)
        ]
