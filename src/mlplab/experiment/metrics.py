"""Which metrics a run records, and in which direction they are better."""

from __future__ import annotations

from collections.abc import Iterable

from mlplab.data import Task
from mlplab.engine.measures import GRADIENT, PROBED, REWINDS
from mlplab.errors import ConfigError, GuardError
from mlplab.hints import hint
from mlplab.reading import refuse_unless
from mlplab.specs import MLP, Run, holds_out
from mlplab.specs.metric_range import SPLITS

_A_NAME = "a name, such as 'valid_loss'"


def check_metric(metric: str, run: Run, task: Task | None) -> None:
    """Refuse a metric that a run would not record, before anything is trained.

    Args:
        metric: `SPLIT_NAME`; `grad_norm` if the run measures it; `activation_variance_1` and the
            like if it has probes.
        run: what would be trained.
        task: what is known of the data; None checks what the run alone tells.

    Raises:
        ConfigError: no such metric, or no rows to measure it on.

    >>> check_metric("test_accuracy", Run(), None)
    """
    refuse_unless("metric", metric, str, _A_NAME)
    split = metric.partition("_")[0]
    own = [name for name in run.fit.measures if name != GRADIENT]
    names = ["loss", "accuracy", "rmse"]
    if task is not None:
        names.remove("rmse" if task.kind == "classification" else "accuracy")
    known = [f"{s}_{n}" for s in SPLITS for n in names]
    known += [f"{s}_{n}" for s in SPLITS[1:] for n in own]
    known += [name for name in run.fit.measures if name == GRADIENT]
    if run.fit.probes and isinstance(run.net, MLP):
        known += [f"{name}_{layer + 1}" for layer in range(len(run.net.hidden)) for name in PROBED]
    known += [REWINDS] if run.fit.rewinds else []
    if metric not in known:
        raise ConfigError(f"metric: these runs record no {metric!r}; {hint(metric, known)}")
    if split == "test" and run.fit.test == "never":
        raise ConfigError(f"metric: {metric!r} needs fit.test='end'; got fit.test='never'")
    if task is None:
        return
    if split == "test" and not task.n_test:
        raise ConfigError(f"metric: {metric!r} needs a test split; task {task.name!r} has none")
    if split == "valid" and not task.n_valid and not holds_out(run.rows):
        raise ConfigError(
            f"metric: {metric!r} needs validation rows, and task {task.name!r} holds none out; "
            f"try load_task({task.name!r}, valid=0.1)"
        )


def records(metric: str, run: Run, task: Task) -> bool:
    """Return whether a run records a metric."""
    try:
        check_metric(metric, run, task)
    except ConfigError:
        return False
    return True


def refuse_test(metric: str, use: str) -> None:
    """Refuse to let the test split decide something.

    Raises:
        GuardError: the metric is one of the test split.
    """
    refuse_unless("metric", metric, str, _A_NAME)
    if metric.startswith("test_"):
        raise GuardError(
            f"{use} may not look at {metric!r}: choose by 'valid_{metric.removeprefix('test_')}' "
            "and score the chosen arm once with score_test()"
        )


def higher_is_better(metric: str) -> bool | None:
    """Return whether larger values of a metric are better; None for a user's own.

    >>> higher_is_better("valid_accuracy"), higher_is_better("test_rmse")
    (True, False)
    """
    name = metric.partition("_")[2] if metric.startswith(SPLITS) else metric
    if name == "accuracy":
        return True
    if name in ("loss", "rmse") or metric == GRADIENT:
        return False
    return None


def rows_scored(metric: str, run: Run, task: Task) -> int | None:
    """Return how many rows an accuracy is a share of, None for what lies on no grid."""
    if not metric.endswith("_accuracy"):
        return None
    if metric.startswith("test_"):
        return task.n_test or None
    split = task.split(run.seed, run.rows)
    return len(split.valid if metric.startswith("valid_") else split.train) or None


def fewest_rows_scored(metric: str, runs: Iterable[Run], task: Task) -> int | None:
    """Return the fewest rows that any run's accuracy is a share of: the coarsest grid of all.

    Its rounding is the least spread that a difference between the runs can honestly have.
    """
    known = [rows_scored(metric, run, task) for run in runs]
    return min((n for n in known if n is not None), default=None)
