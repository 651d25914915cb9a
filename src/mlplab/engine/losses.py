"""Losses of whole stacks: each example's loss, whether it is right, and the output delta."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mlplab.data import Task


@dataclass
class Judged:
    """What a loss says of a batch: `loss` and `hit`, both (R, B); `hit` is 1 for a right class.

    For numbers, `hit` holds the mean squared error over outputs, from which the RMSE comes.
    """

    loss: Tensor
    hit: Tensor


class CrossEntropy:
    """Softmax and negative log-likelihood: loss = log sum_c exp(z_c) - z_y."""

    counts = "accuracy"

    def __init__(self, n_outputs: int, dtype: torch.dtype) -> None:
        self._descending = torch.arange(n_outputs, 0, -1, dtype=dtype).view(1, -1, 1)
        self._zero = torch.zeros((), dtype=dtype)

    def judge(self, z: Tensor, target: Tensor) -> Judged:
        """Judge logits (R, C, B) against one-hot targets of the same shape; overwrites `z`.

        After it, `z` holds the class probabilities. The predicted class of equal logits is the
        first, as argmax has it: dead networks are not right by accident.
        """
        z.sub_(z.amax(1, keepdim=True))
        first = torch.where(z < 0, self._zero, self._descending).amax(1)
        own = (target * self._descending).sum(1)
        shifted = (z * target).sum(1)
        total = z.exp_().sum(1, keepdim=True)
        z.div_(total)
        return Judged(loss=total.squeeze(1).log_().sub_(shifted), hit=first.eq_(own))

    def delta(self, z: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Turn probabilities into weight * dloss/dz, in place; `weight` is (R, 1, B)."""
        return z.sub_(target).mul_(weight)


class Squared:
    """Mean over outputs of the squared error: loss = sum_o (z_o - t_o)^2 / O."""

    counts = "rmse"

    def __init__(self, n_outputs: int) -> None:
        self._n_outputs = n_outputs

    def judge(self, z: Tensor, target: Tensor) -> Judged:
        """Judge outputs (R, O, B) against targets of the same shape; `z` becomes the residual."""
        z.sub_(target)
        squares = (z * z).sum(1).div_(self._n_outputs)
        return Judged(loss=squares, hit=squares)

    def delta(self, z: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Turn residuals into weight * dloss/dz, in place; `weight` is (R, 1, B)."""
        return z.mul_(2 / self._n_outputs).mul_(weight)


Loss = CrossEntropy | Squared


def zero_loss(name: str, task: Task) -> float:
    """Return the mean loss that outputs of 0 have on a task's pool.

    log(C) for cross-entropy; for squares, the mean square of the targets (1/C for classes).
    """
    if name == "cross-entropy":
        return math.log(task.n_outputs)
    if task.kind == "classification":
        return 1 / task.n_outputs
    return float(np.square(task.targets[task.pool], dtype=np.float64).mean())


def loss_of(name: str, n_outputs: int, dtype: torch.dtype) -> Loss:
    """Return the loss of that name for stacks with `n_outputs` outputs."""
    return CrossEntropy(n_outputs, dtype) if name == "cross-entropy" else Squared(n_outputs)
