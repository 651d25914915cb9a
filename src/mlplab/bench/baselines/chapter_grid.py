"""Workload E as the chapter tunes: every configuration on every fold, one after another."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from mlplab.bench.arrays import N_FOLDS, houses
from mlplab.bench.baselines.chapter_linear import FoldData, fold_data, rmse
from mlplab.bench.grid import BATCH_SIZE, HIDDEN, N_EPOCHS, Configuration, sample
from mlplab.bench.timing import Timing, serve

N_EPOCHS_TIMED = 5


def build_net(n_features: int, dropout: float, hidden: tuple[int, ...] = HIDDEN) -> nn.Module:
    """Build linear, ReLU, dropout for every hidden layer, and a linear output."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip((n_features, *hidden), hidden, strict=False):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], 1))


def train(
    net: nn.Module, data: FoldData, n_epochs: int, settings: Configuration, batch_size: int
) -> tuple[float, float]:
    """Train with Adam, score both parts every epoch; return the last errors (train, valid)."""
    features, prices, valid_features, valid_prices = data
    batches = DataLoader(TensorDataset(features, prices), batch_size, shuffle=True)
    loss = nn.MSELoss()
    optimiser = torch.optim.Adam(net.parameters(), lr=settings.rate, weight_decay=settings.decay)
    train_error = valid_error = float("nan")
    for _ in range(n_epochs):
        net.train()
        for inputs, targets in batches:
            optimiser.zero_grad()
            value = loss(net(inputs), targets)
            value.backward()
            optimiser.step()
        net.eval()
        with torch.no_grad():
            train_error = rmse(net, features, prices)
            valid_error = rmse(net, valid_features, valid_prices)
    return train_error, valid_error


def tune(
    chosen: Sequence[Configuration],
    features: Tensor,
    prices: Tensor,
    n_epochs: int,
    hidden: tuple[int, ...] = HIDDEN,
) -> list[tuple[float, float]]:
    """Cross-validate configurations in turn; return their mean last errors (train, valid)."""
    found = []
    for settings in chosen:
        train_sum = valid_sum = 0.0
        for index in range(N_FOLDS):
            net = build_net(features.shape[1], settings.dropout, hidden)
            data = fold_data(N_FOLDS, index, features, prices)
            errors = train(net, data, n_epochs, settings, BATCH_SIZE)
            train_sum += errors[0]
            valid_sum += errors[1]
        found.append((train_sum / N_FOLDS, valid_sum / N_FOLDS))
    return found


def measure() -> Timing:
    """Time 5 folds of 4 of the 100 configurations for 5 of the 40 epochs."""
    features, prices = (torch.from_numpy(array) for array in houses())
    prices = prices.reshape(-1, 1)
    chosen = sample()
    tune(chosen[:1], features, prices, 1)

    start = time.perf_counter()
    errors = tune(chosen, features, prices, N_EPOCHS_TIMED)
    seconds = time.perf_counter() - start
    run_epochs = len(chosen) * N_FOLDS * N_EPOCHS_TIMED
    return Timing(
        "chapter's way",
        seconds / run_epochs,
        run_epochs,
        f"{len(chosen)} of 100 configurations x {N_FOLDS} folds, {N_EPOCHS_TIMED} of {N_EPOCHS} "
        "epochs, one after another, after one warm-up epoch of each fold; the others do the same "
        "work and are taken to cost the same",
        {"train_rmse": errors[-1][0], "valid_rmse": errors[-1][1]},
    )


if __name__ == "__main__":
    serve(measure)
