"""What a search is asked for, checked before anything is paid for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.data import Task
from mlplab.engine.measures import measures_in
from mlplab.errors import ConfigError
from mlplab.experiment import Backend
from mlplab.experiment.declare import Problems
from mlplab.experiment.metrics import check_metric, higher_is_better
from mlplab.search.ranges import Range
from mlplab.search.space import Space, read_values
from mlplab.search.strategies.halving import bracket_cost, rung_epochs
from mlplab.search.strategies.racing import RUNGS
from mlplab.search.trial import Terms
from mlplab.specs import TaskRef, holds_out

_AT_ONCE = 1_000_000  # configurations of a first rung: more would fill the memory with plans
_MOST_SEED = 2**63 - 1
_TRAINING = "one training (epochs x seeds)"
_SPENT = {
    "halving": f"{_TRAINING} and the shorter ones before it",
    "racing": f"one configuration with the {RUNGS[0]} seeds that a race begins with",
}


def read_direction(metric: str | None, given: bool | None) -> bool | None:
    """Return whether larger values of a metric are better; None where the task decides on it.

    Raises:
        ConfigError: a user's own metric without a direction, or one that is known to be otherwise.
    """
    if given is not None and not isinstance(given, bool):
        raise ConfigError(f"higher_is_better: expected True or False; got {given!r}")
    known = None if metric is None else higher_is_better(metric)
    if metric is not None and known is None and given is None:
        raise ConfigError(
            f"metric: it is not known which way {metric!r} is better; say "
            "higher_is_better=True or False"
        )
    if None not in (known, given) and known != given:
        raise ConfigError(f"higher_is_better: expected {known} for {metric!r}; got {given}")
    return known if given is None else given


def check_seeds(strategy: str, seeds: Sequence[int]) -> None:
    """Refuse seeds that a strategy would not use, or that it would count beyond the last one.

    Raises:
        ConfigError: several for a race, or one too near to 2**63.
    """
    if strategy != "racing":
        return
    if len(seeds) > 1:
        raise ConfigError(
            f"seeds: racing gives configurations {', '.join(map(str, RUNGS))} seeds from the "
            f"first on; expected that one; got {len(seeds)}"
        )
    if seeds[0] > _MOST_SEED - RUNGS[-1]:
        raise ConfigError(
            f"seeds: racing counts up to {RUNGS[-1]} from the first on, and the last seed is "
            f"2**63 - 1; got {seeds[0]}"
        )


def first_cost(strategy: str, terms: Terms) -> int:
    """Return the run-epochs of one configuration before a strategy can say how good it is.

    >>> first_cost("halving", Terms(epochs=9, budget=0)), first_cost("grid", Terms(9, 0))
    (13, 9)
    """
    if strategy == "racing":
        return RUNGS[0] * terms.epochs
    if strategy == "halving":
        return bracket_cost(1, rung_epochs(terms.epochs), terms)
    return terms.epochs * len(terms.seeds)


def check_budget(budget: int, strategy: str, space: Space, terms: Terms) -> None:
    """Refuse a budget that pays for no configuration, or for more than can be planned.

    Raises:
        ConfigError: either.
    """
    shortest, _ = space.lengths()
    least = math.ceil(first_cost(strategy, terms) * shortest / terms.epochs)
    if budget < least:
        spent = _SPENT.get(strategy, _TRAINING)
        raise ConfigError(f"budget: expected at least {least} run-epochs, {spent}; got {budget}")
    if strategy == "grid":
        n = math.prod(len(space.levels(path, terms.per_range)) for path in space.factors)
        if n > _AT_ONCE:
            raise ConfigError(
                f"space: a grid of {n} configurations; expected at most {_AT_ONCE}: try "
                "strategy='random'"
            )
    elif strategy in ("halving", "hyperband", "racing"):
        n = min(budget // least, int(min(space.size, 2 * _AT_ONCE)))
        if n > _AT_ONCE:
            raise ConfigError(
                f"budget: {strategy} would begin with more than {_AT_ONCE} configurations at "
                f"once; got {budget}"
            )


def read_start(start: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """Return where a search begins, by dotted paths.

    Raises:
        ConfigError: a factor is left out or not in the space, or a value is not.
    """
    given = read_values(start, space)
    if given.keys() != space.factors.keys():
        raise ConfigError(
            f"start: expected a value of each of {', '.join(space.factors)}; "
            f"got {', '.join(given) or 'none'}"
        )
    for path, value in given.items():
        levels = space.factors[path]
        if isinstance(levels, Range):
            if not levels.holds(value):
                whole = "whole numbers " if levels.whole else ""
                raise ConfigError(
                    f"start: {path}: expected {whole}from {levels.low:g} to {levels.high:g}; "
                    f"got {value!r}"
                )
            continue
        name = space.name(given)
        same = [level for level in levels if space.name({**given, path: level}) == name]
        if not same:
            raise ConfigError(
                f"start: {path}: expected one of {', '.join(map(repr, levels))}; got {value!r}"
            )
        given[path] = value if value in same else same[0]
    return {path: given[path] for path in space.factors}


def check_space(space: Space, metric: str | None) -> None:
    """Refuse values that do not fit the base or one another, and rows that cannot be compared.

    Raises:
        ConfigError: every problem, in one line.
    """
    problems = Problems()
    for config in space.corners():
        with problems.of("space: "):
            run = space.run(config)
            if any(path.split(".")[0] == "rows" for path in config) and holds_out(run.rows):
                raise ConfigError(
                    "rows: a search would choose among validation rows, not among networks; "
                    "expected rows that hold nothing out, or none in the space"
                )
            if metric is not None:
                check_metric(metric, run, None)
    problems.complain()


def check_task(
    space: Space, metric: str, task: Task, backend: Backend, seeds: Sequence[int]
) -> None:
    """Refuse configurations that do not fit the task, as training would, before anything trains.

    Args:
        space: whose values are tried out, see `Space.corners`.
        metric: what chooses.
        task: the data.
        backend: what would train.
        seeds: that would be trained with; each may have rows of its own.

    Raises:
        ConfigError: what does not fit.
    """
    ref = TaskRef(**task.spec())
    runs = [space.run(config).replace(task=ref, seed=seeds[0]) for config in space.corners()]
    problems = Problems()
    for run in runs:
        with problems.of("space: "):
            check_metric(metric, run, task)
    problems.complain()
    measures_in(runs)
    # Not for its answer: planning compiles every program, and refuses what training would.
    backend.plan_cost([*runs, *runs[0].with_seeds(seeds)], task, 1)
