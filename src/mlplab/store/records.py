"""What a store hands out besides outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlplab.specs.outcome import Status


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of an unfinished run after `step` steps of its `epoch`-th epoch."""

    key: str
    epoch: int
    step: int
    blob: bytes


@dataclass(frozen=True, slots=True)
class Membership:
    """Runs that an experiment asked for at once, finished by now or not.

    Attributes:
        experiment: its title.
        task: the name of its data.
        content: what its runs call these: see `Task.content`.
        keys: of the runs.
    """

    experiment: str
    task: str
    content: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A finished run, without its numbers.

    Attributes:
        text: canonical JSON of the run; None where it was not kept.
        saved_at: seconds since 1970.
    """

    key: str
    provenance: str
    status: Status
    epochs: int
    text: str | None
    saved_at: float


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What is kept, where, and how large.

    Attributes:
        where: the file, or the address without its password.
        schema_version: of the tables.
        bytes: on disk, free pages and the journal included.
        rows: table -> number of rows.
        runs_by_engine: engine version -> finished runs; "unknown" where no provenance was kept.
        engine: the engine version that counts as current.
        stale: finished runs of other (known) engine versions; nothing asks for them any more.
        stale_remembered: of the rows of `remembered`, those that other code computed.
    """

    where: str
    schema_version: int
    bytes: int
    rows: Mapping[str, int]
    runs_by_engine: Mapping[str, int]
    engine: str
    stale: int
    stale_remembered: int = 0


@dataclass(frozen=True, slots=True)
class PruneReport:
    """What was removed (or, in a dry run, what would be).

    Attributes:
        rows: table -> rows removed; verdicts and looks are never among them.
        bytes: size of the contents of these rows.
        dry_run: nothing was removed.
    """

    rows: Mapping[str, int]
    bytes: int
    dry_run: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What went through a store while it was watched.

    Attributes:
        origins: key -> provenance of the finished runs that were read or kept.
        looks: the looks at guarded splits that were logged, as `Store.log_look` was given them.
    """

    origins: dict[str, str] = field(default_factory=dict)
    looks: list[dict[str, Any]] = field(default_factory=list)
