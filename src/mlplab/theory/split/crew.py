"""The processes of a split, watched: one that dies or hangs ends them all, in one line."""

from __future__ import annotations

import contextlib
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from mlplab.errors import MlplabError, WorkerError
from mlplab.execute.frames import receive, send, skip_to_talk
from mlplab.execute.start import Process

_IMPORT_SECONDS = 120.0  # until a process first speaks: packages may come from a slow disk
_SETTLE_SECONDS = 1.0  # in which the first cause of several failures is heard too
_LOOK_SECONDS = 0.25
_IDLE = 0.001  # seconds of computing between two beats; more is work, however busy the machine
_SLOW = 20  # times the longest step so far: none takes longer by chance
_FIRST = 30  # times the patience, for a first step

Start = Callable[[], Process]
Listener = Callable[[int, int], None]


class _Member:
    """One process: what it was last heard to say."""

    def __init__(self, rank: int, process: Process, inbox: queue.Queue[tuple[int, str, Any]]):
        self.rank = rank
        self.process = process
        self.step = 0
        self.spoke = False
        self.computed = 0.0
        self.heard = time.monotonic()
        self.report: dict[str, Any] | None = None
        self.failure: dict[str, Any] | None = None
        self.ended: int | None = None
        self._ear = threading.Thread(target=self._listen, args=(inbox,), daemon=True)
        self._ear.start()

    @property
    def failed(self) -> bool:
        """Whether it ended, or said that it would, without a report."""
        return self.report is None and (self.failure is not None or self.ended is not None)

    def tell(self, message: Any) -> None:
        """Send what it waits for; if it is gone, the listener notices."""
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ValueError, OSError):
            send(self.process.stdin, message)

    def dismiss(self) -> None:
        """End it at once, and close what led to it."""
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_SETTLE_SECONDS)
        self._ear.join(_SETTLE_SECONDS)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()

    def _listen(self, inbox: queue.Queue[tuple[int, str, Any]]) -> None:
        assert self.process.stdout is not None
        try:
            skip_to_talk(self.process.stdout)
            while True:
                inbox.put((self.rank, *receive(self.process.stdout)))
        except (EOFError, ValueError, OSError):
            try:
                inbox.put((self.rank, "gone", self.process.wait(_SETTLE_SECONDS)))
            except subprocess.TimeoutExpired:
                inbox.put((self.rank, "gone", -signal.SIGKILL))


class Crew:
    """The processes of one split."""

    def __init__(
        self, start: Start, hellos: Iterable[Any], patience_seconds: float, called: str
    ) -> None:
        """Start them; `called` is what errors name the split by."""
        self._patience = patience_seconds
        self._called = called
        self._inbox: queue.Queue[tuple[int, str, Any]] = queue.Queue()
        self._members: list[_Member] = []
        self._moved = self._stepped = time.monotonic()
        self._longest = 0.0
        self._trains = False
        self._kept = 0
        try:
            for rank, hello in enumerate(hellos):
                member = _Member(rank, start(), self._inbox)
                self._members.append(member)
                member.tell(hello)
        except BaseException:
            self.dismiss()
            raise

    def reports(self, on_step: Listener | None = None) -> list[dict[str, Any]]:
        """Wait for all to finish and return what they report, by rank.

        Args:
            on_step: called with a rank and how many steps it has behind it.

        Raises:
            WorkerError: one died, failed or hung; the others are ended.
            MlplabError: what one said of the user's settings.
        """
        try:
            while any(member.report is None for member in self._members):
                self._hear(_LOOK_SECONDS, on_step)
                if any(member.failed for member in self._members):
                    self._settle()
                    raise self._first_cause()
                self._refuse_silence()
            return [member.report for member in self._members if member.report is not None]
        finally:
            self.dismiss()

    def dismiss(self) -> None:
        """End all processes."""
        for member in self._members:
            member.process.kill()
        for member in self._members:
            member.dismiss()

    def _hear(self, seconds: float, on_step: Listener | None = None) -> None:
        before = time.monotonic()
        try:
            rank, kind, content = self._inbox.get(timeout=seconds)
        except queue.Empty:
            # This process itself was stopped, and the others with it: nobody hangs.
            if (asleep := time.monotonic() - before - seconds) > 1:
                self._moved += asleep
                self._stepped += asleep
                for member in self._members:
                    member.heard += asleep
            return
        member, now = self._members[rank], time.monotonic()
        member.heard, member.spoke = now, True
        if kind == "beat":
            # Before there is a step to compare with, whoever computes is getting somewhere.
            if not self._trains and content - member.computed > _IDLE:
                self._moved = now
            member.computed = content
        elif kind == "step":
            self._trains = True
            self._longest = max(self._longest, now - self._stepped)
            self._moved = self._stepped = now
            member.step = content
            if on_step is not None:
                on_step(rank, content)
        elif kind == "begin":
            self._moved = self._stepped = now
        elif kind == "kept":
            self._moved = self._stepped = now
            self._kept = content
        elif kind == "importing":
            self._moved = now
        elif kind == "done":
            self._moved, member.report = now, content
        elif kind == "failed":
            member.failure = content
        elif kind == "gone":
            member.ended = content

    def _settle(self) -> None:
        """Listen on for a moment: those whose peer is gone are often heard before it."""
        until = time.monotonic() + _SETTLE_SECONDS
        while (left := until - time.monotonic()) > 0:
            self._hear(left)

    def _first_cause(self) -> MlplabError:
        failed = [member for member in self._members if member.failed]
        for member in failed:
            if member.failure is None and member.ended is not None:
                return self._error(member, f"ended ({_ending(member.ended)})")
        for member in failed:
            error = (member.failure or {}).get("error")
            if isinstance(error, MlplabError):
                return error
        # What lost a peer fails because of another.
        member = min(failed, key=lambda one: bool(one.failure and one.failure["lost_peer"]))
        assert member.failure is not None
        problem = self._error(member, f"failed with {member.failure['says']}")
        problem.add_note(f"in process {member.rank}:\n{member.failure['trace']}")
        return problem

    def _refuse_silence(self) -> None:
        """Raise if a process is not heard any more, or all of them wait."""
        now = time.monotonic()
        waiting = [member for member in self._members if member.report is None]
        silent = max(waiting, key=lambda one: now - one.heard, default=None)
        if silent is None:
            return
        limit = self._patience if silent.spoke else max(self._patience, _IMPORT_SECONDS)
        if (seconds := now - silent.heard) > limit:
            says = "was not heard any more" if silent.spoke else "did not start"
            raise self._error(silent, f"{says} for {seconds:.0f} s")
        if not all(member.spoke for member in waiting):
            return
        limit = max(self._patience, _SLOW * self._longest)
        still = now - self._moved > limit
        # A first step that computes and computes.
        if still or (not self._trains and now - self._stepped > _FIRST * self._patience):
            if seconds > limit / 2:
                raise self._error(silent, f"was not heard any more for {seconds:.0f} s")
            behind = min(waiting, key=lambda one: one.step)
            seconds = now - (self._moved if still else self._stepped)
            raise self._error(
                behind, f"stands still ({seconds:.0f} s without a step; more patience allows more)"
            )

    def _error(self, member: _Member, what: str) -> WorkerError:
        kept = f"; step {self._kept} is the last that was kept" if self._kept else ""
        return WorkerError(
            f"{self._called}: process {member.rank} of 0 to {len(self._members) - 1} {what} after "
            f"step {member.step}, and the others were ended{kept}"
        )


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name
    return f"signal {-code}"
