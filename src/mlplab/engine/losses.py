"""Losses of whole stacks: each example's loss, whether it is right, and the output delta."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mlplab.data import Task
from mlplab.engine.buffers import Room
from mlplab.engine.program import AnyProgram

_PORTION = 2**15  # targets at a time: float64 copies of all would take several times the data


@dataclass
class Judged:
    """What a loss says of a batch: `loss` and `hit`, both (R, B); `hit` is 1 for a right class.

    For numbers, `hit` holds the mean squared error over outputs, from which the RMSE comes.
    """

    loss: Tensor
    hit: Tensor

    def sums(self, n: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        """Sum losses and hits of each slot's first n examples, (R,)."""
        loss = self.loss[:, :n].sum(1, dtype=dtype)
        # Squared error gives one tensor for both: one reduction instead of two.
        return loss, loss if self.hit is self.loss else self.hit[:, :n].sum(1, dtype=dtype)


class Hits:
    """Finds the examples whose first largest output is that of their class."""

    def __init__(self, n_outputs: int, dtype: torch.dtype, mixed: bool = False) -> None:
        """`mixed`: targets are shares of classes, and the largest share's is an example's."""
        self._descending = torch.arange(n_outputs, 0, -1, dtype=dtype).view(1, -1, 1)
        self._zero = torch.zeros((), dtype=dtype)
        self._mixed = mixed
        self._room = Room()

    def __call__(self, below: Tensor, target: Tensor) -> Tensor:
        """Return 1 where the first output that is `below` none is the target's, (R, B)."""
        # In place of argmax, which is slow where classes are not the last dimension: the largest
        # number among the winners is that of the first of them.
        room = self._room(below)
        first = torch.where(below < 0, self._zero, self._descending, out=room).amax(1)
        if not self._mixed:
            room = self._room(target)
            return first.eq_(torch.mul(target, self._descending, out=room).sum(1))
        largest = target.amax(1, keepdim=True)
        own = torch.where(target < largest, self._zero, self._descending).amax(1)
        return first.eq_(own)


