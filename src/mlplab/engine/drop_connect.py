"""DropConnect: weights of hidden layers dropped for a step, for all examples of a batch alike."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.noise import KeyedNoise, fill_masks, masking
from mlplab.engine.optimisers.base import LayerGradient, twin
from mlplab.engine.program import Program, padded
from mlplab.engine.sharing import Spread
from mlplab.specs import Run


class DropConnect:
    """Masks of the weights that give each hidden layer, and the weights that are left.

    Source: Wan, Zeiler, Zhang, LeCun and Fergus (2013), Regularization of Neural Networks using
    DropConnect; masks are drawn for a batch, where the paper draws them for an example.
    """

    def __init__(
        self, program: Program, weights: Sequence[Tensor], spread: Spread, kept: torch.dtype
    ) -> None:
        """Take the weights of all layers; rates become thresholds and scales in the type `kept`."""
        self._weights = weights[: len(program.widths) - 2]
        self._masks = [twin(w) for w in self._weights]
        self._left = [twin(w) for w in self._weights]
        self._scratch = [twin(w) for w in self._weights]
        self.weights = [*self._left, *weights[len(self._left) :]]
        """What the step's products take in place of the weights."""
        self._noise = KeyedNoise("drop-connect")
        self._spread = spread
        self._dtype, self._kept = weights[0].dtype, kept

    def begin_epoch(self, runs: Sequence[Run | None], seeds: set[int]) -> None:
        """Take the slots' rates; noise of other seeds than these is forgotten."""
        idle = (0.0,) * len(self._weights)
        given = [run.mlp.noise_strength if run else idle for run in runs]
        self._masking = masking(given, self._kept, self._dtype)
        self._noise.forget(seeds)

    def begin_step(self, steps: Sequence[tuple[int, int]]) -> None:
        """Drop weights for a step; `steps` are (seed, step) by group."""
        for layer, (weight, mask) in enumerate(zip(self._weights, self._masks, strict=True)):
            _, outputs, inputs = weight.shape
            # Whole words of noise for each unit: layers of other widths share what they have.
            noise = self._noise.draw(steps, layer, outputs, padded(inputs))[:, :, :inputs]
            fill_masks(self._spread(noise), *self._masking[layer], mask)
            torch.mul(weight, mask, out=self._left[layer])

    def gradient(self, layer: int, of_left: LayerGradient) -> LayerGradient:
        """Return the gradient of a layer's weights, given that of what was left of them."""
        if layer >= len(self._masks):
            return of_left
        return _Masked(of_left, self._masks[layer], self._scratch[layer])


class _Masked:
    """A gradient times a mask."""

    def __init__(self, gradient: LayerGradient, mask: Tensor, scratch: Tensor) -> None:
        self._gradient, self._mask, self._scratch = gradient, mask, scratch

    def add_to(self, out: Tensor) -> None:
        """Form the gradient, then add what the mask leaves of it."""
        self._gradient.write(self._scratch)
        out.addcmul_(self._scratch, self._mask)

    def write(self, out: Tensor) -> None:
        """Overwrite `out`, a buffer that is written to in every step."""
        self._gradient.write(out)
        out.mul_(self._mask)
