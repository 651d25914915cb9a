"""Which driver trains which runs: leases that end with their driver, without a clock on the wall.

A driver is a process that trains runs of the store. While it lives it counts its `beat` up; one
whose process is gone, or whose beat stands still for a minute of the observer's own clock, is dead,
and its leases are free.
"""

from __future__ import annotations

import os
import platform
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select, text, update

from mlplab.errors import StoreError
from mlplab.specs.columns import Keys
from mlplab.store import schema
from mlplab.store.database import Database
from mlplab.store.failures import COMPUTED_AGAIN

BEAT_SECONDS = 5.0
DEAD_SECONDS = 60.0  # twelve beats: a writer may wait that long for the others
_AT_ONCE = 50_000  # keys in a row: 800 kB

Holders = dict[str, int]
"""Drivers, and how often each has changed what it holds."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process and the system it runs on; what is not known is empty or 0.

    Attributes:
        host: the machine's name.
        boot: of the system since its start, and of the space in which its pids count.
        pid: the process.
        started: ticks after the start of the system; a pid may be given again.
    """

    host: str
    boot: str
    pid: int
    started: int

    @property
    def is_known(self) -> bool:
        """Whether no other process can be taken for it."""
        return bool(self.boot) and self.started > 0

    def is_gone(self, here: Process) -> bool:
        """Whether it has ended, as far as a process that runs here can know."""
        near = (self.host, self.boot) == (here.host, here.boot)
        return self.is_known and near and _started(self.pid) != self.started


def this_process() -> Process:
    """Return what this process is known by."""
    pid = os.getpid()
    return Process(platform.node(), _boot(), pid, _started(pid))


def _boot() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        # Containers share a boot, not their pids.
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except (OSError, ValueError):
        return ""


def _started(pid: int) -> int:
    """Return when a process that runs was started; 0 where that is not known or it has ended."""
    try:
        # The name in brackets may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return 0 if fields[0] in (b"Z", b"X") else int(fields[19])
    except (OSError, ValueError, IndexError):
        return 0


@dataclass(frozen=True, slots=True)
class _Row:
    id: str
    process: Process
    beat: int
    changes: int


@dataclass(slots=True)
class Observer:
    """Tells which drivers are dead, by what it has seen of them.

    Attributes:
        here: the process that observes.
        clock: its own, in seconds; only differences count.
    """

    here: Process
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, tuple[int, float]] = field(default_factory=dict)

    def is_dead(self, driver: _Row) -> bool:
        """Whether its process is gone, or its beat has stood still for a minute."""
        if driver.process.is_gone(self.here):
            return True
        if self.here.is_known and driver.process == self.here and driver.id not in _LIVING:
            return True  # its end in this process could not be written
        now = self.clock()
        beat, since = self._seen.get(driver.id, (-1, now))
        if beat != driver.beat:
            self._seen[driver.id] = (driver.beat, now)
            return False
        return now - since >= DEAD_SECONDS


_LIVING: set[str] = set()  # drivers of this process


@dataclass(frozen=True, slots=True)
class Taken:
    """What a driver was given of the runs it asked for.

    Attributes:
        mine: which of the keys it holds now, (N,).
        holders: who holds others of them.
    """

    mine: NDArray[np.bool_]
    holders: Holders


