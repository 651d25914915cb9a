"""What training changes in its batches: classes replaced, images moved, examples mixed, noise."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.data.label_noise import replaced_classes
from mlplab.engine.tensors import TaskTensors
from mlplab.specs import Run
from mlplab.specs.keyed import philox


class Perturbation:
    """Changes the batches of runs that share them, in one epoch.

    In this order: classes are replaced (by seed and example, the same in all epochs), images are
    mirrored and shifted (by seed, epoch and example), examples are mixed with others of their
    batch and inputs get noise (both by seed and step).

    Source of mixup: Zhang et al. (2018), mixup: Beyond Empirical Risk Minimization,
    arXiv 1710.09412.
    """

    def __init__(self, run: Run, epoch: int, data: TaskTensors) -> None:
        self._fit, self._seed, self._data = run.fit, run.seed, data
        fit = run.fit
        self._classes: Tensor | None = None
        if fit.label_noise:
            known = data.classes()
            made = replaced_classes(known, data.n_outputs, fit.label_noise, run.seed)
            self._classes = torch.from_numpy(made).to(data.device)
        self._words: NDArray[np.uint64] | None = None
        if fit.shift or fit.flip:
            moves = philox(run.seed, "image moves", epoch).bit_generator
            self._words = moves.random_raw(data.n_rows)

    def apply(self, rows: Tensor, step: int, x: Tensor, target: Tensor) -> None:
        """Change a batch in place.

        Args:
            rows: which examples these are, (n,).
            step: of the whole training, from 0.
            x: inputs, (n or more, I or more).
            target: one-hot classes or numbers, (O, n or more).
        """
        n = len(rows)
        x, target = x[:n, : self._data.n_features], target[:, :n]
        if self._classes is not None:
            picked = self._classes.index_select(0, rows)
            target.zero_().scatter_(0, picked.unsqueeze(0), 1.0)
        if self._words is not None:
            self._move(self._words[rows.cpu().numpy()], x)
        if self._fit.mixup:
            self._mix(step, x, target)
        if self._fit.input_noise != "none":
            self._add_noise(step, x)

    def _move(self, words: NDArray[np.uint64], x: Tensor) -> None:
        """Mirror and shift images; what comes in from outside is 0."""
        assert self._data.image_shape is not None
        height, width = self._data.image_shape
        most = self._fit.shift
        # Sixteen bits each: a bias of one in 65,536.
        down, right = (
            (words >> np.uint64(bit) & np.uint64(0xFFFF)) * np.uint64(2 * most + 1) >> np.uint64(16)
            for bit in (0, 16)
        )
        mirrored = (words >> np.uint64(32) & np.uint64(1)).astype(bool) & self._fit.flip
        i = np.arange(height) - (down.astype(np.int64) - most)[:, None]
        j = np.arange(width) - (right.astype(np.int64) - most)[:, None]
        inside = ((i >= 0) & (i < height))[:, :, None] & ((j >= 0) & (j < width))[:, None, :]
        j = np.where(mirrored[:, None], width - 1 - j, j)
        index = np.clip(i, 0, height - 1)[:, :, None] * width + np.clip(j, 0, width - 1)[:, None, :]
        places, seen = (_here(each.reshape(len(x), -1), x) for each in (index, inside))
        for image in x.chunk(x.shape[1] // (height * width), 1):
            image.copy_(image.gather(1, places).mul_(seen))

    def _mix(self, step: int, x: Tensor, target: Tensor) -> None:
        """Mix each example with another: one share for the batch, from Beta(alpha, alpha)."""
        draws = philox(self._seed, "mixup", step)
        drawn = draws.beta(self._fit.mixup, self._fit.mixup)
        # The larger share is an example's own: pairs are the same in distribution, and hits are
        # of its own class.
        share = max(drawn, 1 - drawn)
        others = _here(draws.permutation(len(x)), x)
        for tensor, mates in ((x, x[others]), (target, target[:, others])):
            tensor.mul_(share).add_(mates, alpha=1 - share)

    def _add_noise(self, step: int, x: Tensor) -> None:
        kind, strength = self._fit.input_noise, self._fit.input_strength or 0.0
        draws = philox(self._seed, f"{kind} inputs", step)
        dtype = np.float64 if x.dtype == torch.float64 else np.float32
        if kind in ("uniform", "dropout"):
            drawn = _here(draws.random(x.shape, dtype=dtype), x)
        else:
            drawn = _here(draws.standard_normal(x.shape, dtype=dtype), x)
        if kind == "dropout":
            x.mul_(drawn.ge_(strength)).div_(1 - strength)
        elif kind == "multiplicative":
            x.mul_(drawn.mul_(strength).add_(1))
        else:
            x.add_(drawn, alpha=strength)


def _here(array: NDArray[np.generic], like: Tensor) -> Tensor:
    return torch.from_numpy(array).to(like.device)
