"""Room for large arrays in pages of their own, which go back to the system as they are freed."""

from __future__ import annotations

import math
import mmap
import sys
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

LARGE_BYTES = 2**20
"""From here on arrays lie apart: two stacks in turn took up to 35 % more in a heap with gaps."""

# Shared pages, the default, would belong to forked workers too.
_FLAGS = {} if sys.platform == "win32" else {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS}


def zeros(*shape: int, dtype: torch.dtype) -> Tensor:
    """Make a tensor of zeros, as torch.zeros does; a large one takes memory as it is written to.

    The C library's heap is left to what comes and goes within a step: what lies in it between
    arrays that stay cannot be given back, and how much that is depends on luck.

    >>> zeros(2, 3, dtype=torch.float64).shape
    torch.Size([2, 3])
    """
    n_bytes = math.prod(shape) * dtype.itemsize
    if n_bytes < LARGE_BYTES or torch.get_default_device().type != "cpu":
        return torch.zeros(shape, dtype=dtype)
    return torch.frombuffer(_pages(n_bytes), dtype=dtype).view(shape)


def zero_array(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Make a numpy array of zeros, by the same rule."""
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    if n_bytes < LARGE_BYTES:
        return np.zeros(shape, dtype)
    return np.frombuffer(_pages(n_bytes), dtype).reshape(shape)


def _pages(n_bytes: int) -> mmap.mmap:
    return mmap.mmap(-1, n_bytes, **_FLAGS)


class Room:
    """Room for an array that is made anew in every step; a large one is kept from call to call.

    From the heap, arrays of 2 MB of a loss, each gone before the next, came to take 16 MB.
    """

    def __init__(self) -> None:
        self._kept = torch.zeros(0)

    def __call__(self, like: Tensor, dtype: torch.dtype | None = None) -> Tensor | None:
        """Return a tensor of a shape, to be written to; the next call returns it again.

        None where it is small: `out=None` then takes one from the heap, which is faster.
        """
        kind, n = dtype or like.dtype, like.numel()
        if n * kind.itemsize < LARGE_BYTES:
            return None
        if self._kept.dtype != kind or len(self._kept) < n:
            self._kept = zeros(n, dtype=kind)
        return self._kept[:n].view(like.shape)


class Squares:
    """Squares of tensors in the type of sums.

    Made anew in each step, they were a quarter of a stack, and the heap kept room for two.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype, self._room = dtype, Room()

    def __call__(self, tensor: Tensor) -> Tensor:
        """Return the squares of a tensor, of its shape; the next call overwrites them."""
        room = self._room(tensor, self._dtype)
        if room is None:
            return tensor.to(self._dtype, copy=True).square_()
        return room.copy_(tensor).square_()
