"""A first Ctrl-C that asks for an end instead of forcing one."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SAYS = "stopping with what has finished; Ctrl-C again leaves at once"


@contextmanager
def first_interrupt(quiet: bool) -> Iterator[Callable[[], bool]]:
    """Hand out what says whether Ctrl-C was pressed; a second press raises `KeyboardInterrupt`.

    Outside the main thread, where no signal can be taken, it is never true; nor where the process
    was started to ignore Ctrl-C, as shells do behind `&`.
    """
    pressed = threading.Event()
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        yield pressed.is_set
        return

    def press(number: int, frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()
        if not quiet:
            print(_SAYS, file=sys.stderr, flush=True)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
