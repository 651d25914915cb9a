"""Memory layout of a stack: each slot's numbers aligned to whole vectors."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor

from mlplab.engine.buffers import zeros
from mlplab.engine.program import TWO_VECTORS, padded


def slots_apart(*shape: int, dtype: torch.dtype) -> Tensor:
    """Make zeros (R, ...) in which each slot begins at a whole turn of torch's vector loops.

    What does not fill a turn is computed one by one, to other bits. So a loop either meets whole
    turns alone, or goes through slot after slot, and each has the same end.

    >>> slots_apart(3, 5, 7, dtype=torch.float32).stride()
    (64, 7, 1)
    """
    n_slots, *own = shape
    size = prod(own)
    # Padding per slot, not per row: products take whole slices, and rows stay contiguous for BLAS.
    return zeros(n_slots, padded(size, TWO_VECTORS), dtype=dtype)[:, :size].view(shape)
