"""Weight averaging: a running mean of the weights, scored and kept in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mlplab.engine.optimisers.base import Slot, twin


class Averaging:
    """mean <- decay * mean + (1 - decay) * w after each step; the first step's weights begin it.

    Source: Polyak and Juditsky (1992); in the form of torch.optim.swa_utils with an EMA.
    """

    settings_of_step = ("_share",)

    def __init__(self, params: Mapping[str, Tensor]) -> None:
        self._params = dict(params)
        self.means = {name: twin(tensor) for name, tensor in params.items()}

    def begin_epoch(self, slots: Sequence[Slot | None]) -> None:
        """Take the slots' decays; at its first step a run has no mean yet."""
        like = next(iter(self.means.values()))
        rest = [1.0 if slot is None else 1 - slot.run.fit.ema for slot in slots]
        first = [1.0 if s is None or not s.step else r for s, r in zip(slots, rest, strict=True)]
        self._rest = torch.tensor(rest, dtype=like.dtype)
        self._first = torch.tensor(first, dtype=like.dtype)

    def begin_step(self, step: int) -> None:
        """Take the share of the weights in the next mean."""
        self._share = self._rest if step else self._first

    def follow(self) -> None:
        """Renew the means after a step."""
        for name, mean in self.means.items():
            share = self._share.view((-1,) + (1,) * (mean.ndim - 1))
            mean.lerp_(self._params[name], share)

    def swap(self) -> None:
        """Put the means where the weights are, and the weights where the means were."""
        for name, mean in self.means.items():
            weights = self._params[name]
            # Contents, not tensors: optimisers and products hold views of both buffers.
            kept = weights.clone()
            weights.copy_(mean)
            mean.copy_(kept)
