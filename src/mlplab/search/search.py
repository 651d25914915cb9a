"""A search as data: what is searched, how, for how much, and by which metric."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from mlplab.data import Task
from mlplab.errors import ConfigError
from mlplab.experiment import Backend, Experiment, Setup, this_machine
from mlplab.experiment.arms import apply_factors, factor_path
from mlplab.experiment.declare import read_seeds
from mlplab.experiment.metrics import check_metric, higher_is_better, refuse_test
from mlplab.experiment.progress import Report
from mlplab.inside import refuse_at_import
from mlplab.search.progress import Steps
from mlplab.search.result import SearchResult
from mlplab.search.space import Range, Space, name_of, read_space
from mlplab.search.strategies import strategy_of
from mlplab.search.trainer import Trainer
from mlplab.search.trial import Terms, Trial
from mlplab.search.walk import walk
from mlplab.specs import Run, TaskRef
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
        space: factor -> list of values, or a `Range`; paths as in `Experiment`.
        strategy: `grid`, `random`, `coordinate`, `tpe`, `halving`, `hyperband` or `racing`.
        budget: run-epochs of the search, without the finalists; default: 20 full trainings.
        seeds: of each configuration, where the strategy does not choose them itself.
        finalists: how many configurations are trained again.
        finalist_seeds: with how many fresh seeds.
        metric: what chooses; default: `valid_accuracy` or `valid_rmse`.
        per_range: values of a range, for strategies that want a list.
        population: configurations per step of `tpe`.
        search_seed: of the strategy's own draws.
        start: where `coordinate` begins; default: the base's values where the space has them.
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
        per_range: int = 4,
        population: int = 16,
        search_seed: int = 0,
        start: Mapping[str, Any] | None = None,
        name: str | None = None,
    ) -> None:
        base = (Run() if base is None else base).replace(task=None, seed=0)
        # A choice never sees the test split, so nothing is scored on it.
        base = base.with_value("fit.test", "never")
        sizes = {
            "finalists": finalists,
            "finalist_seeds": finalist_seeds,
            "per_range": per_range,
            "population": population,
        }
        for label, value in sizes.items():
            if value < 1:
                raise ConfigError(f"{label}: expected at least 1; got {value}")
        if metric is not None:
            refuse_test(metric, "a search")
        strategy_of(strategy)
        self._set("task", task)
        self._set("base", base)
        self._set(
            "space",
            read_space({factor_path(base, path): v for path, v in (space or {}).items()}),
        )
        self._set("strategy", strategy)
        self._set("seeds", read_seeds(seeds))
        self._set("budget", self._checked_budget(budget))
        self._set("n_finalists", finalists)
        self._set("n_finalist_seeds", finalist_seeds)
        self._set("metric", metric)
        self._set("per_range", per_range)
        self._set("population", population)
        self._set("search_seed", search_seed)
        self._set("start", None if start is None else self._checked_start(start))
        self._set("name", name)
        for path in self.space.factors:
            for value in self.space.levels(path, per_range):
                apply_factors(base, {path: value})

    task: Task | TaskRef | str
    base: Run
    space: Space
    strategy: str
    seeds: tuple[int, ...]
    budget: int
    n_finalists: int
    n_finalist_seeds: int
    metric: str | None
    per_range: int
    population: int
    search_seed: int
    start: dict[str, Any] | None
    name: str | None

    def _set(self, field: str, value: Any) -> None:
        object.__setattr__(self, field, value)

    def _checked_budget(self, budget: int | None) -> int:
        full = self.base.fit.epochs * len(self.seeds)
        if budget is None:
            return 20 * full
        if budget < full:
            raise ConfigError(
                f"budget: expected at least {full} run-epochs, one training of {full} "
                f"(epochs x seeds); got {budget}"
            )
        return int(budget)

    def _checked_start(self, start: Mapping[str, Any]) -> dict[str, Any]:
        given = {factor_path(self.base, path): value for path, value in start.items()}
        lacking = [path for path in self.space.factors if path not in given]
        if lacking or len(given) > len(self.space.factors):
            raise ConfigError(
                f"start: expected a value of each of {', '.join(self.space.factors)}; "
                f"got {', '.join(given) or 'none'}"
            )
        return given

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
        progress: Report | None = None,
        backend: Backend | None = None,
    ) -> SearchResult:
        """Search, train the finalists and choose; the same call continues after an interruption.

        Args:
            store: a `Store`, its file or URL; None is the user's own.
            workers: worker processes; None lets the engine choose.
            device: `cpu`, `cuda` or `mps`.
            progress: called with a `Progress`, at most ten times a second.
            backend: what trains; None is this machine's engine.

        Raises:
            ConfigError: a configuration that cannot be trained, or all of them failed.
            Interrupted: Ctrl-C; what had finished is in the store.
        """
        refuse_at_import()
        began = time.monotonic()
        task, metric = self._load()
        higher = higher_is_better(metric)
        if higher is None:
            raise ConfigError(f"metric: {metric!r} has no known better direction")
        kept = store if isinstance(store, Store) else Store(store)
        setup = Setup(kept, backend or this_machine(), workers, device)
        last = self.n_finalists * self.n_finalist_seeds * self.base.fit.epochs
        steps = None if progress is None else Steps(progress, self.budget + last)
        report = (lambda: None) if steps is None else steps.next_step
        trainer = Trainer(task, self.base, metric, 1.0 if higher else -1.0, setup, report)
        trials: list[Trial] = []
        for found in walk(
            strategy_of(self.strategy), self.space, self._terms(task), trainer, self.search_seed
        ):
            trials += found
        finalists = best_configs(trials, self.n_finalists)
        if not finalists:
            raise ConfigError(f"search: every configuration failed; {len(trials)} were tried")
        fresh = 1 + max(seed for trial in trials for seed in trial.seeds)
        experiment = Experiment(
            task,
            self.base,
            arms=[dict(trial.config) for trial in finalists],
            seeds=tuple(range(fresh, fresh + self.n_finalist_seeds)),
            name=self.name or f"search by {self.strategy}",
        )
        runs = experiment.run(
            kept, workers=workers, device=device, progress=report(), backend=setup.backend
        )
        return SearchResult(
            search=self,
            metric=metric,
            trials=tuple(trials),
            finalists=tuple(finalists),
            runs=runs,
            best=runs.best(metric),
            n_runs=trainer.n_runs + len(runs),
            from_store=trainer.n_from_store + runs.from_store,
            seconds=time.monotonic() - began,
        )

    def _load(self) -> tuple[Task, str]:
        if isinstance(self.task, Task):
            task = self.task
        else:
            from mlplab.data import load_task

            ref = TaskRef(name=self.task, valid=0.1) if isinstance(self.task, str) else self.task
            params: dict[str, Any] = dict(ref.params)
            task = load_task(ref.name, valid=ref.valid, **params)
        default = "valid_accuracy" if task.kind == "classification" else "valid_rmse"
        metric = self.metric or default
        check_metric(metric, self.base, task)
        return task, metric

    def _terms(self, task: Task) -> Terms:
        return Terms(
            epochs=self.base.fit.epochs,
            budget=self.budget,
            population=self.population,
            seeds=self.seeds,
            per_range=self.per_range,
            start=self.start,
            costs=self._costs(task),
        )

    def _costs(self, task: Task) -> tuple[tuple[str, float], ...]:
        """How many times the base's cost a run has at each factor's dearest value."""
        if self.strategy != "coordinate":
            return ()
        from mlplab.experiment import this_machine

        plan, ref = this_machine().plan_cost, TaskRef(**task.spec())

        def seconds(config: Mapping[str, Any]) -> float:
            return plan([apply_factors(self.base, config).replace(task=ref)], task, 1).seconds

        usual = seconds({})
        return tuple(
            (path, max(seconds({path: v}) for v in self.space.levels(path, self.per_range)) / usual)
            for path in self.space.factors
        )


def best_configs(trials: Sequence[Trial], n: int) -> list[Trial]:
    """Return the n best configurations by their longest training, all of its seeds together.

    Longer trainings come first: a score after one epoch is no match for one after ten.
    """
    gathered: dict[str, Trial] = {}
    for trial in trials:
        name = name_of(trial.config)
        known = gathered.get(name)
        if known is None or trial.epochs > known.epochs:
            gathered[name] = trial
        elif trial.epochs == known.epochs and not set(trial.seeds) & set(known.seeds):
            gathered[name] = Trial(
                trial.config,
                trial.epochs,
                known.seeds + trial.seeds,
                known.scores + trial.scores,
                known.run_epochs + trial.run_epochs,
                trial.spent,
                trial.step,
            )
    sound = [trial for trial in gathered.values() if trial.score > float("-inf")]
    # Among equal epochs, more seeds mean that a race kept it longer.
    sound.sort(key=lambda t: (-t.epochs, -len(t.seeds), -t.score))
    return sound[:n]
