"""What came of many runs, in columns: a row of numbers each, and an `Outcome` when one is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from mlplab.specs.columns.keys import Keys
from mlplab.specs.outcome import Outcome, Status
from mlplab.specs.series import Series

STATUSES: tuple[Status, ...] = ("finished", "diverged", "stopped")
_NUMBER = {name: np.uint8(number) for number, name in enumerate(STATUSES, start=1)}
Layout = tuple[tuple[str, int], ...]
"""Names of metrics, and how many numbers each has."""


@dataclass(frozen=True, eq=False, slots=True)
class Histories:
    """Histories of the same metrics and lengths, one after the other in each row.

    Attributes:
        layout: the metrics and their lengths.
        numbers: (N, sum of lengths) float64.
        correct: the right answers of each run as `Outcome.correct`; None where there are none.
    """

    layout: Layout
    numbers: NDArray[np.float64]
    correct: Sequence[Mapping[str, bytes]] | None = None

    def columns(self, metric: str) -> tuple[int, int]:
        """Return where a metric's numbers begin, and how many they are; none: (0, 0)."""
        starts = accumulate((size for _, size in self.layout), initial=0)
        for start, (name, size) in zip(starts, self.layout, strict=False):
            if name == metric:
                return start, size
        return 0, 0

    def history(self, place: int) -> dict[str, Series]:
        """Return one run's metrics."""
        row, out, start = self.numbers[place], {}, 0
        for name, size in self.layout:
            out[name] = Series.from_bytes(row[start : start + size].tobytes())
            start += size
        return out


@dataclass(frozen=True, eq=False, slots=True)
class Ends:
    """How runs ended, as columns of the same length; -1 where an epoch is none."""

    status: NDArray[np.uint8]
    epochs: NDArray[np.int32]
    diverged_epoch: NDArray[np.int32]
    best_epoch: NDArray[np.int32]
    seconds: NDArray[np.float64]
    n_params: NDArray[np.int64]

    @classmethod
    def room(cls, n: int) -> Ends:
        """Make room for n runs that have not ended."""
        kinds = (np.uint8, np.int32, np.int32, np.int32, np.float64, np.int64)
        return cls(*(np.zeros(n, kind) for kind in kinds))  # type: ignore[arg-type]

    @classmethod
    def of(
        cls,
        status: Iterable[str],
        epochs: Sequence[int],
        diverged_epoch: Iterable[int | None],
        best_epoch: Iterable[int | None],
        seconds: Iterable[float | None],
        n_params: Sequence[int],
    ) -> Ends:
        """Make columns of what outcomes hold, one by one."""
        return cls(
            np.array([_NUMBER[name] for name in status], np.uint8),  # type: ignore[index]
            np.array(epochs, np.int32),
            np.array([-1 if epoch is None else epoch for epoch in diverged_epoch], np.int32),
            np.array([-1 if epoch is None else epoch for epoch in best_epoch], np.int32),
            np.array([np.nan if s is None else s for s in seconds], np.float64),
            np.array(n_params, np.int64),
        )

    def put(self, rows: NDArray[np.int64], ends: Ends, some: Any) -> None:
        """Take over some rows of other columns."""
        for name in self.__slots__:
            getattr(self, name)[rows] = getattr(ends, name)[some]


