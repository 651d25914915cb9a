"""A lane: the runs of one program, a stack at a time; what ends leaves, what waits comes in."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.arrange import slots_of
from mlplab.engine.cost import FIRST_CHECKPOINT_SECONDS
from mlplab.engine.events import Checkpointed, Ended, Event, Progressed
from mlplab.engine.heap import give_back
from mlplab.engine.losses import zero_loss
from mlplab.engine.measures import GRADIENT, REWINDS, Measure, evaluate
from mlplab.engine.memory import kept_slots, slots_bytes
from mlplab.engine.numerics import provenance
from mlplab.engine.order import order
from mlplab.engine.probe import Probe, looks_of
from mlplab.engine.program import AnyProgram
from mlplab.engine.score import Scores, mean_metrics
from mlplab.engine.training import Splits, Training
from mlplab.engine.workshop import workshop_of
from mlplab.engine.workshop_protocols import AnyStack

_REFILL_BELOW = 0.75  # of a full stack; refilling moves every run, so it waits for a few
_LARGE_BYTES = 2**25  # of a stack; smaller ones would only pay for their pages once more
PAUSE_SECONDS = 0.25  # between two looks at progress, stop and checkpoints


@dataclass(frozen=True)
class Options:
    """What is the same for all runs of one call; see `scheduler.train`."""

    device: torch.device
    keep_weights: bool
    keep_correct: bool
    checkpoint_seconds: float
    budget_bytes: int
    slots: int | None
    stop: Callable[[], bool]
    threads: int = 1


class Lane:
    """The runs of one program, a stack at a time."""

    def __init__(
        self,
        program: AnyProgram,
        members: Sequence[Training],
        splits: Splits,
        measures: Mapping[str, Measure],
        options: Options,
    ) -> None:
        self._program = program
        # Neighbours in the queue share batches, so that they enter together.
        self._queue = deque(sorted(members, key=lambda t: (t.run.seed, t.batches)))
        self._splits = splits
        self._task = splits.task
        self._measures = {n: m for n, m in measures.items() if n in program.measures}
        self._options = options
        self._device = options.device
        self._workshop = workshop_of(program, self._task, self._device)
        self._zero_loss = zero_loss(program.loss, self._task, program.huber_delta)
        self._active: list[Training] = []
        self._n_full = 0
        self._seats: list[Training | None] = []
        self._stack: AnyStack | None = None
        self._test: Tensor | None = None
        self._walked = 0
        self._probe: Probe | None = None

    def run(self) -> Generator[Event, None, bool]:
        """Train until the queue is empty; return whether it was stopped before."""
        self._pause_at = time.monotonic() + PAUSE_SECONDS
        self._patience = min(FIRST_CHECKPOINT_SECONDS, self._options.checkpoint_seconds)
        self._checkpoint_at = time.monotonic() + self._patience
        self._charged = time.perf_counter()
        while self._queue or self._active:
            self._let_in()
            if (yield from self._walk(self._take_seats())):
                return True
        return False

    def _walk(self, stack: AnyStack) -> Generator[Event, None, bool]:
        """Train and score one epoch; return whether to stop."""
        if (yield from self._epoch(stack)):
            return True
        yield from self._end_epoch(stack)
        return time.monotonic() >= self._pause_at and (yield from self._pause(stack, 0))

    def _let_in(self) -> None:
        """Fill the stack, unless few have left it: refilling moves every run."""
        if len(self._active) > _REFILL_BELOW * self._n_full:
            return
        let_in = self._workshop.room(self._options.budget_bytes)
        for training in self._active:
            let_in(training)
        most = self._options.slots or len(self._queue) + len(self._active)
        while self._queue and len(self._active) < most:
            coming = self._queue[0]
            # A run that goes on half-way through an epoch waits for others at that step.
            if self._active and coming.step != self._active[0].step:
                break
            if not let_in(coming):
                break
            coming.split = self._splits.of(coming.run)
            self._active.append(self._queue.popleft())
        self._n_full = len(self._active)

    def _take_seats(self) -> AnyStack:
        seats, groups = self._workshop.arrange(self._active)
        slots = slots_of(self._program, seats)
        old = self._stack
        if old is not None and seats == self._seats and groups == old.groups:
            old.slots = slots
            return old
        if old is not None:
            for r, training in enumerate(self._seats):
                if training is not None and training.status is None:
                    training.state = _copies(old.slot_state(r))
        # The old stack goes before the new one is made: they would take twice the budget.
        if old is not None:
            del old
            self._stack = None
            if slots_bytes(self._program, len(self._seats)) > _LARGE_BYTES:
                give_back()
        stack = self._workshop.stack(slots, groups)
        for r, training in enumerate(seats):
            if training is None:
                continue
            training.thaw()
            if training.state is not None:
                stack.load(r, training.state)
                training.state = None
            else:
                stack.initialise(r, training.run)
            if training.run.fit.rewinds and training.good is None:
                training.good = _copies(stack.slot_state(r))
            if training.step:
                sums = (stack.loss_sums, stack.hit_sums, stack.norm_sums)
                for total, value in zip(sums, training.sums, strict=True):
                    total[r] = value
        self._stack, self._seats = stack, seats
        return stack

    def _epoch(self, stack: AnyStack) -> Generator[Event, None, bool]:
        """Take the steps of one epoch, or what is left; return whether to leave half-way."""
        members = [self._seats[group.start] for group in stack.groups]
        orders = [
            self._rows(order(t.run.seed, t.epoch, t.rows.train)) for t in members if t is not None
        ]
        sizes = self._program.batch_sizes
        first_step = self._active[0].step
        stack.begin_epoch(orders, first_step)
        probed = [(r, t) for r, t in enumerate(self._seats) if t is not None and looks_of(t)]
        for step in range(first_step, len(sizes)):
            for r, training in probed:
                self._look(stack, step, r, training)
            stack.step(step)
            self._walked += 1
            if step == 0 and any(training.epoch == 0 for training in self._active):
                self._note_first_losses(stack, sizes[0])
            if (
                time.monotonic() >= self._pause_at
                and step + 1 < len(sizes)
                and (yield from self._pause(stack, step + 1))
            ):
                return True
        return False

    def _look(self, stack: AnyStack, step: int, slot: int, training: Training) -> None:
        """Look at the hidden layers of a run, if it asks for it before this step."""
        if step in looks_of(training):
            self._probe = self._probe or Probe(self._program, self._task, self._device)
            self._probe.look(training, stack.slot_weights(slot), step)

    def _pause(self, stack: AnyStack, step: int) -> Generator[Event, None, bool]:
        """Say how far the epoch is, keep checkpoints when it is time; return whether to stop."""
        self._charge()
        yield self._progress(len(self._active))
        leave = self._options.stop()
        if leave or time.monotonic() >= self._checkpoint_at:
            yield from self._checkpoints(stack, step)
            self._patience = min(2 * self._patience, self._options.checkpoint_seconds)
            self._checkpoint_at = time.monotonic() + self._patience
        self._pause_at = time.monotonic() + PAUSE_SECONDS
        self._charged = time.perf_counter()
        return leave

    def _progress(self, n_runs: int) -> Progressed:
        done = self._walked * n_runs / len(self._program.batch_sizes)
        self._walked = 0
        return Progressed(done)

    def _rows(self, rows: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(np.array(rows)).to(self._device)

    def _note_first_losses(self, stack: AnyStack, n: int) -> None:
        losses = stack.loss_sums.tolist()
        for r, training in enumerate(self._seats):
            if training is not None and training.epoch == 0:
                training.first_loss = losses[r] / n

    def _charge(self) -> None:
        now = time.perf_counter()
        for training in self._active:
            training.seconds += (now - self._charged) / len(self._active)
        self._charged = now

    def _checkpoints(self, stack: AnyStack, step: int) -> Iterator[Event]:
        for r, training in enumerate(self._seats):
            if training is None or training.status is not None:
                continue
            training.step = step
            training.sums = (
                float(stack.loss_sums[r]),
                float(stack.hit_sums[r]),
                float(stack.norm_sums[r]),
            )
            blob = training.freeze(stack.slot_state(r))
            yield Checkpointed(training.key, training.epoch, step, blob)

    def _end_epoch(self, stack: AnyStack) -> Iterator[Event]:
        n_rows, n_steps = sum(self._program.batch_sizes), len(self._program.batch_sizes)
        seated = [(r, t) for r, t in enumerate(self._seats) if t is not None]
        finite = stack.finite().tolist()
        losses, hits = stack.loss_sums.tolist(), stack.hit_sums.tolist()
        norms, counts = stack.norm_sums.tolist(), self._workshop.counts
        for r, training in seated:
            metrics = mean_metrics(losses[r], hits[r], n_rows, counts)
            norm = norms[r] / n_steps
            if not finite[r]:
                # Infinite weights may turn to NaN or not, as a companion's decay has it.
                metrics, norm = dict.fromkeys(metrics, math.nan), math.nan
            training.record({f"train_{name}": value for name, value in metrics.items()})
            if GRADIENT in self._program.measures:
                training.record({GRADIENT: norm})
            training.record_looks()
            if training.run.fit.rewinds:
                training.record({REWINDS: training.n_rewinds})
            training.epoch += 1
            training.step = 0
            far = training.has_diverged(metrics["loss"], self._zero_loss)
            if far or not finite[r]:
                training.diverge()
            elif training.epoch == training.run.fit.epochs:
                training.status = "finished"
        for total in (stack.loss_sums, stack.hit_sums, stack.norm_sums):
            total.zero_()
        # Where runs have running means of their weights, these are scored and kept.
        stack.swap_averages()
        self._score_valid(stack)
        for r, training in seated:
            if training.run.fit.patience and training.status != "diverged":
                self._watch(stack, r, training)
        # Before the test split is scored: nothing that is trained depends on it.
        failed = [training for _, training in seated if training.status == "diverged"]
        self._score_test(stack)
        rewound = [training for training in failed if training.rewind()]
        self._charge()
        self._active = [training for training in self._active if training.status is None]
        if len(self._active) < len(seated):
            yield self._progress(len(seated))
            where = provenance(self._device.type).id
            for r, training in seated:
                if training.status is not None:
                    training.split = None
                    outcome = training.outcome(where)
                    # One at a time: the weights of a whole stack would take as much again.
                    yield Ended(outcome, self._packed(stack, r, training))
                    training.best = training.good = None
            self._charged = time.perf_counter()
        stack.swap_averages()
        for r, training in seated:
            if not training.run.fit.rewinds or training.status is not None:
                continue
            if training in rewound and training.good is not None:
                stack.load(r, training.good)
            elif training not in rewound and training.is_good(self._zero_loss):
                training.good, training.good_epoch = _copies(stack.slot_state(r)), training.epoch

    def _packed(self, stack: AnyStack, slot: int, training: Training) -> bytes | None:
        if not self._options.keep_weights or training.status != "finished":
            return None
        return self._workshop.pack(training.best or stack.slot_weights(slot))

    def _watch(self, stack: AnyStack, slot: int, training: Training) -> None:
        """Keep the weights of a best epoch; end a run that has waited too long for a better one."""
        restores = training.run.fit.restore_best
        if training.watch() and restores:
            training.best = _copies(stack.slot_weights(slot))
        if not training.is_patient:
            training.status = "finished"
        if training.status == "finished" and training.best and training.run.fit.test != "never":
            stack.load_weights(slot, training.best)

    def _score_valid(self, stack: AnyStack) -> None:
        for group in stack.groups:
            first = self._seats[group.start]
            assert first is not None
            if first.n_valid:
                rows = self._rows(first.rows.valid)
                self._score_rows(stack, "valid", rows, first.batches, group.start, group.stop)

    def _score_test(self, stack: AnyStack) -> None:
        if any(_scores_test(t) for t in self._active) and self._task.n_test:
            if self._test is None:
                self._test = self._rows(self._task.test_rows("score runs"))
            self._score_rows(stack, "test", self._test, "test", 0, len(stack.slots))
        elif self._task.n_test:
            for training in self._active:
                self._record_nothing(training, "test")

    def _score_rows(
        self, stack: AnyStack, split: str, rows: Tensor, group: str, start: int, stop: int
    ) -> None:
        counts = self._workshop.counts
        wants_correct = self._options.keep_correct and split == "test" and counts == "accuracy"
        keep_hits = wants_correct and any(t.status == "finished" for t in self._active)
        keep_outputs = bool(self._measures)
        targets = self._workshop.data.raw_targets(rows) if keep_outputs else None
        at_once = kept_slots(self._program, len(rows), keep_hits, keep_outputs)
        for first in range(start, stop, at_once):
            slots = range(first, min(first + at_once, stop))
            scores = self._workshop.score(
                stack,
                rows,
                (split, group),
                (slots.start, slots.stop),
                keep_hits=keep_hits,
                keep_outputs=keep_outputs,
            )
            for place, training in enumerate(self._seats[slots.start : slots.stop]):
                if training is not None:
                    self._note_scores(training, split, scores, place, targets)
            del scores  # before the next ones are made

    def _note_scores(
        self,
        training: Training,
        split: str,
        scores: Scores,
        place: int,
        targets: NDArray[np.generic] | None,
    ) -> None:
        """Record what a run's slot scored; `place` is that of the slot in the scores."""
        if training.status == "diverged" or (split == "test" and not _scores_test(training)):
            self._record_nothing(training, split)
            return
        metrics = scores.metrics(place, self._workshop.counts)
        if not math.isfinite(metrics["loss"]):
            training.diverge()
            self._record_nothing(training, split)
            return
        if targets is not None:
            for name, measure in self._measures.items():
                metrics[name] = evaluate(name, measure, targets, scores.outputs[place])
        training.record({f"{split}_{name}": value for name, value in metrics.items()})
        if split == "test" and training.status == "finished":
            training.end_test(scores.hits[place] if len(scores.hits) else None)

    def _record_nothing(self, training: Training, split: str) -> None:
        """Keep the metrics of a split as long as the history, by NaN, where they are not known."""
        if split == "test" and training.run.fit.test == "never":
            return
        for name in ("loss", self._workshop.counts, *self._measures):
            training.record({f"{split}_{name}": math.nan})


def _copies(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in tensors.items()}


def _scores_test(training: Training) -> bool:
    """Say whether this epoch's end is one at which the run's test split is scored."""
    when = training.run.fit.test
    return when == "epoch" or (when == "end" and training.status == "finished")
