"""Finished runs on their way into the store: committed at once, in small batches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from mlplab.specs import Outcome, Provenance
from mlplab.store import Checkpoint, Store

if TYPE_CHECKING:
    from mlplab.engine.events import Checkpointed, Ended

# A commit waits for the disk; in between, runs that end together share one.
SECONDS_BETWEEN = 0.25
MOST_TOGETHER = 4000  # 8 MB of rows; the more, the fewer pages of an index are written again
MOST_BYTES = 16 * 2**20  # weights, checkpoints and histories of one transaction


class Keeper:
    """A thread that writes while training goes on; leaving the `with` block writes the rest.

    Whatever was handed over is in the store within about `SECONDS_BETWEEN` plus one commit, even
    if nothing else ends for an hour. Who hands over more than `MOST_BYTES` waits for the disk.

    Args:
        store: where they go.
        provenance: of what trains them.
        texts: keys -> the canonical JSON of their runs.

    Raises:
        StoreError: from `keep` or on leaving, when the store could not be written.
    """

    def __init__(
        self,
        store: Store,
        provenance: Provenance,
        texts: Callable[[Sequence[str]], Mapping[str, str]],
    ) -> None:
        self._store = store
        self._provenance = provenance
        self._texts = texts
        self._ended: list[Ended] = []
        self._checkpoints: dict[str, Checkpointed] = {}
        self._waiting_bytes = 0
        self._flushing = False
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None
        self._taken = threading.Lock()
        self._done = threading.Event()

    def keep(self, ended: Ended) -> None:
        """Hand over a run that ended."""
        with self._hand_over(_size(ended)):
            self._ended.append(ended)
            self._checkpoints.pop(ended.outcome.key, None)

    def keep_checkpoint(self, checkpoint: Checkpointed) -> None:
        """Hand over a run's state part-way; only its latest matters."""
        with self._hand_over(len(checkpoint.blob)):
            self._checkpoints[checkpoint.key] = checkpoint

    def flush(self) -> None:
        """Wait until all that was handed over is in the store."""
        with self._changed:
            self._flushing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting_bytes or self._error)
            self._flushing = False
        self.check()

    def close(self) -> None:
        """Write what is left, and report what went wrong."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            # Ctrl-C may have come as the thread was being started: it may be late, or never come.
            self._work()
            try:
                self._done.wait()
            except KeyboardInterrupt:
                # A second Ctrl-C must not cost what has finished: the write takes its moment.
                self._done.wait()
                raise
        self.check()

    def check(self) -> None:
        """Raise what the writing thread ran into."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    @contextmanager
    def _hand_over(self, n_bytes: int) -> Iterator[None]:
        self.check()
        with self._changed:
            # One larger than this is let in alone.
            self._changed.wait_for(
                lambda: (
                    not self._waiting_bytes
                    or self._waiting_bytes + n_bytes <= MOST_BYTES
                    or self._error
                )
            )
            self.check()
            self._waiting_bytes += n_bytes
            yield
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="keeper", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _work(self) -> None:
        if not self._taken.acquire(blocking=False):
            return
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(
                        lambda: self._ended or self._checkpoints or self._closing.is_set()
                    )
                    ended, self._ended = self._ended, []
                    states, self._checkpoints = self._checkpoints, {}
                    n_bytes = self._waiting_bytes
                if not ended and not states:
                    return
                self._write(ended, states)
                del ended, states
                with self._changed:
                    self._waiting_bytes -= n_bytes
                    self._changed.notify_all()
                    self._changed.wait_for(self._in_a_hurry, SECONDS_BETWEEN)
        except BaseException as error:
            with self._changed:
                self._error = error
                self._changed.notify_all()
        finally:
            self._done.set()

    def _in_a_hurry(self) -> bool:
        # At half of the room: who hands over need then hardly ever wait.
        return self._closing.is_set() or self._flushing or 2 * self._waiting_bytes > MOST_BYTES

    def _write(self, ended: list[Ended], states: Mapping[str, Checkpointed]) -> None:
        for first in range(0, len(ended), MOST_TOGETHER):
            some = ended[first : first + MOST_TOGETHER]
            outcomes: list[Outcome] = [one.outcome for one in some]
            specs = self._texts([outcome.key for outcome in outcomes])
            weights = {one.outcome.key: one.weights for one in some if one.weights is not None}
            self._store.put(outcomes, specs, weights)
        if states:
            points = [Checkpoint(s.key, s.epoch, s.step, s.blob) for s in states.values()]
            self._store.put_checkpoints(points, self._provenance.id)


def _size(ended: Ended) -> int:
    """Return the bytes of a run's weights, history and right examples."""
    outcome = ended.outcome
    numbers = sum(8 * len(values) for values in outcome.history.values())
    return numbers + sum(map(len, outcome.correct.values())) + len(ended.weights or b"")
