"""Reaching a Ray cluster, or starting a Ray of this machine's own that nobody else can reach."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Mapping
from typing import Any

from mlplab.engine.environment import environment
from mlplab.errors import ConfigError
from mlplab.extras import load
from mlplab.specs.clusters import Ray
from mlplab.whole import parse_whole

_REACH_SECONDS = 5.0  # Ray itself would wait for minutes
_LOOPBACK = "127.0.0.1"
_OWN: list[tuple[Any, str]] = []  # the Ray that this process has started, and its folder
# Ray speaks gRPC, which is HTTP/2: RFC 9113, 3.4, has both sides begin with a frame of settings.
_SETTINGS = 4
_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, _SETTINGS, 0, 0, 0, 0, 0))


def connect(settings: Ray, cores: int) -> Any:
    """Return the module `ray`, connected; what is connected already stays as it is.

    Args:
        settings: the cluster's address.
        cores: of a Ray of this machine's own.

    Raises:
        ConfigError: Ray is not installed or does not start, or there is no cluster at that address.
    """
    address = settings.address or os.environ.get("RAY_ADDRESS") or None
    if address == "local":
        address = None
    with environment(_alone() if address is None else {}):
        ray = load("ray", "on ray")
        if ray.is_initialized():
            _check_same(ray.get_runtime_context().gcs_address, address)
            return ray
        try:
            if address is None:
                _start(ray, cores)
            else:
                _reach(address)
                ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except Exception as problem:  # Ray raises plain ones, where a server starts too slowly
            says = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
            if address == "auto" and isinstance(problem, ConnectionError):
                says = "no Ray runs on this machine; try `ray start --head`, or no address"
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
            f"program; got one with {there.get('CPU', 0):g} and {there.get('GPU', 0):g}; ask for "
            "less (--cpus, --gpus)"
        )
    return n_places


@functools.cache
def _token() -> str:
    return secrets.token_hex(32)


def _alone() -> dict[str, str]:
    """Return the environment in which the servers of a Ray of this machine's own start."""
    return {
        # Ray's name for a cluster of one machine: its servers then listen on 127.0.0.1 alone.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": _token(),
    }


def _start(ray: Any, cores: int) -> None:
    """Start a Ray that ends with this process.

    Raises:
        RuntimeError: others could reach it, or it does not start.
    """
    # Ray reads the environment when it is imported, and somebody may have imported it before.
    ray._private.ray_constants.ENABLE_RAY_CLUSTER = False
    ray._raylet.Config.initialize("")
    ray._raylet.AuthenticationTokenLoader.instance().reset_cache()
    # Ray opens its own folder to everybody, but not the one around it; sockets' paths are short.
    folder = tempfile.mkdtemp(prefix="mlplab-ray-", dir="/tmp" if os.path.isdir("/tmp") else None)
    _OWN.append((ray, folder))
    atexit.register(stop_own)
    ray.init(
        address="local",
        num_cpus=cores,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        _temp_dir=os.path.join(folder, "r"),
    )
    if (host := ray.util.get_node_ip_address()) != _LOOPBACK:
        ray.shutdown()
        raise RuntimeError(f"expected it to listen on {_LOOPBACK}; got {host}; try another version")


def stop_own() -> None:
    """End the Ray that this process has started, if it has, and remove its folder."""
    while _OWN:
        ray, folder = _OWN.pop()
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def _check_same(there: str, address: str | None) -> None:
    """Refuse another cluster than the one that this process is connected to.

    Raises:
        ConfigError: it is another.
    """
    if address in (None, "auto", there):
        return
    host, _, port = address.rpartition(":")
    try:
        same = f"{socket.gethostbyname(host.strip('[]'))}:{port}" == there
    except OSError:
        same = False
    if not same:
        raise ConfigError(
            f"on ray: this process is connected to {there} already, and Ray knows one cluster at a "
            f"time; use {address} from another process"
        )


def _reach(address: str) -> None:
    """Try whether a Ray listens at an address.

    Raises:
        ValueError: it is none, or somebody else than a Ray does.
        OSError: nobody does.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not 0 < (parse_whole(port) or 0) < 2**16:
        raise ValueError("expected the host and port of a cluster's head, such as 10.0.0.1:6379")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _REACH_SECONDS) as there:
            if not _speaks_grpc(there):
                raise ValueError(
                    "what answers there is no Ray; try the address that `ray start --head` printed"
                )
    except OSError as problem:
        raise ConnectionError(
            f"nothing answers there ({problem.strerror or problem}); try the address that "
            "`ray start --head` printed"
        ) from None


def _speaks_grpc(there: socket.socket) -> bool:
    """Say whether what has been connected to can be a Ray: `ray.init` would wait for ever."""
    if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
        return True  # and begins with a handshake of its own
    with contextlib.suppress(OSError):
        there.sendall(_HELLO)
        with there.makefile("rb") as stream:
            frame = stream.read(9)
        return len(frame) == 9 and frame[3] == _SETTINGS
    return False
