"""A task's arrays in the form that compiled loops read."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task
from mlplab.engine.losses import zero_loss
from mlplab.engine.program import Program

_LINE = 64  # bytes


def aligned(shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Make an array of zeros that begins at a whole 64-byte line: no vector lies in two lines."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(size + _LINE, np.uint8)
    start = -room.ctypes.data % _LINE
    return room[start : start + size].view(dtype).reshape(shape)


class Arrays:
    """All inputs (N, I), numbers (N, O) or classes (N, 1), and weights (N,), as programs read them.

    Attributes:
        far: the loss of outputs that are all 0, see `divergence.has_diverged`.
    """

    def __init__(self, task: Task, program: Program) -> None:
        self._task = task
        dtype = program.dtype
        self.far = zero_loss(program.loss, task, program.huber_delta)
        # A copy: a task's own arrays cannot be written, which would be compiled for once more.
        self.x = np.array(task.inputs[:, : program.widths[0]], dtype=dtype, order="C")
        if task.input_scale != 1.0:
            self.x *= self.x.dtype.type(task.input_scale)
        if task.kind == "classification":
            # Ids as floats: one machine code for both. One-hot rows would be N * C of them.
            self.y = task.targets.astype(dtype)[:, None]
        else:
            self.y = np.array(task.targets, dtype=dtype, order="C")
        weights = np.zeros(0) if task.weights is None else task.weights
        self.weights = np.array(weights, dtype=dtype)

    @cached_property
    def test(self) -> NDArray[np.int64]:
        """The rows of the test split; asking for them is a look."""
        rows: Any = self._task.test_rows("score runs")
        return np.array(rows)
