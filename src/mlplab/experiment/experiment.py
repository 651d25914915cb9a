"""The heart: a base run, the factors varied, the seeds, the claims."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any, final

from mlplab.data import Task, base_of
from mlplab.errors import ConfigError
from mlplab.experiment.arms import Arm, ArmIndex, make_arms, product
from mlplab.experiment.backend import Backend, this_machine
from mlplab.experiment.conduct import Setup, finish
from mlplab.experiment.declare import (
    check_claims,
    read_fails,
    read_name,
    read_rows,
    read_seeds,
    read_vary,
)
from mlplab.experiment.design import Cell, make_cells
from mlplab.experiment.plan import Plan, make_plan
from mlplab.experiment.progress import Report
from mlplab.experiment.runs import Runs
from mlplab.experiment.until_decided import finish_until_decided
from mlplab.experiment.verdict import LookPlan
from mlplab.inside import refuse_at_import
from mlplab.specs import Claim, Run, TaskRef, digest
from mlplab.store import Store

if TYPE_CHECKING:
    from mlplab.engine import Cost

StoreLike = Store | str | os.PathLike[str] | None


@final
@dataclass(frozen=True, eq=False, init=False, repr=False)
class Experiment:
    """Runs of every combination of factors, on the same seeds, and the claims they shall decide.

    Nothing is loaded or trained by making one; mistakes are reported at once.

    Args:
        task: what is learned: a `Task`, the name of a registered one, or a `TaskRef` that also
            says what is held out for validation; names are loaded when first needed.
        base: the run that factors vary; its task and seed are the experiment's. Default: the one
            registered with the data set, or `Run()`.
        vary: factor -> values, combined in full. A factor is a dotted path (`optim.lr`), its
            short name (`lr`), or a whole spec (`optim`).
        seeds: a number n for seeds 0 to n-1, or the seeds themselves.
        claims: what shall be decided; they share the level, so declare what you mean to say.
        name: under which verdicts and test looks are kept; made from the content by default.
        arms: further arms, each a mapping of factors; what one leaves out has the base's value.
        fails: metric -> bound: a finished run whose last value is not better than it counts as
            failed, as a diverged one does; `{"train_accuracy": 0.15}` for ten classes at chance.

    Attributes:
        design: the arms, in order: the combinations of `vary` (the last factor moves fastest),
            then `arms`.

    Raises:
        ConfigError: what does not fit, in one line.
        GuardError: a claim that would let the test split select.

    >>> experiment = Experiment("digits", vary={"lr": [0.03, 0.1], "hidden": [16, 64]}, seeds=3)
    >>> [arm.label for arm in experiment.design]
    ['lr=0.03 hidden=16', 'lr=0.03 hidden=64', 'lr=0.1 hidden=16', 'lr=0.1 hidden=64']
    """

    task: Task | TaskRef | str
    base: Run
    vary: Mapping[str, tuple[Any, ...]]
    seeds: tuple[int, ...]
    claims: tuple[Claim, ...]
    name: str | None
    design: tuple[Arm, ...]
    counted_seeds: bool
    fails: Mapping[str, float]

    def __init__(
        self,
        task: Task | TaskRef | str,
        base: Run | None = None,
        vary: Mapping[str, Sequence[Any]] | None = None,
        seeds: int | Sequence[int] = 8,
        claims: Sequence[Claim] = (),
        name: str | None = None,
        arms: Sequence[Mapping[str, Any]] | None = None,
        fails: Mapping[str, float] | None = None,
    ) -> None:
        if not isinstance(task, Task | TaskRef | str):
            raise ConfigError(f"task: expected a Task or the name of one; got {task!r}")
        base = base_of(task) if base is None else base
        if not isinstance(base, Run):
            raise ConfigError(f"base: expected a Run; got {base!r}")
        base = base.replace(task=None, seed=0)
        factors = read_vary(base, vary or {})
        rows = product(factors) if factors or not arms else []
        fields: dict[str, Any] = {
            "task": task,
            "base": base,
            "vary": factors,
            "seeds": read_seeds(seeds),
            "claims": tuple(claims),
            "name": read_name(name),
            "design": make_arms(base, [*rows, *read_rows(base, arms or ())]),
            "counted_seeds": isinstance(seeds, Integral),
            "fails": read_fails(base, fails or {}, task if isinstance(task, Task) else None),
        }
        for field, value in fields.items():
            object.__setattr__(self, field, value)
        check_claims(self.claims, self.find, task if isinstance(task, Task) else None)

    def __repr__(self) -> str:
        name = self.task if isinstance(self.task, str) else self.task.name
        size = f"{len(self.design)} arms x {len(self.seeds)} seeds, {len(self.claims)} claims"
        return f"Experiment({self.name or 'unnamed'!r} on {name!r}: {size})"

    @cached_property
    def data(self) -> Task:
        """The task, loaded when it is first needed.

        Raises:
            DataError: it cannot be found.
            ConfigError: a claim is about a split that it does not have.
        """
        if isinstance(self.task, Task):
            return self.task
        from mlplab.data import load_task

        ref = TaskRef(name=self.task) if isinstance(self.task, str) else self.task
        params: dict[str, Any] = dict(ref.params)
        task = load_task(ref.name, valid=ref.valid, **params)
        check_claims(self.claims, self.find, task)
        read_fails(self.base, self.fails, task)
        return task

    @cached_property
    def title(self) -> str:
        """The name, or one made from the content."""
        if self.name is not None:
            return self.name
        content = [arm.run.canonical() for arm in self.design], self.data.content
        return f"experiment-{digest(list(content), 8)}"

    def find(self, arm: Arm | Mapping[str, Any] | str) -> Arm:
        """Return the arm of the design that a label, or factor values over the base's, name.

        Raises:
            ConfigError: it is not in the design.
        """
        return self._index.find(arm)

    @cached_property
    def _index(self) -> ArmIndex:
        return ArmIndex(self.design, self.base)

    def cells(self, seeds: Sequence[int] | None = None) -> tuple[Cell, ...]:
        """Return arms x seeds, each with its run and key."""
        ref = TaskRef(**self.data.spec())
        return make_cells(self.design, self.seeds if seeds is None else seeds, ref)

    def runs(self) -> tuple[Run, ...]:
        """Return the runs that the experiment consists of, arm by arm."""
        return tuple(cell.run for cell in self.cells())

    def cost(self, *, workers: int | None = None, backend: Backend | None = None) -> Cost:
        """Estimate runs, flop, seconds and bytes of all runs; nothing is trained."""
        return (backend or this_machine()).plan_cost(self.runs(), self.data, workers)

    def plan(self, store: StoreLike = None, *, keep_weights: bool = False) -> Plan:
        """Return which runs the store knows and which remain; nothing is trained."""
        return make_plan(self.cells(), _open(store), need_weights=keep_weights)

    def run(
        self,
        store: StoreLike = None,
        *,
        workers: int | None = None,
        device: str = "cpu",
        keep_weights: bool = False,
        progress: Report | None = None,
        until_decided: bool = False,
        backend: Backend | None = None,
        purpose: str = "results of fixed arms",
    ) -> Runs:
        """Return all results; what the store lacks is trained and kept as it ends.

        The same call continues after any interruption, to the same results. If results contain
        metrics of the test split, one look is logged, whether they were computed or remembered.

        Args:
            store: a `Store`, its file or URL; None is the user's own.
            workers: worker processes; None lets the engine choose.
            device: `cpu`, `cuda` or `mps`.
            keep_weights: also keep the weights, training again where they are missing.
            progress: called with a `Progress`, at most ten times a second.
            until_decided: look at 8, 16, 32 and 64 seeds (of 0 to 63, or of the seeds given) and
                stop claim by claim; the looks share the level, see `stats.walk_looks`.
            backend: what trains; None is this machine's engine.
            purpose: what a look at the test split is for; kept in the log.

        Raises:
            Interrupted: Ctrl-C; what had finished is in the store.
            StoreError: the store cannot be read or written.
            WorkerError: a module that calls this at its top is imported by a worker process.
        """
        refuse_at_import()
        start = time.monotonic()
        setup = Setup(_open(store), backend or this_machine(), workers, device)
        if until_decided:
            looked = finish_until_decided(self, setup, keep_weights=keep_weights, progress=progress)
            cells, outcomes, n_from_store = looked.cells, looked.outcomes, looked.n_from_store
            plan: LookPlan | None = looked.plan
        else:
            cells, plan = self.cells(), None
            found = finish(cells, self.data, setup, keep_weights=keep_weights, progress=progress)
            outcomes, n_from_store = found.outcomes, found.n_from_store
        if any(name.startswith("test_") for one in outcomes.values() for name in one.history):
            remembered = n_from_store == len(cells)
            setup.store.log_look("test", purpose, self.title, len(cells), remembered)
        seconds = time.monotonic() - start
        return Runs(self, cells, outcomes, setup, n_from_store, seconds, plan)


def _open(store: StoreLike) -> Store:
    return store if isinstance(store, Store) else Store(store)
