"""What a population takes beside its stacks: what grows with rows, classes, epochs and runs."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from operator import mul
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task
from mlplab.engine.buffers import LARGE_BYTES
from mlplab.engine.initialise import KEPT_MATRICES, KEPT_SIZE
from mlplab.engine.measures import GRADIENT, PROBED
from mlplab.engine.memory import (
    ModuleStackCapacity,
    copies,
    element_bytes,
    fill_stacks,
    forms_gradient,
    group_bytes,
    kept_slots,
    n_outputs,
    passing_bytes,
    per_step_bytes,
    room_bytes,
    scorer_parts,
    settings_bytes,
    slot_parts,
    stack_bytes,
    state_bytes,
    weight_bytes,
)
from mlplab.engine.modules.program import ModuleProgram
from mlplab.engine.native.coverage import CURVES
from mlplab.engine.native.job import LANES
from mlplab.engine.native.portions import epoch_seconds, epochs_per_call, vectors_per_unit
from mlplab.engine.numerics import runs_per_block
from mlplab.engine.program import TWO_VECTORS, AnyProgram, Program, padded
from mlplab.engine.training import AT_ONCE, SPLITS_KEPT, Training
from mlplab.specs.activation import activation_settings

# Training, outcome and row of a run, measured with 20,000 of them. Networks in compiled loops end
# one by one, and their rows with them.
_RUN_BYTES, _LOOPS_RUN_BYTES = 1_800, 1_400
_ENDED_BYTES = 200  # of a run that has ended, beside its history; measured with a million
QUEUE_BYTES = 16 * 2**20  # of results that wait for the disk, at most
KERNEL_BYTES = 7 * 2**20  # of the runtime: what the first step loads
RUNTIME_BYTES = {"stack": 18 * 2**20, "loops": 12 * 2**20, "modules": 54 * 2**20}
"""What a first run takes once in a process: the database, the kernels that it is the first to use.

