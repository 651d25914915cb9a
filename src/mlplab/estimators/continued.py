"""Training that goes on where it was: one pass over new rows for every network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mlplab.data import Task
from mlplab.engine.arrange import slots_of
from mlplab.engine.order import order
from mlplab.engine.surroundings import training_mode
from mlplab.engine.training import Splits, Training
from mlplab.engine.weights import unpack_layers
from mlplab.engine.workshop import workshop_of
from mlplab.errors import DataError, StoreError
from mlplab.estimators.population import Member, refuse_diverged
from mlplab.experiment.progress import ProgressCallback, Tally
from mlplab.specs import Run

_OTHER_LAYERS = "the networks that are there have other layers; fit anew"


@dataclass(frozen=True, eq=False)
class Progress:
    """Where one network is between two passes.

    Attributes:
        member: the network as it predicts.
        passes: how many it has made, by `partial_fit`.
        steps: how many steps these took.
        state: weights and what the optimiser keeps, by the engine's names.
    """

    member: Member
    passes: int = 0
    steps: int = 0
    state: Mapping[str, Tensor] | None = None


def restarted(
    before: Sequence[Progress] | None, members: Sequence[Member]
) -> tuple[Progress, ...] | None:
    """Return where networks are whose weights were rewritten: the optimiser begins anew.

    What it keeps are gradients in other units; averages of weights begin anew as well.
    """
    if before is None:
        return None
    pairs = zip(before, members, strict=True)
    return tuple(Progress(member, progress.passes) for progress, member in pairs)


def one_pass(
    runs: Sequence[Run],
    task: Task,
    before: Sequence[Progress | None],
    report: ProgressCallback | None = None,
) -> tuple[Progress, ...]:
    """Train every network for one pass over a task's rows.

    Args:
        runs: one per network; constant rates.
        task: the rows.
        before: where the networks are; None for a new one.
        report: called with how far the pass is.

    Raises:
        ConfigError: every network diverged.
    """
    cpu = torch.device("cpu")
    splits = Splits(task)
    with training_mode(cpu):
        trainings = [Training.begin(run, splits) for run in runs]
        program = trainings[0].program
        workshop = workshop_of(program, task, cpu)
        for training, past in zip(trainings, before, strict=True):
            training.epoch = past.passes if past else 0
            training.split = splits.of(training.run)
        seats, groups = workshop.arrange(trainings)
        at = {id(training): place for training, place in zip(trainings, before, strict=True)}
        slots = []
        for slot, seat in zip(slots_of(program, seats), seats, strict=True):
            past = at.get(id(seat))
            slots.append(replace(slot, step=past.steps) if slot and past else slot)
        stack = workshop.stack(slots, groups)
        for place, seat in enumerate(seats):
            if seat is None:
                continue
            stack.initialise(place, seat.run)
            past = at[id(seat)]
            if past and past.state is not None:
                try:
                    stack.load(place, dict(past.state))
                except StoreError:
                    raise DataError(_OTHER_LAYERS) from None
            elif past:
                _put_weights(stack.slot_weights(place), past.member)
        leaders = [seats[group.start] for group in groups]
        stack.begin_epoch(
            [
                torch.from_numpy(order(t.run.seed, t.epoch, t.rows.train).copy())
                for t in leaders
                if t is not None
            ]
        )
        tally = Tally(report, 0, {run.key: 1 for run in runs})
        for step in range(len(program.batch_sizes)):
            stack.step(step)
            tally.progressed(len(runs) / len(program.batch_sizes))
        finite = stack.finite().tolist()
        out = []
        for place, seat in enumerate(seats):
            if seat is None or not finite[place]:
                continue
            # Before the averages stand in: the next pass goes on from the weights themselves.
            state = {n: tensor.clone() for n, tensor in stack.slot_state(place).items()}
            stack.swap_averages()
            member = Member(seat.run, workshop.pack(stack.slot_weights(place)), seat.epoch + 1)
            stack.swap_averages()
            past = at[id(seat)]
            steps = (past.steps if past else 0) + len(program.batch_sizes)
            out.append(Progress(member, seat.epoch + 1, steps, state))
    refuse_diverged(len(runs) - len(out), len(runs), runs[0].optim.lr)
    ranks = {run.seed: rank for rank, run in enumerate(runs)}
    return tuple(sorted(out, key=lambda progress: ranks[progress.member.run.seed]))


def _put_weights(state: Mapping[str, Tensor], member: Member) -> None:
    """Write a member's weights over a slot's, which may be padded."""
    for index, layer in enumerate(unpack_layers(member.weights)):
        weight = state[f"weight.{index}"]
        if weight.shape[0] != layer.weight.shape[0] or weight.shape[1] < layer.weight.shape[1]:
            raise DataError(_OTHER_LAYERS)
        weight[:, : layer.weight.shape[1]] = layer.weight
        state[f"bias.{index}"].copy_(layer.bias)
        for name, tensor in layer.further.items():
            state[f"{name}.{index}"].copy_(tensor)