@final
class Outcomes(Mapping[str, Outcome]):
    """Run key -> outcome, of those runs of a design that have ended, in its order.

    Args:
        keys: of all runs of the design; one that comes twice has one outcome, at its first place.

    Attributes:
        keys_column: the keys, as given.
        ends: how they ended, by place; the status 0 is of runs that have not.
        provenances: the ids that `origin` counts.

    Cost: 0.06 kB a run, and eight bytes a number of its history.

    >>> outcomes = Outcomes(Keys.of(["ab" * 16, "0f" * 16]))
    >>> outcomes.add([Outcome("0f" * 16, "p1", "finished", 2, {"valid_loss": (0.7, 0.5)}, 0.1, 10)])
    >>> len(outcomes), outcomes.last("valid_loss").tolist()
    (1, [nan, 0.5])
    """

    def __init__(self, keys: Keys) -> None:
        n = len(keys)
        self.keys_column = keys
        self.ends = Ends.room(n)
        self.provenances: list[str] = []
        self.origin = np.zeros(n, np.int32)
        self._blocks: list[Histories] = []
        self._block = np.zeros(n, np.int32)
        self._place = np.zeros(n, np.int32)

    @classmethod
    def of(cls, keys: Keys, outcomes: Mapping[str, Outcome]) -> Outcomes:
        """Return the outcomes of these keys, as columns."""
        if isinstance(outcomes, Outcomes) and outcomes.keys_column == keys:
            return outcomes
        made = cls(keys)
        made.add([outcomes[key] for key in keys if key in outcomes])
        return made

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Note what came of some runs; those of other keys are left out."""
        if not outcomes:
            return
        rows = self.keys_column.find([one.key for one in outcomes])
        ends = Ends.of(
            [one.status for one in outcomes],
            [one.epochs for one in outcomes],
            [one.diverged_epoch for one in outcomes],
            [one.best_epoch for one in outcomes],
            [one.seconds for one in outcomes],
            [one.n_params for one in outcomes],
        )
        by_layout: dict[Layout, list[int]] = {}
        for at, one in enumerate(outcomes):
            layout = tuple((name, len(values)) for name, values in one.history.items())
            by_layout.setdefault(layout, []).append(at)
        for layout, some in by_layout.items():
            numbers = np.empty((len(some), sum(size for _, size in layout)))
            for row, at in enumerate(some):
                parts = [np.asarray(values) for values in outcomes[at].history.values()]
                if parts:
                    np.concatenate(parts, out=numbers[row])
            correct = [outcomes[at].correct for at in some]
            block = Histories(layout, numbers, correct if any(correct) else None)
            origins = [outcomes[at].provenance for at in some]
            self.put(rows[some], ends, np.array(some), origins, block)

    def put(
        self,
        rows: NDArray[np.int64],
        ends: Ends,
        some: NDArray[np.int64],
        provenances: Sequence[str],
        histories: Histories,
    ) -> None:
        """Note runs whose histories are of one layout.

        Args:
            rows: their places in the design; -1 where it lacks the run.
            ends: columns, of which
            some: rows are of these runs.
            provenances: of each.
            histories: of each.
        """
        known = rows >= 0
        if not known.any():
            return
        numbers = {name: self._number(name) for name in dict.fromkeys(provenances)}
        to = rows[known]
        self.ends.put(to, ends, some[known])
        self.origin[to] = np.array([numbers[name] for name in provenances])[known]
        self._block[to] = len(self._blocks)
        self._place[to] = np.flatnonzero(known)
        self._blocks.append(histories)

    def _number(self, provenance: str) -> int:
        if provenance not in self.provenances:
            self.provenances.append(provenance)
        return self.provenances.index(provenance)

    def drop(self, rows: NDArray[Any]) -> None:
        """Forget the outcomes at some places."""
        self.ends.status[rows] = 0

    @property
    def ended(self) -> NDArray[np.int64]:
        """The places of the runs that have ended, in order."""
        return np.flatnonzero(self.ends.status)

    def status(self, row: int) -> Status:
        """Return how the run at a place ended."""
        return STATUSES[int(self.ends.status[row]) - 1]

    def has_status(self, status: Status) -> NDArray[np.bool_]:
        """Say of each place whether its run ended so, (N,)."""
        same: NDArray[np.bool_] = self.ends.status == _NUMBER[status]
        return same

    def are_of(self, provenance: str, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Say of the runs at some places whether they have ended in a provenance, (n,)."""
        if provenance not in self.provenances:
            return np.zeros(len(rows), bool)
        same: NDArray[np.bool_] = self.origin[rows] == self.provenances.index(provenance)
        return same & (self.ends.status[rows] > 0)

    def origins(self) -> set[str]:
        """Return the provenances of the runs that have ended."""
        return {self.provenances[at] for at in np.unique(self.origin[self.ended])}

    def metric_names(self) -> set[str]:
        """Return the metrics that any of the runs recorded."""
        used = np.unique(self._block[self.ended])
        layouts = {self._blocks[at].layout for at in used.tolist()}
        return {name for layout in layouts for name, _ in layout}

    def lengths(self, metric: str) -> NDArray[np.int32]:
        """Return how many numbers of a metric each place has, (N,)."""
        out = np.zeros(len(self.keys_column), np.int32)
        for block, rows in self._grouped(self.ended):
            out[rows] = block.columns(metric)[1]
        return out

    def records(self, metric: str) -> NDArray[np.bool_]:
        """Say of each place whether its run has a history of the metric, (N,)."""
        out = np.zeros(len(self.keys_column), bool)
        for block, rows in self._grouped(self.ended):
            out[rows] = any(name == metric for name, _ in block.layout)
        return out

    def last(self, metric: str) -> NDArray[np.float64]:
        """Return `Outcome.last` of each place, (N,); NaN where no run has ended."""
        out = np.full(len(self.keys_column), np.nan)
        best = self.ends.best_epoch
        for block, rows in self._grouped(self.ended):
            start, size = block.columns(metric)
            if size:
                final = np.minimum(np.where(best[rows] > 0, best[rows], size), size)
                out[rows] = block.numbers[self._place[rows], start + final - 1]
        return out

    def series(
        self, metric: str, rows: NDArray[np.int64]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Yield rows whose histories are equally long, by number, and the numbers, (n, E).

        Args:
            metric: of which.
            rows: the places of runs that have ended.
        """
        for block, at in self._grouped(rows, places=True):
            start, size = block.columns(metric)
            if size:
                where = self._place[rows[at]]
                yield at, block.numbers[where, start : start + size]

    def _grouped(
        self, rows: NDArray[np.int64], *, places: bool = False
    ) -> Iterator[tuple[Histories, NDArray[np.int64]]]:
        """Yield each block with those of the rows that lie in it, or with their numbers."""
        of_block = self._block[rows]
        order = np.argsort(of_block, kind="stable")
        cuts = np.flatnonzero(np.diff(of_block[order])) + 1
        for some in np.split(order, cuts) if len(order) else ():
            yield self._blocks[of_block[some[0]]], some if places else rows[some]

    def at(self, row: int) -> Outcome:
        """Return the outcome at a place."""
        ends, block = self.ends, self._blocks[self._block[row]]
        place = int(self._place[row])
        return Outcome(
            key=self.keys_column[row],
            provenance=self.provenances[self.origin[row]],
            status=self.status(row),
            epochs=int(ends.epochs[row]),
            history=block.history(place),
            seconds=float(ends.seconds[row]),
            n_params=int(ends.n_params[row]),
            diverged_epoch=_epoch(ends.diverged_epoch[row]),
            best_epoch=_epoch(ends.best_epoch[row]),
            correct={} if block.correct is None else block.correct[place],
        )

    def __getitem__(self, key: str) -> Outcome:
        row = self.keys_column.place(key)
        if row < 0 or not self.ends.status[row]:
            raise KeyError(key)
        return self.at(row)

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        row = self.keys_column.place(key)
        return bool(row >= 0 and self.ends.status[row])

    def __iter__(self) -> Iterator[str]:
        if len(self) == len(self.keys_column):
            return iter(self.keys_column)
        return iter(self.keys_column.take(self.ended))

    def __len__(self) -> int:
        return int(np.count_nonzero(self.ends.status))

    def __or__(self, other: Mapping[str, Outcome]) -> dict[str, Outcome]:
        return {**self, **other}

    def __ror__(self, other: Mapping[str, Outcome]) -> dict[str, Outcome]:
        return {**other, **self}

    def __repr__(self) -> str:
        return f"Outcomes({len(self)} of {len(self.keys_column)} runs)"


def _epoch(number: np.int32) -> int | None:
    return None if number < 0 else int(number)
