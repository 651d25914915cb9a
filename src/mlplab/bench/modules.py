"""What users' modules cost: `python -m mlplab.bench.modules`, on digits and one thread.

The same network by hand, as a module, and in a plain torch loop, one run after the other; then
convolution, attention and recurrence, which have no path by hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from mlplab.bench.baselines.plain_torch import train_epoch
from mlplab.data import Task, load_task
from mlplab.engine import train
from mlplab.engine.modules.factory import make_module, register_module
from mlplab.engine.surroundings import single_thread
from mlplab.engine.training import Splits, Training
from mlplab.specs import MLP, SGD, Fit, Module, Run, TaskRef

N_RUNS, N_EPOCHS, BATCH, N_TRIES = 16, 5, 32, 3
_FIT = Fit(epochs=N_EPOCHS, batch_size=BATCH, test="never")


@register_module("bench-two-layers")
def two_layers(n_features: int, n_outputs: int, width: int = 64) -> nn.Module:
    """Linear, ReLU, linear."""
    return nn.Sequential(nn.Linear(n_features, width), nn.ReLU(), nn.Linear(width, n_outputs))


@register_module("bench-convolution")
def convolution(n_features: int, n_outputs: int, channels: int = 8) -> nn.Module:
    """One convolution over an image of 8 x 8, and a linear layer."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, channels, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64 * channels, n_outputs),
    )


class _Rows(nn.Module):
    """Reads an image of 8 x 8 row by row, by attention or by a GRU."""

    def __init__(self, n_outputs: int, width: int, recurrent: bool) -> None:
        super().__init__()
        self.read = nn.GRU(8, width, batch_first=True) if recurrent else nn.Linear(8, 3 * width)
        self.out = nn.Linear(width, n_outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (B, O)."""
        found = self.read(x.view(-1, 8, 8))
        if isinstance(found, tuple):
            last: Tensor = self.out(found[0][:, -1])
            return last
        mixed = nn.functional.scaled_dot_product_attention(*found.chunk(3, -1))
        mean: Tensor = self.out(mixed.mean(1))
        return mean


@register_module("bench-attention")
def attention(n_features: int, n_outputs: int, width: int = 16) -> nn.Module:
    """One head over the rows of an image."""
    return _Rows(n_outputs, width, recurrent=False)


@register_module("bench-gru")
def gru(n_features: int, n_outputs: int, width: int = 16) -> nn.Module:
    """A GRU over the rows of an image."""
    return _Rows(n_outputs, width, recurrent=True)


def measure(net: MLP | Module, task: Task) -> float:
    """Return the seconds of a run-epoch of a population of this network."""
    ref = TaskRef(**task.spec())
    runs = [Run(task=ref, net=net, optim=SGD(), fit=_FIT, seed=seed) for seed in range(N_RUNS)]
    return _best(lambda: list(train(runs, task)))


def measure_plainly(net: Module, task: Task) -> float:
    """Return the seconds of a run-epoch of a plain torch loop over the same rows."""
    pool = torch.from_numpy(task.pool)
    inputs = torch.from_numpy(task.inputs)[pool].float() * task.input_scale
    labels = torch.from_numpy(task.targets)[pool]

    def train_all() -> None:
        for seed in range(N_RUNS):
            model = make_module(net, task.n_features, task.n_outputs, torch.float32, seed)
            optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
            for _ in range(N_EPOCHS):
                train_epoch(model, optimiser, inputs, labels, BATCH)

    with single_thread():
        return _best(train_all)


def _best(work: Callable[[], object]) -> float:
    seconds = []
    for _ in range(N_TRIES):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    # The best of three: other processes only ever make it slower.
    return min(seconds) / (N_RUNS * N_EPOCHS)


def table(names: Sequence[str]) -> str:
    """Measure and write the table of docs/modules.md."""
    task = load_task("digits")
    head = "network, runs per call", "by hand", "as a module", "plain loop", "module / by hand"
    lines = [head, ("---",) * len(head)]
    for name in names:
        net = Module(name=f"bench-{name}")
        run = Run(task=TaskRef(**task.spec()), net=net, fit=_FIT)
        size = getattr(Training.begin(run, Splits(task)).program, "team", 1)
        ours, plain = measure(net, task), measure_plainly(net, task)
        hand = measure(MLP(hidden=(64,)), task) if name == "two-layers" else None
        lines.append((
            f"{name}, {size}",
            "" if hand is None else f"{1e3 * hand:.2f}",
            f"{1e3 * ours:.2f}",
            f"{1e3 * plain:.2f}",
            "" if hand is None else f"{ours / hand:.1f}",
        ))  # fmt: skip
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    print(f"ms per run-epoch, {N_RUNS} runs, {N_EPOCHS} epochs, batch {BATCH}, torch", end=" ")
    print(torch.__version__)
    print(table(["two-layers", "convolution", "attention", "gru"]))
