"""Workload E without the DataLoader: rows in memory, one training after another."""

from __future__ import annotations

import time

import torch
from torch import nn

from mlplab.bench.arrays import N_FOLDS, houses
from mlplab.bench.baselines.chapter_grid import build_net
from mlplab.bench.baselines.chapter_linear import FoldData, fold_data, rmse
from mlplab.bench.grid import BATCH_SIZE, N_EPOCHS, Configuration, sample
from mlplab.bench.timing import Timing, serve

N_EPOCHS_TIMED = 5


def train(
    net: nn.Module, data: FoldData, n_epochs: int, settings: Configuration, batch_size: int
) -> tuple[float, float]:
    """Train with Adam, score both parts every epoch; return the last errors (train, valid)."""
    features, prices, valid_features, valid_prices = data
    loss = nn.MSELoss()
    optimiser = torch.optim.Adam(net.parameters(), lr=settings.rate, weight_decay=settings.decay)
    train_error = valid_error = float("nan")
    for _ in range(n_epochs):
        net.train()
        for rows in torch.split(torch.randperm(len(features)), batch_size):
            optimiser.zero_grad()
            value = loss(net(features[rows]), prices[rows])
            value.backward()
            optimiser.step()
        net.eval()
        with torch.no_grad():
            train_error = rmse(net, features, prices)
            valid_error = rmse(net, valid_features, valid_prices)
    return train_error, valid_error


def measure() -> Timing:
    """Time 5 folds of 4 of the 100 configurations for 5 of the 40 epochs."""
    features, prices = (torch.from_numpy(array) for array in houses())
    folds = [fold_data(N_FOLDS, k, features, prices.reshape(-1, 1)) for k in range(N_FOLDS)]
    chosen = sample()
    train(build_net(features.shape[1], 0.0), folds[0], 5, chosen[0], BATCH_SIZE)

    errors = (float("nan"), float("nan"))
    start = time.perf_counter()
    for settings in chosen:
        for data in folds:
            net = build_net(features.shape[1], settings.dropout)
            errors = train(net, data, N_EPOCHS_TIMED, settings, BATCH_SIZE)
    seconds = time.perf_counter() - start
    run_epochs = len(chosen) * N_FOLDS * N_EPOCHS_TIMED
    return Timing(
        "plain torch",
        seconds / run_epochs,
        run_epochs,
        f"{len(chosen)} of 100 configurations x {N_FOLDS} folds, {N_EPOCHS_TIMED} of {N_EPOCHS} "
        "epochs, one after another on torch's own number of threads, after 5 warm-up epochs; the "
        "others do the same work and are taken to cost the same",
        {"train_rmse": errors[0], "valid_rmse": errors[1]},
    )


if __name__ == "__main__":
    serve(measure)
