"""Workload D as the chapter runs it: a deeper network with dropout on a table of features."""

from __future__ import annotations

import time

import torch
from torch import nn

from mlplab.bench.arrays import N_FOLDS, houses
from mlplab.bench.baselines.chapter_linear import fold_data, train
from mlplab.bench.timing import Timing, serve

N_EPOCHS_TIMED = 20


def build_net(n_features: int, hidden: tuple[int, ...] = (256, 128, 64)) -> nn.Module:
    """Build linear, ReLU, dropout 0.2 for every hidden layer, and a linear output."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip((n_features, *hidden), hidden, strict=False):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(0.2)]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], 1))


def measure() -> Timing:
    """Time 20 of the 100 epochs of one of the 16 runs."""
    features, prices = (torch.from_numpy(array) for array in houses())
    data = fold_data(N_FOLDS, 0, features, prices.reshape(-1, 1))
    net = build_net(features.shape[1])
    train(net, data, 2, rate=0.001, batch_size=32)

    start = time.perf_counter()
    train_curve, valid_curve = train(net, data, N_EPOCHS_TIMED, rate=0.001, batch_size=32)
    seconds = time.perf_counter() - start
    return Timing(
        "chapter's way",
        seconds / N_EPOCHS_TIMED,
        N_EPOCHS_TIMED,
        f"1 of 16 runs, {N_EPOCHS_TIMED} of 100 epochs after 2 warm-up epochs; all runs and epochs "
        "do the same work and are taken to cost the same",
        {"train_rmse": train_curve[-1], "valid_rmse": valid_curve[-1]},
    )


if __name__ == "__main__":
    serve(measure)
