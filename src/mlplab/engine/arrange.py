"""Who sits where: runs that share batches side by side, idle slots where a product needs them."""

from __future__ import annotations

from collections.abc import Sequence

from mlplab.engine.gradient import Group
from mlplab.engine.optimisers import Slot
from mlplab.engine.program import Program
from mlplab.engine.training import Training


def arrange(
    program: Program, active: Sequence[Training]
) -> tuple[list[Training | None], list[Group]]:
    """Return the occupant of each slot and the groups of neighbours with shared batches.

    Order and companions decide where a run sits, and nothing else about it.
    """
    together: dict[tuple[str, int], list[Training]] = {}
    for training in active:
        together.setdefault((training.batches, training.epoch), []).append(training)
    seats: list[Training | None] = []
    groups: list[Group] = []
    for members in together.values():
        start = len(seats)
        idle = max(0, program.min_group - len(members))
        seats += [*members, *[None] * idle]
        groups.append(Group(start, len(seats), members[0].run.seed))
    if len(seats) == 1:
        # A batched product over one run takes another kernel, and other bits, than over two.
        seats.append(None)
        groups[-1] = Group(0, 2, groups[-1].seed)
    return seats, groups


def slots_of(program: Program, seats: Sequence[Training | None]) -> list[Slot | None]:
    """Describe the occupants to the stack."""
    per_epoch = len(program.batch_sizes)
    return [
        None if seat is None else Slot(seat.run, seat.epoch, seat.epoch * per_epoch)
        for seat in seats
    ]
