"""Which slot of a stack each run gets: shared batches side by side, idle slots as padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mlplab.engine.numerics import runs_per_block
from mlplab.engine.optimisers import Slot
from mlplab.engine.program import AnyProgram, Program
from mlplab.engine.sharing import Group
from mlplab.engine.training import Training


def arrange(
    program: Program, active: Sequence[Training]
) -> tuple[list[Training | None], list[Group]]:
    """Return the occupant of each slot and the groups of neighbours with shared batches.

    Order and companions decide where a run sits, and nothing else about it.
    """
    # By epoch too: a run that joined later sees another order of the same rows.
    together: dict[tuple[str, int], list[Training]] = {}
    for training in active:
        together.setdefault((training.batches, training.epoch), []).append(training)
    block = runs_per_block(program.widths[1])
    seats: list[Training | None] = []
    groups: list[Group] = []
    for members in together.values():
        start = len(seats)
        idle = -len(members) % block
        seats += [*members, *[None] * idle]
        groups.append(Group(start, len(seats), members[0].run.seed))
    if len(seats) % 2:
        # What does not fill a turn of the vector loops of exp, tanh, ... is computed one by one,
        # to other bits; an even number of slots with whole lines fills every turn.
        seats.append(None)
        groups[-1] = replace(groups[-1], stop=len(seats))
    return seats, groups


def slots_of(program: AnyProgram, seats: Sequence[Training | None]) -> list[Slot | None]:
    """Return what the stack needs of each slot's run: epoch, step, losses, rate; None if idle."""
    per_epoch = len(program.batch_sizes)
    return [
        None
        if seat is None
        else Slot(
            seat.run, seat.epoch, seat.epoch * per_epoch, seat.seen_losses(), seat.rate_factor
        )
        for seat in seats
    ]
