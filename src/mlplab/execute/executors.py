"""Which executor a user's word or settings stand for."""

from __future__ import annotations

from mlplab.errors import ConfigError
from mlplab.execute.executor import Executor
from mlplab.execute.local import Local
from mlplab.specs.clusters import Cluster, Ray, cluster_of


def executor_of(
    on: str | Cluster | None = None, *, workers: int | None = None, device: str = "cpu"
) -> Executor:
    """Return what trains on a cluster, or on this machine.

    Args:
        on: `"here"`, `"ray"`, `"slurm"` or their settings; None is this machine.
        workers: programs that train at a time, at most; None leaves that to the place.
        device: of this machine; clusters are asked for GPUs by their settings.

    Raises:
        ConfigError: an unknown word, or a device of a cluster.
    """
    cluster = cluster_of(on)
    if cluster is None:
        return Local(workers, device)
    if device != "cpu":
        raise ConfigError(
            f"device: {device} is of this machine; on {cluster.kind}, gpus=1 (--gpus 1) asks for a "
            "GPU for each program"
        )
    if isinstance(cluster, Ray):
        from mlplab.execute.on_ray.driver import OnRay

        return OnRay(cluster, workers)
    from mlplab.execute.on_slurm.driver import OnSlurm

    return OnSlurm(cluster, workers)
