"""Matrix products of stacks: one call for many runs where that keeps each run's bits."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from mlplab.engine.openblas import OpenBlas, openblas
from mlplab.errors import ConfigError


class Products(Protocol):
    """The products of a training step; nothing crosses runs in any of them.

    Weights are (R, O, I), activations and deltas (R, O, B). Products with inputs that runs share,
    x of shape (B, I), take the `blocks` of these tensors.
    """

    @property
    def strided(self) -> bool:
        """Whether shared inputs may also be (R, B, I), and all slices at any distance."""

    def runs_in_block(self, width: int) -> int:
        """Return how many runs with a first layer of this width make one block."""

    def joins(self, width: int) -> bool:
        """Whether the runs of a first layer of this width lie side by side, without gaps."""

    def blocks(self, tensor: Tensor) -> Tensor:
        """A view of a tensor (R, N, M) for the products of runs that share their inputs."""

    def shared_forward(self, x: Tensor, weight: Tensor, out: Tensor) -> None:
        """out[r] += weight[r] @ x^T."""

    def shared_update(self, weight: Tensor, delta: Tensor, x: Tensor) -> None:
        """weight[r] += delta[r] @ x."""

    def shared_gradient(self, delta: Tensor, x: Tensor, out: Tensor) -> None:
        """out[r] = delta[r] @ x."""

    def forward(self, h: Tensor, weight: Tensor, out: Tensor) -> None:
        """out[r] += weight[r] @ h[r]."""

    def backward(self, weight: Tensor, delta: Tensor, out: Tensor) -> None:
        """out[r] = weight[r]^T @ delta[r]."""

    def update(self, weight: Tensor, delta: Tensor, h: Tensor) -> None:
        """weight[r] += delta[r] @ h[r]^T."""

    def gradient(self, delta: Tensor, h: Tensor, out: Tensor) -> None:
        """out[r] = delta[r] @ h[r]^T."""


class Batched:
    """OpenBLAS's batched product: one call for all runs, each with the bits it has alone.

    Narrow first layers of several runs are the rows of one product (`runs_in_block`): its
    number of rows is fixed, so who the others are changes nothing.
    """

    strided = True

    def __init__(self, blas: OpenBlas) -> None:
        self._product = blas.product
        self._block_rows = blas.block_rows

    def runs_in_block(self, width: int) -> int:
        """See the function of this name."""
        return runs_in_block(width, self._block_rows)

    def joins(self, width: int) -> bool:
        """Where several make one block; see `Products`."""
        return self.runs_in_block(width) > 1

    def blocks(self, tensor: Tensor) -> Tensor:
        """Several narrow runs to a block; see `Products`."""
        n, rows, columns = tensor.shape
        together = self.runs_in_block(rows)
        # Fixed numbers of rows, 4 or 8: among those alone a row's bits do not depend on its place.
        return tensor.view(n // together, together * rows, columns) if together > 1 else tensor

    def shared_forward(self, x: Tensor, weight: Tensor, out: Tensor) -> None:
        """One batched product; see `Products`."""
        self._product(weight, x, out, b_t=True, add=True)

    def shared_update(self, weight: Tensor, delta: Tensor, x: Tensor) -> None:
        """One batched product; see `Products`."""
        self._product(delta, x, weight, add=True)

    def shared_gradient(self, delta: Tensor, x: Tensor, out: Tensor) -> None:
        """One batched product; see `Products`."""
        self._product(delta, x, out)

    def forward(self, h: Tensor, weight: Tensor, out: Tensor) -> None:
        """One batched product; see `Products`."""
        self._product(weight, h, out, add=True)

    def backward(self, weight: Tensor, delta: Tensor, out: Tensor) -> None:
        """One batched product; see `Products`."""
        self._product(weight, delta, out, a_t=True)

    def update(self, weight: Tensor, delta: Tensor, h: Tensor) -> None:
        """One batched product; see `Products`."""
        self._product(delta, h, weight, b_t=True, add=True)

    def gradient(self, delta: Tensor, h: Tensor, out: Tensor) -> None:
        """One batched product; see `Products`."""
        self._product(delta, h, out, b_t=True)


class Loop:
    """torch's product, run by run: the same bits on any machine, slower for small networks.

    Such a product may depend on where its matrices begin, so every run's weights begin at a
    64-byte line.
    """

    strided = False

    def runs_in_block(self, width: int) -> int:
        """One; see `Products`."""
        return 1

    def joins(self, width: int) -> bool:
        """Never; see `Products`."""
        return False

    def blocks(self, tensor: Tensor) -> Tensor:
        """Each run on its own; see `Products`."""
        return tensor

    def shared_forward(self, x: Tensor, weight: Tensor, out: Tensor) -> None:
        """Run by run; see `Products`."""
        for w, o in zip(weight, out, strict=True):
            o.addmm_(w, x.t())

    def shared_update(self, weight: Tensor, delta: Tensor, x: Tensor) -> None:
        """Run by run; see `Products`."""
        for w, d in zip(weight, delta, strict=True):
            # The rate is in the delta: the product itself is the step, without a gradient buffer.
            w.addmm_(d, x)

    def shared_gradient(self, delta: Tensor, x: Tensor, out: Tensor) -> None:
        """Run by run; see `Products`."""
        for d, o in zip(delta, out, strict=True):
            torch.mm(d, x, out=o)

    def forward(self, h: Tensor, weight: Tensor, out: Tensor) -> None:
        """Run by run; see `Products`."""
        for one, w, o in zip(h, weight, out, strict=True):
            o.addmm_(w, one)

    def backward(self, weight: Tensor, delta: Tensor, out: Tensor) -> None:
        """Run by run; see `Products`."""
        for w, d, o in zip(weight, delta, out, strict=True):
            torch.mm(w.t(), d, out=o)

    def update(self, weight: Tensor, delta: Tensor, h: Tensor) -> None:
        """Run by run; see `Products`."""
        for w, d, one in zip(weight, delta, h, strict=True):
            w.addmm_(d, one.t())

    def gradient(self, delta: Tensor, h: Tensor, out: Tensor) -> None:
        """Run by run; see `Products`."""
        for d, one, o in zip(delta, h, out, strict=True):
            torch.mm(d, one.t(), out=o)


class Device:
    """torch's batched products, for devices on which equal bits are not promised."""

    strided = True

    def runs_in_block(self, width: int) -> int:
        """One; see `Products`."""
        return 1

    def joins(self, width: int) -> bool:
        """Always: runs that share their inputs are the rows of one product; see `Products`."""
        return True

    def blocks(self, tensor: Tensor) -> Tensor:
        """Each run on its own; see `Products`."""
        return tensor

    def shared_forward(self, x: Tensor, weight: Tensor, out: Tensor) -> None:
        """One wide product, or one batched product; see `Products`."""
        if x.dim() == 2:
            self._add(_rows(weight), x.t(), _rows(out))
        else:
            self._add(weight, x.transpose(1, 2), out)

    def shared_update(self, weight: Tensor, delta: Tensor, x: Tensor) -> None:
        """One wide product, or one batched product; see `Products`."""
        if x.dim() == 2:
            self._add(_rows(delta), x, _rows(weight))
        else:
            self._add(delta, x, weight)

    def shared_gradient(self, delta: Tensor, x: Tensor, out: Tensor) -> None:
        """One wide product, or one batched product; see `Products`."""
        if x.dim() == 2:
            self._write(_rows(delta), x, _rows(out))
        else:
            self._write(delta, x, out)

    def forward(self, h: Tensor, weight: Tensor, out: Tensor) -> None:
        """One batched product; see `Products`."""
        self._add(weight, h, out)

    def backward(self, weight: Tensor, delta: Tensor, out: Tensor) -> None:
        """One batched product; see `Products`."""
        self._write(weight.transpose(1, 2), delta, out)

    def update(self, weight: Tensor, delta: Tensor, h: Tensor) -> None:
        """One batched product; see `Products`."""
        self._add(delta, h.transpose(1, 2), weight)

    def gradient(self, delta: Tensor, h: Tensor, out: Tensor) -> None:
        """One batched product; see `Products`."""
        self._write(delta, h.transpose(1, 2), out)

    def _add(self, a: Tensor, b: Tensor, out: Tensor) -> None:
        """out += a @ b, of matrices or batches of them."""
        if a.dim() == 2:
            out.addmm_(a, b)
        else:
            out.baddbmm_(a, b)

    def _write(self, a: Tensor, b: Tensor, out: Tensor) -> None:
        """out = a @ b, of matrices or batches of them."""
        torch.matmul(a, b, out=out)


