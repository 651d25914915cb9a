"""Workload C as the chapter runs it: k-fold validation of a linear model over many rates."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from mlplab.bench.arrays import N_FOLDS, houses
from mlplab.bench.timing import Timing, serve

N_EPOCHS = 100
RATES_TIMED = (0.01,)
FoldData = tuple[Tensor, Tensor, Tensor, Tensor]


def fold_data(n_folds: int, index: int, features: Tensor, prices: Tensor) -> FoldData:
    """Split off one fold: features and prices to train on, then those to validate on."""
    size = len(features) // n_folds
    train_features, train_prices = [], []
    for other in range(n_folds):
        rows = slice(other * size, (other + 1) * size)
        if other == index:
            valid_features, valid_prices = features[rows], prices[rows]
        else:
            train_features.append(features[rows])
            train_prices.append(prices[rows])
    return torch.cat(train_features), torch.cat(train_prices), valid_features, valid_prices


def rmse(net: nn.Module, features: Tensor, prices: Tensor) -> float:
    """Return the root mean squared error of the (log) prices."""
    return torch.sqrt(nn.functional.mse_loss(net(features), prices)).item()


def train(
    net: nn.Module, data: FoldData, n_epochs: int, rate: float, batch_size: int
) -> tuple[list[float], list[float]]:
    """Train with Adam, score both parts every epoch; return the curves (train, valid)."""
    features, prices, valid_features, valid_prices = data
    batches = DataLoader(TensorDataset(features, prices), batch_size, shuffle=True)
    loss = nn.MSELoss()
    optimiser = torch.optim.Adam(net.parameters(), lr=rate)
    train_curve, valid_curve = [], []
    for _ in range(n_epochs):
        net.train()
        for inputs, targets in batches:
            optimiser.zero_grad()
            value = loss(net(inputs), targets)
            value.backward()
            optimiser.step()
        net.eval()
        train_curve.append(rmse(net, features, prices))
        valid_curve.append(rmse(net, valid_features, valid_prices))
    return train_curve, valid_curve


def cross_validate(
    build_net: Callable[[], nn.Module],
    features: Tensor,
    prices: Tensor,
    n_folds: int,
    n_epochs: int,
    rate: float,
    batch_size: int,
) -> tuple[float, float]:
    """Train on every fold in turn; return the mean last errors (train, valid)."""
    train_sum = valid_sum = 0.0
    for index in range(n_folds):
        data = fold_data(n_folds, index, features, prices)
        train_curve, valid_curve = train(build_net(), data, n_epochs, rate, batch_size)
        train_sum += train_curve[-1]
        valid_sum += valid_curve[-1]
    return train_sum / n_folds, valid_sum / n_folds


def measure() -> Timing:
    """Time 5 folds of the chapter's house-price loop at one of the 20 rates."""
    features, prices = (torch.from_numpy(array) for array in houses())
    prices = prices.reshape(-1, 1)

    def build_net() -> nn.Module:
        return nn.Sequential(nn.Linear(features.shape[1], 1))

    cross_validate(build_net, features, prices, N_FOLDS, 1, 0.01, 64)
    start = time.perf_counter()
    for rate in RATES_TIMED:
        errors = cross_validate(build_net, features, prices, N_FOLDS, N_EPOCHS, rate, 64)
    seconds = time.perf_counter() - start
    run_epochs = len(RATES_TIMED) * N_FOLDS * N_EPOCHS
    return Timing(
        "chapter's way",
        seconds / run_epochs,
        run_epochs,
        f"{N_FOLDS} folds x {len(RATES_TIMED)} of 20 rates x {N_EPOCHS} epochs after one warm-up "
        "epoch of each fold; the other rates do the same work and are taken to cost the same",
        {"train_rmse": errors[0], "valid_rmse": errors[1]},
    )


if __name__ == "__main__":
    serve(measure)
