"""Modules that a user might bring, where worker processes can import them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

import mlplab as ml
from mlplab.engine.initialise import initial_weight
from mlplab.specs import Init


@ml.module("twin-mlp")
def twin_mlp(n_features, n_outputs, width=24, seed=0, norm="none"):
    """A network with the first weights that an MLP of this seed has."""
    exact = {"dtype": torch.float64}
    layers = [
        nn.Linear(n_features, width, bias=norm == "none", **exact),
        nn.ReLU(),
        nn.Linear(width, n_outputs, **exact),
    ]
    for number, layer in enumerate((layers[0], layers[2])):
        drawn = initial_weight(Init(), seed, number, layer.out_features, layer.in_features)
        layer.weight.data.copy_(torch.from_numpy(np.array(drawn)))
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    if norm != "none":
        kind = {"batch": nn.BatchNorm1d, "layer": nn.LayerNorm}[norm]
        layers.insert(1, kind(width))
    return nn.Sequential(*layers)


@ml.module("two-linear")
def two_linear(n_features, n_outputs, width=9):
    return nn.Sequential(nn.Linear(n_features, width), nn.Tanh(), nn.Linear(width, n_outputs))


@ml.module("digit-conv")
def digit_conv(n_features, n_outputs, channels=8):
    return nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, channels, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.LazyLinear(n_outputs),
    )


class Attention(nn.Module):
    """One head over the rows of an image, and the mean of what it finds."""

    def __init__(self, n_outputs: int, width: int) -> None:
        super().__init__()
        self.embed = nn.Linear(8, width)
        self.place = nn.Parameter(0.1 * torch.randn(8, width))
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, n_outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x.unflatten(1, (8, 8))) + self.place
        found = nn.functional.scaled_dot_product_attention(*self.query_key_value(x).chunk(3, -1))
        return self.out((x + found).mean(1))


@ml.module("digit-attention")
def digit_attention(n_features, n_outputs, width=16):
    return Attention(n_outputs, width)


class Recurrent(nn.Module):
    """A GRU that reads an image row by row."""

    def __init__(self, n_outputs: int, width: int) -> None:
        super().__init__()
        self.read = nn.GRU(8, width, batch_first=True)
        self.out = nn.Linear(width, n_outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.read(x.unflatten(1, (8, 8)))[0][:, -1])


@ml.module("digit-gru")
def digit_gru(n_features, n_outputs, width=16):
    return Recurrent(n_outputs, width)


@ml.module("noisy")
def noisy(n_features, n_outputs, p=0.2):
    return nn.Sequential(
        nn.Linear(n_features, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(p),
        nn.Linear(12, n_outputs),
    )  # fmt: skip


@ml.module("normed")
def normed(n_features, n_outputs):
    return nn.Sequential(
        nn.Linear(n_features, 12), nn.BatchNorm1d(12), nn.GELU(), nn.Linear(12, n_outputs)
    )


class Counting(nn.Module):
    """Replaces a buffer instead of changing it, ties two weights and freezes a third."""

    def __init__(self, n_features: int, n_outputs: int) -> None:
        super().__init__()
        self.down = nn.Linear(n_features, 6, bias=False)
        self.again = self.down
        self.fixed = nn.Linear(6, 6)
        self.fixed.requires_grad_(False)
        self.out = nn.Linear(6, n_outputs)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.calls = self.calls + 1
        return self.out(torch.sigmoid(self.fixed(self.down(x) + self.again(x))))


@ml.module("counting")
def counting(n_features, n_outputs):
    return Counting(n_features, n_outputs)
