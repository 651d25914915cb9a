"""A team: runs whose modules share one vmapped forward pass, and their training step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from mlplab.engine.averaging import Averaging
from mlplab.engine.buffers import zeros
from mlplab.engine.clipping import Clipping, Formed
from mlplab.engine.device import sum_dtype
from mlplab.engine.losses import SmoothedCrossEntropy, training_loss
from mlplab.engine.measures import GRADIENT
from mlplab.engine.modules.noise import keyed_noise
from mlplab.engine.modules.program import ModuleProgram
from mlplab.engine.modules.skeleton import Skeleton
from mlplab.engine.optimisers import Slot, optimiser_of
from mlplab.engine.sparsity import SoftThreshold
from mlplab.errors import ConfigError, users_code


class Team:
    """T seats, T fixed by the program; parameters and buffers of the module are (T, ...).

    Losses, optimisers, clipping and averaging are those of stacks of MLPs: a parameter with two
    dimensions or more is a matrix (T, first, rest) to them, any other a vector (T, n).
    """

    def __init__(
        self, program: ModuleProgram, skeleton: Skeleton, slots: Sequence[Slot | None]
    ) -> None:
        """Make idle seats; `skeleton` is in training mode."""
        self.program = program
        self.slots = list(slots)
        self._skeleton = skeleton
        learned, carried = skeleton.learned, skeleton.carried
        n = len(slots)
        self.learned = {name: _seats(n, p) for name, p in learned.items()}
        self.carried = {name: _seats(n, b) for name, b in carried.items()}
        # A run that is called alone sees its own: autograd would form the gradient of a whole team.
        self._leaves = {
            name: (p if n > 1 else p[0]).detach().requires_grad_()
            for name, p in self.learned.items()
        }
        self._gradients = {name: _seats(n, p) for name, p in learned.items()}
        like = next(iter(self.learned.values()))
        self._device = like.device
        self.sum_dtype = sum_dtype(like.device)
        self._order = _order(self.learned)
        self._weights = [_matrix(self.learned[name]) for name, matrix in self._order if matrix]
        self._vectors = [_vector(self.learned[name]) for name, matrix in self._order if not matrix]
        if program.optimiser == "lars" and not self._weights:
            raise ConfigError(f"optim lars: {program.net.name} has no matrix whose norm it wants")
        self._optimiser = optimiser_of(program, self._weights[0] if self._weights else like)
        self.state = self._optimiser.state(self._weights, self._vectors)
        self.averaging = Averaging(self.learned) if program.averages else None
        self._clipping = Clipping(like, self.sum_dtype)
        self._sparsity = SoftThreshold(like) if program.sparse else None
        self._loss = training_loss(program, program.n_outputs, like.dtype)
        self._wants_norm = GRADIENT in program.measures

    def begin_epoch(self, n_steps: int) -> None:
        """Take the settings of the seats for their present epochs."""
        self._optimiser.begin_epoch(self.slots, n_steps)
        if isinstance(self._loss, SmoothedCrossEntropy):
            runs = [slot.run if slot else None for slot in self.slots]
            self._loss.begin_epoch([run.fit.label_smoothing if run else 0.0 for run in runs])
        if self.program.clips:
            self._clipping.begin_epoch(self.slots)
        if self._sparsity is not None:
            self._sparsity.begin_epoch(self.slots, n_steps)
        if self.averaging is not None:
            self.averaging.begin_epoch(self.slots)

    def step(self, step: int, x: Tensor, target: Tensor, share: Tensor) -> tuple[Tensor, ...]:
        """Train every run of the team on its batch.

        Args:
            step: of the epoch.
            x: inputs, (T, B, I).
            target: one-hot classes or numbers, (T, O, B).
            share: of each example in the loss, (T or 1, 1, B).

        Returns:
            Sums over the batch of losses and of hits, and the gradient's norm (0 where nobody
            asked for it), each (T,).

        Raises:
            ConfigError: the module fails.
        """
        self._optimiser.begin_step(step)
        with users_code("module", self.program.net.name):
            outputs = self._forward(step, x)
            # The loss and its derivative are those of MLPs: in place, with the batch last.
            z = outputs.detach().transpose(1, 2).clone(memory_format=torch.contiguous_format)
            judged = self._loss.judge(z, target)
            loss, hit = judged.sums(z.shape[2], self.sum_dtype)
            delta = self._loss.delta(z, target, share).transpose(1, 2)
            leaves = list(self._leaves.values())
            # Runs do not meet in the forward pass, so one call gives each its own gradient.
            found = torch.autograd.grad(outputs, leaves, delta, allow_unused=True)
        for place, gradient in zip(self._gradients.values(), found, strict=True):
            if gradient is None:
                # A parameter on a branch that this step did not take.
                place.zero_()
            else:
                place.copy_(gradient.view(place.shape))
        with torch.no_grad():
            norm = self._move()
            if self._sparsity is not None:
                self._sparsity.begin_step(step)
                self._sparsity.apply(self._weights)
            if self.averaging is not None:
                self.averaging.begin_step(step)
                self.averaging.follow()
        return loss, hit, norm

    def _forward(self, step: int, x: Tensor) -> Tensor:
        if len(self.slots) > 1:
            outputs, after = self._skeleton.call_stacked(self._leaves, self.carried, x)
            self._carry(after)
            return outputs
        (slot,) = self.slots
        seed, number = (0, 0) if slot is None else (slot.run.seed, slot.step + step)
        # Views: a module's own autocast would remember what a leaf was in an earlier step.
        tensors = {name: t.view_as(t) for name, t in self._leaves.items()}
        tensors |= {name: t[0] for name, t in self.carried.items()}
        name = self.program.net.name
        with keyed_noise(name, self._device, seed, "module noise", number):
            outputs, state = self._skeleton.call(tensors, x[0])
        self._carry({name: state[name].unsqueeze(0) for name in self.carried})
        return outputs.unsqueeze(0)

    def _carry(self, after: dict[str, Tensor]) -> None:
        """Keep buffers that the module has replaced rather than changed in place."""
        for name, place in self.carried.items():
            new = after[name]
            # Same memory: changed in place, and there already.
            if new.data_ptr() != place.data_ptr():
                place.copy_(new.detach())

    def _move(self) -> Tensor:
        """Let the optimiser take a step along the gradients; return their norms, (T,)."""
        gradients = list(self._gradients.values())
        norm = torch.zeros(len(self.slots), dtype=self.sum_dtype, device=self._device)
        if self.program.clips:
            norm = self._clipping.clip(gradients)
        elif self._wants_norm:
            norm = self._clipping.norms(gradients)
        optimiser, matrices, vectors = self._optimiser, 0, 0
        scale = optimiser.delta_scale()
        for name, is_matrix in self._order:
            if is_matrix:
                gradient = _matrix(self._gradients[name])
                if scale is not None:
                    gradient.mul_(scale)
                weight = self._weights[matrices]
                optimiser.apply(matrices, weight, Formed(gradient), self.state)
                matrices += 1
            else:
                gradient = _vector(self._gradients[name])
                if scale is not None:
                    gradient.mul_(scale.squeeze(2))
                optimiser.apply_vector(vectors, self._vectors[vectors], gradient, self.state)
                vectors += 1
        optimiser.end_step(self._weights, self._vectors, self.state)
        return norm

    def finite(self) -> Tensor:
        """Say for each seat whether all its parameters and buffers are finite, (T,) bool."""
        ok = torch.ones(len(self.slots), dtype=torch.bool)
        for tensor in (*self.learned.values(), *self.carried.values()):
            if tensor.is_floating_point() and tensor.numel():
                # Both ends rather than all elements, as in `stack.Stack`: no copy of them.
                low, high = _vector(tensor).aminmax(dim=1)
                ok &= (torch.isfinite(low) & torch.isfinite(high)).cpu()
        return ok


def _order(learned: dict[str, Tensor]) -> list[tuple[str, bool]]:
    """Return the names in the order in which they move, and whether each is a matrix.

    That of the module; a vector follows its matrix, so none comes before the first.
    """
    kinds = [(name, p.ndim > 2) for name, p in learned.items()]
    first = next((i for i, (_, is_matrix) in enumerate(kinds) if is_matrix), 0)
    # LARS scales a vector by the norm of the matrix before it.
    return [kinds[first], *kinds[:first], *kinds[first + 1 :]]


def _seats(n: int, like: Tensor) -> Tensor:
    """Make zeros (n, ...) for tensors like this one, in pages of their own; see `buffers.zeros`."""
    with torch.device(like.device):
        return zeros(n, *like.shape, dtype=like.dtype)


def _matrix(tensor: Tensor) -> Tensor:
    return tensor.view(len(tensor), tensor.shape[1], math.prod(tensor.shape[2:]))


def _vector(tensor: Tensor) -> Tensor:
    return tensor.view(len(tensor), math.prod(tensor.shape[1:]))