Measured on Linux with torch 2.13; see `docs/memory-measured.md`.
"""
_GAPS = 0.01  # of all the rest, in the heap: equal populations took 97 to 103 % of their median
_SCORED = 256  # rows that compiled loops and modules score at a time, at most 512


@dataclass(frozen=True)
class Members:
    """The runs of one program, and the task that they learn.

    Attributes:
        program: of all.
        trainings: of the runs, or one for each kind of them.
        task: what they learn.
        checkpoints, keep_weights: what they keep.
        counts: how many runs each of the trainings stands for; None: one.
        groups: of all runs, where trainings stand for several, numbers that are the same where
            they see the same examples at the same time, in the order in which they train.
    """

    program: AnyProgram
    trainings: Sequence[Training]
    task: Task
    checkpoints: bool = False
    keep_weights: bool = False
    counts: Sequence[int] | None = None
    groups: NDArray[np.int64] | None = None

    @property
    def n_runs(self) -> int:
        """How many there are."""
        return len(self.trainings) if self.counts is None else sum(self.counts)

    @property
    def run_epochs(self) -> int:
        """The epochs of all runs."""
        epochs = [training.run.fit.epochs for training in self.trainings]
        return sum(map(mul, epochs, [1] * len(epochs) if self.counts is None else self.counts))

    @property
    def batches(self) -> Sequence[Hashable]:
        """What runs have in common that see the same examples, sorted."""
        if self.groups is not None:
            return cast("Sequence[int]", self.groups.tolist())
        return sorted(training.batches for training in self.trainings)

    @property
    def n_valid(self) -> int:
        """Rows that validate a run, at most."""
        return max(training.n_valid for training in self.trainings)

    @property
    def n_test(self) -> int:
        """Rows of the test split, if a run scores it."""
        scores = any(training.run.fit.test != "never" for training in self.trainings)
        return self.task.n_test if scores else 0

    @property
    def watches(self) -> bool:
        """Whether a run keeps the weights of its best epoch."""
        fits = (training.run.fit for training in self.trainings)
        return any(fit.patience and fit.restore_best for fit in fits)

    @property
    def rewinds(self) -> bool:
        """Whether a run keeps all that it carried along after its best epoch in training."""
        return any(training.run.fit.rewinds for training in self.trainings)

    @property
    def probed_layers(self) -> int:
        """How many hidden layers are looked at."""
        probes = any(training.run.fit.probes for training in self.trainings)
        return len(self.program.widths) - 2 if probes and isinstance(self.program, Program) else 0

    @property
    def ends_apart(self) -> bool:
        """Whether runs leave others behind, whose states then move to a new stack."""
        fits = [training.run.fit for training in self.trainings]
        apart = any(fit.patience or fit.rewinds for fit in fits)
        return apart or len({fit.epochs for fit in fits}) > 1

    @property
    def n_epochs(self) -> int:
        """Of the longest run."""
        return max(training.run.fit.epochs for training in self.trainings)

    @property
    def kept_at_a_time(self) -> int:
        """What is on its way to the store: weights and checkpoints, where runs keep them.

        Some wait for the disk, another is being made, and the database copies what it binds and
        then the row that it writes; where a row is replaced, that once more.
        """
        weights = weight_bytes(self.program) * self.keep_weights
        state = (state_bytes(self.program) + self.best_bytes) * self.checkpoints
        n_runs = self.n_runs
        return max(
            waiting_bytes(weights, n_runs) + 3 * weights, waiting_bytes(state, n_runs) + 4 * state
        )

    @property
    def best_bytes(self) -> int:
        """What each run keeps of its best epoch: weights, or all that it goes back to."""
        kept = weight_bytes(self.program) if self.watches else 0
        return kept + (state_bytes(self.program) if self.rewinds else 0)

    @property
    def n_seeds(self) -> int:
        """How many different splits they see."""
        if self.groups is not None:
            return len(np.unique(self.groups))
        return len({training.batches for training in self.trainings})


def waiting_bytes(each: int, n: int) -> int:
    """Return what waits for the disk of n that take so much each: one larger is let in alone."""
    return each * min(n, max(1, QUEUE_BYTES // each)) if each else 0


Parts = dict[str, int]
"""Bytes by what they are for: `PARTS`."""

PARTS = ("parameters", "gradients", "optimiser", "activations", "workspace", "data", "runtime")


def stacks_parts(members: Members) -> list[Parts]:
    """Return what each of the program's stacks takes at its worst moment, by part."""
    filled = fill_stacks(members.program, members.batches)
    known: dict[tuple[int, int, int], Parts] = {}
    found: list[Parts] = []
    for room in filled:
        if isinstance(room, ModuleStackCapacity):
            found.append(_module_parts(members, room.n_runs, room.bytes))
            continue
        size = room.n_runs, room.n_slots, room.n_groups
        if size not in known:
            known[size] = _stack_parts(members, *size, len(filled) == 1)
        found.append(known[size])
    return found


def _stack_parts(
    members: Members, n_runs: int, n_slots: int, n_groups: int, is_first: bool
) -> Parts:
    program = members.program
    assert isinstance(program, Program)
    n_slots += n_slots % 2  # see `arrange.arrange`: whole turns of the vector loops
    stays = {name: n_slots * each for name, each in slot_parts(program).items()}
    rows = _rows(members, min(n_runs, members.n_seeds)) + n_slots * settings_bytes(program)
    rows += _picked_bytes(members, program)
    stays["data"] = n_groups * group_bytes(program) + rows
    if members.n_epochs == 1:  # no next order is drawn while the last one is there
        stays["data"] -= 8 * n_groups * program.n_rows
    kept, drawing = _drawn_bytes(program, members.n_seeds)
    moving = n_runs * state_bytes(program) if members.ends_apart else 0
    # The next best epoch's are copied before the last one's go.
    watched = (n_runs + 1) * members.best_bytes
    scoring, judging = _scoring_bytes(members, n_slots)
    room = room_bytes(program, n_slots)
    stepping = passing_bytes(program, n_slots, n_groups) + per_step_bytes(program)
    # Buffers for scoring come with the first epoch's end, and stay.
    again = scoring if members.n_epochs > 1 else 0
    moments = {
        "drawing first weights": moving + drawing - _not_yet(program, stays, is_first),
        "a step": room + stepping + watched + again + _probe_bytes(members),
        "scoring": room + scoring + judging + watched,
        "keeping": room + scoring + watched + moving + members.kept_at_a_time,
    }
    return stays | {"workspace": kept + max(moments.values())}