class Driver:
    """This process's part in the work on a store; leaving the `with` block frees its runs.

    Args:
        database: the store's.
        clock: of the observer, in seconds.
        process: what it runs in; default: this process.
        beats: let a thread count the beat up.

    Attributes:
        lost: others took it for dead: what it held may be theirs.
        wished: another driver waits for some of its runs.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.monotonic,
        process: Process | None = None,
        beats: bool = True,
    ) -> None:
        self._database = database
        self._process = process or this_process()
        self._observer = Observer(self._process, clock)
        self._id = ""
        self._held: Keys | None = None
        self._beats = beats
        self._thread: threading.Thread | None = None
        self._leaving = threading.Event()
        self.lost = False
        self.wished = False

    def hold(self, keys: Keys) -> Taken:
        """Hold those of the keys that no other driver holds, and nothing else.

        Wishes of other drivers are thereby answered. The leases of dead drivers are free.

        Cost: one statement for 50,000 keys, and reading what the others hold.
        """
        fresh = secrets.token_hex(8)
        _LIVING.add(fresh)  # before others in this process can see it

        def work(connection: Connection) -> tuple[str, Taken]:
            _take_turns(connection)
            drivers = _living(connection, self._observer)
            ids = {row.id for row in drivers}
            # A server may have kept the first try of this, and its answer been lost.
            me = self._id if self._id in ids else fresh
            known = me in ids
            if not known:
                who = {"id": fresh, **asdict(self._process), "beat": 0, "changes": 0}
                connection.execute(insert(schema.drivers), who)
            free, holders = np.ones(len(keys), bool), {}
            for row in drivers:
                lists = _lists(connection, schema.leases, schema.leases.c.driver == row.id)
                for held in lists if row.id != me else ():
                    places = keys.find(held)
                    places = places[places >= 0]
                    free[places] = False
                    if len(places):
                        holders[row.id] = row.changes
            mine = keys if free.all() else keys.take(free)
            if known:
                connection.execute(delete(schema.leases).where(schema.leases.c.driver == me))
            _put_lists(connection, schema.leases, mine, driver=me)
            answered = schema.wishes.c.holder == me
            if len(mine):
                answered |= schema.wishes.c.driver == me
            connection.execute(delete(schema.wishes).where(answered))
            changed = update(schema.drivers).where(schema.drivers.c.id == me)
            connection.execute(changed.values(changes=schema.drivers.c.changes + 1))
            return me, Taken(free, holders)

        try:
            me, taken = self._database.write(work)
        except BaseException:
            _LIVING.discard(fresh)
            raise
        for gone in {self._id, fresh} - {me}:
            _LIVING.discard(gone)
        self._id, self.lost, self.wished = me, False, False
        if self._beats and self._thread is None:
            self._thread = threading.Thread(target=self._keep_beating, name="beat", daemon=True)
            self._thread.start()
        return taken

    def still(self, holders: Holders) -> bool:
        """Whether all of them live, and hold what they held."""
        wanted = set(holders)
        rows = [row for row in self._database.read(_rows) if row.id in wanted]
        living = {row.id: row.changes for row in rows if not self._observer.is_dead(row)}
        return living == holders

    def wish(self, keys: Keys, holders: Holders) -> None:
        """Ask the holders of some keys for a part of them."""

        def work(connection: Connection) -> None:
            connection.execute(delete(schema.wishes).where(schema.wishes.c.driver == self._id))
            for holder in holders:
                _put_lists(connection, schema.wishes, keys, driver=self._id, holder=holder)

        self._database.write(work)

    def wishes(self) -> list[Keys]:
        """Return the runs that others wish of this driver."""
        wished = schema.wishes.c.holder == self._id
        return self._database.read(lambda c: list(_lists(c, schema.wishes, wished)))

    def beat(self) -> None:
        """Count the beat up, and look whether another driver wishes for runs."""
        me = self._id

        def work(connection: Connection) -> tuple[bool, bool]:
            drivers, wishes = schema.drivers, schema.wishes
            mine = update(drivers).where(drivers.c.id == me)
            found = connection.execute(mine.values(beat=drivers.c.beat + 1)).rowcount
            asked = connection.execute(select(wishes.c.id).where(wishes.c.holder == me).limit(1))
            return not found, asked.first() is not None

        lost, wished = self._database.write(work)
        if me == self._id:
            self.lost, self.wished = lost, wished

    def close(self) -> None:
        """Free what is held, and take no part any longer."""
        self._leaving.set()
        if self._thread is not None:
            self._thread.join()
        me, self._id = self._id, ""
        if me:
            _LIVING.discard(me)
            with suppress(StoreError):  # the error on the way says it; a dead driver holds nothing
                self._database.write(lambda c: _bury(c, [me]))

    def _keep_beating(self) -> None:
        while not self._leaving.wait(BEAT_SECONDS):
            with suppress(StoreError):  # what cannot be kept at all is noticed by who keeps runs
                self.beat()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()


class Alone:
    """Stands in for a `Driver` where no other process can be: a store in memory."""

    lost = wished = False

    def hold(self, keys: Keys) -> Taken:
        """Hold all."""
        return Taken(np.ones(len(keys), bool), {})

    def still(self, holders: Holders) -> bool:
        """Whether nobody is there, still."""
        return not holders

    def wish(self, keys: Keys, holders: Holders) -> None:
        """Ask nobody."""

    def wishes(self) -> list[Keys]:
        """Return nothing."""
        return []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        pass


def ended_since(connection: Connection, last: int | None) -> tuple[int, Keys]:
    """Return the number of the last row of a finished run, and the keys of those after another.

    What is committed late may be missed: it serves to show progress.
    """
    table = schema.outcomes
    if last is None:
        return int(connection.execute(select(func.max(table.c.id))).scalar() or 0), Keys.of([])
    rows = connection.execute(select(table.c.id, table.c.key).where(table.c.id > last)).all()
    numbers = [int(row.id) for row in rows]
    return max([last, *numbers]), Keys.of(row.key for row in rows if _is_key(row.key))


def _is_key(key: object) -> bool:
    return isinstance(key, str) and len(key) == 32


def _take_turns(connection: Connection) -> None:
    """Let no other driver take leases before this ends; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {schema.leases.name} IN SHARE ROW EXCLUSIVE MODE"))


