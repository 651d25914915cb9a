"""A hidden layer but for its matrix product: norm, activation, PReLU slopes, noise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.activations import Activation
from mlplab.engine.buffers import Room, zeros
from mlplab.engine.dropout import Dropout
from mlplab.engine.hidden_noise import HiddenNoise
from mlplab.engine.norms import BatchNorm, LayerNorm
from mlplab.engine.program import Program
from mlplab.engine.slopes import Slopes

Norm = BatchNorm | LayerNorm
LayerNoise = Dropout | HiddenNoise


class HiddenLayer:
    """One hidden layer of a stack, from its product z = W x to what the next layer sees.

    h = dropout(noise(f(norm(z) + bias))), all (R, U, B), and what the layer below gave is added
    where the layer skips. With a norm the bias comes after it, so that it is the norm's shift.
    """

    def __init__(
        self,
        program: Program,
        index: int,
        bias: Tensor,
        act: Activation,
        *,
        before: Dropout | None = None,
        after: Sequence[LayerNoise] = (),
        room: Room | None = None,
    ) -> None:
        """Make a layer of a stack.

        Args:
            program: of the stack.
            index: of the layer, from 0.
            bias: (R, U).
            act: the activation.
            before: noise on what the activation is given.
            after: noises on what it gives, in their order.
            room: for products of a norm, shared by all layers.
        """
        n, width = bias.shape
        shape = (n, width, program.lanes)
        self._act = act
        self._bias = bias
        self._before, self._after = before, after
        self._index = index
        self.norm: Norm | None = None
        if program.norm == "batch":
            self.norm = BatchNorm(n, width, program.lanes, bias, room)
        elif program.norm == "layer":
            self.norm = LayerNorm(n, width, program.lanes, bias, room)
        self.slopes = Slopes(n, width, act, bias.dtype) if act.slopes else None
        self._z = zeros(*shape, dtype=bias.dtype) if act.needs_input else None
        self._start = bias.unsqueeze(2)
        self._shown = after[-1].seen[index] if after else None
        self._delta: Tensor | None = None
        if program.skips and program.skips[index]:
            self._delta = zeros(*shape, dtype=bias.dtype)
            if self._shown is None:  # f's own values stay for its derivative
                self._shown = zeros(*shape, dtype=bias.dtype)

    def shown(self, h: Tensor) -> Tensor:
        """Return where the next layer finds what this one gives; `h` keeps its f."""
        return h if self._shown is None else self._shown

    def learned(self) -> dict[str, Tensor]:
        """Return what is learned beside weight and bias, (R, U) or (R, 1) by name."""
        out = {}
        if self.norm is not None:
            out["gain"] = self.norm.gain
        if self.slopes is not None:
            out["slope"] = self.slopes.slope
        return out

    def gradients(self) -> list[Tensor]:
        """Return the gradients of `learned`, after `backward`."""
        out = [] if self.norm is None else [self.norm.gain_gradient]
        return out if self.slopes is None else [*out, self.slopes.gradient]

    def carried(self) -> dict[str, Tensor]:
        """Return what a slot must take along and nobody learns: running statistics."""
        if isinstance(self.norm, BatchNorm):
            return {"mean": self.norm.mean, "variance": self.norm.variance}
        return {}

    def initialise(self, slot: int) -> None:
        """Set a slot's own numbers to what they are at first."""
        if self.norm is not None:
            self.norm.initialise(slot)
        if self.slopes is not None:
            self.slopes.slope[slot] = self._act.slope

    def begin(self, z: Tensor) -> None:
        """Put into z what the product is then added to."""
        if self.norm is None:
            z.copy_(self._start)
        else:
            z.zero_()

    def forward(
        self, h: Tensor, below: Tensor | None, n: int, steps: Sequence[tuple[int, int]]
    ) -> Tensor:
        """Turn z into what the next layer sees; h keeps f(norm(z) + bias).

        Args:
            h: z, (R, U, B), overwritten.
            below: what the layer below gave; None below the first.
            n: how many of the B lanes are examples.
            steps: (seed, step) of each group, for noise.
        """
        if self.norm is not None:
            self.norm.forward(h, n)
        if self._before is not None:
            self._before.forward(self._index, h, steps)
        if self._z is not None:
            # Only where f' cannot be written in terms of f: the other activations pay no copy.
            self._z.copy_(h)
        if self.slopes is not None:
            self.slopes.forward(h)
        else:
            self._act.forward(h)
        seen = h
        for noise in self._after:
            seen = noise.forward(self._index, seen, steps)
        if self._delta is None:
            return seen
        assert below is not None
        assert self._shown is not None
        return torch.add(seen, below, out=self._shown)

    def backward(self, d: Tensor, h: Tensor, n: int) -> Tensor:
        """Turn the delta of what the next layer saw into that of z, in place.

        Returns:
            The gradient of the bias, (R, U).
        """
        if self._delta is not None:
            self._delta.copy_(d)
        for noise in reversed(self._after):
            noise.backward(self._index, d)
        if self.slopes is not None:
            assert self._z is not None
            self.slopes.backward(d, self._z)
        else:
            self._act.backward(d, h, h if self._z is None else self._z)
        if self._before is not None:
            self._before.backward(self._index, d)
        # Before the norm's own way back, which needs this very sum as its shift's gradient.
        bias_gradient = d.sum(2)
        if self.norm is not None:
            self.norm.backward(d, bias_gradient, n)
        return bias_gradient

    def pass_down(self, below: Tensor) -> None:
        """Add the delta of what this layer gave to that of the layer below, if it skips."""
        if self._delta is not None:
            below.add_(self._delta)

    def score(self, h: Tensor, below: Tensor | None, start: int, stop: int) -> None:
        """Turn z of some slots into what the next layer sees without noise, in place."""
        if self.norm is not None:
            self.norm.score(h, start, stop)
        if self.slopes is not None:
            self.slopes.forward(h, start, stop)
        else:
            self._act.forward(h)
        if self._delta is not None:
            assert below is not None
            h.add_(below)
