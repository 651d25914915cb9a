"""A network split in each way over several processes, repeated in rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from mlplab.data import Task, load_task
from mlplab.exercises.profile import Profile
from mlplab.specs import MLP, Adam, Fit, Run
from mlplab.theory.split import WAYS, Training, Way, split, starting

N_LAYERS, SMALL = 6, 16
"""Layers of the network; width of the small one."""
FEW, MANY = 2, 4
_STEPS = 4
_PATIENCE_SECONDS = 300.0  # machines that check these claims may be busy

Place = tuple[Way, int]
Start = Callable[[], Any]
ONE: Place = ("data", 1)


def width(profile: Profile) -> int:
    """Return the width of the hidden layers."""
    return profile.pick(512, 1024)


def batch_size(width: int) -> int:
    """Return how many examples a batch has: enough to compute for a while between messages."""
    return max(128, width // 2)


def network(width: int, seed: int = 0) -> Run:
    """Return the network, all hidden layers of one width."""
    return Run(
        net=MLP(hidden=(width,) * (N_LAYERS - 1)),
        optim=Adam(),
        fit=Fit(batch_size=batch_size(width)),
        seed=seed,
    )


@dataclass(frozen=True)
class Rounds:
    """Trainings by way and number of processes, one mapping for each round.

    Attributes:
        large: in one process, in each way over few processes and, in the first rounds, over many.
        small: of the small network, in one process and by data over few.
    """

    large: Sequence[Mapping[Place, Training]]
    small: Sequence[Mapping[Place, Training]]


@cache
def rounds(profile: Profile) -> Rounds:
    """Train, in each round from other first weights.

    The order changes from round to round, so that what else the machine does hits all alike.
    """
    task = load_task("digits")
    large, small = [], []
    with starting() as start:
        for seed in range(profile.pick(5, 10, 20)):
            places: list[Place] = [ONE, *((way, FEW) for way in WAYS)]
            if seed < profile.pick(1, 3):
                places += [(way, MANY) for way in WAYS]
            turn = seed % len(places)
            run = network(width(profile), seed)
            large.append(
                {
                    place: _train(run, task, place, _STEPS, start)
                    for place in places[turn:] + places[:turn]
                }
            )
            run = network(SMALL, seed)
            small.append(
                {
                    place: _train(run, task, place, 3 * _STEPS, start)
                    for place in (ONE, ("data", FEW))
                }
            )
    return Rounds(large, small)


def _train(run: Run, task: Task, place: Place, steps: int, start: Start) -> Training:
    return split(run, task, *place, steps=steps, start=start, patience_seconds=_PATIENCE_SECONDS)
