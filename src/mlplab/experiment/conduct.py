"""Training the runs that a plan lacks; each is stored as it ends, so interruptions lose none."""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from mlplab.data import Task
from mlplab.errors import ConfigError, Interrupted
from mlplab.experiment.arms import Arm
from mlplab.experiment.backend import Backend, this_machine
from mlplab.experiment.checkpoints import Checkpoints
from mlplab.experiment.design import Cell, Cells
from mlplab.experiment.keeper import Keeper
from mlplab.experiment.plan import Plan, make_plan
from mlplab.experiment.progress import ProgressCallback, Tally
from mlplab.experiment.tracking.tracker import Tracker
from mlplab.experiment.work import Work
from mlplab.reading import read_whole, refuse_unless
from mlplab.specs import Outcome, Provenance
from mlplab.specs.columns import Outcomes
from mlplab.store import Store

KeepWeights = bool | Literal["new"]

_AT_ONCE = 1000  # outcomes; each is an object until it is in columns


@dataclass(frozen=True, slots=True)
class Setup:
    """How runs are trained and where they are kept; none of it changes a result.

    Attributes:
        store: finished runs.
        backend: what trains.
        workers: worker processes; None lets the engine choose.
        device: `cpu`, `cuda`, `mps`.
        tracker: hears of the runs of experiments.

    Raises:
        ConfigError: there is no such device.
    """

    store: Store
    backend: Backend = field(default_factory=this_machine)
    workers: int | None = None
    device: str = "cpu"
    tracker: Tracker | None = None

    def __post_init__(self) -> None:
        refuse_unless("backend", self.backend, Backend, "a Backend")
        if self.workers is not None:
            read_whole("workers", self.workers)
        if not isinstance(self.device, str) or self.device != "cpu":
            self.backend.provenance(self.device)  # known at once, without loading torch for the cpu


@dataclass(frozen=True, slots=True)
class Finished:
    """All outcomes of a plan by key, and how many of them were remembered."""

    outcomes: Outcomes
    n_from_store: int


def read_keep_weights(keep_weights: KeepWeights) -> KeepWeights:
    """Return whether weights are kept.

    Raises:
        ConfigError: neither yes nor no, and another word than `"new"`.
    """
    is_word = isinstance(keep_weights, str) and keep_weights == "new"
    if not isinstance(keep_weights, bool) and not is_word:
        raise ConfigError(f"keep_weights: expected True, False or 'new'; got {keep_weights!r}")
    return keep_weights


def finish(
    cells: Sequence[Cell],
    task: Task,
    setup: Setup,
    *,
    title: str | None = None,
    keep_weights: KeepWeights = False,
    keep_correct: bool = False,
    need_correct: Collection[Arm] = (),
    progress: ProgressCallback | None = None,
) -> Finished:
    """Return every cell's outcome, from the store or by training.

    Args:
        cells: the runs wanted.
        task: what they train on.
        setup: where they are kept, and what trains them.
        title: of the experiment that these runs become part of; None where they are part already.
        keep_weights: also keep the weights, training again where they are missing; `"new"` keeps
            those of runs that train anyway.
        keep_correct: let runs that train keep their right answers on the test split.
        need_correct: arms whose runs are trained again where these are missing.
        progress: called with a `Progress`.

    Raises:
        ConfigError: another word than `"new"`.
        Interrupted: Ctrl-C; what had finished is in the store.
    """
    read_keep_weights(keep_weights)
    cells = Cells.of(cells)
    if title is not None:
        # Before the training: an interrupted experiment's runs are found by its name too.
        setup.store.put_membership(title, task.name, task.content, cells.keys)
    need_weights = bool(keep_weights) and keep_weights != "new"
    plan = make_plan(cells, setup.store, need_weights=need_weights, need_correct=need_correct)
    # In the design's order, whether computed or remembered: sums over them then agree to the bit.
    outcomes, n_from_store = plan.finished, len(plan.finished)
    heard = _listener(setup, title, task, cells)
    if heard is not None:
        for outcome in outcomes.values():
            heard(outcome)
    try:
        # Closed at once on Ctrl-C: workers stop, the keeper writes the rest.
        arriving = conduct(plan, task, setup, bool(keep_weights), progress, keep_correct)
        with closing(arriving):
            telling = arriving if heard is None else _telling(arriving, heard)
            while some := list(islice(telling, _AT_ONCE)):
                outcomes.add(some)
    except KeyboardInterrupt:
        raise Interrupted(_farewell(plan, setup.store)) from None
    lost = len(plan.cells) - len(outcomes)
    assert not lost, f"the backend ended without {lost} of its runs"
    if len(outcomes.origins()) > 1:
        # Runs of several machines: this machine's own rows, where there are any, go together.
        here = setup.backend.provenance(setup.device).id
        own = setup.store.outcomes(plan.cells.keys, here)
        outcomes = own if len(own) == len(outcomes) else outcomes
    return Finished(outcomes, n_from_store)


