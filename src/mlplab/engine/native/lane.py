"""A lane of compiled loops: units of runs on threads of this process, no worker to start."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from mlplab.engine.cost import FIRST_CHECKPOINT_SECONDS
from mlplab.engine.events import Checkpointed, Ended, Event, Progressed
from mlplab.engine.lane import PAUSE_SECONDS, Options
from mlplab.engine.native.arrays import Arrays
from mlplab.engine.native.job import LANES
from mlplab.engine.native.portions import epoch_seconds, epochs_per_call, vectors_per_unit
from mlplab.engine.native.unit import Unit, seated
from mlplab.engine.numerics import provenance
from mlplab.engine.probe import Probe, looks_of
from mlplab.engine.program import Program
from mlplab.engine.surroundings import plain_thread, training_mode
from mlplab.engine.training import Splits, Training
from mlplab.engine.weights import pack_weights


@dataclass(eq=False)
class _Work:
    """A unit and how fast it was."""

    unit: Unit
    n_vectors: int
    epoch_seconds: float
    pause: float
    seconds: float = 0.0
    run_epochs: int = 0
    kept_at: float = field(default_factory=time.monotonic)


class NativeLane:
    """The runs of one program that compiled loops train; see `lane.Lane`."""

    def __init__(
        self, program: Program, members: Sequence[Training], splits: Splits, options: Options
    ) -> None:
        self._program = program
        self._queue = deque(sorted(members, key=_neighbours))
        self._splits = splits
        self._options = options
        self._arrays = Arrays(splits.task, program)
        self._patience = min(FIRST_CHECKPOINT_SECONDS, options.checkpoint_seconds)
        self._linear = program.n_layers == 1
        self._vectors = self._vectors_per_unit() if self._linear else 1
        self._probe: Probe | None = None

    def run(self) -> Generator[Event, None, bool]:
        """Train until the queue is empty; return whether it was stopped before."""
        threads = self._options.threads
        busy: dict[Future[None], _Work] = {}
        stopped = False
        with ThreadPoolExecutor(threads, "mlplab", initializer=plain_thread) as pool:
            while busy or (self._queue and not stopped):
                # One more than threads, so that none of them waits for this loop.
                while self._queue and not stopped and len(busy) <= threads:
                    work = self._next_unit()
                    self._look(work.unit)
                    busy[pool.submit(self._advance, work)] = work
                done, _ = wait(busy, timeout=PAUSE_SECONDS, return_when=FIRST_COMPLETED)
                stopped = stopped or self._options.stop()
                for future in done:
                    work = busy.pop(future)
                    future.result()
                    if work.unit.step:  # within an epoch, which is taken to its end
                        self._look(work.unit)
                        busy[pool.submit(self._advance, work)] = work
                        continue
                    yield from self._report(work)
                    if not seated(work.unit.members):
                        continue
                    if stopped or time.monotonic() - work.kept_at >= work.pause:
                        yield from self._keep(work)
                    if not stopped:
                        self._look(work.unit)
                        busy[pool.submit(self._advance, work)] = work
        return stopped

    def _vectors_per_unit(self) -> int:
        """See `portions.vectors_per_unit`."""
        sizes = Counter((_together(t), t.batches) for t in self._queue).values()
        n_vectors = sum(-(-size // LANES) for size in sizes)
        longest = max(training.run.fit.epochs for training in self._queue)
        return vectors_per_unit(self._program, n_vectors, longest, self._options.threads)

    def _next_unit(self) -> _Work:
        """Take the next run from the queue, or the next vectors of runs."""
        members = [self._queue.popleft()]
        n_vectors, in_vector = 1, 1
        while self._linear and self._queue:
            last, coming = members[-1], self._queue[0]
            if _together(coming) != _together(last):
                break
            if coming.batches != last.batches or in_vector == LANES:
                if n_vectors == self._vectors:
                    break
                n_vectors, in_vector = n_vectors + 1, 0
            members.append(self._queue.popleft())
            in_vector += 1
        for training in members:
            training.split = self._splits.of(training.run)
            training.thaw()
        with training_mode(self._options.device):
            unit = Unit(self._program, members, self._arrays, self._options.keep_correct)
        seconds = epoch_seconds(self._program, n_vectors)
        return _Work(unit, n_vectors, seconds, self._patience)

    def _advance(self, work: _Work) -> None:
        members = [training for _, training in seated(work.unit.members)]
        left = members[0].run.fit.epochs - members[0].epoch
        # None: to the end of the epoch, or of several.
        to_step = next((step for step in looks_of(members[0]) if step > work.unit.step), None)
        n = epochs_per_call(self._program, work.n_vectors, left, work.epoch_seconds)
        if any(looks_of(t) or t.run.optim.schedule.kind == "plateau" for t in members):
            n = 1
        first = members[0].epoch
        started = time.perf_counter()
        work.unit.advance(n, to_step)
        work.seconds += time.perf_counter() - started
        if to_step is not None:
            return
        done = [training.epoch - first for training in members]
        work.run_epochs, work.epoch_seconds = sum(done), work.seconds / max(done)

    def _look(self, unit: Unit) -> None:
        """Look at a network's hidden layers, if its run asks for it before the unit's next step."""
        for place, training in seated(unit.members):
            if unit.step in looks_of(training):
                with training_mode(self._options.device):
                    self._probe = self._probe or Probe(
                        self._program, self._splits.task, self._options.device
                    )
                    self._probe.look(training, unit.weights(place), unit.step)

    def _report(self, work: _Work) -> Iterator[Event]:
        """Say what a call has done, and let go of the runs that have ended."""
        present = seated(work.unit.members)
        yield Progressed(float(work.run_epochs))
        where = provenance("cpu").id
        for _, training in present:
            training.seconds += work.seconds / len(present)
        work.seconds = 0.0
        ended = [(place, training) for place, training in present if training.status is not None]
        kept: dict[int, bytes] = {}
        if ended and self._options.keep_weights:
            with training_mode(self._options.device):
                kept = {
                    place: pack_weights(work.unit.weights(place), self._program)
                    for place, training in ended
                    if training.status == "finished"
                }
        for place, training in ended:
            work.unit.members[place] = None
            training.split = None
            yield Ended(training.outcome(where), kept.pop(place, None))

    def _keep(self, work: _Work) -> Iterator[Event]:
        """Keep checkpoints of a unit, at doubling pauses."""
        work.kept_at = time.monotonic()
        work.pause = min(2 * work.pause, self._options.checkpoint_seconds)
        for place, training in seated(work.unit.members):
            with training_mode(self._options.device):
                blob = training.freeze(work.unit.state(place))
            yield Checkpointed(training.key, training.epoch, 0, blob)


def _neighbours(training: Training) -> tuple[object, ...]:
    """In the queue, what may share a unit lies side by side, and what is short comes first.

    So results come early, and a kill costs little. Runs that see about as many inputs share a
    vector: it reads no more than they need.
    """
    run = training.run
    return (*_together(training), run.seed, training.batches, run.mlp.inputs)


def _together(training: Training) -> tuple[object, ...]:
    """What runs of one unit have in common beside their program."""
    fit = training.run.fit
    return (fit.epochs, training.epoch, fit.test, training.n_valid, fit.patience > 0)
