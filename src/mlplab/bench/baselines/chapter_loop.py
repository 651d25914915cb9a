"""Workload A as the chapter runs it: a DataLoader over images, autograd, `torch.optim.SGD`."""

from __future__ import annotations

import time
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from mlplab.bench.arrays import fashion_mnist
from mlplab.bench.timing import Timing, serve

N_WORKERS = 4  # as the chapter has it
Batches = DataLoader[tuple[Tensor, int]]  # torch types the items; batches hold tensors


class ImageDataset(Dataset[tuple[Tensor, int]]):
    """Images handed out one by one, each through a PIL image and a tensor transform."""

    def __init__(self, pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        side = int(pixels.shape[1] ** 0.5)
        self.images = pixels.reshape(-1, side, side)
        self.labels = labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image = Image.fromarray(self.images[index])
        return image_to_tensor(image), int(self.labels[index])


def image_to_tensor(image: Image.Image) -> Tensor:
    """Turn a grey PIL image into a float tensor (1, H, W) in [0, 1]."""
    grey = torch.from_numpy(np.array(image, dtype=np.uint8))
    return grey.view(1, image.height, image.width).contiguous().to(torch.float32).div(255)


def load_batches(
    pixels: NDArray[np.uint8],
    labels: NDArray[np.int64],
    batch_size: int,
    shuffle: bool,
    n_workers: int = N_WORKERS,
) -> Batches:
    """Make the loader of one split; its workers start anew in every epoch."""
    dataset = ImageDataset(pixels, labels)
    return DataLoader(dataset, batch_size, shuffle=shuffle, num_workers=n_workers)


def build_net(n_inputs: int, n_classes: int, n_hidden: int = 256) -> nn.Module:
    """Build flatten, linear, ReLU, linear, with weights drawn from N(0, 0.01^2)."""
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(n_inputs, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_classes)
    )
    for layer in net:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
    return net


class Accumulator:
    """Running sums of several numbers."""

    def __init__(self, n: int) -> None:
        self.sums = [0.0] * n

    def add(self, *numbers: float) -> None:
        """Add one number to each sum."""
        self.sums = [
            total + float(number) for total, number in zip(self.sums, numbers, strict=True)
        ]


def count_correct(outputs: Tensor, labels: Tensor) -> float:
    """Count the rows whose largest output is that of their label."""
    return float((outputs.argmax(dim=1).type(labels.dtype) == labels).sum())


def train_epoch(
    net: nn.Module, batches: Batches, loss: nn.Module, optimiser: torch.optim.Optimizer
) -> tuple[float, float]:
    """Train over all batches once; return the mean loss and accuracy on the way."""
    net.train()
    metric = Accumulator(3)
    for inputs, labels in batches:
        outputs = net(inputs)
        losses = loss(outputs, labels)
        optimiser.zero_grad()
        losses.mean().backward()
        optimiser.step()
        metric.add(losses.sum().item(), count_correct(outputs, labels), labels.numel())
    total_loss, correct, n = metric.sums
    return total_loss / n, correct / n


def score(net: nn.Module, batches: Batches) -> float:
    """Return the accuracy over all batches."""
    net.eval()
    metric = Accumulator(2)
    with torch.no_grad():
        for inputs, labels in batches:
            metric.add(count_correct(net(inputs), labels), labels.numel())
    return metric.sums[0] / metric.sums[1]


def measure() -> Timing:
    """Time one epoch of the chapter's loop on Fashion-MNIST, with 4 loader workers."""
    data = fashion_mnist()
    train = load_batches(data.train_pixels, data.train_labels, 256, shuffle=True)
    test = load_batches(data.test_pixels, data.test_labels, 256, shuffle=False)
    net = build_net(784, 10)
    loss = nn.CrossEntropyLoss(reduction="none")
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1)
    for inputs, labels in islice(train, 20):
        loss(net(inputs), labels).mean().backward()
        optimiser.step()
        optimiser.zero_grad()

    start = time.perf_counter()
    train_loss, train_accuracy = train_epoch(net, train, loss, optimiser)
    test_accuracy = score(net, test)
    seconds = time.perf_counter() - start
    return Timing(
        "chapter's loop",
        seconds,
        1,
        f"one epoch with its test scoring after 20 batches of warm-up, {N_WORKERS} loader workers, "
        f"{torch.get_num_threads()} torch threads",
        {
            "train_loss": train_loss,
            "train_accuracy": train_accuracy,
            "test_accuracy": test_accuracy,
        },
    )


if __name__ == "__main__":
    serve(measure)
