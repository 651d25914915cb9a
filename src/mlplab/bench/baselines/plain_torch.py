"""Workload A without the DataLoader: tensors in memory, autograd, `torch.optim.SGD`."""

from __future__ import annotations

import time

import torch
from torch import Tensor, nn

from mlplab.bench.arrays import Images, fashion_mnist
from mlplab.bench.side_by_side import side_by_side, wait_for_all
from mlplab.bench.timing import Timing, serve

N_PROCESSES = 2
N_EPOCHS = 2


def build_net(n_inputs: int, n_classes: int, n_hidden: int = 256) -> nn.Module:
    """Build linear, ReLU, linear, with torch's own initial weights."""
    return nn.Sequential(nn.Linear(n_inputs, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_classes))


def train_epoch(
    net: nn.Module,
    optimiser: torch.optim.Optimizer,
    inputs: Tensor,
    labels: Tensor,
    batch_size: int = 256,
) -> float:
    """Train over all rows once in a new order; return the mean loss on the way."""
    loss = nn.CrossEntropyLoss()
    total = torch.zeros(())
    for rows in torch.split(torch.randperm(len(inputs)), batch_size):
        optimiser.zero_grad()
        value = loss(net(inputs[rows]), labels[rows])
        value.backward()
        optimiser.step()
        total += value.detach() * len(rows)
    return float(total) / len(inputs)


def score(net: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    """Return the accuracy over all rows."""
    with torch.no_grad():
        return float((net(inputs).argmax(dim=1) == labels).float().mean())


def train_one_run(data: Images, n_epochs: int) -> tuple[float, float, float]:
    """Train one run and score the test split every epoch; return seconds, loss and accuracy."""
    inputs = torch.from_numpy(data.train_pixels).float().div_(255)
    labels = torch.from_numpy(data.train_labels)
    test_inputs = torch.from_numpy(data.test_pixels).float().div_(255)
    test_labels = torch.from_numpy(data.test_labels)
    net = build_net(inputs.shape[1], int(labels.max()) + 1)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    train_epoch(net, optimiser, inputs[:12_800], labels[:12_800])
    score(net, test_inputs, test_labels)

    wait_for_all()
    loss = accuracy = float("nan")
    start = time.perf_counter()
    for _ in range(n_epochs):
        loss = train_epoch(net, optimiser, inputs, labels)
        accuracy = score(net, test_inputs, test_labels)
    return time.perf_counter() - start, loss, accuracy


def measure() -> Timing:
    """Time two epochs of two runs at once, each in its own process on one thread."""
    results = side_by_side(train_one_run, N_PROCESSES, fashion_mnist(), N_EPOCHS)
    slowest = max(seconds for seconds, _, _ in results)
    return Timing(
        "plain torch",
        slowest / (N_PROCESSES * N_EPOCHS),
        N_PROCESSES * N_EPOCHS,
        f"{N_PROCESSES} processes x 1 thread, one run each, {N_EPOCHS} epochs with their test "
        "scoring after 50 batches of warm-up",
        {"train_loss": results[0][1], "test_accuracy": results[0][2]},
    )


if __name__ == "__main__":
    serve(measure)