def _rows(tensor: Tensor) -> Tensor:
    """The rows of all runs, one below the other."""
    return tensor.view(-1, tensor.shape[2])


class BFloat16(Device):
    """Products of numbers rounded to bfloat16; all that is kept, weights too, stays float32.

    Factors are rounded to 8 bits, sums are taken in float32 by the device, and a product is
    rounded to 8 bits once more before it joins what is kept.
    """

    def _add(self, a: Tensor, b: Tensor, out: Tensor) -> None:
        out.add_(a.bfloat16() @ b.bfloat16())

    def _write(self, a: Tensor, b: Tensor, out: Tensor) -> None:
        out.copy_(a.bfloat16() @ b.bfloat16())


def products(kind: str) -> Products:
    """Return the products of a numerics profile: `openblas`, `loop`, `device` or `bf16`.

    Raises:
        ConfigError: OpenBLAS is asked for and not there.
    """
    if kind == "loop":
        return Loop()
    if kind == "device":
        return Device()
    if kind == "bf16":
        return BFloat16()
    blas = openblas()
    if blas is None:
        raise ConfigError("MLPLAB_NUMERICS=openblas: no OpenBLAS for this machine; try loop")
    return Batched(blas)


def runs_in_block(width: int, block_rows: int) -> int:
    """Return how many runs with a first layer of this width make one block of rows.

    >>> [runs_in_block(width, 8) for width in (1, 2, 3, 4, 5, 8, 256)]
    [8, 4, 1, 2, 1, 1, 1]
    """
    return block_rows // width if width and block_rows % width == 0 else 1
