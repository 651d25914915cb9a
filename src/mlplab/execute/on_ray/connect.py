"""Reaching a Ray cluster, or starting a Ray of this machine's own that nobody else can reach."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from mlplab.errors import ConfigError
from mlplab.extras import load
from mlplab.specs.clusters import Ray

_ALONE = {
    # Ray's name for a cluster of one machine: its servers then listen on 127.0.0.1 alone.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
}


def connect(settings: Ray, cores: int) -> Any:
    """Return the module `ray`, connected; what is connected already stays as it is.

    Args:
        settings: the cluster's address.
        cores: of a Ray of this machine's own.

    Raises:
        ConfigError: Ray is not installed, or there is no cluster at that address.
    """
    address = settings.address or os.environ.get("RAY_ADDRESS")
    alone = address is None and "ray" not in sys.modules
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    with _environment(_ALONE | token if alone else {}):
        ray = load("ray", "on ray")
        if ray.is_initialized():
            return ray
        quiet = {"log_to_driver": False, "logging_level": "ERROR", "include_dashboard": None}
        try:
            if address is None:
                quiet["include_dashboard"] = False
                ray.init(address="local", num_cpus=cores, **quiet)
            else:
                ray.init(address=address, **quiet)
        except (ConnectionError, RuntimeError, ValueError, OSError) as problem:
            says = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
            raise ConfigError(f"on ray: {address or 'a Ray of this machine'}: {says}") from None
    return ray


def places(ray: Any, settings: Ray) -> int:
    """Return how many programs the cluster can train at a time.

    Raises:
        ConfigError: not even one.
    """
    there: Mapping[str, float] = ray.cluster_resources()
    n_places = int(there.get("CPU", 0)) // settings.cpus
    if settings.gpus:
        n_places = min(n_places, int(there.get("GPU", 0)) // settings.gpus)
    if n_places < 1:
        raise ConfigError(
            f"on ray: expected a cluster with {settings.cpus} cores and {settings.gpus} GPUs for a "
            f"program; got one with {there.get('CPU', 0):g} and {there.get('GPU', 0):g}"
        )
    return n_places


@contextlib.contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """Set variables that are not set, for as long as this lasts."""
    added = {name: text for name, text in settings.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
