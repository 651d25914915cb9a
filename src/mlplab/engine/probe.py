"""Looks at hidden layers in training: a stack of its own repeats a step, so that nothing moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from mlplab.data import Task
from mlplab.engine.arrange import slots_of
from mlplab.engine.measures import GRADIENT
from mlplab.engine.order import order
from mlplab.engine.program import AnyProgram, Program
from mlplab.engine.stack import Stack
from mlplab.engine.training import Training
from mlplab.engine.workshop import workshop_of


def probed_steps(probes: int, n_steps: int) -> tuple[int, ...]:
    """Return the steps of an epoch before which hidden layers are looked at, from the first on.

    >>> probed_steps(3, 10), probed_steps(5, 2), probed_steps(0, 10)
    ((0, 3, 6), (0, 1), ())
    """
    n = min(probes, n_steps)
    return tuple(place * n_steps // n for place in range(n))


def looks_of(training: Training) -> tuple[int, ...]:
    """Return the steps of each epoch before which a run's hidden layers are looked at."""
    probes = training.run.fit.probes
    if not probes or not training.run.mlp.hidden:
        return ()
    return probed_steps(probes, len(training.program.batch_sizes))


class Probe:
    """Repeats steps of single runs, forward and backward, with their batches and their noise.

    Apart from the stack or the loops that train: these keep their bits, and a look's own do not
    depend on companions.

    Cost: about that of the run's step alone, and a copy of its weights.
    """

    def __init__(self, program: AnyProgram, task: Task, device: torch.device) -> None:
        assert isinstance(program, Program)
        self._program = replace(program, measures=(GRADIENT,))
        self._workshop = workshop_of(self._program, task, device)
        self._device = device
        self._stack: Stack | None = None

    def look(self, training: Training, weights: Mapping[str, Tensor], step: int) -> None:
        """Note what a run's hidden layers do in the batch of a step that it has not taken.

        Args:
            training: the run.
            weights: its own, as `Stack.slot_weights` names them, without padding or with it.
            step: of its epoch.
        """
        seats, groups = self._workshop.arrange([training])
        slots = slots_of(self._program, seats)
        # One run alone is always seated alike: its stack serves every look, of any run.
        if self._stack is None:
            self._stack = cast(Stack, self._workshop.stack(slots, groups))
        stack = self._stack
        stack.slots, stack.groups = slots, groups
        slot = seats.index(training)
        for name, place in stack.slot_weights(slot).items():
            own = weights[name]
            place[..., : own.shape[-1]] = own
        rows = order(training.run.seed, training.epoch, training.rows.train)
        looked = stack.look(torch.from_numpy(rows.copy()).to(self._device), step)
        for name, values in looked.items():
            training.looks.setdefault(name, []).append(float(values[slot]))
