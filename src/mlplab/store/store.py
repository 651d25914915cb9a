"""The store as the other rooms see it."""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self

from mlplab.errors import StoreError
from mlplab.specs.outcome import Outcome, Provenance
from mlplab.store.place import find_place
from mlplab.store.records import Checkpoint, Membership, PruneReport, Row, Seen, StoreInfo
from mlplab.version import ENGINE_VERSION

if TYPE_CHECKING:
    from mlplab.specs.columns import Keys, Outcomes
    from mlplab.store.leases import Alone, Driver

log = logging.getLogger(__name__)


class Store:
    """Finished runs by key and provenance, their weights, verdicts and test looks.

    Every method is one transaction: it happens whole or not at all, whatever is killed when.
    Several threads and processes may use one place at once; a `Store` may be forked or pickled
    (not one in memory). A file on a read-only or full disk can be read.

    Args:
        where: a file, `sqlite:///FILE`, `postgresql://USER@HOST/DATABASE` or `":memory:"`;
            None is the environment's `MLPLAB_STORE`, else a file in the user's data folder.
        create: make the store if there is none yet; otherwise that is an error.

    Raises:
        StoreError: one line naming the place, from here and from every method.

    >>> with Store(":memory:") as store:
    ...     run = Outcome("k1", "p1", "finished", 2, {"valid_loss": (0.7, 0.5)}, 0.1, 10)
    ...     store.put([run])
    ...     store.get(["k1", "k2"])["k1"].last("valid_loss")
    0.5
    """

    def __init__(self, where: str | os.PathLike[str] | None = None, *, create: bool = True) -> None:
        place = find_place(where)
        # Here, for SQLAlchemy: `import mlplab` and `mlplab --help` do not load it.
        from mlplab.store.database import Database

        self.url = place.url
        self.where = place.shown
        self.files = place.files
        self._database = Database(place, create=create)
        self._watching: list[Seen] = []
        self._last_moment = 0.0

    def get(self, keys: Iterable[str], provenance: str | None = None) -> dict[str, Outcome]:
        """Return the finished runs among `keys`, in their order.

        Where a run finished in several provenances, its row of `provenance` is taken, else the
        newest. Cost: 10,000 runs of 10 epochs and 6 metrics in about 0.4 s.
        """
        from mlplab.store.outcomes import read_outcomes

        keys = list(keys)
        found = self._database.read(lambda c: read_outcomes(c, keys, provenance))
        self._note(found.values())
        return found

    def outcomes(self, keys: Keys, provenance: str | None = None) -> Outcomes:
        """Return the finished runs among `keys` as columns, of the same rows as `get`.

        Cost: a million runs of 20 epochs and 4 metrics in about 15 s.
        """
        from mlplab.specs.columns import Outcomes
        from mlplab.store.columns import read_columns

        def read(connection: Any) -> Outcomes:
            found = Outcomes(keys)
            read_columns(connection, found, provenance)
            return found

        found = self._database.read(read)
        if self._watching:
            self._note(found.values())
        return found

    def count(self, keys: Keys) -> int:
        """Return how many of the runs have finished, without reading them."""
        from mlplab.store.columns import count_runs

        return self._database.read(lambda c: count_runs(c, keys))

    def put(
        self,
        outcomes: Sequence[Outcome],
        runs: Mapping[str, str] | None = None,
        weights: Mapping[str, bytes] | None = None,
    ) -> None:
        """Keep finished runs, all or none; their checkpoints go.

        A row that is there already (same key and provenance) stays as it is, unless it lacks the
        answers per example that the new one has.

        Args:
            outcomes: the runs that ended.
            runs: key -> canonical JSON of the run, kept for people.
            weights: key -> safetensors bytes, of those runs whose weights are to be kept.
        """
        from mlplab.store.outcomes import write_outcomes

        self._database.write(lambda c: write_outcomes(c, outcomes, runs or {}, weights or {}))
        self._note(outcomes)

    def runs(self, keys: Iterable[str]) -> dict[str, str]:
        """Return key -> canonical JSON of the run, where `put` was given it."""
        from mlplab.store.outcomes import read_specs

        keys = list(keys)
        return self._database.read(lambda c: read_specs(c, keys))

    def rows(self) -> list[Row]:
        """Return all finished runs without their numbers, the newest first.

        Where a run finished in several provenances, its newest row is taken, as `get` takes it.

        Cost: 20,000 runs in about 0.15 s.
        """
        from mlplab.store.outcomes import read_rows

        return self._database.read(read_rows)

    def metrics(self, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return key -> names of the metrics that the run recorded, in the keys' order."""
        from mlplab.store.outcomes import read_metrics

        keys = list(keys)
        return self._database.read(lambda c: read_metrics(c, keys))

    def put_membership(self, experiment: str, task: str, content: str, keys: Iterable[str]) -> None:
        """Keep which runs an experiment asks for, and under which name it knows their data.

        Where nothing can be written, nothing is kept.

        Args:
            experiment: its title.
            task: the name of the data.
            content: `Task.content`, by which runs know them.
            keys: of its runs, as `Run.key` makes them.
        """
        from mlplab.store.failures import UnwritableError
        from mlplab.store.memberships import write_membership

        keys = list(keys)
        with suppress(UnwritableError):
            self._database.write(lambda c: write_membership(c, experiment, task, content, keys))

    def memberships(self) -> list[Membership]:
        """Return which runs each experiment asked for, the oldest first."""
        from mlplab.store.memberships import read_memberships

        return self._database.read(read_memberships)

    def put_provenance(self, provenance: Provenance) -> None:
        """Keep what the provenance's id stands for."""
        from mlplab.store.outcomes import write_provenance

        self._database.write(lambda c: write_provenance(c, provenance))

    def provenances(self) -> dict[str, dict[str, str]]:
        """Return id -> machine, torch, numerics, engine."""
        from mlplab.store.outcomes import read_provenances

        return self._database.read(read_provenances)

    def put_checkpoints(self, checkpoints: Iterable[Checkpoint], provenance: str) -> None:
        """Keep many runs' checkpoints at once; runs that have finished keep none."""
        from mlplab.store.blobs import write_checkpoints

        given = list(checkpoints)
        self._database.write(lambda c: write_checkpoints(c, given, provenance))

    def checkpoints(self, keys: Iterable[str], provenance: str) -> dict[str, Checkpoint]:
        """Return the unfinished runs' checkpoints; only one's own provenance continues exactly."""
        from mlplab.store.blobs import read_checkpoints

        keys = list(keys)
        return self._database.read(lambda c: read_checkpoints(c, keys, provenance))

    def with_checkpoints(self, keys: Iterable[str], provenance: str) -> list[str]:
        """Return those of `keys` that have a checkpoint, in their order, without reading it."""
        from mlplab.store.blobs import keys_with_checkpoints

        keys = list(keys)
        return self._database.read(lambda c: keys_with_checkpoints(c, keys, provenance))

    def weights(self, keys: Iterable[str], provenance: str | None = None) -> dict[str, bytes]:
        """Return key -> weights; of several provenances the given one, else the newest."""
        from mlplab.store.blobs import read_weights

        keys = list(keys)
        return self._database.read(lambda c: read_weights(c, keys, provenance))

    def with_weights(self, keys: Iterable[str]) -> set[str]:
        """Return those of `keys` whose weights are kept, without reading these."""
        from mlplab.store.blobs import keys_with_weights

        keys = list(keys)
        return self._database.read(lambda c: keys_with_weights(c, keys))

    def driver(self) -> Driver | Alone:
        """Return a new part in the work on this store, which holds runs while it trains them."""
        from mlplab.store.leases import Alone, Driver

        return Alone() if self._database.place.in_memory else Driver(self._database)

    def ended_since(self, last: int | None) -> tuple[int, Keys]:
        """Return the number of the last finished run's row, and the keys of those after another.

        Args:
            last: the number that was returned before; None returns no keys.
        """
        from mlplab.store.leases import ended_since

        return self._database.read(lambda c: ended_since(c, last))

    def put_verdicts(
        self,
        experiment: str,
        verdicts: Sequence[Mapping[str, Any]],
        *,
        exercise: str = "",
        profile: str = "",
    ) -> None:
        """Add verdicts (`Verdict.model_dump()`: an `id`, `n_seeds`, JSON values) to the history.

        Args:
            experiment: under which name.
            verdicts: on its claims.
            exercise, profile: that it is part of, if it is.

        Where nothing can be written, a line in the log says so.
        """
        from mlplab.store.ledger import write_verdicts

        now = self._moment()
        with _said_if_not_kept("verdicts"):
            self._database.write(
                lambda c: write_verdicts(c, experiment, verdicts, exercise, profile, now)
            )

    def verdicts(
        self, experiment: str | None = None, *, latest: bool = False
    ) -> list[dict[str, Any]]:
        """Return all verdicts, oldest first, or only each claim's last one.

        Each is what was put, with its `experiment`, `exercise`, `profile` and `time` (UTC, ISO
        8601).
        """
        from mlplab.store.ledger import read_verdicts

        return self._database.read(lambda c: read_verdicts(c, experiment, latest))

    def log_look(
        self, split: str, purpose: str, experiment: str, n_runs: int, remembered: bool
    ) -> None:
        """Log one look at a guarded split, computed or remembered.

        Where nothing can be written, a line in the log says so.
        """
        from mlplab.store.ledger import write_look

        now = self._moment()
        with _said_if_not_kept(f"this look at the {split} split"):
            self._database.write(
                lambda c: write_look(c, split, purpose, experiment, n_runs, remembered, now)
            )
        look = {"split": split, "purpose": purpose, "experiment": experiment, "n_runs": n_runs}
        for seen in self._watching:
            seen.looks.append(look)

    def _moment(self) -> float:
        """The time, later than any before: by it what was written twice is known again."""
        self._last_moment = max(time.time(), math.nextafter(self._last_moment, math.inf))
        return self._last_moment

    def looks(self) -> list[dict[str, Any]]:
        """Return all looks, oldest first, as they were logged and with their `time`."""
        from mlplab.store.ledger import read_looks

        return self._database.read(read_looks)

    def remember(self, key: str, subject: str, blob: bytes) -> None:
        """Keep what was computed under the identity of all it depends on; the last one stays.

        Where nothing can be written, it is computed again the next time.

        Args:
            key: the identity; it holds `store.code.code_identity`.
            subject: what it is, in words.
            blob: what was computed, never looked into here.
        """
        from mlplab.store.code import code_identity
        from mlplab.store.failures import UnwritableError
        from mlplab.store.remembered import write_remembered

        code = code_identity()
        with suppress(UnwritableError):
            self._database.write(lambda c: write_remembered(c, key, subject, code, blob))

    def recall(self, key: str) -> bytes | None:
        """Return what was kept under an identity, None if nothing was."""
        from mlplab.store.remembered import read_remembered

        return self._database.read(lambda c: read_remembered(c, key))

    def origins(self, keys: Iterable[str]) -> set[tuple[str, str]]:
        """Return key and provenance of every finished run among `keys`, without reading it."""
        from mlplab.store.remembered import read_origins

        keys = list(keys)
        return self._database.read(lambda c: read_origins(c, keys))

    @contextmanager
    def watch(self) -> Iterator[Seen]:
        """Note which runs are read or kept and which looks are logged by this object meanwhile.

        >>> with Store(":memory:") as store, store.watch() as seen:
        ...     store.log_look("test", "results", "4.2.1", 8, False)
        ...     [look["purpose"] for look in seen.looks]
        ['results']
        """
        seen = Seen()
        self._watching.append(seen)
        try:
            yield seen
        finally:
            self._watching = [one for one in self._watching if one is not seen]

    def _note(self, outcomes: Iterable[Outcome]) -> None:
        for seen in self._watching:
            seen.origins.update((one.key, one.provenance) for one in outcomes)

    def info(self, engine: str = ENGINE_VERSION) -> StoreInfo:
        """Say what is kept; runs of other engine versions than `engine` count as stale."""
        from mlplab.store import schema, upkeep
        from mlplab.store.code import code_identity
        from mlplab.store.remembered import count_stale

        code = code_identity()
        version, rows, by_engine, outdated = self._database.read(
            lambda c: (
                schema.version_of(c),
                upkeep.count_rows(c),
                upkeep.count_runs_by_engine(c),
                count_stale(c, code),
            )
        )
        stale = sum(by_engine[name] for name in by_engine if name not in (engine, upkeep.UNKNOWN))
        size = self._database.size_bytes()
        return StoreInfo(self.where, version, size, rows, by_engine, engine, stale, outdated)

    def prune(
        self,
        *,
        stale: bool = False,
        stale_engine: str | None = None,
        checkpoints: bool = False,
        weights: bool = False,
        older_than_days: float | None = None,
        dry_run: bool = False,
    ) -> PruneReport:
        """Remove what is no longer needed; verdicts and looks are always kept.

        Args:
            stale: runs of every known engine version but the current one, with their weights
                and checkpoints; and what other code than this remembered.
            stale_engine: runs of this one old version.
            checkpoints: of unfinished runs; they start anew.
            weights: of finished runs; they can no longer predict.
            older_than_days: only what was kept before; alone, it removes runs, checkpoints and what
                was remembered.
            dry_run: report, and remove nothing.

        Raises:
            StoreError: `stale_engine` is the current version, the age is negative, or not even a
                few rows can be removed for lack of room on the disk.
        """
        from mlplab.store.code import code_identity
        from mlplab.store.failures import FullError
        from mlplab.store.upkeep import Choice, remove, remove_in_steps

        if stale_engine == ENGINE_VERSION:
            raise StoreError(
                f"engine {stale_engine} is the current one, its runs are not stale: "
                "name an older version, or use stale=True for all the others"
            )
        if older_than_days is not None and not older_than_days >= 0:
            raise StoreError(f"older_than_days is {older_than_days}: expected 0 or more")
        all_but = ENGINE_VERSION if stale else None
        code = code_identity() if stale else None
        choice = Choice(stale_engine, all_but, checkpoints, weights, older_than_days, code)
        self._database.empty_log()  # first, while there is room for it
        try:
            report = self._database.write(lambda c: remove(c, choice, dry_run))
        except FullError:
            # The disk is full: each step frees pages of the file that the next one may use.
            report = remove_in_steps(self._database.write, self._database.empty_log, choice)
        if report.rows and not dry_run:
            self._database.compact()
        return report

    def close(self) -> None:
        """Refuse further use; what a store in memory held is gone."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Store({self.where!r})"

    def __reduce__(self) -> tuple[type[Store], tuple[str]]:
        if self.url == "sqlite:///:memory:":
            raise StoreError("a store in memory cannot be used from another process")
        return Store, (self.url,)


@contextmanager
def _said_if_not_kept(what: str) -> Iterator[None]:
    """Let results that are there be read where nothing can be written."""
    from mlplab.store.failures import UnwritableError

    try:
        yield
    except UnwritableError as problem:
        log.warning("not kept: %s: %s", what, problem)
