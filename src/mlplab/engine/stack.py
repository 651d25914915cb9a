"""A stack: the slots of one program, their weights, and the step that moves them all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from mlplab.engine.activations import activation
from mlplab.engine.device import sum_dtype
from mlplab.engine.feed import Feed
from mlplab.engine.gradient import Gradient
from mlplab.engine.initialise import initial_weight
from mlplab.engine.kernels import Products
from mlplab.engine.losses import Judged, loss_of
from mlplab.engine.noise import KeyedNoise, fill_masks, realised_rate, threshold
from mlplab.engine.optimisers import Slot, optimiser_of
from mlplab.engine.optimisers.base import twin
from mlplab.engine.program import Program, padded
from mlplab.engine.sharing import Group, Sharing, Spread
from mlplab.engine.tensors import TaskTensors
from mlplab.errors import StoreError
from mlplab.specs import Run


class Stack:
    """Slots in groups; idle slots fill groups up to the least size of a product.

    Weights of layer l are (R, O, I), biases (R, O), activations (R, O, B): R slots, O outputs and
    I inputs of the layer, B examples in whole 64-byte lines.
    """

    def __init__(
        self,
        program: Program,
        slots: Sequence[Slot | None],
        groups: Sequence[Group],
        data: TaskTensors,
        products: Products,
    ) -> None:
        self.program = program
        self.slots = list(slots)
        self.groups = list(groups)
        self.dtype = getattr(torch, program.dtype)
        self._products = products
        self._act = activation(program.activation)
        self.loss = loss_of(program.loss, program.widths[-1], self.dtype)
        n, widths, lanes = len(slots), program.padded_widths, program.lanes
        pairs = list(pairwise(widths))
        self.weights = [self._matrices(n, o, i) for i, o in pairs]
        self.biases = [self._zeros(n, o) for _, o in pairs]
        self.optimiser = optimiser_of(program, self.weights[0])
        self.state = self.optimiser.state(self.weights, self.biases)
        sharing = Sharing(products, groups, widths[1])
        self._feed = Feed(program, len(groups), sharing.members, data, self.dtype)
        self._spread = Spread(groups, n)
        self._h = [self._zeros(n, width, lanes) for width in widths[1:]]
        self._d = [self._zeros(n, width, lanes) for width in widths[1:-1]]
        self._noise = KeyedNoise()
        if program.has_dropout:
            self._masks = [self._zeros(n, width, lanes) for width in widths[1:-1]]
            self._dropped = [self._zeros(n, width, lanes) for width in widths[1:-1]]
        below = [None, *(self._dropped if program.has_dropout else self._h)]
        self._gradients = [
            Gradient(products, delta, under, self._feed, sharing)
            for delta, under in zip([*self._d, self._h[-1]], below, strict=False)
        ]
        self._columns = [b.unsqueeze(2) for b in self.biases]
        parts = (sharing.parts(tensor) for tensor in (self.weights[0], self._h[0]))
        self._first_layer = list(zip(*parts, strict=True))
        self._sum_dtype = sum_dtype(self.weights[0].device)
        self.loss_sums = torch.zeros(n, dtype=self._sum_dtype)
        self.hit_sums = torch.zeros_like(self.loss_sums)
        self.norm_sums = torch.zeros_like(self.loss_sums)
        self._wants_norm = "grad_norm" in program.measures
        self._formed = [twin(w) for w in self.weights] if self._wants_norm else []

    def _zeros(self, *shape: int) -> Tensor:
        return torch.zeros(shape, dtype=self.dtype)

    def _matrices(self, n: int, n_out: int, n_in: int) -> Tensor:
        if not self._products.aligned:
            return self._zeros(n, n_out, n_in)
        size = n_out * n_in
        return self._zeros(n, padded(size))[:, :size].view(n, n_out, n_in)

    def initialise(self, slot: int, run: Run) -> None:
        """Draw a slot's first weights; see `initialise.initial_weight`."""
        widths = self.program.widths
        for layer, (n_in, n_out) in enumerate(pairwise(widths)):
            drawn = initial_weight(run.net.init, run.seed, layer, n_out, n_in)
            self.weights[layer][slot, :, :n_in] = torch.from_numpy(np.array(drawn))

    def slot_state(self, slot: int) -> dict[str, Tensor]:
        """Return views of all that a slot must carry along: weights and optimiser state."""
        out = {f"weight.{i}": w[slot] for i, w in enumerate(self.weights)}
        out |= {f"bias.{i}": b[slot] for i, b in enumerate(self.biases)}
        return out | {name: tensor[slot] for name, tensor in self.state.items()}

    def load(self, slot: int, state: dict[str, Tensor]) -> None:
        """Put a state from `slot_state` into a slot.

        Raises:
            StoreError: it is the state of another network.
        """
        for name, place in self.slot_state(slot).items():
            found = state.get(name)
            if found is None or found.shape != place.shape or found.dtype != place.dtype:
                what = "nothing" if found is None else f"{tuple(found.shape)} {found.dtype}"
                raise StoreError(
                    f"checkpoint: expected {name} {tuple(place.shape)} {place.dtype}; got {what}"
                )
            place.copy_(found)

    def finite(self) -> Tensor:
        """Say for each slot whether all its weights and biases are finite, (R,) bool."""
        ok = torch.ones(len(self.slots), dtype=torch.bool)
        for tensor in (*self.weights, *self.biases):
            flat = tensor.flatten(1)
            # Both ends rather than all elements: twenty times faster, and NaN shows in either.
            ok &= torch.isfinite(flat.amax(1)) & torch.isfinite(flat.amin(1))
        return ok

    def begin_epoch(self, orders: Sequence[Tensor], first_step: int = 0) -> None:
        """Take the slots' settings for their present epochs, and each group's order of rows."""
        self._feed.begin_epoch(orders, first_step)
        self.optimiser.begin_epoch(self.slots, len(self.program.batch_sizes))
        if self.program.has_dropout:
            rates = [
                [realised_rate(p) for p in slot.run.net.dropout] if slot else None
                for slot in self.slots
            ]
            n_hidden = len(self.program.widths) - 2
            self._thresholds, self._scales = [], []
            for layer in range(n_hidden):
                at = [0.0 if rate is None else rate[layer] for rate in rates]
                kept = torch.tensor(at, dtype=self._sum_dtype).view(-1, 1, 1)
                self._thresholds.append(threshold(kept).to(self.dtype))
                self._scales.append((1 / (1 - kept)).to(self.dtype))
            self._noise.forget({group.seed for group in self.groups})

    def step(self, step: int) -> None:
        """Train every slot on the next batch of its group."""
        n = self.program.batch_sizes[step]
        target, share = self._feed.take(n)
        self.optimiser.begin_step(step)
        target, share = self._spread(target), self._spread(share)
        z = self._forward(step)
        judged = self.loss.judge(z, target)
        self._count(judged, n)
        delta = self.loss.delta(z, target, share)
        scale = self.optimiser.delta_scale()
        if scale is not None:
            delta.mul_(scale)
        self._backward(delta)
        self.optimiser.end_step(self.weights, self.biases, self.state)

    def _forward(self, step: int) -> Tensor:
        weights, columns, h = self.weights, self._columns, self._h
        h[0].copy_(columns[0])
        for x, (weight, out) in zip(self._feed.x, self._first_layer, strict=True):
            self._products.shared_forward(x, weight, out)
        for layer in range(1, len(weights)):
            self._act.forward(h[layer - 1])
            below = h[layer - 1]
            if self.program.has_dropout:
                below = self._drop(layer - 1, step)
            h[layer].copy_(columns[layer])
            self._products.forward(below, weights[layer], h[layer])
        return h[-1]

    def _drop(self, layer: int, step: int) -> Tensor:
        h, mask = self._h[layer], self._masks[layer]
        places = []
        for group in self.groups:
            slot = self.slots[group.start]
            assert slot is not None
            places.append((group.seed, slot.step + step))
        noise = self._noise.draw(places, layer, h.shape[1], h.shape[2])
        fill_masks(self._spread(noise), self._thresholds[layer], self._scales[layer], mask)
        return torch.mul(h, mask, out=self._dropped[layer])

    def _backward(self, delta: Tensor) -> None:
        squares = torch.zeros_like(self.norm_sums)
        for layer in range(len(self.weights) - 1, -1, -1):
            weight, bias = self.weights[layer], self.biases[layer]
            below: Tensor | None = None
            if layer:
                below = self._d[layer - 1]
                self._products.backward(weight, delta, below)
                if self.program.has_dropout:
                    below.mul_(self._masks[layer - 1])
                self._act.backward(below, self._h[layer - 1])
            bias_gradient = delta.sum(2)
            if self._wants_norm:
                squares += self._square_norm(layer, bias_gradient)
            self.optimiser.apply(
                layer,
                weight,
                bias,
                self._gradients[layer],
                bias_gradient,
                self.state,
            )
            if below is not None:
                delta = below
        if self._wants_norm:
            self.norm_sums += squares.sqrt_()

    def _square_norm(self, layer: int, bias_gradient: Tensor) -> Tensor:
        """Square norm of a layer's loss gradient per slot: costs one more gradient product."""
        gradient = self._formed[layer]
        self._gradients[layer].write(gradient)
        total = gradient.to(self._sum_dtype).square_().sum((1, 2))
        total += bias_gradient.to(self._sum_dtype).square().sum(1)
        scale = self.optimiser.delta_scale()
        if scale is None:
            return total
        factor = scale.to(self._sum_dtype).view(-1).square()
        return torch.where(factor > 0, total / factor, torch.zeros_like(total))

    def _count(self, judged: Judged, n: int) -> None:
        loss = judged.loss[:, :n].sum(1, dtype=self._sum_dtype)
        self.loss_sums += loss
        same = judged.hit is judged.loss
        self.hit_sums += loss if same else judged.hit[:, :n].sum(1, dtype=self._sum_dtype)
