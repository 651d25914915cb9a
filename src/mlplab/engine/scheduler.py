"""The scheduler: groups runs by program, trains one group after the other, yields events."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from mlplab.data import Task
from mlplab.engine.device import device_of
from mlplab.engine.events import Event
from mlplab.engine.lane import Lane, Options
from mlplab.engine.measures import Measure, measures_in
from mlplab.engine.memory import BUDGET_BYTES
from mlplab.engine.program import AnyProgram, Program
from mlplab.engine.surroundings import training_mode
from mlplab.engine.training import AT_ONCE, Splits, Training
from mlplab.specs import Run
from mlplab.specs.columns import Population


def train(
    runs: Sequence[Run],
    task: Task,
    *,
    resume: Mapping[str, bytes] | None = None,
    device: str = "cpu",
    keep_weights: bool = False,
    keep_correct: bool = False,
    measures: Mapping[str, Measure] | None = None,
    checkpoint_seconds: float = 20.0,
    budget_bytes: int = BUDGET_BYTES,
    slots: int | None = None,
    threads: int = 1,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Train runs of one task; say what happens, run by run.

    A run's metrics and weights are the same bits whichever runs it is given with, in any order.

    Args:
        runs: their task refs must belong to `task`; a run given twice is trained once.
        task: the data.
        resume: checkpoints of some of the runs by key, as `Checkpointed.blob` held them; read
            one at a time, twice each.
        device: `cpu`, `cuda`, `mps`; equal bits are promised on the cpu only.
        keep_weights: let `Ended` carry the weights.
        keep_correct: keep which test examples each run classifies rightly.
        measures: the user's metrics by name; default: those registered in this process.
        checkpoint_seconds: time between two checkpoints of a run; the first come sooner.
        budget_bytes: what the slots may take.
        slots: at most so many runs at a time; default: what budget and cache allow.
        threads: for programs in compiled loops; the others use one.
        stop: asked a few times a second; once true, every run is checkpointed and training ends.

    Raises:
        ConfigError: a run does not fit the task, or a metric is unknown or fails.
        StoreError: a checkpoint cannot be read.
    """
    place = device_of(device)
    options = Options(
        place,
        keep_weights,
        keep_correct,
        checkpoint_seconds,
        budget_bytes,
        slots,
        stop,
        threads,
    )
    runs = Population.of(runs).distinct()
    found = measures_in(runs.used().values(), measures)
    for program, members, splits in _sorted(runs, task, resume or {}, place):
        if isinstance(program, Program) and program.native and place.type == "cpu":
            from mlplab.engine.native.lane import NativeLane

            lane = NativeLane(program, members, splits, options).run()
        else:
            lane = _apart(program, members, splits, found, options)
        del members  # the lane lets go of each run that ends: there may be many
        stopped = yield from lane
        if stopped:
            return


def _apart(
    program: AnyProgram,
    members: Sequence[Training],
    splits: Splits,
    measures: Mapping[str, Measure],
    options: Options,
) -> Generator[Event, None, bool]:
    """Run a lane; between two events the caller has its own threads, devices and autograd."""
    with training_mode(options.device):
        inner = Lane(program, members, splits, measures, options).run()
    try:
        while True:
            try:
                with training_mode(options.device):
                    event = next(inner)
            except StopIteration as end:
                return bool(end.value)
            yield event
    finally:
        inner.close()


def _sorted(
    runs: Population, task: Task, resume: Mapping[str, bytes], device: torch.device
) -> Iterator[tuple[AnyProgram, list[Training], Splits]]:
    """Sort runs by program and step; yield those that belong together, in portions."""
    splits = Splits(task)
    resumed: dict[int, Training] = {}
    steps = np.zeros(len(runs), np.int64)
    with training_mode(device):
        programs = splits.programs(runs)
        known = list(resume)
        for place, key in zip(runs.keys.find(known).tolist(), known, strict=True):
            if place >= 0:
                resumed[place] = training = Training.begin(runs[place], splits)
                training.resume(partial(resume.__getitem__, key))
                # By step too: runs resumed inside an epoch meet only those at the same batch.
                steps[place] = training.step
    kinds = {program: number for number, program in enumerate(dict.fromkeys(programs.values()))}
    kind_of = np.zeros(len(runs.templates), np.int64)
    kind_of[list(programs)] = [kinds[program] for program in programs.values()]
    both = np.stack((kind_of[runs.which], steps))
    _, first, group = np.unique(both, axis=1, return_index=True, return_inverse=True)
    for number in np.argsort(first):
        places = np.flatnonzero(group.reshape(-1) == number)
        program = programs[int(runs.which[places[0]])]
        for part in _portions(places, runs, program):
            yield program, _begin(part, runs, splits, resumed, device), splits


def _begin(
    places: NDArray[np.int64],
    runs: Population,
    splits: Splits,
    resumed: dict[int, Training],
    device: torch.device,
) -> list[Training]:
    """Begin the runs at some places; nothing here holds on to those that were resumed."""
    some = zip(places.tolist(), runs.take(places), strict=True)
    with training_mode(device):
        return [
            resumed.pop(at) if at in resumed else Training.begin(run, splits) for at, run in some
        ]


def _portions(
    places: NDArray[np.int64], runs: Population, program: AnyProgram
) -> list[NDArray[np.int64]]:
    """Cut runs of one program where there are many: each is an object while it waits.

    Runs that share batches stay together, and in compiled loops short ones come first, as in a
    lane.
    """
    if len(places) <= AT_ONCE:
        return [places]
    epochs = np.array([run.fit.epochs for run in runs.templates])
    length = epochs[runs.which[places]] if program.native else np.zeros(len(places))
    order = places[np.lexsort((runs.seeds[places], length))]
    return np.array_split(order, -(-len(order) // AT_ONCE))
