"""A stack: the slots of one program, their weights, and the step that moves them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from mlplab.engine.activations import activation
from mlplab.engine.averaging import Averaging
from mlplab.engine.buffers import Room, Squares, zeros
from mlplab.engine.clipping import Clipping, Formed
from mlplab.engine.device import sum_dtype
from mlplab.engine.drop_connect import DropConnect
from mlplab.engine.drop_connect_each import DropConnectEach
from mlplab.engine.dropout import Dropout
from mlplab.engine.feed import Feed
from mlplab.engine.gradient import Gradient
from mlplab.engine.hidden import HiddenLayer, LayerNoise
from mlplab.engine.hidden_noise import HiddenNoise
from mlplab.engine.initialise import initial_weight
from mlplab.engine.kernels import Products
from mlplab.engine.layout import slots_apart
from mlplab.engine.losses import SmoothedCrossEntropy, training_loss
from mlplab.engine.measures import GRADIENT
from mlplab.engine.optimisers import Slot, optimiser_of
from mlplab.engine.optimisers.base import LayerGradient, twin
from mlplab.engine.perturbation import Perturbation
from mlplab.engine.places import put_state
from mlplab.engine.program import Program, judged_slots
from mlplab.engine.recording import RecordedSteps, Recorder
from mlplab.engine.sharing import Group, Sharing, Spread
from mlplab.engine.sparsity import SoftThreshold
from mlplab.engine.tensors import TaskTensors
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
        feed: type[Feed] = Feed,
        recorder: Recorder | None = None,
    ) -> None:
        self.program = program
        self.slots = list(slots)
        self.groups = list(groups)
        self.dtype = getattr(torch, program.dtype)
        self._products = products
        self.loss = training_loss(program, program.widths[-1], self.dtype)
        n, widths, lanes = len(slots), program.padded_widths, program.lanes
        pairs = list(pairwise(widths))
        self.weights = [self._apart(n, o, i) for i, o in pairs]
        # Runs that make one block are rows of one product: no gap may lie between them.
        if products.joins(widths[1]):
            self.weights[0] = self._zeros(n, *self.weights[0].shape[1:])
        self.biases = [self._apart(n, o) for _, o in pairs]
        self._sum_dtype = sum_dtype(self.weights[0].device)
        self._spread = Spread(groups, n)
        before: Dropout | None = None
        after: list[LayerNoise] = []
        self._drop_connect: DropConnect | None = None
        if program.noise == "dropout-before":
            before = Dropout(program, n, self._spread, self._sum_dtype, before=True)
        elif program.noise == "drop-connect":
            self._drop_connect = DropConnect(program, self.weights, self._spread, self._sum_dtype)
        elif program.noise not in ("none", "drop-connect-each"):
            after.append(HiddenNoise(program, n, self._spread))
        if program.has_dropout:
            after.append(Dropout(program, n, self._spread, self._sum_dtype))
        keyed = [one for one in (before, self._drop_connect) if one is not None]
        self._noises: list[LayerNoise | DropConnect | DropConnectEach] = [*keyed, *after]
        # What the products of a step take.
        self._used = self.weights if self._drop_connect is None else self._drop_connect.weights
        # Whether anything is drawn step by step.
        self._keyed = program.noise != "none" or program.has_dropout or program.perturbs
        act, room = activation(program.activation), Room()
        self.hidden = [
            HiddenLayer(program, index, bias, act, before=before, after=after, room=room)
            for index, bias in enumerate(self.biases[:-1])
        ]
        extras = [layer.learned() for layer in self.hidden]
        self._vectors = [*self.biases, *(v for extra in extras for v in extra.values())]
        # Where the further vectors of each hidden layer begin in the list.
        starts = accumulate((len(extra) for extra in extras), initial=len(self.biases))
        self._extra_starts = list(starts)
        self.optimiser = optimiser_of(program, self.weights[0])
        self.state = self.optimiser.state(self.weights, self._vectors)
        self._params = {f"weight.{i}": w for i, w in enumerate(self.weights)}
        self._params |= {f"bias.{i}": b for i, b in enumerate(self.biases)}
        for i, extra in enumerate(extras):
            self._params |= {f"{name}.{i}": vector for name, vector in extra.items()}
        self._carried = {
            f"{name}.{i}": tensor
            for i, layer in enumerate(self.hidden)
            for name, tensor in layer.carried().items()
        }
        self._averaging = Averaging(self._params) if program.averages else None
        self._clipping = Clipping(self.weights[0], self._sum_dtype) if program.clips else None
        self._sparsity = SoftThreshold(self.weights[0]) if program.sparse else None
        sharing = Sharing(products, groups, widths[1])
        self._data = data
        self._feed = feed(program, len(groups), sharing.members, data, self.dtype)
        self._each: DropConnectEach | None = None
        if program.noise == "drop-connect-each":
            shape = program, self.weights, groups
            self._each = DropConnectEach(*shape, self._feed, products, self._sum_dtype)
            self._noises.append(self._each)
        # Batch last: softmax over classes then reduces along another dimension, 18 times faster.
        self._h = [self._zeros(n, width, lanes) for width in widths[1:]]
        self._d = [self._zeros(n, width, lanes) for width in widths[1:-1]]
        # The gradient needs what the layer above has seen, noise included.
        shown = (layer.shown(h) for layer, h in zip(self.hidden, self._h, strict=False))
        below = [None, *shown]
        self._gradients: list[LayerGradient] = [
            Gradient(products, delta, under, self._feed, sharing)
            for delta, under in zip([*self._d, self._h[-1]], below, strict=False)
        ]
        if self._drop_connect is not None:
            masked = self._drop_connect.gradient
            self._gradients = [masked(layer, one) for layer, one in enumerate(self._gradients)]
        if self._each is not None:
            formed = [Formed(gradient) for gradient in self._each.gradients]
            self._gradients[: len(formed)] = formed
        self._last_bias = self.biases[-1].unsqueeze(2)
        parts = (sharing.parts(tensor) for tensor in (self._used[0], self._h[0]))
        # Views of buffers that never move: cut once here rather than in every step.
        self._first_layer = list(zip(*parts, strict=True))
        # A loss makes several arrays of its argument's size: few slots at a time, as when scored.
        at_once = n if program.smooths else judged_slots(lanes * widths[-1])
        self._judged_together = [slice(at, min(at + at_once, n)) for at in range(0, n, at_once)]
        self.loss_sums = torch.zeros(n, dtype=self._sum_dtype)
        self.hit_sums = torch.zeros_like(self.loss_sums)
        self.norm_sums = torch.zeros_like(self.loss_sums)
        self._squares = Squares(self._sum_dtype)
        self._wants_norm = GRADIENT in program.measures
        forms = self._wants_norm or program.clips
        self._formed = [twin(w) for w in self.weights] if forms else []
        self._steps_of_groups: list[tuple[int, int]] = []
        smoothed = self.loss if isinstance(self.loss, SmoothedCrossEntropy) else None
        changing = self.optimiser, self._clipping, self._sparsity, self._averaging, smoothed
        self._recorded: RecordedSteps | None = None
        if recorder is not None and self.optimiser.settings_of_step is not None:
            self._recorded = RecordedSteps(
                recorder, [part for part in changing if part is not None]
            )

    def _zeros(self, *shape: int) -> Tensor:
        return zeros(*shape, dtype=self.dtype)

    def _apart(self, *shape: int) -> Tensor:
        return slots_apart(*shape, dtype=self.dtype)

    def initialise(self, slot: int, run: Run) -> None:
        """Draw a slot's first weights; see `initialise.initial_weight`."""
        widths = self.program.widths
        for layer, (n_in, n_out) in enumerate(pairwise(widths)):
            # Padded inputs are 0, and so are their weights and gradients.
            drawn = initial_weight(run.mlp.init, run.seed, layer, n_out, n_in)
            if not drawn.flags.writeable:  # remembered; torch would warn
                drawn = drawn.copy()
            self.weights[layer][slot, :, :n_in] = torch.from_numpy(drawn)
            del drawn  # before the next layer's is made
        for hidden in self.hidden:
            hidden.initialise(slot)

    def slot_state(self, slot: int) -> dict[str, Tensor]:
        """Return views of all that a slot must carry along: weights and optimiser state."""
        out = self.slot_weights(slot)
        if self._averaging is not None:
            out |= {f"average.{name}": mean[slot] for name, mean in self._averaging.means.items()}
        return out | {name: tensor[slot] for name, tensor in self.state.items()}

    def slot_weights(self, slot: int) -> dict[str, Tensor]:
        """Return views of what a slot's outputs depend on, by name."""
        return {name: t[slot] for name, t in (self._params | self._carried).items()}

    def swap_averages(self) -> None:
        """Exchange weights and their running means, where runs have them; see `Averaging`."""
        if self._averaging is not None:
            self._averaging.swap()

    def load(self, slot: int, state: dict[str, Tensor]) -> None:
        """Put a state from `slot_state` into a slot.

        Raises:
            StoreError: it is the state of another network.
        """
        put_state(state, self.slot_state(slot))

    def load_weights(self, slot: int, weights: dict[str, Tensor]) -> None:
        """Put weights from `slot_weights` into a slot."""
        put_state(weights, self.slot_weights(slot))

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
        self._begin_batches(orders, first_step)
        self.optimiser.begin_epoch(self.slots, len(self.program.batch_sizes))
        if self._clipping is not None:
            self._clipping.begin_epoch(self.slots)
        if self._sparsity is not None:
            self._sparsity.begin_epoch(self.slots, len(self.program.batch_sizes))
        if self._averaging is not None:
            self._averaging.begin_epoch(self.slots)

    def _begin_batches(self, orders: Sequence[Tensor], first_step: int) -> None:
        self._feed.begin_epoch(orders, first_step, self._perturbations())
        runs = [slot.run if slot else None for slot in self.slots]
        for noise in self._noises:
            noise.begin_epoch(runs, {group.seed for group in self.groups})
        if isinstance(self.loss, SmoothedCrossEntropy):
            self.loss.begin_epoch([run.fit.label_smoothing if run else 0.0 for run in runs])

    def look(self, rows: Tensor, step: int) -> dict[str, Tensor]:
        """Take a step forward and backward without moving, and say what hidden layers do in it.

        Of layer l (from 1): `activation_mean_l` and `activation_variance_l` of what the next layer
        sees, over units and examples; `dead_share_l`, the share of units that are 0 for all
        examples, noise left aside; `grad_norm_l`, the norm of the loss's gradient by what the
        layer learns. Running statistics of batch norm take part of the batch.

        Args:
            rows: in the epoch's order, of all groups alike.
            step: of the epoch.

        Returns:
            By name, (R,).
        """
        n = self.program.batch_sizes[step]
        self._begin_batches([rows] * len(self.groups), step)
        steps = self._steps(step)
        target, share = self._feed.take(n, steps if self.program.perturbs else ())
        self._feed.gather()
        z = self._forward(steps, n)
        out: dict[str, Tensor] = {}
        for number, (layer, h) in enumerate(zip(self.hidden, self._h, strict=False), start=1):
            seen = layer.shown(h)[:, :, :n].to(self._sum_dtype).flatten(1)
            out[f"activation_mean_{number}"] = seen.mean(1)
            out[f"activation_variance_{number}"] = seen.var(1, correction=0)
            is_dead = (h[:, :, :n] == 0).all(2)
            out[f"dead_share_{number}"] = is_dead.to(self._sum_dtype).mean(1)
        target, share = self._spread(target), self._spread(share)
        self.loss.judge(z, target)  # on which its delta stands
        delta = self.loss.delta(z, target, share)
        for index, bias_gradient in self._deltas(delta, n):
            if index < len(self.hidden):
                squares = self._square_norm(index, bias_gradient)
                out[f"grad_norm_{index + 1}"] = squares.sqrt_()
        return out

    def step(self, step: int) -> None:
        """Train every slot on the next batch of its group."""
        n = self.program.batch_sizes[step]
        steps = self._steps_of_groups = self._steps(step) if self._keyed else []
        self._batch = self._feed.take(n, steps if self.program.perturbs else ())
        self.optimiser.begin_step(step)
        if self._sparsity is not None:
            self._sparsity.begin_step(step)
        if self._averaging is not None:
            self._averaging.begin_step(step)
        if self._recorded is None:
            self._move(n)
        else:
            self._recorded.take(n, self._move)

    def _move(self, n: int) -> None:
        """Train on the batches that are there; reads nothing that changes but tensors in place."""
        self._feed.gather()
        target, share = self._batch
        target, share = self._spread(target), self._spread(share)
        z = self._forward(self._steps_of_groups, n)
        for slots in self._judged_together:
            of_slots = target if len(target) == 1 else target[slots]
            judged = self.loss.judge(z[slots], of_slots)
            loss, hit = judged.sums(n, self._sum_dtype)
            self.loss_sums[slots] += loss
            self.hit_sums[slots] += hit
        delta = self.loss.delta(z, target, share)
        # Rates in the output delta are in all gradients below: SGD needs no pass over the weights,
        # and rates are free per run. Clipping must see gradients without them.
        scale = None if self._clipping is not None else self.optimiser.delta_scale()
        if scale is not None:
            delta.mul_(scale)
        if self._clipping is None:
            self._backward(delta, n)
        else:
            self._backward_clipped(delta, n, self._clipping)
        self.optimiser.end_step(self.weights, self._vectors, self.state)
        if self._sparsity is not None:
            self._sparsity.apply(self.weights)
        if self._averaging is not None:
            self._averaging.follow()

    def _forward(self, steps: Sequence[tuple[int, int]], n: int) -> Tensor:
        h = self._h
        for dropping in (self._drop_connect, self._each):
            if dropping is not None:
                dropping.begin_step(steps)
        below: Tensor | None = None
        self._multiply(0, below, n)
        for layer in range(1, len(h)):
            below = self.hidden[layer - 1].forward(h[layer - 1], below, n, steps)
            self._multiply(layer, below, n)
        return h[-1]

    def _multiply(self, layer: int, below: Tensor | None, n: int) -> None:
        """Make a layer's outputs of what it sees; None stands for the inputs."""
        self._begin(layer)
        if self._each is not None and layer < len(self.hidden):
            self._each.forward(layer, below, self._h[layer], n)
        elif below is not None:
            self._products.forward(below, self._used[layer], self._h[layer])
        else:
            for x, (weight, out) in zip(self._feed.x, self._first_layer, strict=True):
                self._products.shared_forward(x, weight, out)

    def _begin(self, layer: int) -> None:
        """Put into a layer's outputs what its product is added to."""
        if layer < len(self.hidden):
            self.hidden[layer].begin(self._h[layer])
        else:
            self._h[layer].copy_(self._last_bias)

    def _perturbations(self) -> list[Perturbation]:
        """What changes the batches of each group in its epoch; nothing where no run asks for it."""
        if not self.program.perturbs:
            return []
        seated = [self.slots[group.start] for group in self.groups]
        return [Perturbation(slot.run, slot.epoch, self._data) for slot in seated if slot]

    def _steps(self, step: int) -> list[tuple[int, int]]:
        """The seed of each group and the number of its step."""
        places = []
        for group in self.groups:
            slot = self.slots[group.start]
            assert slot is not None
            places.append((group.seed, slot.step + step))
        return places

    def _deltas(self, delta: Tensor, n: int) -> Iterator[tuple[int, Tensor]]:
        """Walk down the layers: each one's number and bias gradient, once its delta is there.

        A layer's weights are used for the delta below before the layer is handed out, so they
        may be moved then.
        """
        bias_gradient = delta.sum(2)
        for layer in range(len(self.weights) - 1, -1, -1):
            below = self._d[layer - 1] if layer else None
            # Before this layer's weights move: its own step may come fused with its gradient.
            if self._each is not None and layer < len(self.hidden):
                self._each.backward(layer, delta, below, n)
            elif below is not None:
                self._products.backward(self._used[layer], delta, below)
            if below is not None:
                if layer < len(self.hidden):
                    self.hidden[layer].pass_down(below)
                below_gradient = self.hidden[layer - 1].backward(below, self._h[layer - 1], n)
            yield layer, bias_gradient
            if below is not None:
                delta, bias_gradient = below, below_gradient

    def _backward(self, delta: Tensor, n: int) -> None:
        # Layer by layer, for the whole gradient is never in memory at once.
        squares = torch.zeros_like(self.norm_sums)
        for layer, bias_gradient in self._deltas(delta, n):
            if self._wants_norm:
                squares += self._without_rate(self._square_norm(layer, bias_gradient))
            self.optimiser.apply(layer, self.weights[layer], self._gradients[layer], self.state)
            self.optimiser.apply_vector(layer, self.biases[layer], bias_gradient, self.state)
            self._move_extras(layer)
        if self._wants_norm:
            self.norm_sums += squares.sqrt_()

    def _move_extras(self, layer: int) -> None:
        """Move the gains and slopes of a hidden layer."""
        if layer < len(self.hidden):
            start = self._extra_starts[layer]
            for index, gradient in enumerate(self.hidden[layer].gradients(), start=start):
                self.optimiser.apply_vector(index, self._vectors[index], gradient, self.state)

    def _backward_clipped(self, delta: Tensor, n: int, clipping: Clipping) -> None:
        """Form the whole gradient, bound it, then move: two passes where `_backward` has one."""
        biases: dict[int, Tensor] = {}
        for layer, bias_gradient in self._deltas(delta, n):
            self._gradients[layer].write(self._formed[layer])
            biases[layer] = bias_gradient
        extras = [gradient for layer in self.hidden for gradient in layer.gradients()]
        vectors = [*(biases[layer] for layer in range(len(self.weights))), *extras]
        norms = clipping.clip([*self._formed, *vectors])
        if self._wants_norm:
            self.norm_sums += norms
        scale = self.optimiser.delta_scale()
        if scale is not None:
            for gradient in self._formed:
                gradient.mul_(scale)
            for gradient in vectors:
                gradient.mul_(scale.squeeze(2))
        for layer in range(len(self.weights) - 1, -1, -1):
            formed = Formed(self._formed[layer])
            self.optimiser.apply(layer, self.weights[layer], formed, self.state)
            self.optimiser.apply_vector(layer, self.biases[layer], biases[layer], self.state)
            self._move_extras(layer)

    def _square_norm(self, layer: int, bias_gradient: Tensor) -> Tensor:
        """Square norm of a layer's loss gradient per slot: costs one more gradient product."""
        gradient = self._formed[layer]
        self._gradients[layer].write(gradient)
        # One layer's float64 copy at a time; `memory.step_bytes` counts the largest.
        total = self._squares(gradient).sum((1, 2))
        vectors = [bias_gradient]
        if layer < len(self.hidden):
            vectors += self.hidden[layer].gradients()
        for vector in vectors:
            total += vector.to(self._sum_dtype).square().sum(1)
        return total

    def _without_rate(self, total: Tensor) -> Tensor:
        """Divide out of square norms the rates that were folded into the delta."""
        scale = self.optimiser.delta_scale()
        if scale is None:
            return total
        factor = scale.to(self._sum_dtype).view(-1).square()
        return torch.where(factor > 0, total / factor, torch.zeros_like(total))
