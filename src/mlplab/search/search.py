"""A search as data: what is searched, how, for how much, and by which metric."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from mlplab.data import Task, task_of
from mlplab.errors import ConfigError
from mlplab.experiment import Backend, Experiment, Setup, backend_of, this_machine
from mlplab.experiment.declare import fresh_seeds, read_matters, read_seeds
from mlplab.experiment.metrics import refuse_test
from mlplab.experiment.progress import ProgressOption, Total
from mlplab.experiment.progress_bar import reporting
from mlplab.experiment.tracking import Track, tracking
from mlplab.inside import refuse_at_import
from mlplab.reading import read_name, read_whole
from mlplab.search.declare import (
    check_budget,
    check_seeds,
    check_space,
    check_task,
    first_cost,
    read_direction,
    read_start,
)
from mlplab.search.ranges import Range
from mlplab.search.result import SearchResult
from mlplab.search.space import Space, name_of, read_space
from mlplab.search.strategies import strategy_of
from mlplab.search.strategies.racing import RUNGS
from mlplab.search.trainer import Trainer
from mlplab.search.trial import Terms, Trial
from mlplab.search.walk import walk
from mlplab.specs import Run, TaskRef
from mlplab.specs.clusters import Cluster
from mlplab.store import Store


@final
@dataclass(frozen=True, eq=False, init=False, repr=False)
class Search:
    """A search for a good configuration, in populations, on validation scores alone.

    The strategy tries configurations with few seeds until the budget is spent. The best of them,
    the finalists, are then trained with seeds that had no part in choosing them, and the winner is
    chosen among these. Nothing runs by making one.

    Args:
        task: what is learned, with rows held out for validation.
        base: the run that configurations vary; its `fit.epochs` are a full training.
        space: factor -> list of values, or a `Range`; paths as in `Experiment`. Combinations that
            make the same run are one configuration.
        strategy: `grid`, `random`, `coordinate`, `tpe`, `halving`, `hyperband` or `racing`.
        budget: run-epochs of the search, without the finalists; default: 20 full trainings. Where
            the space has epochs, what the budget could never pay is left out.
        seeds: of each configuration, where the strategy does not choose them itself.
        finalists: how many configurations are trained again.
        finalist_seeds: with how many fresh seeds.
        metric: what chooses; default: `valid_accuracy` or `valid_rmse`.
        higher_is_better: known for the usual metrics, needed for a user's own.
        matters: the smallest difference between finalists that matters.
        per_range: values of a range, for strategies that want a list.
        population: configurations per step of `tpe`.
        search_seed: of the strategy's own draws.
        start: where `coordinate` begins, a value of each factor; default: drawn.
        name: under which test looks are kept.

    Raises:
        ConfigError: what does not fit, in one line.
        GuardError: a metric of the test split.

    >>> search = Search("digits", space={"lr": Range(low=0.01, high=1, log=True)}, budget=200)
    >>> search
    Search('digits' by random: 1 factors, 200 run-epochs, 3 finalists x 8 seeds)
    """

    def __init__(
        self,
        task: Task | TaskRef | str,
        base: Run | None = None,
        space: Mapping[str, Sequence[Any] | Range] | None = None,
        strategy: str = "random",
        *,
        budget: int | None = None,
        seeds: int | Sequence[int] = 1,
        finalists: int = 3,
        finalist_seeds: int = 8,
        metric: str | None = None,
        higher_is_better: bool | None = None,
        matters: float = 0.005,
        per_range: int = 4,
        population: int = 16,
        search_seed: int = 0,
        start: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        base = Run() if base is None else base
        if not isinstance(task, Task | TaskRef | str):
            raise ConfigError(f"task: expected a Task or the name of one; got {task!r}")
        if not isinstance(base, Run):
            raise ConfigError(f"base: expected a Run; got {base!r}")
        # A choice never sees the test split, so nothing is scored on it.
        base = base.replace(task=None, seed=0).with_value("fit.test", "never")
        if not isinstance(strategy, str):
            raise ConfigError(f"strategy: expected the name of one; got {strategy!r}")
        strategy_of(strategy)
        if read_name(metric, "metric") is not None:
            refuse_test(str(metric), "a search")
        self._set("task", task)
        self._set("base", base)
        self._set("strategy", strategy)
        self._set("metric", metric)
        self._set("higher_is_better", read_direction(metric, higher_is_better))
        self._set("matters", read_matters(matters))
        self._set("seeds", read_seeds(seeds))
        self._set("n_finalists", read_whole("finalists", finalists))
        self._set("n_finalist_seeds", len(read_seeds(read_whole("finalist_seeds", finalist_seeds))))
        self._set("per_range", read_whole("per_range", per_range))
        self._set("population", read_whole("population", population))
        self._set("search_seed", read_whole("search_seed", search_seed, 0))
        self._set("name", read_name(name))
        check_seeds(strategy, self.seeds)
        self._set("space", read_space({} if space is None else space, base))
        check_space(self.space, metric)
        full = self.space.lengths()[1] * len(self.seeds)
        self._set("budget", 20 * full if budget is None else read_whole("budget", budget))
        check_budget(self.budget, strategy, self.space, self._terms())
        self._set("start", None if start is None else read_start(start, self._affordable()))

    task: Task | TaskRef | str
    base: Run
    space: Space
    strategy: str
    seeds: tuple[int, ...]
    budget: int
    n_finalists: int
    n_finalist_seeds: int
    metric: str | None
    higher_is_better: bool | None
    matters: float
    per_range: int
    population: int
    search_seed: int
    start: dict[str, Any] | None
    name: str | None

    def _set(self, field: str, value: Any) -> None:
        object.__setattr__(self, field, value)

    def __repr__(self) -> str:
        name = self.task if isinstance(self.task, str) else self.task.name
        return (
            f"Search({name!r} by {self.strategy}: {len(self.space.factors)} factors, "
            f"{self.budget} run-epochs, {self.n_finalists} finalists x {self.n_finalist_seeds} "
            "seeds)"
        )

    def run(
        self,
        store: Store | str | os.PathLike[str] | None = None,
        *,
        workers: int | None = None,
        device: str = "cpu",
        on: str | Cluster | None = None,
        keep_weights: bool = False,
        progress: ProgressOption = True,
        backend: Backend | None = None,
        track: Track = None,
    ) -> SearchResult:
        """Search, train the finalists and choose; the same call continues after an interruption.

        Args:
            store: a `Store`, its file or URL; None is the user's own.
            workers: worker processes, or programs that train at a time on a cluster; None lets the
                engine choose.
            device: `cpu`, `cuda` or `mps`.
            on: `"here"`, `"ray"`, `"slurm"`, or a cluster's settings, `Ray(...)` or `Slurm(...)`;
                None is this machine.
            keep_weights: also keep the weights of every run.
            progress: True for a bar in a terminal or a notebook, where it takes longer than two
                seconds; False for none; or what is called with a `Progress`, at most ten times a
                second.
            backend: what trains, in place of `on`; a test's own, say.
            track: where runs are handed on to as they end, as `Experiment.run` has it.

        Raises:
            ConfigError: a configuration that cannot be trained, or all of them failed.
            Interrupted: Ctrl-C; what had finished is in the store.
        """
        refuse_at_import()
        began = time.monotonic()
        task, metric = self._load()
        higher = read_direction(metric, self.higher_is_better)
        kept = store if isinstance(store, Store) else Store(store)
        setup = Setup(kept, backend or backend_of(on), workers, device)
        space = self._affordable()
        check_task(space, metric, task, setup.backend, self._planned_seeds())
        last = self.n_finalists * self.n_finalist_seeds * self.base.fit.epochs
        with reporting(progress, "search") as report, tracking(track, progress) as tracker:
            setup = replace(setup, tracker=tracker)
            total = Total(report, run_epochs=self.budget + last)
            sign = 1.0 if higher else -1.0
            title = self.name or f"search by {self.strategy}"
            trainer = Trainer(
                task, space, metric, sign, setup, total.next_part, title, keep_weights
            )
            terms = replace(
                self._terms(),
                lengths=space.lengths(),
                start=self.start,
                costs=self._costs(task, space),
            )
            trials: list[Trial] = []
            for step in walk(strategy_of(self.strategy), space, terms, trainer, self.search_seed):
                trials += step
            finalists = best_configs(trials, self.n_finalists, space)
            if not finalists:
                raise ConfigError(f"search: every configuration failed; {len(trials)} were tried")
            used = {seed for trial in trials for seed in trial.seeds}
            experiment = Experiment(
                task,
                self.base,
                arms=[dict(trial.config) for trial in finalists],
                seeds=fresh_seeds(used, self.n_finalist_seeds),
                name=title,
            )
            runs = experiment.run(
                kept,
                workers=workers,
                device=device,
                keep_weights=keep_weights,
                progress=total.next_part(),
                backend=setup.backend,
                track=tracker,
            )
        return SearchResult(
            strategy=self.strategy,
            space=self.space,
            terms=replace(self._terms(), start=self.start),
            search_seed=self.search_seed,
            metric=metric,
            higher_is_better=bool(higher),
            trials=tuple(trials),
            finalists=tuple(finalists),
            runs=runs,
            best=runs.best(metric, self.matters, higher_is_better=higher),
            n_runs=trainer.n_runs + len(runs),
            from_store=trainer.n_from_store + runs.from_store,
            seconds=time.monotonic() - began,
        )

    def _load(self) -> tuple[Task, str]:
        task = task_of(self.task, valid=0.1)
        default = "valid_accuracy" if task.kind == "classification" else "valid_rmse"
        return task, self.metric or default

    def _terms(self) -> Terms:
        return Terms(
            epochs=self.base.fit.epochs,
            budget=self.budget,
            population=self.population,
            seeds=self.seeds,
            per_range=self.per_range,
        )

    def _affordable(self) -> Space:
        """The configurations that the budget pays at all."""
        terms = self._terms()
        return self.space.up_to(self.budget * terms.epochs / first_cost(self.strategy, terms))

    def _planned_seeds(self) -> tuple[int, ...]:
        """All seeds that may be trained with, finalists included."""
        seeds = self.seeds
        if self.strategy == "racing":
            seeds = tuple(range(seeds[0], seeds[0] + RUNGS[-1]))
        return seeds + fresh_seeds(seeds, self.n_finalist_seeds)

    def _costs(self, task: Task, space: Space) -> tuple[tuple[str, float], ...]:
        """How many times the base's cost a run has at each factor's dearest value."""
        if self.strategy != "coordinate":
            return ()
        # This machine's model always: the order of factors must not depend on the backend.
        plan, ref = this_machine().plan_cost, TaskRef(**task.spec())

        def seconds(config: Mapping[str, Any]) -> float:
            return plan([space.run(config).replace(task=ref)], task, 1).seconds

        usual = seconds({})
        return tuple(
            (path, max(seconds({path: v}) for v in space.levels(path, self.per_range)) / usual)
            for path in space.factors
        )


def best_configs(trials: Sequence[Trial], n: int, space: Space | None = None) -> list[Trial]:
    """Return the n best configurations by their longest training, all of its seeds together.

    Longer trainings come first: a score after a tenth of a training is no match for one after all.
    """
    gathered: dict[str, Trial] = {}
    for trial in trials:
        name = name_of(trial.config) if space is None else space.name(trial.config)
        known = gathered.get(name)
        if known is None or trial.length > known.length:
            gathered[name] = trial
        elif trial.length == known.length and not set(trial.seeds) & set(known.seeds):
            gathered[name] = Trial(
                trial.config,
                trial.epochs,
                known.seeds + trial.seeds,
                known.scores + trial.scores,
                known.run_epochs + trial.run_epochs,
                trial.spent,
                trial.step,
                trial.rung,
            )
    sound = [trial for trial in gathered.values() if trial.score > float("-inf")]
    # Among equal epochs, more seeds mean that a race kept it longer.
    sound.sort(key=lambda t: (-t.length, -len(t.seeds), -t.score))
    return sound[:n]
