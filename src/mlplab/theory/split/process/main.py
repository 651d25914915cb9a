"""A worker process of a split, spoken to over standard input and output."""

from __future__ import annotations

import os
import sys
import threading
import time
import traceback
from datetime import timedelta
from typing import IO, Any

from mlplab.errors import MlplabError
from mlplab.execute.brought import describe, unpack
from mlplab.execute.frames import open_talk, receive, send

_BEAT_SECONDS = 1.0
_TOLD_SECONDS = 0.1  # between two steps that are told: tiny ones take less than a message
# Who ends a job whose process hangs is the caller, by its own clock.
_FOREVER = timedelta(days=7)
_LOOPBACK = {"linux": "lo", "darwin": "lo0"}


def main() -> None:
    """Train one part, as the caller says, and leave when it is gone."""
    outbox = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    orders = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    # What libraries say of a peer that is gone is no news to the caller.
    quiet = os.environ.get("MLPLAB_DEBUG", "0") in ("", "0")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, sys.stdin.fileno())
    os.dup2(nothing if quiet else sys.stderr.fileno(), sys.stdout.fileno())
    if quiet:
        os.dup2(nothing, sys.stderr.fileno())
    talk = _Talk(outbox)
    try:
        open_talk(outbox)
        hello = receive(orders)
        for job in (talk.beat, lambda: _leave_with_caller(orders)):
            threading.Thread(target=job, daemon=True).start()
        talk("done", _train(hello, talk))
    except BaseException as problem:
        talk("failed", _failure(problem))
    finally:
        os._exit(0)  # peers that are gone would keep gloo's own ending waiting


class _Talk:
    """Messages to the caller, from the thread that trains and the one that beats."""

    def __init__(self, outbox: IO[bytes]) -> None:
        self._outbox = outbox
        self._lock = threading.Lock()
        self._main = threading.get_ident()
        self._told = 0.0

    def __call__(self, kind: str, content: Any) -> None:
        if kind == "step":
            # By its own clock: checkpoints and beats between would silence all steps.
            now = time.monotonic()
            if now < self._told + _TOLD_SECONDS:
                return
            self._told = now
        with self._lock:
            try:
                send(self._outbox, (kind, content))
            except OSError:  # the caller is gone
                os._exit(1)

    def beat(self) -> None:
        """Say again and again that the process is alive, and how long its training computed."""
        while True:
            self("beat", _seconds_computed(self._main))
            time.sleep(_BEAT_SECONDS)


def _seconds_computed(thread: int) -> float:
    try:
        return time.clock_gettime(time.pthread_getcpuclockid(thread))
    except (AttributeError, OSError):  # not on this system
        return time.process_time()


def _leave_with_caller(orders: IO[bytes]) -> None:
    orders.read(1)
    os._exit(1)


def _train(hello: dict[str, Any], talk: _Talk) -> dict[str, Any]:
    import torch
    import torch.distributed as dist

    from mlplab.data import attach
    from mlplab.specs.plugins import install_plugins
    from mlplab.theory.split.process.training import train_part

    install_plugins(unpack(hello["brought"], lambda module: talk("importing", module)))
    torch.set_num_threads(1)
    if loopback := _LOOPBACK.get(sys.platform):
        # All are on this machine: nothing depends on what its name resolves to.
        os.environ.setdefault("GLOO_SOCKET_IFNAME", loopback)
    dist.init_process_group(
        "gloo" if hello["job"].device == "cpu" else "nccl",
        init_method=f"file://{hello['meeting']}",
        rank=hello["rank"],
        world_size=hello["job"].n_processes,
        timeout=_FOREVER,
    )
    report = train_part(hello["job"], attach(hello["task"]), talk)
    # Nobody leaves while another still waits for what it sends.
    dist.barrier()
    return report


def _failure(problem: BaseException) -> dict[str, Any]:
    # A peer that is gone makes the others fail too: the caller looks for the first cause.
    lost_peer = isinstance(problem, RuntimeError) and not isinstance(problem, MlplabError)
    return {
        "error": problem if isinstance(problem, MlplabError) else None,
        "says": describe(problem),
        "lost_peer": lost_peer and ("gloo" in str(problem) or "NCCL" in str(problem)),
        "trace": "".join(traceback.format_exception(problem)),
    }
