"""User-defined functions for worker processes: pickled by name here, imported there."""

from __future__ import annotations

import io
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterable
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from mlplab.errors import ConfigError, WorkerError
from mlplab.inside import GUARD, mark
from mlplab.specs import Module, Run
from mlplab.specs.plugins import PluginName, registered_plugins

_OURS = ("mlplab", "builtins")
HERE = "workers=1 (--threads 1) trains without them"


def plugins_of(runs: Iterable[Run]) -> dict[PluginName, Any]:
    """Return what users registered and these runs name, for a worker process to install."""
    registered = registered_plugins()
    if not registered:
        return {}
    wanted: set[PluginName] = set()
    for run in runs:
        if isinstance(run.net, Module):
            wanted.add(("module", run.net.name))
        else:
            wanted.add(("activation", run.net.activation))
            wanted.add(("init", run.net.init.kind))
        wanted.add(("schedule", run.optim.schedule.kind))
        wanted.add(("optimiser", getattr(run.optim, "name", "")))
    return {name: made for name, made in registered.items() if name in wanted}


def pack(brought: Any) -> bytes | None:
    """Pickle what users brought; None if workers cannot import it.

    That is what a notebook or a script made, and what a module brings that is still being
    imported: a worker would run it from its top.
    """
    packed = _pack(brought)
    return None if packed is None else packed[0]


def modules_of(brought: Any) -> list[str] | None:
    """Return the modules that users brought what they brought in; None if workers cannot import it.

    Whoever imports them has it registered, and unpickles nothing.
    """
    packed = _pack(brought)
    if packed is None:
        return None
    return sorted(name for name in packed[1] if name and name.partition(".")[0] not in _OURS)


def not_importable(on: str, who: str) -> ConfigError:
    """Return what is said of functions that `who` on a cluster cannot import."""
    return ConfigError(
        f"on {on}: your own functions must stand at the top of a module that {who} can import "
        "(--import my_module.py), not in a notebook or a script"
    )


def _pack(brought: Any) -> tuple[bytes, set[str]] | None:
    stream = io.BytesIO()
    try:
        pickler = _Pickler(stream)
        pickler.dump(brought)
    except Exception:
        return None
    pickled = stream.getvalue()
    # Pickled by name: a notebook's functions name `__main__`, which is another in a worker.
    can_travel = b"__main__" not in pickled and all(map(_can_be_imported, pickler.homes))
    return (pickled, pickler.homes) if can_travel else None


def unpack(pickled: bytes, tell: Callable[[str], None]) -> Any:
    """Import, in a worker, what `pack` wrote.

    Args:
        pickled: what `pack` returned.
        tell: called with the name of each module before it is imported.

    Raises:
        WorkerError: the module does not import here, whatever it raised.
    """
    reader = _Unpickler(io.BytesIO(pickled), tell)
    try:
        return reader.load()
    # SystemExit too: a module that reads the command line ends the process where it finds none.
    except BaseException as problem:
        if isinstance(problem, WorkerError):
            raise
        raise WorkerError(
            f"worker processes cannot import {reader.module!r} "
            f"({describe(problem)}): {GUARD}; {HERE}"
        ) from None
    finally:
        os.environ.update(mark())


def describe(problem: BaseException) -> str:
    """Return what went wrong, and on which line of a user's file, in one line."""
    says = " ".join(f"{type(problem).__name__}: {problem}".split()).rstrip(": ")
    frames = traceback.extract_tb(problem.__traceback__)
    ours = str(Path(__file__).parents[1])
    places = [f for f in frames if os.path.exists(f.filename) and not f.filename.startswith(ours)]
    stdlib = os.path.dirname(os.__file__)
    own = [f for f in places if not f.filename.startswith(stdlib)] or places
    if not own:
        return says
    return f"{says}; {os.path.basename(own[-1].filename)}, line {own[-1].lineno}"


class _Pickler(pickle.Pickler):
    """Notes the modules that the other side will import."""

    def __init__(self, stream: io.BytesIO) -> None:
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        self.homes: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        self.homes.add(getattr(obj, "__module__", None) or "")
        # Pickle as usual; this hook is called for each object, which is all that is wanted of it.
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    """Says which module it imports, to the caller and to whoever trains there."""

    def __init__(self, stream: io.BytesIO, tell: Callable[[str], None]) -> None:
        super().__init__(stream)
        self._tell = tell
        self.module = ""

    def find_class(self, module: str, name: str) -> Any:
        self.module = module
        os.environ.update(mark(module))
        self._tell(module)
        return super().find_class(module, name)


def _can_be_imported(module: str) -> bool:
    """Whether a module is on the path, and importing it has come to its end."""
    parts = module.split(".")
    for end in range(1, len(parts) + 1):
        spec = getattr(sys.modules.get(".".join(parts[:end])), "__spec__", None)
        # importlib's own flag: a module that is still being imported has not come to its last line.
        if spec is None or getattr(spec, "_initializing", False):
            return False
    top = parts[0]
    # What came by a finder of its own (a test runner's, say) need not be on a worker's path.
    return top in sys.builtin_module_names or PathFinder.find_spec(top, sys.path) is not None
