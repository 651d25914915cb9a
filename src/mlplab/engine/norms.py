"""Batch norm and layer norm on whole stacks; their shift is the layer's bias."""

from __future__ import annotations

import torch
from torch import Tensor

from mlplab.engine.buffers import Room, zeros
from mlplab.engine.layout import slots_apart

EPS = 1e-5
"""Added to variances, as torch does."""

MOMENTUM = 0.1
"""Share of a batch in the running statistics of batch norm, as in torch."""


class BatchNorm:
    """y = gain (z - mean) / sqrt(var + eps) + bias, with mean and variance over the batch.

    When scored, running means of both stand in, so that an example's output does not depend on
    the others. The running variance is that with n - 1. Source: Ioffe and Szegedy (2015),
    arXiv 1502.03167.
    """

    def __init__(
        self, n_slots: int, width: int, lanes: int, bias: Tensor, room: Room | None = None
    ) -> None:
        self._bias = bias
        self._room = room or Room()
        self.gain = slots_apart(n_slots, width, dtype=bias.dtype).fill_(1.0)
        self.gain_gradient = torch.zeros(n_slots, width, dtype=bias.dtype)
        self.mean = slots_apart(n_slots, width, dtype=bias.dtype)
        self.variance = slots_apart(n_slots, width, dtype=bias.dtype).fill_(1.0)
        self._normal = zeros(n_slots, width, lanes, dtype=bias.dtype)
        self._inverse = torch.zeros(n_slots, width, 1, dtype=bias.dtype)

    def initialise(self, slot: int) -> None:
        """Set a slot to gain 1, running mean 0 and variance 1."""
        self.gain[slot], self.mean[slot], self.variance[slot] = 1.0, 0.0, 1.0

    def forward(self, h: Tensor, n: int) -> None:
        """Normalise z over its first n lanes, in place, and renew the running statistics."""
        # What lies beyond the batch is none of its examples.
        h[:, :, n:] = 0.0
        mean = h.sum(2, keepdim=True).div_(n)
        torch.sub(h, mean, out=self._normal)
        self._normal[:, :, n:] = 0.0
        # Into h, which is written anew below: no array of its size comes and goes.
        variance = torch.square(self._normal, out=h).sum(2, keepdim=True).div_(n)
        torch.rsqrt(variance + EPS, out=self._inverse)
        self._normal.mul_(self._inverse)
        self.mean.lerp_(mean.squeeze(2), MOMENTUM)
        # As torch: the unbiased variance is kept, the biased one normalises.
        self.variance.lerp_(variance.squeeze(2) * (n / max(n - 1, 1)), MOMENTUM)
        torch.mul(self._normal, self.gain.unsqueeze(2), out=h)
        h.add_(self._bias.unsqueeze(2))

    def backward(self, d: Tensor, shift_gradient: Tensor, n: int) -> None:
        """Turn the delta of y into that of z, in place; `shift_gradient` is its sum over lanes."""
        product = torch.mul(d, self._normal, out=self._room(d))
        torch.sum(product, 2, out=self.gain_gradient)
        d.sub_(shift_gradient.unsqueeze(2) / n)
        # d - mean(d) - normal * mean(d * normal), with the gain gradient as n times the last mean.
        d.addcmul_(self._normal, self.gain_gradient.unsqueeze(2), value=-1 / n)
        d.mul_(self.gain.unsqueeze(2) * self._inverse)
        d[:, :, n:] = 0.0

    def score(self, h: Tensor, start: int, stop: int) -> None:
        """Normalise z of some slots by their running statistics, in place."""
        part = slice(start, stop)
        factor = self.gain[part] * torch.rsqrt(self.variance[part] + EPS)
        h.sub_(self.mean[part].unsqueeze(2)).mul_(factor.unsqueeze(2))
        h.add_(self._bias[part].unsqueeze(2))


class LayerNorm:
    """y = gain (z - mean) / sqrt(var + eps) + bias, with mean and variance over a layer's units.

    An example's output never depends on others. Source: Ba et al. (2016), arXiv 1607.06450.
    """

    def __init__(
        self, n_slots: int, width: int, lanes: int, bias: Tensor, room: Room | None = None
    ) -> None:
        self._bias = bias
        self._room = room or Room()
        self._width = width
        self.gain = slots_apart(n_slots, width, dtype=bias.dtype).fill_(1.0)
        self.gain_gradient = torch.zeros(n_slots, width, dtype=bias.dtype)
        self._normal = zeros(n_slots, width, lanes, dtype=bias.dtype)
        self._inverse = torch.zeros(n_slots, 1, lanes, dtype=bias.dtype)

    def initialise(self, slot: int) -> None:
        """Set a slot to gain 1."""
        self.gain[slot] = 1.0

    def forward(self, h: Tensor, n: int) -> None:
        """Normalise each example's z over the units, in place."""
        self._inverse = self._normalise(h, self._normal)
        self._normal.copy_(h)
        h.mul_(self.gain.unsqueeze(2)).add_(self._bias.unsqueeze(2))

    def _normalise(self, h: Tensor, room: Tensor | None = None) -> Tensor:
        h.sub_(h.sum(1, keepdim=True).div_(self._width))
        variance = torch.square(h, out=room).sum(1, keepdim=True).div_(self._width)
        inverse = torch.rsqrt(variance + EPS)
        h.mul_(inverse)
        return inverse

    def backward(self, d: Tensor, shift_gradient: Tensor, n: int) -> None:
        """Turn the delta of y into that of z, in place."""
        product = torch.mul(d, self._normal, out=self._room(d))
        torch.sum(product, 2, out=self.gain_gradient)
        d.mul_(self.gain.unsqueeze(2))
        product = torch.mul(d, self._normal, out=self._room(d))
        along = product.sum(1, keepdim=True).div_(self._width)
        d.sub_(d.sum(1, keepdim=True).div_(self._width))
        d.addcmul_(self._normal, along, value=-1.0)
        d.mul_(self._inverse)

    def score(self, h: Tensor, start: int, stop: int) -> None:
        """Normalise z of some slots, in place."""
        self._normalise(h)
        h.mul_(self.gain[start:stop].unsqueeze(2)).add_(self._bias[start:stop].unsqueeze(2))
