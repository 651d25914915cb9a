"""Inside a worker: nothing trains while a module is imported there, and no worker starts others."""

from __future__ import annotations

import os
import sys
from types import FrameType

from mlplab.errors import WorkerError

# Whatever a worker starts inherits it; its value is the module that is being imported.
_VARIABLE = "MLPLAB_WORKER"
GUARD = 'put what a script does under `if __name__ == "__main__":`'


def mark(importing: str = "") -> dict[str, str]:
    """Return the environment of a worker, with the module that it is about to import."""
    return {_VARIABLE: importing}


def unmark() -> None:
    """Take this process for no worker from now on."""
    os.environ.pop(_VARIABLE, None)


def is_worker() -> bool:
    """Tell whether this process is a worker, or was started by one."""
    return _VARIABLE in os.environ


def refuse_at_import() -> None:
    """Refuse to train where a module is imported only to work for another process.

    That is in a worker, and in a process of `multiprocessing` or joblib that runs the caller's
    main module once more.

    Raises:
        WorkerError: the line names the module that trains.

    >>> refuse_at_import()
    """
    module = os.environ.get(_VARIABLE, "")
    if module or _is_being_spawned():
        trains = _module_that_runs(sys._getframe()) or module
        raise WorkerError(f"module {trains!r} trains when a worker process imports it: {GUARD}")


def _is_being_spawned() -> bool:
    multiprocessing = sys.modules.get("multiprocessing")
    return multiprocessing is not None and getattr(
        multiprocessing.current_process(), "_inheriting", False
    )


def _module_that_runs(frame: FrameType | None) -> str:
    """Return the innermost module whose top level is being run."""
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            return str(frame.f_globals.get("__name__", ""))
        frame = frame.f_back
    return ""
