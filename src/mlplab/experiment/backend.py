"""What trains: the one seam between an experiment and the engine below it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from mlplab.data import Task
from mlplab.specs import Provenance, Run
from mlplab.specs.clusters import Cluster, cluster_of

if TYPE_CHECKING:
    from mlplab.engine import Cost
    from mlplab.engine.events import Event
    from mlplab.execute import Portions


def _predict_samples(
    run: Run, weights: bytes, X: NDArray[Any], task_scale: float, n: int
) -> NDArray[Any]:
    from mlplab.engine import predict_samples

    return predict_samples(run, weights, X, n, scale=task_scale, seed=run.seed)


def _whole(runs: Sequence[Run], task: Task, workers: int | None) -> Portions:
    from mlplab.execute import Local

    return Local(workers).portions(runs, task)


@dataclass(frozen=True, slots=True)
class Backend:
    """Six functions; another machine's, a cluster's or a test's may stand in for them.

    Attributes:
        execute: trains runs of one task and yields events as they come; closing it stops the work.
        provenance: where the bits of a device come from.
        plan_cost: what runs of one task would cost on so many workers; a cluster's takes their
            portions too, where these are known.
        predict: outputs (N, C) or (N, O) of a run's weights on inputs (N, I).
        predict_samples: the same under the run's noise, drawn n times, (n, N, C) or (n, N, O).
        portions: how runs of one task would be portioned out to so many workers.
        on: the cluster that trains; None is this machine.
    """

    execute: Callable[..., Generator[Event]]
    provenance: Callable[[str], Provenance]
    plan_cost: Callable[..., Cost]
    predict: Callable[[Run, bytes, NDArray[Any], float], NDArray[Any]]
    predict_samples: Callable[[Run, bytes, NDArray[Any], float, int], NDArray[Any]] = (
        _predict_samples
    )
    portions: Callable[[Sequence[Run], Task, int | None], Portions] = _whole
    on: Cluster | None = None


def this_machine() -> Backend:
    """Return the package's own engine; it is loaded when it is first asked for something."""

    def execute(*args: Any, **settings: Any) -> Generator[Event]:
        from mlplab.execute import execute

        yield from execute(*args, **settings)

    def provenance(device: str) -> Provenance:
        from mlplab.engine import provenance

        return provenance(device)

    def plan_cost(runs: Sequence[Run], task: Task, workers: int | None) -> Cost:
        from mlplab.engine import plan_cost
        from mlplab.execute import default_workers

        return plan_cost(runs, task, workers or default_workers())

    def predict(run: Run, weights: bytes, X: NDArray[Any], task_scale: float) -> NDArray[Any]:
        from mlplab.engine import predict

        return predict(run, weights, X, task_scale)

    return Backend(execute, provenance, plan_cost, predict)


def backend_of(on: str | Cluster | None) -> Backend:
    """Return what trains on a cluster, or on this machine.

    Args:
        on: `"here"`, `"ray"`, `"slurm"`, or their settings; None is this machine.

    Raises:
        ConfigError: an unknown word.
    """
    cluster, here = cluster_of(on), this_machine()
    if cluster is None:
        return here

    def execute(
        *args: Any, workers: int | None = None, device: str = "cpu", **settings: Any
    ) -> Generator[Event]:
        from mlplab.execute import execute, executor_of

        yield from execute(
            *args, executor=executor_of(cluster, workers=workers, device=device), **settings
        )

    def portions(runs: Sequence[Run], task: Task, workers: int | None) -> Portions:
        from mlplab.execute import executor_of

        return executor_of(cluster, workers=workers).portions(runs, task)

    def plan_cost(
        runs: Sequence[Run], task: Task, workers: int | None, parts: Portions | None = None
    ) -> Cost:
        from mlplab.engine import plan_cost

        parts = parts or portions(runs, task, workers)
        cost = plan_cost(runs, task, max(1, parts.tasks * parts.cores))
        return replace(cost, seconds=parts.seconds)

    return replace(here, execute=execute, plan_cost=plan_cost, portions=portions, on=cluster)
