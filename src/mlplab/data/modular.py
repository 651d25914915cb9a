"""Sums modulo a number, from one-hot inputs: a rule that can be memorised or found."""

from __future__ import annotations

import numpy as np

from mlplab.data.ranges import expect_at_least, expect_room
from mlplab.data.registry import dataset
from mlplab.data.task import Task
from mlplab.specs import MLP, AdamW, Fit, Run

MODULUS = 31


@dataset(
    "modular-addition",
    describe="a + b modulo p from one-hot a and b, all pairs once",
    kind="classification",
    n_train=MODULUS**2,
    n_test=0,
    n_features=2 * MODULUS,
    origin="made by a rule",
    # Decay finds the rule within these epochs; without it the pairs are learned by heart.
    base=Run(
        net=MLP(hidden=(128,)),
        optim=AdamW(lr=0.01, weight_decay=1.0),
        fit=Fit(loss="squared", batch_size=512, last_batch="keep", epochs=300),
    ),
    valid=0.4,
)
def modular_addition(*, modulus: int = MODULUS) -> Task:
    """List all pairs (a, b) below a modulus p; the class of a pair is a + b modulo p.

    Inputs are 2 p zeros with a 1 at a and a 1 at p + b. There is no test split: the pairs that a
    seed holds out validate.

    Args:
        modulus: p.

    Raises:
        ConfigError: a modulus below 2, or too large to list all pairs.

    Source: Power et al., Grokking: Generalization beyond overfitting on small algorithmic
    datasets, 2022, arXiv 2201.02177; for multilayer perceptrons Gromov, Grokking modular
    arithmetic, 2023, arXiv 2301.02679.

    >>> task = modular_addition(modulus=5)
    >>> task.inputs[13].tolist(), int(task.targets[13])  # a = 2, b = 3
    ([0, 0, 1, 0, 0, 0, 0, 0, 1, 0], 0)
    """
    expect_at_least(2, modulus=modulus)
    expect_room(2 * modulus**3, modulus=modulus)
    a, b = np.divmod(np.arange(modulus**2), modulus)
    one_hot = np.eye(modulus, dtype=np.uint8)
    return Task(
        name="modular-addition",
        inputs=np.concatenate([one_hot[a], one_hot[b]], axis=1),
        targets=(a + b) % modulus,
        kind="classification",
        pool=np.arange(modulus**2),
        n_classes=modulus,
        class_names=tuple(map(str, range(modulus))),
    )
