"""Small networks on 8 × 8 images whose units could change places; they may start equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlplab.engine.modules.factory import register_module
from mlplab.errors import ConfigError
from mlplab.theory import equalise
from mlplab.theory.symmetry import Axes

_SIDE = 8
_BLOCK = 4  # numbers of a head, and hidden units of an expert

_OUT: dict[str, int | Sequence[int]] = {"out.weight": 1}
AXES: Mapping[str, Axes] = {
    "hidden units": {"units.weight": 0, "units.bias": 0, **_OUT},
    "channels": {"units.weight": 0, "units.bias": 0, **_OUT},
    "heads": {
        **{f"{name}.weight": 0 for name in ("query", "key", "value")},
        **{f"{name}.bias": 0 for name in ("query", "key", "value")},
        **_OUT,
    },
    "recurrent units": {
        "units.weight": 0,
        "units.bias": 0,
        # A unit's own row, and its column: what it sends to each.
        "back.weight": (0, 1),
        **_OUT,
    },
    "experts": {"gate.weight": 0, "gate.bias": 0, "units.weight": 0, "units.bias": 0, "out": 0},
}
"""Kind of unit -> parameter -> the axes along which units lie."""


class Exchangeable(nn.Module):
    """A network with units of a kind, whose outputs may be dropped in training."""

    def __init__(self, n_features: int, n_outputs: int, n_units: int, dropout: float) -> None:
        super().__init__()
        self.n_units, self.rate = n_units, dropout
        self.make(n_features, n_outputs)

    def make(self, n_features: int, n_outputs: int) -> None:
        """Make the layers."""
        raise NotImplementedError

    def dropped(self, h: Tensor) -> Tensor:
        """Drop whole units of h, (B, U, ...), in training."""
        if not (self.rate and self.training):
            return h
        keep = functional.dropout(h.new_ones(h.shape[:2]), self.rate)
        return h * keep.view(*keep.shape, *[1] * (h.ndim - 2))


class Hidden(Exchangeable):
    """One hidden layer."""

    def make(self, n_features: int, n_outputs: int) -> None:
        """Make the layers."""
        self.units, self.out = (
            nn.Linear(n_features, self.n_units),
            nn.Linear(self.n_units, n_outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, C)."""
        logits: Tensor = self.out(self.dropped(torch.tanh(self.units(x))))
        return logits


class Convolution(Exchangeable):
    """One convolution of 3 × 3."""

    def make(self, n_features: int, n_outputs: int) -> None:
        """Make the layers."""
        self.units = nn.Conv2d(1, self.n_units, 3)
        self.out = nn.Linear(self.n_units * (_SIDE - 2) ** 2, n_outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, C)."""
        h = torch.tanh(self.units(x.view(-1, 1, _SIDE, _SIDE)))
        logits: Tensor = self.out(self.dropped(h).flatten(1))
        return logits


class Attention(Exchangeable):
    """Heads that look at the rows of an image, each known by its place."""

    def make(self, n_features: int, n_outputs: int) -> None:
        """Make the layers."""
        width = self.n_units * _BLOCK
        self.place = nn.Parameter(torch.randn(_SIDE, _SIDE))
        self.query, self.key, self.value = (nn.Linear(_SIDE, width) for _ in range(3))
        self.out = nn.Linear(width, n_outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, C)."""
        rows = x.view(-1, _SIDE, _SIDE) + self.place
        shape = (-1, _SIDE, self.n_units, _BLOCK)
        parts = (part(rows).view(shape) for part in (self.query, self.key, self.value))
        found = functional.scaled_dot_product_attention(*(part.transpose(1, 2) for part in parts))
        logits: Tensor = self.out(self.dropped(found.mean(2)).flatten(1))
        return logits


class Recurrent(Exchangeable):
    """Units that read an image row by row, with what all of them said before."""

    def make(self, n_features: int, n_outputs: int) -> None:
        """Make the layers."""
        self.units = nn.Linear(_SIDE, self.n_units)
        self.back = nn.Linear(self.n_units, self.n_units, bias=False)
        self.out = nn.Linear(self.n_units, n_outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, C)."""
        read = self.units(x.view(-1, _SIDE, _SIDE))
        h = torch.tanh(read[:, 0])
        for row in range(1, _SIDE):
            h = torch.tanh(read[:, row] + self.back(self.dropped(h)))
        logits: Tensor = self.out(self.dropped(h))
        return logits


class Experts(Exchangeable):
    """Networks of four hidden units, mixed by a gate that sees the image."""

    def make(self, n_features: int, n_outputs: int) -> None:
        """Make the layers."""
        self.gate = nn.Linear(n_features, self.n_units)
        self.units = nn.Linear(n_features, self.n_units * _BLOCK)
        self.out = nn.Parameter(torch.empty(self.n_units, _BLOCK, n_outputs))
        nn.init.normal_(self.out, std=_BLOCK**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits, (B, C)."""
        h = torch.tanh(self.units(x)).view(-1, self.n_units, _BLOCK)
        shares = torch.softmax(self.gate(x), 1)[:, :, None]
        return torch.einsum("buk,ukc->bc", self.dropped(shares * h), self.out)


_KINDS = {
    "hidden units": Hidden,
    "channels": Convolution,
    "heads": Attention,
    "recurrent units": Recurrent,
    "experts": Experts,
}


@register_module("exchangeable-units")
def exchangeable_units(
    n_features: int,
    n_outputs: int,
    kind: str = "hidden units",
    n_units: int = 8,
    equal: bool = True,
    noise: float = 0.0,
    dropout: float = 0.0,
) -> nn.Module:
    """Make a network whose units start equal, or as torch draws them.

    Args:
        n_features: 64, the pixels.
        n_outputs: classes.
        kind: of unit, a key of `AXES`.
        n_units: how many.
        equal: whether all units start as the first one.
        noise: on the first parameters: each entry times 1 + noise N(0, 1).
        dropout: rate at which units are dropped in training.
    """
    if kind not in _KINDS or n_features != _SIDE**2:
        raise ConfigError(f"exchangeable-units: expected {', '.join(_KINDS)} on 64 features")
    model = _KINDS[kind](n_features, n_outputs, n_units, dropout)
    if equal:
        equalise(model, n_units, AXES[kind])
    if noise:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(1 + noise * torch.randn_like(parameter))
    return model
