"""Matrix products of stacks: one call for many runs where that keeps each run's bits."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class Products(Protocol):
    """The products of a training step; nothing crosses runs in any of them."""

    @property
    def aligned(self) -> bool:
        """Whether each run's weights must begin at a 64-byte line."""

    def shared_forward(self, x: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
        """out[r] = weight[r] @ x^T + bias[r] for runs that share x, (B, I)."""

    def shared_update(self, weight: Tensor, delta: Tensor, x: Tensor) -> None:
        """weight[r] += delta[r] @ x for runs that share x, (B, I)."""

    def shared_gradient(self, delta: Tensor, x: Tensor, out: Tensor) -> None:
        """out[r] = delta[r] @ x for runs that share x, (B, I)."""

    def forward(self, h: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
        """out[r] = weight[r] @ h[r] + bias[r]."""

    def backward(self, weight: Tensor, delta: Tensor, out: Tensor) -> None:
        """out[r] = weight[r]^T @ delta[r]."""

    def update(self, weight: Tensor, delta: Tensor, h: Tensor) -> None:
        """weight[r] += delta[r] @ h[r]^T."""

    def gradient(self, delta: Tensor, h: Tensor, out: Tensor) -> None:
        """out[r] = delta[r] @ h[r]^T."""


class Stacked:
    """One product over the rows of several runs (shared inputs), or one batched product.

    Weights are (R, O, I) and activations (R, O, B): runs with shared inputs are then the rows of
    one (R*O, I) matrix, for free. A run's bits do not depend on the others where
    `numerics.kernel_kind` says so, given at least 16 rows, at least 2 runs, batches in whole
    64-byte lines, and single precision: a wide product in double precision rounds a row by its
    place unless the rows of a run are a multiple of 4, so there shared inputs go run by run.
    """

    aligned = False

    def __init__(self, wide: bool) -> None:
        self._wide = wide

    def shared_forward(self, x: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
        """One wide product; see `Products`."""
        if not self._wide:
            _each_forward(x, weight, bias, out)
            return
        rows = weight.shape[0] * weight.shape[1]
        torch.addmm(bias.reshape(rows, 1), weight.view(rows, -1), x.t(), out=out.view(rows, -1))

    def shared_update(self, weight: Tensor, delta: Tensor, x: Tensor) -> None:
        """One wide product; see `Products`."""
        if not self._wide:
            _each_update(weight, delta, x)
            return
        rows = weight.shape[0] * weight.shape[1]
        weight.view(rows, -1).addmm_(delta.view(rows, -1), x)

    def forward(self, h: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
        """One batched product; see `Products`."""
        torch.baddbmm(bias.unsqueeze(2), weight, h, out=out)

    def backward(self, weight: Tensor, delta: Tensor, out: Tensor) -> None:
        """One batched product; see `Products`."""
        torch.bmm(weight.transpose(1, 2), delta, out=out)

    def update(self, weight: Tensor, delta: Tensor, h: Tensor) -> None:
        """One batched product; see `Products`."""
        weight.baddbmm_(delta, h.transpose(1, 2))

    def shared_gradient(self, delta: Tensor, x: Tensor, out: Tensor) -> None:
        """One wide product; see `Products`."""
        if not self._wide:
            _each_gradient(delta, x, out)
            return
        rows = delta.shape[0] * delta.shape[1]
        torch.mm(delta.view(rows, -1), x, out=out.view(rows, -1))

    def gradient(self, delta: Tensor, h: Tensor, out: Tensor) -> None:
        """One batched product; see `Products`."""
        torch.bmm(delta, h.transpose(1, 2), out=out)


class Loop:
    """One product per run: the same bits on any machine, slower for small networks.

    Without a strict mode a product may depend on where its matrices begin, so every run's
    weights begin at a 64-byte line (`aligned`).
    """

    aligned = True

    def shared_forward(self, x: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
        """Run by run; see `Products`."""
        _each_forward(x, weight, bias, out)

    def shared_update(self, weight: Tensor, delta: Tensor, x: Tensor) -> None:
        """Run by run; see `Products`."""
        _each_update(weight, delta, x)

    def forward(self, h: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
        """Run by run; see `Products`."""
        for one, w, b, o in zip(h, weight, bias, out, strict=True):
            torch.addmm(b.unsqueeze(1), w, one, out=o)

    def backward(self, weight: Tensor, delta: Tensor, out: Tensor) -> None:
        """Run by run; see `Products`."""
        for w, d, o in zip(weight, delta, out, strict=True):
            torch.mm(w.t(), d, out=o)

    def update(self, weight: Tensor, delta: Tensor, h: Tensor) -> None:
        """Run by run; see `Products`."""
        for w, d, one in zip(weight, delta, h, strict=True):
            w.addmm_(d, one.t())

    def shared_gradient(self, delta: Tensor, x: Tensor, out: Tensor) -> None:
        """Run by run; see `Products`."""
        _each_gradient(delta, x, out)

    def gradient(self, delta: Tensor, h: Tensor, out: Tensor) -> None:
        """Run by run; see `Products`."""
        for d, one, o in zip(delta, h, out, strict=True):
            torch.mm(d, one.t(), out=o)


def _each_forward(x: Tensor, weight: Tensor, bias: Tensor, out: Tensor) -> None:
    for w, b, o in zip(weight, bias, out, strict=True):
        torch.addmm(b.unsqueeze(1), w, x.t(), out=o)


def _each_update(weight: Tensor, delta: Tensor, x: Tensor) -> None:
    for w, d in zip(weight, delta, strict=True):
        w.addmm_(d, x)


def products(name: str, dtype: str) -> Products:
    """Return the products of a numerics profile, `stacked` or `loop`, for runs of a dtype."""
    return Stacked(wide=dtype == "float32") if name == "stacked" else Loop()


def _each_gradient(delta: Tensor, x: Tensor, out: Tensor) -> None:
    for d, o in zip(delta, out, strict=True):
        torch.mm(d, x, out=o)
