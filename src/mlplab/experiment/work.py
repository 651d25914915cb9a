"""The runs that a plan lacks, shared with the other drivers that train some of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlplab.experiment.plan import Plan
from mlplab.experiment.progress import Tally, estimate_left
from mlplab.specs import Outcome
from mlplab.specs.columns import Keys, Population
from mlplab.store import Store

if TYPE_CHECKING:
    from mlplab.store.leases import Alone, Driver

SECONDS_BETWEEN = 1.0  # two looks at what other drivers have finished
SECONDS_WORTH = 20.0  # of work left: less is not worth a stop
_SECONDS_ASKED = 5.0  # between two answers to a wish


class Work:
    """Which runs are trained here, which others train, and which are given to others.

    Args:
        plan: whose remaining runs are the work.
        store: where all drivers keep what has ended.
        driver: holds the runs that are trained here.
        tally: counts what others have finished.
        may_stop: whether training stops when another driver wishes for runs.

    Attributes:
        part: the runs that were taken last, and have not ended.
    """

    def __init__(
        self, plan: Plan, store: Store, driver: Driver | Alone, tally: Tally, *, may_stop: bool
    ) -> None:
        runs = plan.remaining.runs
        n = len(runs)
        self._plan = plan
        self._cells = plan.remaining
        self._store = store
        self._driver = driver
        self._tally = tally
        self._may_stop = may_stop
        self._epochs = np.array([run.fit.epochs for run in runs.templates])[runs.which]
        self._open = np.ones(n, bool)  # no outcome was handed out yet
        self._mine = np.zeros(n, bool)
        self._given = np.zeros(n, bool)  # to others, who have not taken them yet perhaps
        self._begun = np.zeros(n, bool)  # here: their epochs are in the tally
        self._counted = np.zeros(n, bool)  # as ended elsewhere
        self._holders: dict[str, int] = {}
        self._last: int | None = None
        self._look_at = 0.0
        self._ended = bytearray()  # sixteen bytes a key; strings would take five times as much
        self._reached: dict[str, int] = {}
        self._stopping = False
        self._ask_at = 0.0
        self._round = (0.0, 0.0, 0.0, 0.0)
        self.part: Population = runs[:0]

    @property
    def is_left(self) -> bool:
        """Whether some of the runs have no outcome yet."""
        return bool(self._open.any())

    def take(self) -> Iterator[Outcome]:
        """Take what no other driver trains; yield what others have finished meanwhile."""
        wanted = self._open & ~self._given
        if not wanted.any():
            self._given[:] = False
            wanted = self._open
        asked, left = np.flatnonzero(wanted), np.flatnonzero(self._open)
        taken = self._driver.hold(self._cells.keys.take(asked))
        self._holders = taken.holders
        self._mine[:] = False
        self._mine[asked[taken.mine]] = True
        if self._last is None and not self._mine[left].all():
            self._last, _ = self._store.ended_since(None)
        # Who gave runs back has kept them before: what is open now is to be trained.
        now = self._plan.again(self._cells.take(left), self._store)
        ended = left[now.finished.ended]
        self._open[ended] = self._mine[ended] = False
        self._count(ended, True)
        # Ended elsewhere, but without what this plan needs of them.
        self._count(np.flatnonzero(self._open & self._counted), False)
        self.part = self._cells.runs.take(self._mine)
        yield from now.finished.values()

    def begin(self, reached: Mapping[str, int]) -> None:
        """Begin to train the part, from checkpoints with so many epochs behind them."""
        places = self._cells.keys.find(list(reached))
        epochs = np.fromiter(reached.values(), np.int64, len(reached))
        self._tally.resumed(float(epochs[~self._begun[places]].sum()))
        self._begun |= self._mine
        self._reached = dict(reached)
        self._ended.clear()
        self._stopping, self._ask_at = False, 0.0
        left = float(self._epochs[self._mine].sum() - epochs.sum())
        self._round = (time.monotonic(), left, self._tally.made, self._tally.total)

    def reached(self, key: str, epoch: int) -> None:
        """Note how many epochs a run has behind it."""
        self._reached[key] = epoch

    def ended(self, key: str) -> None:
        """Note that a run of the part has ended."""
        self._ended += bytes.fromhex(key)
        if self._reached:
            self._reached.pop(key, None)

    def stop(self) -> bool:
        """Whether training shall stop: for another driver's wish, or since the runs are lost."""
        if self._stopping or not self._may_stop:
            return self._stopping
        if self._driver.lost:
            self._stopping = True
        elif self._driver.wished and time.monotonic() >= self._ask_at:
            self._ask_at = time.monotonic() + _SECONDS_ASKED
            self._stopping = self._is_worth_it() and len(self._half()) > 0
        return self._stopping

    def leave(self) -> None:
        """End the training of the part, stopped or not; what a wish asks for is given away."""
        self._open &= ~self._have_ended()
        if not self._stopping:
            lost = int((self._open & self._mine).sum())
            assert not lost, f"the backend ended without {lost} of its runs"
        elif not self._driver.lost:
            self._given[self._half()] = True
        self._mine &= self._open
        self.part = self._cells.runs[:0]

    def look_elsewhere(self) -> None:
        """Count what others have finished, once a second."""
        if self._last is None or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + SECONDS_BETWEEN
        self._last, keys = self._store.ended_since(self._last)
        places = self._cells.keys.find(keys)
        places = places[places >= 0]
        self._count(places[self._open[places] & ~self._mine[places]], True)

    def wait(self) -> None:
        """Wait until other drivers have given back some of the runs, and wish for them."""
        if self._given.any() or not self._holders:
            self._given[:] = False  # nobody may have taken them
            return
        keys = self._cells.keys.take(self._open)
        self._driver.wish(keys, self._holders)
        while self._driver.still(self._holders) and not self._driver.lost:
            time.sleep(SECONDS_BETWEEN)
            self.look_elsewhere()
            self._tally.show(now=True)

    def _count(self, places: NDArray[np.int64], ended: bool) -> None:
        new = places[self._counted[places] != ended]
        if len(new):
            self._counted[new] = ended
            sign = 1 if ended else -1
            self._tally.ended_elsewhere(sign * len(new), sign * float(self._epochs[new].sum()))

    def _have_ended(self) -> NDArray[np.bool_]:
        places = self._cells.keys.find(Keys.from_bytes(bytes(self._ended)))
        ended = np.zeros(len(self._open), bool)
        ended[places[places >= 0]] = True
        return ended

    def _is_worth_it(self) -> bool:
        start, left, made, total = self._round
        made = self._tally.made - made
        left -= made + total - self._tally.total
        seconds = estimate_left(made, made + max(0.0, left), time.monotonic() - start)
        return seconds is not None and seconds > SECONDS_WORTH

    def _half(self) -> NDArray[np.int64]:
        """Return every second of the runs here that are wished for; each kind is shared equally."""
        wanted = np.zeros(len(self._open), bool)
        for keys in self._driver.wishes():
            places = self._cells.keys.find(keys)
            wanted[places[places >= 0]] = True
        places = np.flatnonzero(wanted & self._open & self._mine & ~self._have_ended())
        runs = self._cells.runs.take(places)
        left = self._epochs[places] - [self._reached.get(key, 0) for key in runs.keys]
        return places[np.lexsort((-left, runs.which))][1::2]
