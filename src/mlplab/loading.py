"""Ctrl-C while packages are loaded: it waits until they are there.

torch, numpy and others cannot be loaded again once a first time was cut short: every later call of
the process would fail.
"""

from __future__ import annotations

import gc
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

_PACKAGES = frozenset(
    [
        "mlplab",
        "altair",
        "click",
        "joblib",
        "numpy",
        "optuna",
        "pandas",
        "pydantic",
        "rich",
        "scipy",
        "sklearn",
        "sqlalchemy",
        "sympy",
        "torch",
    ]
)
_SECONDS_AFTER = 0.01  # by then the import that has waited is over


class WholeImports:
    """What finds these packages first, and lets the signal wait while the main thread loads one."""

    def __init__(self) -> None:
        self._is_loading = False

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module as Python does; what is loaded in the course of another one is not ours."""
        if self._is_loading or name.partition(".")[0] not in _PACKAGES or not _in_main_thread():
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            loader, execute = spec.loader, spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                del loader.exec_module
                with self._held():
                    execute(module)

            loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    @contextmanager
    def _held(self) -> Iterator[None]:
        handler = signal.getsignal(signal.SIGINT)
        if self._is_loading or not callable(handler) or not _in_main_thread():
            yield
            return
        came = False

        def hold(*_: object) -> None:
            nonlocal came
            came = True

        self._is_loading = True
        signal.signal(signal.SIGINT, hold)
        try:
            yield
        finally:
            self._is_loading = False
            if signal.getsignal(signal.SIGINT) is hold:
                signal.signal(signal.SIGINT, handler)
            if came:
                # Raised here, it would make Python forget the module that has just been loaded.
                _interrupt_soon()


def let_imports_end() -> None:
    """Let Ctrl-C wait, from now on, while this package or one that it needs is loaded."""
    if not any(isinstance(finder, WholeImports) for finder in sys.meta_path):
        sys.meta_path.insert(0, WholeImports())


def keep_interrupts() -> None:
    """Let a Ctrl-C come again that Python, within a callback, would only print and forget."""
    printing = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            is_over = threading.Event()
            _interrupt_soon(is_over)
            is_over.set()  # within this function it would be lost again
        else:
            printing(unraisable)

    sys.unraisablehook = hook


@contextmanager
def without_collection() -> Iterator[None]:
    """Look for no garbage while libraries are loaded: a quarter of loading torch was that.

    >>> with without_collection():
    ...     gc.isenabled()
    False
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _interrupt_soon(after: threading.Event | None = None) -> None:
    def wait() -> None:
        if after is not None:
            after.wait()
        time.sleep(_SECONDS_AFTER)
        _interrupt()

    threading.Thread(target=wait, daemon=True).start()


def _interrupt() -> None:
    kill: Callable[[int, int], None] | None = getattr(signal, "pthread_kill", None)
    if kill is not None and (ident := threading.main_thread().ident) is not None:
        kill(ident, signal.SIGINT)  # also ends what the main thread waits for
    else:
        import _thread

        _thread.interrupt_main()