def _not_yet(program: Program, stays: Parts, is_first: bool) -> int:
    """What is first written to in a step: pages of their own, and kernels in the first stack."""
    formed = stays["gradients"] if forms_gradient(program) or program.optimiser != "sgd" else 0
    return KERNEL_BYTES * is_first + sum(
        size for size in (formed, stays["optimiser"], stays["activations"]) if size > LARGE_BYTES
    )


def _scoring_bytes(members: Members, n_slots: int) -> tuple[int, int]:
    """Return what scoring keeps, and what it makes in passing."""
    program = members.program
    assert isinstance(program, Program)
    kept_outputs = _kept_outputs(members, n_slots)
    sizes = {members.n_valid, members.n_test} - {0}
    lanes = {min(program.score_lanes, padded(n, TWO_VECTORS)) for n in sizes}
    # Where outputs are kept, so many slots are scored at a time: buffers of others stay untouched.
    if set(program.measures) - {GRADIENT}:
        n_rows = max(members.n_valid, members.n_test)
        n_slots = min(n_slots, kept_slots(program, n_rows, False, True))
    pairs = [scorer_parts(program, n_slots, n) for n in lanes]
    held = sum(held for held, _ in pairs)
    return held, max((made for _, made in pairs), default=0) + kept_outputs


def _module_parts(members: Members, n_runs: int, n_bytes: int) -> Parts:
    program = members.program
    assert isinstance(program, ModuleProgram)
    size = element_bytes(program)
    own = size * (program.blueprint.n_params + program.blueprint.n_fixed)
    weights = n_runs * own
    gradients, kept = copies(program)
    each = program.n_features + 6 * program.n_outputs + program.blueprint.kept_per_example
    scored = min(2 * _SCORED, max(members.n_valid, members.n_test))
    workspace = size * scored * each + _kept_outputs(members, n_runs)
    workspace += n_runs * members.best_bytes
    if members.ends_apart:
        workspace += n_runs * state_bytes(program)
    found = {
        "parameters": weights,
        "gradients": weights * (1 + gradients),
        "optimiser": weights * kept,
        "data": _rows(members, min(n_runs, members.n_seeds)),
        "workspace": workspace + members.kept_at_a_time,
    }
    named = found["parameters"] + found["gradients"] + found["optimiser"]
    # The modules through which all runs are called, in training and in evaluation mode, and room
    # in the heap where each run's was drawn (measured: one network more in half of the processes).
    found["parameters"] += 3 * own
    return found | {"activations": max(0, n_bytes - named)}


