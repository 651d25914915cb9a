"""Populations learn what a plain loop learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from tests.engine.population import of, trained
from torch import nn

from mlplab.data import Task, load_task
from mlplab.specs import MLP, SGD, Fit

N_SEEDS = 8


def plain_accuracy(task: Task, hidden: int, lr: float, epochs: int, batch: int, seed: int) -> float:
    """Train with torch's own layers, shuffles and optimiser, as any reader would; test accuracy."""
    generator = torch.Generator().manual_seed(seed)
    torch_state = torch.get_rng_state()
    torch.manual_seed(seed)
    net = nn.Sequential(nn.Linear(task.n_features, hidden), nn.ReLU(), nn.Linear(hidden, 10))
    for layer in (net[0], net[2]):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
    torch.set_rng_state(torch_state)
    X = torch.from_numpy(np.array(task.inputs[task.pool])).float() * task.input_scale
    y = torch.from_numpy(np.array(task.targets[task.pool]))
    optimiser = torch.optim.SGD(net.parameters(), lr=lr)
    for _ in range(epochs):
        order = torch.randperm(len(X), generator=generator)
        for first in range(0, len(X) - batch + 1, batch):
            rows = order[first : first + batch]
            optimiser.zero_grad()
            nn.functional.cross_entropy(net(X[rows]), y[rows]).backward()
            optimiser.step()
    rows = task.test_rows("tests")
    X_test = torch.from_numpy(np.array(task.inputs[rows])).float() * task.input_scale
    with torch.no_grad():
        return float((net(X_test).argmax(1).numpy() == task.targets[rows]).mean())


def assert_equivalent(task: Task, hidden: int, lr: float, epochs: int, batch: int, margin: float):
    """Assert that the means differ by less than a margin: two one-sided tests at 5 %."""
    runs = [of(task, net=MLP(hidden=(hidden,)), optim=SGD(lr=lr), seed=s,
               fit=Fit(epochs=epochs, batch_size=batch)) for s in range(N_SEEDS)]  # fmt: skip
    done = trained(runs, task)
    ours = np.array([done[run.key].outcome.last("test_accuracy") for run in runs])
    theirs = np.array([
        plain_accuracy(task, hidden, lr, epochs, batch, 1000 + s) for s in range(N_SEEDS)
    ])  # fmt: skip
    interval = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.90)
    assert -margin < interval.low
    assert interval.high < margin
    # A spread of another size would show another recipe even where the means agree.
    assert 1 / 5 < np.std(ours, ddof=1) / np.std(theirs, ddof=1) < 5


def test_digits_are_learnt_as_by_a_plain_loop():
    assert_equivalent(load_task("digits"), hidden=64, lr=0.1, epochs=10, batch=32, margin=0.015)


@pytest.mark.slow
def test_fashion_mnist_is_learnt_as_by_a_plain_loop():
    assert_equivalent(load_task("fashion-mnist"), 256, lr=0.1, epochs=10, batch=256, margin=0.005)