def _rows(connection: Connection) -> list[_Row]:
    rows = []
    for row in connection.execute(select(schema.drivers)):
        texts, numbers = (row.id, row.host, row.boot), (row.pid, row.started, row.beat, row.changes)
        if not all(isinstance(one, str) for one in texts) or not all(
            isinstance(one, int) for one in numbers
        ):
            # SQLite lets anything stand in a column.
            raise StoreError(f"the stored driver {str(row.id)[:80]!r} is damaged: {COMPUTED_AGAIN}")
        process = Process(row.host, row.boot, row.pid, row.started)
        rows.append(_Row(row.id, process, row.beat, row.changes))
    return rows


def _living(connection: Connection, observer: Observer) -> list[_Row]:
    """Return the drivers that live; the others' rows and leases go."""
    drivers = _rows(connection)
    dead = [row.id for row in drivers if observer.is_dead(row)]
    if dead:
        _bury(connection, dead)
    return [row for row in drivers if row.id not in dead]


def _bury(connection: Connection, drivers: Sequence[str]) -> None:
    _take_turns(connection)
    for column in (
        schema.leases.c.driver,
        schema.wishes.c.driver,
        schema.wishes.c.holder,
        schema.drivers.c.id,
    ):
        connection.execute(
            delete(column.table).where(column == bindparam("driver")),
            [{"driver": driver} for driver in drivers],
        )


def _lists(connection: Connection, table: Table, which: Any) -> Iterator[Keys]:
    for blob in connection.execute(select(table.c["keys"]).where(which)).scalars():
        if not isinstance(blob, bytes | memoryview) or len(blob) % 16:
            raise StoreError(f"a list of runs in {table.name} is damaged: {COMPUTED_AGAIN}")
        yield Keys.from_bytes(bytes(blob))


def _put_lists(connection: Connection, table: Table, keys: Keys, **columns: str) -> None:
    for start in range(0, len(keys), _AT_ONCE):
        row = {**columns, "keys": keys[start : start + _AT_ONCE].tobytes()}
        connection.execute(insert(table), row)