def _listener(
    setup: Setup, title: str | None, task: Task, cells: Sequence[Cell]
) -> Callable[[Outcome], None] | None:
    """What is called with each outcome: the tracker's, where these are runs of an experiment."""
    if setup.tracker is None or title is None:
        return None
    return setup.tracker.begin(title, task, cells)


def _telling(arriving: Iterable[Outcome], heard: Callable[[Outcome], None]) -> Iterator[Outcome]:
    for outcome in arriving:
        heard(outcome)
        yield outcome


def log_test_look(found: Finished, store: Store, purpose: str, title: str) -> None:
    """Log one look of an experiment if results have metrics of the test split."""
    if any(name.startswith("test_") for name in found.outcomes.metric_names()):
        n_runs = len(found.outcomes)
        store.log_look("test", purpose, title, n_runs, found.n_from_store == n_runs)


def conduct(
    plan: Plan,
    task: Task,
    setup: Setup,
    keep_weights: bool = False,
    progress: ProgressCallback | None = None,
    keep_correct: bool = False,
) -> Generator[Outcome]:
    """Train the plan's remaining runs and yield each outcome as it comes.

    Runs that another driver trains are waited for, and shared with it.

    However this generator ends, by its end, an error, Ctrl-C or `close()`, every run that was
    reported as ended is in the store.

    Raises:
        StoreError: the store cannot be written.
    """
    todo = plan.remaining.runs
    tally = Tally(progress, len(plan.cells) - len(todo), todo.epochs)
    tally.show(now=True)
    if not todo:
        return
    provenance = setup.backend.provenance(setup.device)
    setup.store.put_provenance(provenance)  # a store that cannot be written is known at once
    keeps = {"keep_weights": keep_weights, "keep_correct": keep_correct}
    with setup.store.driver() as driver:
        # Programs on a cluster are shared by drivers as they are.
        work = Work(plan, setup.store, driver, tally, may_stop=setup.backend.on is None)
        while work.is_left:
            yield from work.take()
            if work.part:
                yield from _train(work, task, setup, provenance, tally, keeps)
            elif work.is_left:
                work.wait()
    tally.show(now=True)


def _train(
    work: Work,
    task: Task,
    setup: Setup,
    provenance: Provenance,
    tally: Tally,
    keeps: Mapping[str, bool],
) -> Iterator[Outcome]:
    """Train what this driver holds: all of it, or until others wish for some."""
    from mlplab.engine.events import Barrier, Checkpointed, Ended, Joined, Progressed

    part = work.part
    states = Checkpoints(setup.store, part.keys, provenance.id)
    work.begin(states.epochs)
    with states, Keeper(setup.store, provenance, part.texts) as keeper:
        events = setup.backend.execute(
            part,
            task,
            workers=setup.workers,
            device=setup.device,
            resume=states,
            kept=setup.store.get,
            stop=work.stop,
            **keeps,
        )
        with closing(events):
            for event in events:
                keeper.check()
                match event:
                    case Progressed():
                        tally.progressed(event.run_epochs)
                    case Checkpointed():
                        keeper.keep_checkpoint(event)
                        work.reached(event.key, event.epoch)
                    case Ended():
                        keeper.keep(event)
                        work.ended(event.outcome.key)
                        tally.ended(event.outcome)
                        yield event.outcome
                    case Joined():
                        setup.store.put_provenance(event.provenance)
                    case Barrier():
                        keeper.flush()
                work.look_elsewhere()
    work.leave()


def _farewell(plan: Plan, store: Store) -> str:
    kept = store.count(plan.cells.keys)
    return (
        f"interrupted: {kept} of {len(plan.cells)} runs are finished and kept in {store.where}; "
        "the same command continues from there"
    )
