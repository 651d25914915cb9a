"""What a population takes beside its stacks: what grows with rows, classes, epochs and runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mlplab.data import Task
from mlplab.engine.initialise import KEPT_MATRICES, KEPT_SIZE
from mlplab.engine.measures import GRADIENT, PROBED
from mlplab.engine.memory import (
    element_bytes,
    fill_stacks,
    kept_slots,
    n_outputs,
    scorer_bytes,
    stack_bytes,
    state_bytes,
    weight_bytes,
)
from mlplab.engine.native.coverage import CURVES
from mlplab.engine.native.job import LANES
from mlplab.engine.native.portions import epoch_seconds, epochs_per_call, vectors_per_unit
from mlplab.engine.numerics import runs_per_block
from mlplab.engine.program import TWO_VECTORS, AnyProgram, Program, padded
from mlplab.engine.training import SPLITS_KEPT, Training
from mlplab.specs.activation import activation_settings

_RUN_BYTES = 6_000  # specs, training, outcome and row of a run, measured with 20,000 of them
_SCORED = 256  # rows that compiled loops and modules score at a time, at most 512


@dataclass(frozen=True)
class Members:
    """The runs of one program, and the task that they learn."""

    program: AnyProgram
    trainings: Sequence[Training]
    task: Task

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
    def n_seeds(self) -> int:
        """How many different splits they see."""
        return len({training.batches for training in self.trainings})


def stacks_bytes(members: Members) -> list[int]:
    """Return what the program's stacks take, each with all that is held beside it."""
    batches = sorted(training.batches for training in members.trainings)
    filled = fill_stacks(members.program, batches)
    return [room.bytes + _beside(members, room.n_runs) for room in filled]


def _beside(members: Members, n_slots: int) -> int:
    program = members.program
    held = _kept_outputs(members, n_slots) + _rows(members, min(n_slots, members.n_seeds))
    if members.watches:
        held += n_slots * weight_bytes(program)
    if members.ends_apart:
        held += n_slots * state_bytes(program)
    if members.rewinds:
        held += n_slots * state_bytes(program)
    if isinstance(program, Program):
        held += _drawn_bytes(program, members.n_seeds) + _probe_bytes(members)
    # On its way to the store: the tensors of one run, and twice their bytes.
    own = state_bytes(program) * (1 + members.rewinds) + members.watches * weight_bytes(program)
    held += 3 * own
    if isinstance(program, Program):
        sizes = {members.n_valid, members.n_test} - {0}
        lanes = {min(program.score_lanes, padded(n, TWO_VECTORS)) for n in sizes}
        held += sum(scorer_bytes(program, n_slots, n) for n in sorted(lanes)[:-1])
    else:
        each = program.n_features + 6 * program.n_outputs + 2 * program.blueprint.kept_per_example
        held += element_bytes(program) * 2 * _SCORED * each
    return held


def _drawn_bytes(program: Program, n_seeds: int) -> int:
    """Return what first weights take as they are drawn, in float64: small ones are remembered."""
    sizes = [n_in * n_out for n_in, n_out in pairwise(program.widths)]
    small = sum(8 * size for size in sizes if size <= KEPT_SIZE)
    return min(KEPT_MATRICES * 8 * KEPT_SIZE, n_seeds * small) + 24 * max(sizes)


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
    return at_once * each + 3 * each + 2 * n_rows * _target_bytes(members.task)


def _rows(members: Members, n_splits: int) -> int:
    """Return what row numbers take: of the splits that train and were last drawn, and an order."""
    task = members.task
    drawn = min(SPLITS_KEPT, members.n_seeds)
    return 8 * n_splits * members.n_valid + 8 * drawn * task.n_pool + 48 * len(task.inputs)


def _target_bytes(task: Task) -> int:
    return int(task.targets[:1].nbytes)


def loops_bytes(members: Members, threads: int) -> int:
    """Return what compiled loops take: the task in their form, and what each thread works on."""
    program, task = members.program, members.task
    assert isinstance(program, Program)
    size = element_bytes(program)
    columns = 1 if task.kind == "classification" else task.n_outputs
    arrays = len(task.inputs) * size * (program.widths[0] + columns)
    if task.weights is not None:
        arrays += len(task.inputs) * size
    unit = _lanes_unit(members, threads) if program.n_layers == 1 else _network_unit(members)
    n_units = min(threads + 1, len(members.trainings))
    drawn = _drawn_bytes(program, members.n_seeds)
    return arrays + n_units * unit + _rows(members, n_units) + drawn + _probe_bytes(members)


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
    in_group = -(-len(members.trainings) // n_groups)
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
    rows = 64 * program.n_rows + 16 * vectors * (program.n_rows + members.n_valid)
    return vectors * lanes * (settings + sums) + rows


def runs_bytes(members: Members) -> int:
    """Return what runs take whether they train, wait or have ended: specs and histories."""
    program = members.program
    own = len(set(program.measures) - {GRADIENT})
    splits = 2 + (2 + own) * (bool(members.n_valid) + bool(members.n_test))
    numbers = splits + (GRADIENT in program.measures) + len(PROBED) * members.probed_layers
    epochs = sum(training.run.fit.epochs for training in members.trainings)
    # A history, and its row on the way into the store.
    return len(members.trainings) * _RUN_BYTES + 18 * numbers * epochs


def task_bytes(task: Task) -> int:
    """Return what a task's arrays take."""
    arrays = (task.inputs, task.targets, task.weights, task.soft, task.pool)
    return sum(int(array.nbytes) for array in arrays if array is not None) + 8 * task.n_test
