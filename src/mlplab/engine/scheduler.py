"""The scheduler: fills slots, drops what has ended, compacts, and says what happens."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.data import Task
from mlplab.engine.arrange import arrange, slots_of
from mlplab.engine.device import device_of
from mlplab.engine.events import Checkpointed, Ended, Event, Progressed
from mlplab.engine.kernels import products
from mlplab.engine.measures import Measure, evaluate, measures_of
from mlplab.engine.memory import BUDGET_BYTES, capacity
from mlplab.engine.numerics import kernel_kind, provenance, single_thread
from mlplab.engine.order import order
from mlplab.engine.program import Program
from mlplab.engine.score import Scorer, Scores, mean_metrics
from mlplab.engine.stack import Stack
from mlplab.engine.tensors import TaskTensors
from mlplab.engine.training import Splits, Training
from mlplab.engine.weights import pack_weights
from mlplab.specs import Run

_REFILL_BELOW = 0.75  # of the slots; refilling moves every run, so it waits for a few
_PROGRESS_SECONDS = 0.25
_FIRST_CHECKPOINT_SECONDS = 2.0


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
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Event]:
    """Train runs of one task on one thread; say what happens, run by run.

    A run's metrics and weights are the same bits whichever runs it is given with, in any order.

    Args:
        runs: their task refs must belong to `task`.
        task: the data.
        resume: checkpoints of some of the runs by key, as `Checkpointed.blob` held them.
        device: `cpu`, `cuda`, `mps`; equal bits are promised on the cpu only.
        keep_weights: let `Ended` carry the weights.
        keep_correct: keep which test examples each run classifies rightly.
        measures: the user's metrics by name; default: those registered in this process.
        checkpoint_seconds: time between two checkpoints of a run; the first come sooner.
        budget_bytes: what the slots may take.
        slots: at most so many runs at a time; default: what budget and cache allow.
        stop: asked a few times a second; once true, every run is checkpointed and training ends.

    Raises:
        ConfigError: a run does not fit the task.
    """
    waiting: dict[tuple[Program, int], list[Training]] = {}
    splits = Splits(task)
    for run in runs:
        training = Training.begin(run, splits)
        if resume and training.key in resume:
            training.thaw(resume[training.key])
        waiting.setdefault((training.program, training.step), []).append(training)
    place = device_of(device)
    with single_thread(), torch.inference_mode(), place:
        for (program, _), members in waiting.items():
            found = measures_of(program.measures) if measures is None else measures
            lane = _Lane(program, members, task, place, found, keep_weights, keep_correct)
            lane.n_slots = slots or capacity(program, budget_bytes)
            yield from lane.run(checkpoint_seconds, stop)
            if stop():
                return


class _Lane:
    """The runs of one program, a stack at a time."""

    n_slots: int

    def __init__(
        self,
        program: Program,
        members: Sequence[Training],
        task: Task,
        device: torch.device,
        measures: Mapping[str, Measure],
        keep_weights: bool,
        keep_correct: bool,
    ) -> None:
        self._program = program
        # Neighbours in the queue share batches, so that they enter together.
        self._queue = deque(sorted(members, key=lambda t: (t.run.seed, t.batches)))
        self._task = task
        self._measures = {n: m for n, m in measures.items() if n in program.measures}
        self._keep_weights = keep_weights
        self._keep_correct = keep_correct
        dtype = getattr(torch, program.dtype)
        self._device = device
        self._data = TaskTensors(task, dtype, program.padded_widths[0], device)
        self._products = products(kernel_kind() if device.type == "cpu" else "stacked")
        self._active: list[Training] = []
        self._seats: list[Training | None] = []
        self._stack: Stack | None = None
        self._scorer: Scorer | None = None
        self._test: Tensor | None = None

    def run(self, checkpoint_seconds: float, stop: Callable[[], bool]) -> Iterator[Event]:
        """Train until the queue is empty, or until `stop` says so."""
        # The first checkpoints come early, so that even frequent kills leave some progress.
        self._pause = min(checkpoint_seconds, _FIRST_CHECKPOINT_SECONDS)
        self._longest_pause = checkpoint_seconds
        self._checkpoint_at = time.monotonic() + self._pause
        self._look_at = time.monotonic() + _PROGRESS_SECONDS
        while self._queue or self._active:
            if len(self._active) <= _REFILL_BELOW * self.n_slots:
                while self._queue and len(self._active) < self.n_slots:
                    self._active.append(self._queue.popleft())
            stack = self._take_seats()
            for step in self._epoch(stack):
                if isinstance(step, Progressed):
                    yield step
                    continue
                leave = stop()
                yield from self._checkpoint_if_due(stack, step, leave)
                if leave:
                    return
            yield from self._end_epoch(stack)
            if self._active and self._time_to_look():
                leave = stop()
                yield from self._checkpoint_if_due(stack, 0, leave)
                if leave:
                    return

    def _time_to_look(self) -> bool:
        now = time.monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + _PROGRESS_SECONDS
        return True

    def _checkpoint_if_due(self, stack: Stack, step: int, at_once: bool) -> Iterator[Event]:
        if not at_once and time.monotonic() < self._checkpoint_at:
            return
        yield from self._checkpoints(stack, step)
        self._pause = min(2 * self._pause, self._longest_pause)
        self._checkpoint_at = time.monotonic() + self._pause

    def _take_seats(self) -> Stack:
        seats, groups = arrange(self._program, self._active)
        slots = slots_of(self._program, seats)
        old = self._stack
        if old is not None and seats == self._seats and groups == old.groups:
            old.slots = slots
            return old
        stack = Stack(self._program, slots, groups, self._data, self._products)
        before = {id(t): r for r, t in enumerate(self._seats) if t is not None}
        for r, training in enumerate(seats):
            if training is None:
                continue
            if id(training) in before and old is not None:
                stack.load(r, old.slot_state(before[id(training)]))
            elif training.state is not None:
                stack.load(r, training.state)
                training.state = None
            else:
                stack.initialise(r, training.run)
            if training.step:
                sums = (stack.loss_sums, stack.hit_sums, stack.norm_sums)
                for total, value in zip(sums, training.sums, strict=True):
                    total[r] = value
        self._stack, self._seats = stack, seats
        return stack

    def _epoch(self, stack: Stack) -> Iterator[Progressed | int]:
        """Walk over one epoch, or what is left of it.

        Yields progress, and a few times a second the number of the next step: then the stack is
        between two steps and may be left.
        """
        started = time.perf_counter()
        members = [self._seats[group.start] for group in stack.groups]
        orders = [
            self._rows(order(t.run.seed, t.epoch, t.train)) for t in members if t is not None
        ]
        sizes = self._program.batch_sizes
        first_step = counted = self._active[0].step
        n_active = len(self._active)
        stack.begin_epoch()
        position = sum(sizes[:first_step])
        for step in range(first_step, len(sizes)):
            stack.step(step, [rows[position : position + sizes[step]] for rows in orders])
            position += sizes[step]
            if step == 0:
                self._note_first_losses(stack, sizes[0])
            if step + 1 < len(sizes) and self._time_to_look():
                yield Progressed(n_active * (step + 1 - counted) / len(sizes))
                counted = step + 1
                self._charge(started)
                yield step + 1
                started = time.perf_counter()
        self._charge(started)
        yield Progressed(n_active * (len(sizes) - counted) / len(sizes))

    def _rows(self, rows: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(np.array(rows)).to(self._device)

    def _note_first_losses(self, stack: Stack, n: int) -> None:
        for r, training in enumerate(self._seats):
            if training is not None and training.epoch == 0:
                training.first_loss = float(stack.loss_sums[r]) / n

    def _charge(self, started: float) -> None:
        share = (time.perf_counter() - started) / len(self._active)
        for training in self._active:
            training.seconds += share

    def _checkpoints(self, stack: Stack, step: int) -> Iterator[Event]:
        for r, training in enumerate(self._seats):
            if training is None:
                continue
            training.step = step
            training.sums = (
                float(stack.loss_sums[r]),
                float(stack.hit_sums[r]),
                float(stack.norm_sums[r]),
            )
            blob = training.freeze(stack.slot_state(r))
            yield Checkpointed(training.key, training.epoch, step, blob)

    def _end_epoch(self, stack: Stack) -> Iterator[Event]:
        started = time.perf_counter()
        n_rows, n_steps = sum(self._program.batch_sizes), len(self._program.batch_sizes)
        seated = [(r, t) for r, t in enumerate(self._seats) if t is not None]
        finite = stack.finite()
        for r, training in seated:
            counts = stack.loss.counts
            metrics = mean_metrics(
                float(stack.loss_sums[r]), float(stack.hit_sums[r]), n_rows, counts
            )
            training.record({f"train_{name}": value for name, value in metrics.items()})
            if "grad_norm" in self._program.measures:
                training.record({"grad_norm": float(stack.norm_sums[r]) / n_steps})
            training.epoch += 1
            training.step = 0
            if training.has_diverged(metrics["loss"]) or not bool(finite[r]):
                training.status, training.diverged_epoch = "diverged", training.epoch
            elif training.epoch == training.run.fit.epochs:
                training.status = "finished"
        for total in (stack.loss_sums, stack.hit_sums, stack.norm_sums):
            total.zero_()
        self._score(stack)
        self._charge(started)
        where = provenance(self._device.type).id
        for r, training in seated:
            if training.status is None:
                continue
            weights = None
            if self._keep_weights and training.status == "finished":
                weights = pack_weights(stack.slot_state(r), self._program)
            self._active.remove(training)
            yield Ended(training.outcome(where), weights)

    def _score(self, stack: Stack) -> None:
        if self._scorer is None:
            n = len(stack.slots)
            self._scorer = Scorer(self._program, self._data, self._products, stack.loss, n)
        for group in stack.groups:
            first = self._seats[group.start]
            assert first is not None
            if len(first.valid):
                self._score_rows(stack, "valid", self._rows(first.valid), group.start, group.stop)
        if any(_scores_test(t) for t in self._active) and self._task.n_test:
            if self._test is None:
                self._test = self._rows(self._task.test_rows("score runs"))
            self._score_rows(stack, "test", self._test, 0, len(stack.slots))
        elif self._task.n_test:
            for training in self._active:
                if training.run.fit.test != "never":
                    self._record_test(training, None)

    def _score_rows(self, stack: Stack, split: str, rows: Tensor, start: int, stop: int) -> None:
        assert self._scorer is not None
        low = max(0, min(start, len(stack.slots) - 2))
        high = max(stop, low + 2)
        wants_correct = self._keep_correct and split == "test" and stack.loss.counts == "accuracy"
        scores = self._scorer.score(
            [w[low:high] for w in stack.weights],
            [b[low:high] for b in stack.biases],
            rows,
            keep_hits=wants_correct and any(t.status == "finished" for t in self._active),
            keep_outputs=bool(self._measures),
        )
        for r in range(start, stop):
            training = self._seats[r]
            if training is None:
                continue
            metrics = self._metrics(scores, r - low, stack.loss.counts, rows)
            if training.status == "diverged":
                metrics = dict.fromkeys(metrics, math.nan)
            if split == "test":
                if training.run.fit.test != "never":
                    self._record_test(training, metrics if _scores_test(training) else None)
                if scores.hits and training.status == "finished":
                    training.correct["test"] = np.packbits(scores.hits[r - low]).tobytes()
            else:
                training.record({f"valid_{name}": value for name, value in metrics.items()})

    def _metrics(self, scores: Scores, slot: int, counts: str, rows: Tensor) -> dict[str, float]:
        metrics = scores.metrics(slot, counts)
        for name, measure in self._measures.items():
            metrics[name] = evaluate(measure, self._data.raw_targets(rows), scores.outputs[slot])
        return metrics

    def _record_test(self, training: Training, metrics: dict[str, float] | None) -> None:
        counts = "accuracy" if self._program.loss == "cross-entropy" else "rmse"
        names = ["loss", counts, *self._measures]
        found = metrics or dict.fromkeys(names, math.nan)
        training.record({f"test_{name}": found[name] for name in names})


def _scores_test(training: Training) -> bool:
    """Say whether this epoch's end is one at which the run's test split is scored."""
    when = training.run.fit.test
    return when == "epoch" or (when == "end" and training.status == "finished")
