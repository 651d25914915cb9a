"""What is asked: a base run, the factors varied, the seeds, the claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from typing import TYPE_CHECKING, Any, Self

from mlplab.data import Task, base_of, task_of
from mlplab.errors import ConfigError
from mlplab.experiment.arms import Arm, ArmIndex, make_arms, product
from mlplab.experiment.backend import Backend, this_machine
from mlplab.experiment.declare import (
    check_claims,
    read_claims,
    read_fails,
    read_rows,
    read_seeds,
    read_vary,
)
from mlplab.experiment.design import Cells, make_cells
from mlplab.experiment.parts import arms_of, parts_of
from mlplab.reading import read_name
from mlplab.specs import Claim, Proof, Run, TaskRef, digest
from mlplab.specs.claim import ANSWERED

if TYPE_CHECKING:
    from mlplab.engine import Cost


@dataclass(frozen=True, eq=False, init=False, repr=False)
class Declaration:
    """An experiment as data, without what trains it: results refer to it, `Experiment` runs it."""

    task: Task | TaskRef | str
    base: Run
    vary: Mapping[str, tuple[Any, ...]]
    seeds: tuple[int, ...]
    claims: tuple[Claim, ...]
    name: str | None
    design: tuple[Arm, ...]
    counted_seeds: bool
    fails: Mapping[str, float]
    exercise: str
    profile: str

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
            "claims": read_claims(claims),
            "name": read_name(name),
            "design": make_arms(base, [*rows, *read_rows(base, arms or ())]),
            "counted_seeds": isinstance(seeds, Integral),
            "fails": read_fails(base, fails or {}, task if isinstance(task, Task) else None),
            "exercise": "",
            "profile": "",
        }
        for field, value in fields.items():
            # The frozen dataclass keeps its own `__init__`, which reads and checks what was given.
            object.__setattr__(self, field, value)
        check_claims(self.claims, self.find, task if isinstance(task, Task) else None)

    def part_of(self, exercise: str, profile: str, name: str, claims: Sequence[Claim]) -> Self:
        """Return this experiment as one of an exercise's, its claims in that exercise's words."""
        part = copy(self)
        named = f"{exercise} {name}, {profile}"
        changes: dict[str, Any] = {"exercise": exercise, "profile": profile, "name": named}
        for field, value in {**changes, "claims": tuple(claims)}.items():
            object.__setattr__(part, field, value)
        return part

    def __repr__(self) -> str:
        name = self.task if isinstance(self.task, str) else self.task.name
        size = f"{len(self.design)} arms x {len(self.seeds)} seeds, {len(self.claims)} claims"
        return f"{type(self).__name__}({self.name or 'unnamed'!r} on {name!r}: {size})"

    @cached_property
    def data(self) -> Task:
        """The task, loaded when it is first needed.

        Raises:
            DataError: it cannot be found.
            ConfigError: a claim is about a split that it does not have.
        """
        task = task_of(self.task)
        if task is not self.task:
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

    @cached_property
    def keeps_correct(self) -> bool:
        """Whether runs keep their answers to test examples, which a claim may be about.

        Those of exercises always do: one exercise takes the runs of another.
        """
        about = (not isinstance(c, Proof) and c.metric == ANSWERED for c in self.claims)
        return bool(self.exercise) or any(about)

    @cached_property
    def needs_correct(self) -> frozenset[Arm]:
        """Arms whose runs must have kept them: claims on new examples are about these."""
        claims = [c for c in self.claims if not isinstance(c, Proof) and c.scope == "new examples"]
        return frozenset(arms_of([part for c in claims for part in parts_of(c, self.find)]))

    def find(self, arm: Arm | Mapping[str, Any] | str) -> Arm:
        """Return the arm of the design that a label, or factor values over the base's, name.

        Raises:
            ConfigError: it is not in the design.
        """
        return self._index.find(arm)

    @cached_property
    def _index(self) -> ArmIndex:
        return ArmIndex(self.design, self.base)

    def cells(self, seeds: Sequence[int] | None = None) -> Cells:
        """Return arms x seeds, each with its run and key."""
        ref = TaskRef(**self.data.spec())
        return make_cells(self.design, self.seeds if seeds is None else seeds, ref)

    def runs(self) -> Sequence[Run]:
        """Return the runs that the experiment consists of, arm by arm."""
        return self.cells().runs

    def cost(self, *, workers: int | None = None, backend: Backend | None = None) -> Cost:
        """Estimate runs, flop, seconds and bytes of all runs; nothing is trained."""
        return (backend or this_machine()).plan_cost(self.runs(), self.data, workers)
