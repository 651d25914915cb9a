"""Scoring: loss and hits of every slot of a stack on rows that do not train."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.buffers import zero_array, zeros
from mlplab.engine.device import sum_dtype
from mlplab.engine.hidden import HiddenLayer
from mlplab.engine.kernels import Products
from mlplab.engine.losses import loss_of
from mlplab.engine.program import AnyProgram, Program, judged_slots
from mlplab.engine.tensors import TaskTensors

# What fits is gathered once rather than in every epoch; a large split would only hold memory.
_KEPT_FLOATS = 2**18  # 1 MB
_MOST_KEPT = 8


@dataclass
class Scores:
    """Sums over rows for each slot, (R,); with what was asked for beside them."""

    n_rows: int
    loss: list[float]
    hit: list[float]
    hits: Sequence[NDArray[np.bool_]] = ()
    outputs: Sequence[NDArray[np.generic]] = ()

    def metrics(self, slot: int, counts: str) -> dict[str, float]:
        """Return a slot's mean loss and its accuracy or RMSE."""
        return mean_metrics(self.loss[slot], self.hit[slot], self.n_rows, counts)


_Sums = TypeVar("_Sums", float, NDArray[np.float64])


def counted(program: AnyProgram) -> str:
    """Name what is counted beside the loss: right answers, or squares."""
    return "accuracy" if program.classes else "rmse"


def mean_metrics(loss: _Sums, hit: _Sums, n: int, counts: str) -> dict[str, _Sums]:
    """Turn sums over n examples, of one run or of many, into a mean loss and accuracy or RMSE."""
    mean = hit / n
    return {"loss": loss / n, counts: mean if counts == "accuracy" else np.sqrt(mean)}


class Scorer:
    """Forward passes of slots in portions of rows; program and number of rows decide their size."""

    def __init__(
        self,
        program: Program,
        data: TaskTensors,
        products: Products,
        n_slots: int,
        lanes: int,
    ) -> None:
        self._program = program
        self._data = data
        self._products = products
        dtype = getattr(torch, program.dtype)
        self._loss = loss_of(
            program.loss, program.widths[-1], dtype, program.huber_delta, program.classes
        )
        self._lanes, widths = lanes, program.padded_widths
        self._x = zeros(lanes, widths[0], dtype=dtype)
        self._target = zeros(widths[-1], lanes, dtype=dtype)
        self._kept: dict[Hashable, tuple[Tensor, Tensor, int]] = {}
        n = min(n_slots, program.score_portion)
        self._h = [zeros(n, width, lanes, dtype=dtype) for width in widths[1:]]

    def score(
        self,
        weights: list[Tensor],
        biases: list[Tensor],
        hidden: list[HiddenLayer],
        rows: Tensor,
        group: Hashable,
        *,
        start: int = 0,
        keep_hits: bool = False,
        keep_outputs: bool = False,
    ) -> Scores:
        """Score all given slots on the same rows.

        Args:
            weights: of each layer, (R, O, I); R is a multiple of `numerics.runs_per_block`.
            biases: of each layer, (R, O).
            hidden: what lies between the layers; that of the whole stack.
            rows: which examples, (N,).
            group: a name for `rows`: equal names mean equal rows.
            start: the place in the stack of the first slot given.
            keep_hits: keep for each slot which examples are right, (R, N).
            keep_outputs: keep the outputs (logits or numbers), (R, N, O).
        """
        n_slots = len(weights[0])
        kept = sum_dtype(self._x.device)
        # Float64: sums over 60,000 examples in float32 would lose digits.
        sums = torch.zeros(2, n_slots, dtype=kept)
        hits = np.empty((n_slots if keep_hits else 0, len(rows)), np.bool_)
        shape = (n_slots if keep_outputs else 0, len(rows), len(self._target))
        outputs = zero_array(shape, self._program.dtype)
        at_once, at = judged_slots(self._target.numel()), 0
        for x, target, n in self._batches(rows, group):
            now, at = slice(at, at + n), at + n
            for begin, stop in self._portions(n_slots):
                parts = [w[begin:stop] for w in weights], [b[begin:stop] for b in biases]
                z = self._forward(x, *parts, hidden, start + begin)
                if keep_outputs:
                    outputs[begin:stop, now] = z[:, :, :n].transpose(1, 2).cpu().numpy()
                for first in range(begin, stop, at_once):
                    slots = slice(first, min(first + at_once, stop))
                    # A loss makes several arrays of its argument's size.
                    part = z[first - begin : slots.stop - begin]
                    judged = self._loss.judge(part, target.expand_as(part))
                    loss, hit = judged.sums(n, kept)
                    sums[0, slots] += loss
                    sums[1, slots] += hit
                    if keep_hits:
                        hits[slots, now] = judged.hit[:, :n].cpu().numpy() > 0.5
        return Scores(
            n_rows=len(rows),
            loss=sums[0].tolist(),
            hit=sums[1].tolist(),
            hits=list(hits),
            outputs=list(outputs),
        )

    def _batches(self, rows: Tensor, group: Hashable) -> Iterator[tuple[Tensor, Tensor, int]]:
        """Gather rows batch by batch; one small batch of a group is kept from epoch to epoch."""
        if group in self._kept:
            yield self._kept[group]
            return
        for first in range(0, len(rows), self._lanes):
            picked = rows[first : first + self._lanes]
            self._data.inputs(picked, self._x)
            self._data.targets(picked, self._target)
            if len(rows) <= self._lanes and self._x.numel() + self._target.numel() <= _KEPT_FLOATS:
                if len(self._kept) >= _MOST_KEPT:
                    self._kept.clear()
                self._kept[group] = (self._x.clone(), self._target.clone(), len(rows))
            yield self._x, self._target, len(picked)

    def _portions(self, n_slots: int) -> list[tuple[int, int]]:
        size = self._program.score_portion
        return [(start, min(start + size, n_slots)) for start in range(0, n_slots, size)]

    def _forward(
        self,
        x: Tensor,
        weights: list[Tensor],
        biases: list[Tensor],
        hidden: list[HiddenLayer],
        start: int,
    ) -> Tensor:
        n = len(weights[0])
        if n > len(self._h[0]):
            self._h = [zeros(n, *h.shape[1:], dtype=h.dtype) for h in self._h]
        # Buffers are kept from call to call: fresh ones would be zeroed pages each time.
        h = [buffer[:n] for buffer in self._h]
        products = self._products
        bare = [*(layer.norm is not None for layer in hidden), False]
        self._begin(h[0], biases[0], bare[0])
        products.shared_forward(x, products.blocks(weights[0]), products.blocks(h[0]))
        for layer in range(1, len(weights)):
            below = h[layer - 2] if layer > 1 else None
            hidden[layer - 1].score(h[layer - 1], below, start, start + n)
            self._begin(h[layer], biases[layer], bare[layer])
            products.forward(h[layer - 1], weights[layer], h[layer])
        return h[-1]

    def _begin(self, h: Tensor, bias: Tensor, bare: bool) -> None:
        """Put into h what its product is added to: nothing where the bias comes after a norm."""
        if bare:
            h.zero_()
        else:
            h.copy_(bias.unsqueeze(2))
