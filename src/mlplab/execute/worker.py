"""What a worker process does, spoken to over standard input and output.

It is a program of its own rather than a fork or a spawned copy of the caller's: nothing of the
caller's `__main__` runs again, so notebooks and scripts without a main guard are safe.
"""

from __future__ import annotations

import os
import pickle
import queue
import sys
import threading
import time
import traceback
from typing import IO, Any

from mlplab.errors import MlplabError, WorkerError
from mlplab.execute.brought import describe, unpack
from mlplab.execute.frames import open_talk, receive, send

PATIENCE_SECONDS = 5.0  # for last checkpoints, once work is to stop


def main() -> None:
    """Serve chunks until the caller says goodbye or goes away."""
    # Whatever is printed or read by accident must not come between the messages.
    outbox = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    messages = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    inbox: queue.Queue[tuple[str, Any]] = queue.Queue()
    leave = threading.Event()
    threading.Thread(target=_listen, args=(messages, inbox, leave), daemon=True).start()
    try:
        open_talk(outbox)
        _serve(inbox, leave, outbox)
    except OSError:  # the caller is gone
        pass
    finally:
        _end_children()
        os._exit(0)  # no time for torch's exit handlers, and nothing of ours is left to do


def _listen(
    messages: IO[bytes], inbox: queue.Queue[tuple[str, Any]], leave: threading.Event
) -> None:
    while not leave.is_set():
        try:
            message = receive(messages)
        except (EOFError, OSError):
            message = ("bye", None)
        except Exception as problem:
            message = ("unreadable", describe(problem))
        if message[0] == "bye":
            leave.set()
        inbox.put(message)
    # A module that never stops importing, or a user's function that never returns.
    time.sleep(2 * PATIENCE_SECONDS)
    os._exit(1)


def _serve(inbox: queue.Queue[tuple[str, Any]], leave: threading.Event, outbox: IO[bytes]) -> None:
    from mlplab.data import Task, attach
    from mlplab.engine import train
    from mlplab.engine.turns import ask_for_long_turns
    from mlplab.specs.plugins import install_plugins

    ask_for_long_turns()
    task: Task | None = None
    options: dict[str, Any] = {}
    while True:
        kind, content = inbox.get()
        if kind == "bye":
            return
        try:
            if kind == "unreadable":
                raise WorkerError(f"a worker failed: {content}")
            if kind == "hello":
                brought = unpack(
                    content.pop("brought"), lambda module: send(outbox, ("importing", module))
                )
                send(outbox, ("ready", None))
                install_plugins(brought["plugins"])
                task, options = attach(content.pop("task")), content
                options["measures"] = brought["measures"]
                continue
            assert task is not None
            runs, resume = content["runs"], content["resume"]
            for event in train(runs, task, resume=resume, stop=leave.is_set, **options):
                send(outbox, ("event", event))
            send(outbox, ("idle", None))
        except BaseException as problem:
            send(outbox, ("error", _as_error(problem)))
            return


def _as_error(problem: BaseException) -> MlplabError:
    """Return what the caller raises: the line of a user's mistake, or what failed and where."""
    if isinstance(problem, MlplabError):
        try:
            pickle.dumps(problem)
            return problem
        except Exception:
            return MlplabError(str(problem))
    error = WorkerError(f"a worker failed: {describe(problem)}")
    error.add_note("in the worker:\n" + "".join(traceback.format_exception(problem)))
    return error


def _end_children() -> None:
    """End what a user's module has started with `multiprocessing` or joblib."""
    # os._exit skips the handlers that would end them, and orphans keep pipes open.
    if multiprocessing := sys.modules.get("multiprocessing"):
        for child in multiprocessing.active_children():
            child.kill()
