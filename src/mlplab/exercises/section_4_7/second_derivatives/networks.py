"""Networks whose derivatives are counted and timed: as autograd has them, and as the engine has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from mlplab.engine.curvature.second_order import Batch, SecondOrder

CHAPTER = (784, 256, 10)
"""Widths of the chapter's network: inputs, hidden layers, outputs."""
CHAPTER_BATCH = 256
N_CLASSES = 10


@dataclass(frozen=True)
class Network:
    """A network with cross-entropy on a batch of made-up examples.

    Attributes:
        widths: of inputs, hidden layers and outputs.
        n_examples: of the batch.
        activation: of hidden layers, `relu` or `tanh`.
        seed: of weights and examples.
        dtype: of all numbers.
    """

    widths: tuple[int, ...]
    n_examples: int
    activation: str = "tanh"
    seed: int = 0
    dtype: str = "float32"

    @property
    def n_weights(self) -> int:
        """Of all matrices."""
        return sum(n_in * n_out for n_in, n_out in pairwise(self.widths))

    @property
    def n_params(self) -> int:
        """Weights and biases."""
        return self.n_weights + sum(self.widths[1:])

    @property
    def n_first(self) -> int:
        """Weights of the first layer, below which no gradient goes."""
        return self.widths[0] * self.widths[1]

    @property
    def gradient_products(self) -> int:
        """Multiplications of one example's forward and backward pass: three for each weight.

        In the first layer there are two, as no delta goes below it.
        """
        return 3 * self.n_weights - self.n_first

    @property
    def further_products(self) -> int:
        """Multiplications that a Hessian product adds: six for each weight, two in the first."""
        return 6 * self.n_weights - 4 * self.n_first

    def numbers(self) -> list[Tensor]:
        """Weight (O, I) and bias (O,) of each layer in turn."""
        import torch

        generator, dtype = torch.Generator().manual_seed(self.seed), getattr(torch, self.dtype)
        made = []
        for n_in, n_out in pairwise(self.widths):
            drawn = torch.randn(n_out, n_in, generator=generator, dtype=dtype)
            made += [drawn / n_in**0.5, torch.zeros(n_out, dtype=dtype)]
        return made

    @cached_property
    def examples(self) -> tuple[Tensor, Tensor]:
        """Inputs (B, I) and classes (B,)."""
        import torch

        generator, n = torch.Generator().manual_seed(self.seed + 1), self.n_examples
        dtype = getattr(torch, self.dtype)
        x = torch.rand(n, self.widths[0], generator=generator, dtype=dtype)
        return x, torch.randint(0, self.widths[-1], (n,), generator=generator)

    def loss(self, numbers: Sequence[Tensor]) -> Tensor:
        """The mean loss, as anyone writes it in PyTorch."""
        from torch.nn import functional

        h, y = self.examples
        for layer in range(len(numbers) // 2):
            h = functional.linear(h, numbers[2 * layer], numbers[2 * layer + 1])
            if 2 * layer + 2 < len(numbers):
                h = h.relu() if self.activation == "relu" else h.tanh()
        return functional.cross_entropy(h, y)

    def given(self) -> tuple[dict[str, Tensor], Batch]:
        """The same weights and examples as the engine takes them, a stack of one run."""
        import torch
        from torch.nn import functional

        from mlplab.engine.curvature.second_order import Batch

        weights = {}
        for place, number in enumerate(self.numbers()):
            kind = "bias" if place % 2 else "weight"
            weights[f"layers.{place // 2}.{kind}"] = number.unsqueeze(0)
        x, y = self.examples
        target = functional.one_hot(y, self.widths[-1]).to(x.dtype).t().unsqueeze(0)
        share = torch.full((1, 1, len(x)), 1 / len(x), dtype=x.dtype)
        return weights, Batch(x.unsqueeze(0), target, share)

    def by_hand(self, given: tuple[dict[str, Tensor], Batch]) -> SecondOrder:
        """The engine's model of the same loss, after its forward and backward pass."""
        from mlplab.engine.curvature.second_order import SecondOrder
        from mlplab.specs import MLP

        net = MLP(hidden=self.widths[1:-1], activation=self.activation)
        return SecondOrder(net, "cross-entropy", *given)


def draw_networks(n: int) -> list[Network]:
    """Draw networks of two to four hidden layers; sizes are even on a logarithmic scale."""
    rng = np.random.default_rng(0)

    def size(low: int, high: int) -> int:
        return round(float(np.exp(rng.uniform(np.log(low), np.log(high)))))

    drawn = []
    for seed in range(n):
        depth = int(rng.integers(2, 5))
        widths = (size(64, 1024), *(size(128, 512) for _ in range(depth)), N_CLASSES)
        drawn.append(Network(widths, size(128, 512), ("relu", "tanh")[seed % 2], seed))
    return drawn
