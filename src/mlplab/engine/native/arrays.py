"""A task's arrays in the form that compiled loops read."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task


class Arrays:
    """All inputs (N, I) and targets, or one-hot classes, (N, O), in the type of the arithmetic."""

    def __init__(self, task: Task, dtype: str, n_inputs: int) -> None:
        self._task = task
        self.x = np.array(task.inputs[:, :n_inputs], dtype=dtype, order="C")
        if task.input_scale != 1.0:
            self.x *= self.x.dtype.type(task.input_scale)
        if task.kind == "classification":
            self.y = np.eye(task.n_outputs, dtype=dtype)[task.targets]
        else:
            self.y = np.array(task.targets, dtype=dtype, order="C")

    @cached_property
    def test(self) -> NDArray[np.int64]:
        """The rows of the test split; asking for them is a look."""
        rows: Any = self._task.test_rows("score runs")
        return np.array(rows)