class CrossEntropy:
    """Softmax and negative log-likelihood: loss = log sum_c exp(z_c) - z_y."""

    def __init__(self, n_outputs: int, dtype: torch.dtype, mixed: bool = False) -> None:
        self._hits = Hits(n_outputs, dtype, mixed)
        self._room = Room()

    def judge(self, z: Tensor, target: Tensor) -> Judged:
        """Judge logits (R, C, B) against one-hot targets of the same shape; overwrites `z`.

        After it, `z` holds the class probabilities. The predicted class of equal logits is the
        first, as argmax has it: dead networks are not right by accident.
        """
        z.sub_(z.amax(1, keepdim=True))
        hit = self._hits(z, target)
        shifted = torch.mul(z, target, out=self._room(z)).sum(1)
        total = z.exp_().sum(1, keepdim=True)
        z.div_(total)
        return Judged(loss=total.squeeze(1).log_().sub_(shifted), hit=hit)

    def delta(self, z: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Turn probabilities into weight * dloss/dz, in place; `weight` is (R, 1, B)."""
        return z.sub_(target).mul_(weight)


class Squared:
    """Mean over outputs of the squared error: loss = sum_o (z_o - t_o)^2 / O."""

    def __init__(self, n_outputs: int) -> None:
        self._n_outputs = n_outputs
        self._room = Room()

    def judge(self, z: Tensor, target: Tensor) -> Judged:
        """Judge outputs (R, O, B) against targets of the same shape; `z` becomes the residual."""
        z.sub_(target)
        squares = torch.mul(z, z, out=self._room(z)).sum(1).div_(self._n_outputs)
        return Judged(loss=squares, hit=squares)

    def delta(self, z: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Turn residuals into weight * dloss/dz, in place; `weight` is (R, 1, B)."""
        return z.mul_(2 / self._n_outputs).mul_(weight)


class SmoothedCrossEntropy:
    """Cross-entropy with targets (1 - s) * one-hot + s / C, s each run's own; used in training.

    Source: Szegedy et al. (2016), arXiv 1512.00567.
    """

    settings_of_step = ("_kept", "_spread")

    def __init__(self, n_outputs: int, dtype: torch.dtype, mixed: bool = False) -> None:
        self._plain = CrossEntropy(n_outputs, dtype, mixed)
        self._n_outputs = n_outputs
        self._dtype = dtype

    def begin_epoch(self, smoothing: Sequence[float]) -> None:
        """Take each slot's share s."""
        share = torch.tensor(smoothing, dtype=self._dtype).view(-1, 1, 1)
        self._kept, self._spread = 1 - share, share / self._n_outputs

    def judge(self, z: Tensor, target: Tensor) -> Judged:
        """Judge logits (R, C, B); see `CrossEntropy`."""
        # sum_c t_c z_c = (1 - s) z_y + s mean(z), both against the same shift as log-sum-exp.
        z.sub_(z.amax(1, keepdim=True))
        mean, own = z.sum(1), (z * target).sum(1)
        judged = self._plain.judge(z, target)
        # The plain loss is lse - z_y.
        kept, spread = self._kept.squeeze(2), self._spread.squeeze(2)
        judged.loss.add_(own).sub_(own * kept).sub_(mean * spread)
        return judged

    def delta(self, z: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Turn probabilities into weight * dloss/dz, in place; `weight` is (R, 1, B)."""
        return z.sub_(target * self._kept).sub_(self._spread).mul_(weight)


class Residual:
    """Mean over outputs of a function of the residual: loss = sum_o f(z_o - t_o) / O.

    `absolute`: |r|. `huber`: r^2 / 2 up to delta, then delta (|r| - delta / 2).
    `log-cosh`: log cosh r. Source: Huber (1964), Annals of Mathematical Statistics 35.
    """

    def __init__(self, name: str, n_outputs: int, delta: float) -> None:
        self._name = name
        self._n_outputs = n_outputs
        self._delta = delta
        self._rooms = [Room() for _ in range(3)]

    def judge(self, z: Tensor, target: Tensor) -> Judged:
        """Judge outputs (R, O, B) against targets of the same shape; `z` becomes the residual."""
        z.sub_(target)
        squares = torch.mul(z, z, out=self._rooms[0](z)).sum(1).div_(self._n_outputs)
        return Judged(loss=self.values(z).sum(1).div_(self._n_outputs), hit=squares)

    def values(self, r: Tensor) -> Tensor:
        """Return f(r), of the same shape; the next call overwrites it."""
        first, second, third = self._rooms
        size = torch.abs(r, out=first(r))
        if self._name == "absolute":
            return size
        if self._name == "huber":
            near = torch.clamp(size, max=self._delta, out=second(r))
            return size.sub_(torch.div(near, 2, out=third(r))).mul_(near)
        # log cosh r = |r| + log(1 + exp(-2 |r|)) - log 2, which cannot overflow.
        rest = torch.mul(size, -2, out=second(r)).exp_().log1p_()
        return size.add_(rest).sub_(math.log(2))

    def delta(self, z: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Turn residuals into weight * dloss/dz, in place; `weight` is (R, 1, B)."""
        if self._name == "absolute":
            z.sign_()
        elif self._name == "huber":
            z.clamp_(-self._delta, self._delta)
        else:
            z.tanh_()
        return z.mul_(1 / self._n_outputs).mul_(weight)


class OfClasses:
    """A loss of numbers on one-hot classes: its values and deltas, and the accuracy beside them."""

    def __init__(self, loss: Squared | Residual, hits: Hits) -> None:
        self._loss, self._hits, self._room = loss, hits, Room()

    def judge(self, z: Tensor, target: Tensor) -> Judged:
        """Judge outputs (R, C, B) against one-hot targets; `z` becomes the residual."""
        below = torch.sub(z, z.amax(1, keepdim=True), out=self._room(z))
        hit = self._hits(below, target)
        return Judged(loss=self._loss.judge(z, target).loss, hit=hit)

    def delta(self, z: Tensor, target: Tensor, weight: Tensor) -> Tensor:
        """Turn residuals into weight * dloss/dz, in place; `weight` is (R, 1, B)."""
        return self._loss.delta(z, target, weight)


Loss = CrossEntropy | SmoothedCrossEntropy | Squared | Residual | OfClasses


def zero_loss(name: str, task: Task, huber_delta: float = 1.0) -> float:
    """Return the mean loss that outputs of 0 have on a task's pool.

    log(C) for cross-entropy; for squares, the mean square of the targets (1/C for classes).
    """
    if name == "cross-entropy":
        return math.log(task.n_outputs)
    loss = Residual(name, task.n_outputs, huber_delta)
    if task.kind == "classification":
        one = 1.0 if name == "squared" else float(loss.values(torch.ones(1)))
        return one / task.n_outputs
    total, n_rows = 0.0, max(1, _PORTION // task.n_outputs)
    for first in range(0, task.n_pool, n_rows):
        targets = task.targets[task.pool[first : first + n_rows]].astype(np.float64)
        if name == "squared":
            total += float(np.square(targets).sum())
        else:
            total += float(loss.values(torch.from_numpy(targets)).sum())
    return total / (task.n_pool * task.n_outputs)


def training_loss(program: AnyProgram, n_outputs: int, dtype: torch.dtype) -> Loss:
    """Return the loss by which stacks train: targets may be smoothed, mixed, or soft."""
    mixed = program.mixes or program.soft
    if program.smooths:
        return SmoothedCrossEntropy(n_outputs, dtype, mixed)
    return loss_of(program.loss, n_outputs, dtype, program.huber_delta, program.classes, mixed)


def loss_of(
    name: str,
    n_outputs: int,
    dtype: torch.dtype,
    huber_delta: float = 1.0,
    classes: bool = False,
    mixed: bool = False,
) -> Loss:
    """Return the loss of that name by which stacks with `n_outputs` outputs are scored.

    With `classes`, targets are one-hot whatever the loss, and hits are those of classes; with
    `mixed`, they are shares of classes.
    """
    if name == "cross-entropy":
        return CrossEntropy(n_outputs, dtype, mixed)
    loss = Squared(n_outputs) if name == "squared" else Residual(name, n_outputs, huber_delta)
    return OfClasses(loss, Hits(n_outputs, dtype, mixed)) if classes else loss
