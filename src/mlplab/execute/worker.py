"""What a worker process does, spoken to over standard input and output.

It is a program of its own rather than a fork or a spawned copy of the caller's: nothing of the
caller's `__main__` runs again, so notebooks and scripts without a main guard are safe.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
import traceback
from typing import Any

from mlplab.errors import MlplabError
from mlplab.execute.frames import receive, send


def main() -> None:
    """Serve chunks until the caller says goodbye or goes away."""
    # Whatever is printed by accident must not end up between the messages.
    outbox = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    inbox: queue.Queue[tuple[str, Any]] = queue.Queue()
    leave = threading.Event()
    threading.Thread(target=_listen, args=(inbox, leave), daemon=True).start()
    try:
        _serve(inbox, leave, outbox)
    except BrokenPipeError:
        pass
    finally:
        os._exit(0)  # no time for torch's exit handlers, and nothing of ours is left to do


def _listen(inbox: queue.Queue[tuple[str, Any]], leave: threading.Event) -> None:
    while True:
        try:
            message = receive(sys.stdin.buffer)
        except EOFError:
            message = ("bye", None)
        except Exception:  # a metric whose module cannot be imported here
            message = ("unreadable", traceback.format_exc())
        if message[0] == "bye":
            leave.set()
        inbox.put(message)
        if message[0] == "bye":
            return


def _serve(inbox: queue.Queue[tuple[str, Any]], leave: threading.Event, outbox: Any) -> None:
    from mlplab.data import Task, attach
    from mlplab.engine import train
    from mlplab.specs.plugins import install_plugins

    task: Task | None = None
    options: dict[str, Any] = {}
    while True:
        kind, content = inbox.get()
        if kind == "bye":
            return
        try:
            if kind == "unreadable":
                raise RuntimeError(content)
            if kind == "hello":
                install_plugins(content.pop("plugins"))
                task, options = attach(content.pop("task")), content
                continue
            assert task is not None
            runs, resume = content["runs"], content["resume"]
            for event in train(runs, task, resume=resume, stop=leave.is_set, **options):
                send(outbox, ("event", event))
            send(outbox, ("idle", None))
        except MlplabError as problem:
            send(outbox, ("error", problem))
        except BrokenPipeError:
            return
        except BaseException:
            send(outbox, ("crash", traceback.format_exc()))
