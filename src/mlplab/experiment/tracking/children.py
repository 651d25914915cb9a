"""What a tracker is told of a run, or of an arm where runs are too many to look at one by one."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlplab.experiment.frame import metrics_in_order
from mlplab.experiment.kept import show_factors
from mlplab.specs import Outcome
from mlplab.specs.base import canonical_json
from mlplab.specs.plain import PlainRun, all_values, changed_values, show_plain

Each = Literal["run", "arm"]
Point = tuple[int, float]

# Both trackers list and draw a thousand children in seconds; ten thousand take minutes to write
# (MLflow in SQLite: 0.1 s each) and more than that to look at.
MOST_RUNS = 1_000
_DIGITS = 12
_BASE = "base"


@dataclass(frozen=True, slots=True)
class Group:
    """An experiment as trackers have it: what its runs are children of.

    Attributes:
        title: the experiment's.
        task: the name of its data.
        content: what its runs call these.
    """

    title: str
    task: str
    content: str

    @property
    def id(self) -> str:
        """A hash: titles of searches are the same on different data, and may hold anything."""
        return _hash(f"{self.title}\0{self.content}")


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """A finished run, from the store or just trained; `time` is in seconds since 1970."""

    key: str
    plain: PlainRun
    outcome: Outcome
    time: float

    @property
    def arm(self) -> str:
        """Its settings but for the seed, as a label."""
        return show_factors(changed_values(self.plain)) or _BASE

    @property
    def arm_id(self) -> str:
        """See `arm_id_of`."""
        return arm_id_of(self.plain)


@dataclass(frozen=True, slots=True)
class Child:
    """A run, or an arm's runs together.

    Attributes:
        id: the run's key; of an arm, a hash of its runs' keys.
        arm: its settings, as a label.
        arm_id: a hash of them.
        seed: the run's; None for an arm.
        n_runs: 1 for a run.
        params: dotted path -> value, of all fields of the spec.
        curves: metric -> (epoch, value); an arm's are means over its runs, and `sd/...` their
            standard deviations.
        final: metric -> its value for the weights that the run ended with; an arm's mean.
        tags: what else is known.
        failed: the run, or every run of the arm, diverged.
        seconds: that the training took.
        time: when it ended, in seconds since 1970.
    """

    id: str
    arm: str
    arm_id: str
    seed: int | None
    n_runs: int
    params: Mapping[str, bool | float | str]
    curves: Mapping[str, Sequence[Point]]
    final: Mapping[str, float]
    tags: Mapping[str, str]
    failed: bool
    seconds: float
    time: float

    @property
    def name(self) -> str:
        """What it is called."""
        return self.arm if self.seed is None else f"{self.arm} seed={self.seed}"


def arm_id_of(plain: PlainRun) -> str:
    """Return a hash of all that decides a run but for the seed."""
    settings = {name: value for name, value in plain.items() if name != "seed"}
    return _hash(canonical_json(settings))


def child_of_run(run: TrackedRun) -> Child:
    """Return a run as trackers have it."""
    outcome, seed = run.outcome, int(run.plain.get("seed", 0))
    tags = {"key": run.key, "status": outcome.status, "provenance": outcome.provenance}
    if outcome.diverged_epoch is not None:
        tags["diverged_epoch"] = str(outcome.diverged_epoch)
    if outcome.best_epoch is not None:
        tags["best_epoch"] = str(outcome.best_epoch)
    return Child(
        id=run.key,
        arm=run.arm,
        arm_id=run.arm_id,
        seed=seed,
        n_runs=1,
        params={**_params(run.plain), "seed": seed},
        curves={metric: _curve(outcome, metric) for metric in outcome.history},
        final={metric: outcome.last(metric) for metric in outcome.history},
        tags=tags,
        failed=outcome.status == "diverged",
        seconds=outcome.seconds,
        time=run.time,
    )


def child_of_arm(runs: Sequence[TrackedRun]) -> Child:
    """Return all runs of an arm as one child.

    Curves go as far as every run that did not diverge: the mean over those that patience has not
    ended yet would be one of the slow ones.
    """
    runs = sorted(runs, key=lambda run: run.key)
    sound = [run.outcome for run in runs if run.outcome.status != "diverged"]
    curves: dict[str, list[Point]] = {}
    final: dict[str, float] = {}
    for metric in metrics_in_order(outcome.history for outcome in sound):
        having = [outcome for outcome in sound if metric in outcome.history]
        last = [outcome.last(metric) for outcome in having]
        final |= _mean_and_sd(metric, last)
        by_epoch = [dict(_curve(outcome, metric)) for outcome in having]
        shared = set.intersection(*map(set, by_epoch))
        for epoch in sorted(shared):
            means = _mean_and_sd(metric, [curve[epoch] for curve in by_epoch])
            for name, value in means.items():
                curves.setdefault(name, []).append((epoch, value))
    outcomes = [run.outcome for run in runs]
    return Child(
        id=_hash(" ".join(run.key for run in runs)),
        arm=runs[0].arm,
        arm_id=runs[0].arm_id,
        seed=None,
        n_runs=len(runs),
        params=_params(runs[0].plain),
        curves=curves,
        final=final,
        tags={
            "runs": str(len(runs)),
            "diverged": str(len(runs) - len(sound)),
            "provenance": " ".join(sorted({outcome.provenance for outcome in outcomes})),
        },
        failed=not sound,
        seconds=math.fsum(outcome.seconds for outcome in outcomes),
        time=max(run.time for run in runs),
    )


def each_of(n_runs: int) -> Each:
    """Return whether so many runs of an experiment are shown one by one or by arm."""
    return "run" if n_runs <= MOST_RUNS else "arm"


def _params(plain: PlainRun) -> dict[str, bool | float | str]:
    """Numbers and yes or no stay what they are; all else is written as it would be typed."""
    return {
        path: value if isinstance(value, bool | int | float | str) else show_plain(value)
        for path, value in all_values(plain).items()
    }


def _curve(outcome: Outcome, metric: str) -> list[Point]:
    """Values by epoch; what is scored at the end only is the last epoch's."""
    values = outcome.history[metric]
    n_epochs = max([outcome.epochs, *map(len, outcome.history.values())])
    first = n_epochs - len(values) + 1
    return [(first + place, float(value)) for place, value in enumerate(values)]


def _mean_and_sd(metric: str, values: Sequence[float]) -> dict[str, float]:
    numbers = np.asarray(values, dtype=np.float64)
    both = {metric: float(numbers.mean())}
    return both | ({f"sd/{metric}": float(numbers.std(ddof=1))} if len(numbers) > 1 else {})


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
