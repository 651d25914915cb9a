"""Workload B as the chapter runs it: polynomials of each degree, one model after the other."""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from mlplab.bench.arrays import polynomials
from mlplab.bench.timing import Timing, serve

N_ROWS, BATCH_SIZE, RATE = 100, 10, 0.01
DEGREES_TIMED = (4, 20)
N_EPOCHS_TIMED = 40


def train(features: Tensor, targets: Tensor, n_terms: int, n_epochs: int) -> float:
    """Train one polynomial with SGD; return its last loss on the training rows."""
    inputs = features[:, :n_terms]
    batches = DataLoader(TensorDataset(inputs, targets), BATCH_SIZE, shuffle=True)
    net = nn.Sequential(nn.Linear(n_terms, 1, bias=False))
    loss = nn.MSELoss(reduction="none")
    optimiser = torch.optim.SGD(net.parameters(), lr=RATE)
    for _ in range(n_epochs):
        for some, wanted in batches:
            optimiser.zero_grad()
            loss(net(some), wanted).mean().backward()
            optimiser.step()
    with torch.no_grad():
        return float(loss(net(inputs), targets).mean())


def measure() -> Timing:
    """Time some epochs of a low and of a high degree."""
    features, targets = (torch.from_numpy(array) for array in polynomials(N_ROWS))
    train(features, targets, DEGREES_TIMED[0], 2)
    start = time.perf_counter()
    losses = [train(features, targets, n, N_EPOCHS_TIMED) for n in DEGREES_TIMED]
    run_epochs = len(DEGREES_TIMED) * N_EPOCHS_TIMED
    seconds = (time.perf_counter() - start) / run_epochs
    return Timing(
        "chapter's way",
        seconds,
        run_epochs,
        f"{N_EPOCHS_TIMED} of 400 epochs of {len(DEGREES_TIMED)} of 200 models after two warm-up "
        "epochs; the others do the same work, step for step, and are taken to cost the same",
        {"train_loss": losses[-1]},
    )


if __name__ == "__main__":
    serve(measure)