def _drawn_bytes(program: Program, n_seeds: int) -> tuple[int, int]:
    """Return what is remembered of first weights, drawn in float64, and one layer's draw."""
    sizes = [n_in * n_out for n_in, n_out in pairwise(program.widths)]
    small = [8 * size for size in sizes if size <= KEPT_SIZE]
    kept = min(KEPT_MATRICES, n_seeds * len(small)) * (sum(small) // max(1, len(small)))
    # Small ones are scaled into another array and copied, large ones scaled where they lie.
    return kept, max(8 * size * (1 if size > KEPT_SIZE else 2) for size in sizes)


def _probe_bytes(members: Members) -> int:
    """Return what looking at hidden layers takes: a stack of one run."""
    program = members.program
    assert isinstance(program, Program)
    if not members.probed_layers:
        return 0
    alone = replace(program, measures=(GRADIENT,))
    return stack_bytes(alone, runs_per_block(program.widths[1]), 1)


def _kept_outputs(members: Members, n_slots: int) -> int:
    """Return what users' metrics see: outputs of some slots, and copies for one of them."""
    program = members.program
    if not set(program.measures) - {GRADIENT}:
        return 0
    n_rows = max(members.n_valid, members.n_test)
    each = n_rows * n_outputs(program) * element_bytes(program)
    at_once = min(n_slots, kept_slots(program, n_rows, False, True))
    return at_once * each + each + 2 * n_rows * _target_bytes(members.task)


def _rows(members: Members, n_splits: int) -> int:
    """Return what row numbers take: of the splits that train and were last drawn, and an order."""
    task = members.task
    # Those that train now are among the last ones drawn.
    further = max(0, min(SPLITS_KEPT, members.n_seeds) - n_splits)
    return 8 * n_splits * members.n_valid + 8 * further * task.n_pool + 48 * len(task.inputs)


def _picked_bytes(members: Members, program: Program) -> int:
    """Return the room in which targets of numbers, or soft ones, are gathered, if it is large."""
    task = members.task
    n_rows = program.kept_rows if program.keeps_targets else program.lanes
    if task.kind == "regression":
        n_rows = max(n_rows, min(program.score_lanes, max(members.n_valid, members.n_test)))
        each = _target_bytes(task)
    else:
        each = 0 if task.soft is None else int(task.soft[:1].nbytes)
    return each * n_rows if each * n_rows >= LARGE_BYTES else 0


def _target_bytes(task: Task) -> int:
    return int(task.targets[:1].nbytes)


def loops_parts(members: Members, threads: int) -> Parts:
    """Return what compiled loops take: the task in their form, and what each thread works on."""
    program, task = members.program, members.task
    assert isinstance(program, Program)
    size = element_bytes(program)
    columns = 1 if task.kind == "classification" else task.n_outputs
    arrays = len(task.inputs) * size * (program.widths[0] + columns)
    if task.weights is not None:
        arrays += len(task.inputs) * size
    unit = _lanes_unit(members, threads) if program.n_layers == 1 else _network_unit(members)
    n_units = min(threads + 1, members.n_runs)
    weights = n_units * weight_bytes(program) * (LANES if program.n_layers == 1 else 1)
    kept, drawing = _drawn_bytes(program, members.n_seeds)
    beside = kept + drawing + _probe_bytes(members) + members.kept_at_a_time
    return {
        "parameters": weights,
        "gradients": weights,
        "optimiser": 2 * weights,
        "activations": max(0, min(threads, n_units) * unit - 4 * weights),
        "workspace": beside,
        "data": arrays + _rows(members, n_units) - 40 * len(task.inputs),
    }


def _network_unit(members: Members) -> int:
    program = members.program
    assert isinstance(program, Program)
    size, widths = element_bytes(program), program.widths
    kind = activation_settings(program.activation)[0]
    row = padded(max(max(program.batch_sizes), _SCORED))
    values = row * sum(widths[1:]) * (2 + 2 * program.has_dropout + (kind in CURVES))
    inputs = row * (2 * padded(widths[0]) + max(widths))
    # Weights, two of an optimiser, the gradient; then those of the best epoch.
    weights = program.n_params * (4 + members.watches)
    call = _call_bytes(members, 1, 1)
    return size * (values + inputs + weights) + call + 3 * state_bytes(program)


def _lanes_unit(members: Members, threads: int) -> int:
    program = members.program
    assert isinstance(program, Program)
    n_in, n_out = program.widths
    longest = max(training.run.fit.epochs for training in members.trainings)
    n_groups = members.n_seeds
    in_group = -(-members.n_runs // n_groups)
    n_vectors = n_groups * -(-in_group // LANES)
    vectors = vectors_per_unit(program, n_vectors, longest, threads)
    rows = LANES * max(4 * LANES, max(program.batch_sizes))
    layer = LANES * n_out * (n_in + 1)
    own = vectors * (layer * (3 + members.watches) + LANES * (n_in + 1)) + layer + n_out * rows
    return element_bytes(program) * own + _call_bytes(members, vectors, LANES)


def _call_bytes(members: Members, vectors: int, lanes: int) -> int:
    """Return what a call is given beside weights: rows in order, settings, room for its sums."""
    program = members.program
    assert isinstance(program, Program)
    longest = max(training.run.fit.epochs for training in members.trainings)
    epochs = epochs_per_call(program, vectors, longest, epoch_seconds(program, vectors))
    steps = epochs * len(program.batch_sizes)
    adam = program.optimiser in ("adam", "adamw")
    settings = (88 + 16 * element_bytes(program)) * steps if adam else 64
    sums = 96 * epochs + members.n_test
    rows = 8 * vectors * (program.n_rows + members.n_valid)
    return vectors * lanes * (settings + sums) + rows


def runs_bytes(members: Members) -> int:
    """Return what runs take whether they train, wait or have ended: specs and histories."""
    program = members.program
    own = len(set(program.measures) - {GRADIENT})
    splits = 2 + (2 + own) * (bool(members.n_valid) + bool(members.n_test))
    numbers = splits + (GRADIENT in program.measures) + len(PROBED) * members.probed_layers
    alone = isinstance(program, Program) and program.native and program.n_layers > 1
    each = _LOOPS_RUN_BYTES if alone else _RUN_BYTES
    # A history, and its row on the way into the store.
    # Runs are begun in portions; of those that have ended stays a row of numbers.
    share = min(1.0, AT_ONCE / members.n_runs)
    kept = _ENDED_BYTES * members.n_runs + 8 * numbers * members.run_epochs
    return kept + int(share * (each * members.n_runs + 10 * numbers * members.run_epochs))


def task_bytes(task: Task) -> int:
    """Return what a task's arrays take."""
    arrays = (task.inputs, task.targets, task.weights, task.soft, task.pool)
    return sum(int(array.nbytes) for array in arrays if array is not None) + 8 * task.n_test


@dataclass(frozen=True)
class Footprint:
    """What a population takes beside its task at the worst moment, and how many stacks it needs."""

    parts: Parts
    stacks: dict[AnyProgram, int]
    at_a_time: int
    """Runs that train at a time in one process, or thread."""


def population_parts(parts: Sequence[Members], workers: int = 1) -> Footprint:
    """Add up what trains at a time: stacks side by side, one to a worker, or one program's loops.

    Args:
        parts: the runs of each program.
        workers: processes, or threads of compiled loops.
    """
    stacks = {one.program: stacks_parts(one) for one in parts if not one.program.native}
    at_once = sorted((p for some in stacks.values() for p in some), key=_total, reverse=True)
    moments = [_added(at_once[:workers])]
    moments += [loops_parts(one, workers) for one in parts if one.program.native]
    found = max(moments, key=_total)
    kinds = {
        "loops" if p.program.native else "stack" if isinstance(p.program, Program) else "modules"
        for p in parts
    }
    runtime = max((RUNTIME_BYTES[kind] for kind in kinds), default=0)
    found = {name: found.get(name, 0) for name in PARTS}
    found["runtime"] += runtime + sum(map(runs_bytes, parts))
    found["runtime"] += int(_GAPS * _total(found))
    at_a_time = max((most_at_a_time(one) for one in parts), default=0)
    return Footprint(found, {program: len(some) for program, some in stacks.items()}, at_a_time)


def most_at_a_time(members: Members) -> int:
    """Return how many runs of a program train at a time, at most."""
    program = members.program
    if isinstance(program, Program) and program.native:
        return 1 if program.n_layers > 1 else LANES
    return max(room.n_runs for room in fill_stacks(members.program, members.batches))


def added_runs(members: Members, n_more: int) -> int:
    """Return what so many further runs of the same kind take while they wait or have ended."""
    alone = replace(members, trainings=members.trainings[:1], counts=None, groups=None)
    return n_more * runs_bytes(alone)


def _total(parts: Parts) -> int:
    return sum(parts.values())


def _added(some: Sequence[Parts]) -> Parts:
    return {name: sum(parts.get(name, 0) for parts in some) for name in PARTS}
