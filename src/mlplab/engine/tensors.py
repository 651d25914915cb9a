"""A task's arrays as tensors, and the gathering of rows into batches."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.data import Task
from mlplab.engine.buffers import Room


class TaskTensors:
    """Inputs, targets and weights of a task, not copied; bytes become floats per batch."""

    def __init__(
        self,
        task: Task,
        dtype: torch.dtype,
        width: int,
        device: torch.device,
        n_features: int | None = None,
    ) -> None:
        """Take a task's arrays.

        Args:
            task: the task.
            dtype: of the arithmetic.
            width: the padded number of features in a batch.
            device: where the arrays go.
            n_features: of each example, from the first on; None is all.
        """
        self.n_features = n_features or task.n_features
        self.width = width
        self.dtype = dtype
        self._inputs = _borrow(task.inputs)[:, : self.n_features].to(device)
        self._scale = task.input_scale
        self._weights = None if task.weights is None else _borrow(task.weights).to(device)
        self.n_outputs = task.n_outputs
        self.n_rows = len(task.inputs)
        self.image_shape = task.image_shape
        self.device = device
        self._classes = task.kind == "classification"
        self._targets = _borrow(task.targets).to(device)
        if not self._classes and self._targets.ndim == 1:
            self._targets = self._targets.unsqueeze(1)
        self._soft = None if task.soft is None else _borrow(task.soft).to(device)
        self._gathered: Tensor | None = None
        self._room = Room()

    def inputs(self, rows: Tensor, out: Tensor) -> None:
        """Write the inputs of `rows` into the first rows of `out`, (lanes, width), as floats."""
        n = len(rows)
        target = out[:n, : self.n_features]
        if self._inputs.dtype == self.dtype and self.width == self.n_features:
            torch.index_select(self._inputs, 0, rows, out=target)
        else:
            if self._gathered is None or len(self._gathered) < n:
                shape = (max(n, len(out)), self.n_features)
                # Bytes become floats in the copy: no slower, 180 MB less for Fashion-MNIST.
                self._gathered = torch.empty(shape, dtype=self._inputs.dtype)
            gathered = self._gathered[:n]
            torch.index_select(self._inputs, 0, rows, out=gathered)
            target.copy_(gathered)
        if self._scale != 1.0:
            target.mul_(self._scale)

    def targets(self, rows: Tensor, out: Tensor) -> None:
        """Write one-hot classes or numbers of `rows` into `out`, (O, lanes)."""
        place = out[:, : len(rows)]
        if self._classes:
            picked = self._targets.index_select(0, rows)
            place.zero_().scatter_(0, picked.unsqueeze(0), 1.0)
        else:
            place.copy_(self._pick(self._targets, rows))

    def training_targets(self, rows: Tensor, out: Tensor) -> None:
        """Write what `rows` learn: soft targets where the task has some, else as `targets`."""
        if self._soft is None:
            self.targets(rows, out)
        else:
            out[:, : len(rows)].copy_(self._pick(self._soft, rows))

    def batch_inputs(self, rows: Tensor, out: Tensor) -> None:
        """Write the inputs of rows (G, B) into `out`, (G, B, width), as floats, in one call."""
        target = out[:, :, : self.n_features]
        target.copy_(self._inputs.index_select(0, rows.view(-1)).view(target.shape))
        if self._scale != 1.0:
            target.mul_(self._scale)

    def batch_targets(self, rows: Tensor, out: Tensor) -> None:
        """Write what rows (G, B) learn into `out`, (G, O, B), in one call."""
        shape, flat = rows.shape, rows.view(-1)
        if self._soft is None and self._classes:
            picked = self._targets.index_select(0, flat).view(shape)
            out.zero_().scatter_(1, picked.unsqueeze(1), 1.0)
        else:
            numbers = self._targets if self._soft is None else self._soft
            out.copy_(numbers.index_select(0, flat).view(*shape, -1).transpose(1, 2))

    def batch_shares(self, rows: Tensor, out: Tensor) -> None:
        """Write the shares of rows (G, B) in their batches' losses into `out`, (G, B)."""
        assert self._weights is not None
        weights = self._weights.index_select(0, rows.reshape(-1)).view(rows.shape).to(self.dtype)
        total = weights.sum(1, keepdim=True)
        out.copy_(weights / total.clamp_min(torch.finfo(self.dtype).tiny))

    def _pick(self, numbers: Tensor, rows: Tensor) -> Tensor:
        """Return `rows` of (N, O), turned to (O, B); the next call overwrites them."""
        like = numbers[:1].expand(len(rows), -1)
        return torch.index_select(numbers, 0, rows, out=self._room(like)).t()

    def classes(self) -> NDArray[np.int64]:
        """Return the class of every row, (N,)."""
        assert self._classes
        known: NDArray[np.int64] = self._targets.cpu().numpy()
        return known

    @property
    def has_weights(self) -> bool:
        """Whether examples have weights; if not, each has the share 1/B of a batch's loss."""
        return self._weights is not None

    def shares(self, rows: Tensor) -> Tensor:
        """Return each weighted row's share of the batch's loss: weight / sum of weights."""
        assert self._weights is not None
        weights = self._weights.index_select(0, rows).to(self.dtype)
        # A batch may hold examples of weight 0 alone: shares of 0 rather than NaN.
        return weights / weights.sum().clamp_min(torch.finfo(self.dtype).tiny)

    def raw_targets(self, rows: Tensor) -> NDArray[np.generic]:
        """Return the targets of `rows` as the task holds them."""
        picked: NDArray[np.generic] = self._targets.index_select(0, rows).cpu().numpy()
        return picked


def _borrow(array: NDArray[np.generic]) -> Tensor:
    with warnings.catch_warnings():
        # Arrays mapped from a file are read-only, and nothing here writes to them.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)
