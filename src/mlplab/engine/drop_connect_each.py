"""DropConnect for each example: masks of a few examples at a time, drawn, used and forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd

import torch
from torch import Tensor

from mlplab.engine.buffers import zeros
from mlplab.engine.feed import Feed
from mlplab.engine.kernels import Products
from mlplab.engine.noise import KeyedNoise, fill_masks, masking
from mlplab.engine.optimisers.base import twin
from mlplab.engine.program import TWO_VECTORS, Program, padded
from mlplab.engine.sharing import Group
from mlplab.specs import Run

_FLOATS = 2**18  # of masks at a time: a quarter as many took 12 % longer on small layers


def examples_at_once(lanes: int, outputs: int, inputs: int) -> int:
    """Return how many examples' masks of a layer are in memory at a time, a divisor of `lanes`.

    >>> examples_at_once(256, 32, 64), examples_at_once(256, 256, 784)
    (128, 1)
    """
    most = max(1, _FLOATS // (outputs * inputs))
    # Powers of two: lanes are a multiple of 16.
    return gcd(lanes, 2 ** (most.bit_length() - 1))


@dataclass(frozen=True, eq=False)
class _Buffers:
    """What one layer's products of a few examples take: masks and what is left, (C, O, I)."""

    mask: Tensor
    left: Tensor
    x: Tensor
    below: Tensor
    z: Tensor


class DropConnectEach:
    """Products of hidden layers whose weights are dropped anew for each example of a batch.

    Masks are drawn twice, on the way up and on the way down: kept, those of a batch would take B
    times the weights. They are those of `DropConnect` for the first example of a batch.

    Source: Wan, Zeiler, Zhang, LeCun and Fergus (2013), Regularization of Neural Networks using
    DropConnect.
    """

    def __init__(
        self,
        program: Program,
        weights: Sequence[Tensor],
        groups: Sequence[Group],
        feed: Feed,
        products: Products,
        kept: torch.dtype,
    ) -> None:
        """Take the weights of all layers; rates become thresholds and scales in the type `kept`."""
        self._weights = weights[: len(program.widths) - 2]
        self.gradients = [twin(w) for w in self._weights]
        """Of the hidden layers' weights, (R, O, I), after `backward`."""
        self._groups, self._feed, self._products = groups, feed, products
        self._buffers = _buffers_of(program, self._weights)
        self._below: list[Tensor | None] = [None] * len(self._weights)
        self._noise = KeyedNoise("drop-connect")
        self._dtype, self._kept = weights[0].dtype, kept

    def begin_epoch(self, runs: Sequence[Run | None], seeds: set[int]) -> None:
        """Take the slots' rates; noise of other seeds than these is forgotten."""
        idle = (0.0,) * len(self._weights)
        self._idle = [run is None for run in runs]
        self._rates = [run.mlp.noise_strength if run else idle for run in runs]
        self._masking = masking(self._rates, self._kept, self._dtype)
        self._noise.forget(seeds)

    def begin_step(self, steps: Sequence[tuple[int, int]]) -> None:
        """Take the (seed, step) of each group: groups of one place share what is drawn."""
        self._places: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for number, (group, place) in enumerate(zip(self._groups, steps, strict=True)):
            seated = [r for r in range(group.start, group.stop) if not self._idle[r]]
            self._places.setdefault(place, []).extend((number, slot) for slot in seated)

    def forward(self, layer: int, below: Tensor | None, h: Tensor, n: int) -> None:
        """Add a layer's products to h, (R, O, B), for the first n examples.

        Args:
            layer: a hidden one.
            below: what the layer sees, (R, I, B); None for the inputs.
            h: where the products go.
            n: how many of the B lanes are examples.
        """
        self._below[layer] = below
        at = self._buffers[layer]
        for group, slot, examples in self._masked(layer, n):
            torch.mul(at.mask, self._weights[layer][slot], out=at.left)
            self._take_inputs(layer, group, slot, examples)
            self._products.forward(at.x, at.left, at.z.zero_())
            h[slot, :, examples].add_(at.z.squeeze(2).t())

    def backward(self, layer: int, delta: Tensor, below: Tensor | None, n: int) -> None:
        """Form the gradient of a layer's weights, and write the delta below, if there is one."""
        at = self._buffers[layer]
        gradient = self.gradients[layer].zero_()
        if below is not None:
            below.zero_()
        for group, slot, examples in self._masked(layer, n):
            at.z.squeeze(2).copy_(delta[slot, :, examples].t())
            if below is not None:
                torch.mul(at.mask, self._weights[layer][slot], out=at.left)
                self._products.backward(at.left, at.z, at.below)
                below[slot, :, examples] = at.below.squeeze(2).t()
            self._take_inputs(layer, group, slot, examples)
            own = torch.mul(at.mask, at.x.view(len(at.x), 1, -1), out=at.left).mul_(at.z)
            # The sum of a single example is a slow copy.
            gradient[slot].add_(own.sum(0) if len(own) > 1 else own[0])

    def _masked(self, layer: int, n: int) -> Iterator[tuple[int, int, slice]]:
        """Fill the layer's masks for each slot and a few examples: yield group, slot, examples."""
        _, outputs, inputs = self._weights[layer].shape
        mask = self._buffers[layer].mask
        threshold, scale = self._masking[layer]
        for (seed, step), members in self._places.items():
            for first in range(0, n, len(mask)):
                examples = slice(first, first + len(mask))
                places = [(seed, step, e) for e in range(examples.start, examples.stop)]
                # Whole words of noise for each unit, as `DropConnect` has them.
                noise = self._noise.draw(places, layer, outputs, padded(inputs))[:, :, :inputs]
                filled: float | None = None
                for group, slot in members:
                    if self._rates[slot][layer] != filled:
                        fill_masks(noise, threshold[slot], scale[slot], mask)
                        filled = self._rates[slot][layer]
                    yield group, slot, examples

    def _take_inputs(self, layer: int, group: int, slot: int, examples: slice) -> None:
        """Put what the layer sees of some examples side by side, (C, I, 1)."""
        below = self._below[layer]
        x = self._buffers[layer].x.squeeze(2)
        if below is None:
            x.copy_(self._feed.of_group(group)[examples])
        else:
            x.copy_(below[slot, :, examples].t())


def _buffers_of(program: Program, weights: Sequence[Tensor]) -> list[_Buffers]:
    """Make room for each layer; layers follow one another, and share what is large."""
    sizes = [
        (examples_at_once(program.lanes, *w.shape[1:]), w.shape[1], w.shape[2]) for w in weights
    ]
    most = padded(max(c * o * i for c, o, i in sizes), TWO_VECTORS)
    # The same places for all slots: no product meets another alignment than its neighbour's.
    large = zeros(2, most, dtype=weights[0].dtype)
    made = []
    for c, o, i in sizes:
        mask, left = (half[: c * o * i].view(c, o, i) for half in large)
        x, below, z = (torch.zeros(c, k, 1, dtype=large.dtype) for k in (i, i, o))
        made.append(_Buffers(mask, left, x, below, z))
    return made
