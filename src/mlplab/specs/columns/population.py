"""Runs that differ from a few in their seeds alone: a number of the one, a seed and a key each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, ValuesView
from typing import Any, final, overload

import numpy as np
from numpy.typing import NDArray

from mlplab.specs.columns.keys import Keys
from mlplab.specs.run import Run, SeedWriter


@final
class Population(Sequence[Run]):
    """Many runs, each made when it is asked for.

    Args:
        templates: runs whose own seeds do not matter, (T,).
        which: the template of each run, (N,).
        seeds: of each run, (N,).
        keys: of each run, where they are known.

    Cost: 0.02 kB a run, 0.04 once keys are asked for; a key takes about 1.5 microseconds.

    >>> runs = Population.cross([Run()], [3, 8])
    >>> runs[1] == Run(seed=8), runs.keys[1] == Run(seed=8).key
    (True, True)
    """

    def __init__(
        self,
        templates: Sequence[Run],
        which: NDArray[np.int32],
        seeds: NDArray[np.int64],
        keys: Keys | None = None,
    ) -> None:
        self.templates = tuple(templates)
        self.which = which
        self.seeds = seeds
        self._keys = keys
        self._writers: dict[int, SeedWriter] = {}

    @classmethod
    def cross(cls, templates: Sequence[Run], seeds: Sequence[int]) -> Population:
        """Give each template every seed, template by template."""
        which = np.repeat(np.arange(len(templates), dtype=np.int32), len(seeds))
        return cls(templates, which, np.tile(np.array(seeds, np.int64), len(templates)))

    @classmethod
    def of(cls, runs: Sequence[Run]) -> Population:
        """Make a population of any runs; those that share their specs share a template."""
        if isinstance(runs, Population):
            return runs
        known: dict[tuple[int, ...], int] = {}
        templates: list[Run] = []
        which = np.empty(len(runs), np.int32)
        for place, run in enumerate(runs):
            at = (id(run.task), id(run.net), id(run.optim), id(run.fit), id(run.rows))
            if at not in known:
                known[at] = len(templates)
                templates.append(run)  # which keeps its specs, and so their ids
            which[place] = known[at]
        seeds = np.fromiter((run.seed for run in runs), np.int64, len(runs))
        return cls(templates, which, seeds)

    @property
    def keys(self) -> Keys:
        """The runs' keys."""
        if self._keys is None:
            digests = {which: self._writer(which).digest for which in self.used()}
            rows = zip(self.which.tolist(), self.seeds.tolist(), strict=True)
            self._keys = Keys.from_bytes(b"".join([digests[which](seed) for which, seed in rows]))
        return self._keys

    def take(self, places: NDArray[Any]) -> Population:
        """Return the runs at some places, by their numbers or by a mask."""
        keys = None if self._keys is None else self._keys.take(places)
        return Population(self.templates, self.which[places], self.seeds[places], keys)

    def distinct(self) -> Population:
        """Return each run once, in order."""
        firsts = self.keys.firsts()
        return self if len(firsts) == len(self) else self.take(firsts)

    def used(self) -> dict[int, Run]:
        """Return the templates that have runs here, by number."""
        return {int(at): self.templates[at] for at in np.unique(self.which)}

    def counts(self) -> NDArray[np.int64]:
        """Return how many runs each template has, (T,)."""
        return np.bincount(self.which, minlength=len(self.templates))

    def texts(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the canonical JSON of the runs of some keys that are here."""
        places = self.keys.find(keys)
        return {
            key: self._writer(int(self.which[place])).text(int(self.seeds[place]))
            for key, place in zip(keys, places.tolist(), strict=True)
            if place >= 0
        }

    def _writer(self, which: int) -> SeedWriter:
        if which not in self._writers:
            self._writers[which] = SeedWriter(self.templates[which])
        return self._writers[which]

    @property
    def epochs(self) -> Mapping[str, int]:
        """Key -> epochs that the run shall train."""
        return _Epochs(self)

    def __len__(self) -> int:
        return len(self.which)

    @overload
    def __getitem__(self, at: int) -> Run: ...
    @overload
    def __getitem__(self, at: slice) -> Population: ...
    def __getitem__(self, at: int | slice) -> Run | Population:
        if isinstance(at, slice):
            return self.take(np.arange(len(self))[at])
        run: Run = self.templates[self.which[at]].seeded(int(self.seeds[at]), self.keys[at])
        return run

    def __iter__(self) -> Iterator[Run]:
        rows = zip(self.which.tolist(), self.seeds.tolist(), self.keys, strict=True)
        for which, seed, key in rows:
            yield self.templates[which].seeded(seed, key)


class _Epochs(Mapping[str, int]):
    """Epochs by key, without a number for each run."""

    def __init__(self, runs: Population) -> None:
        self._runs = runs
        self._of_template = np.array([run.fit.epochs for run in runs.templates], np.int64)

    def __getitem__(self, key: str) -> int:
        place = self._runs.keys.place(key)
        if place < 0:
            raise KeyError(key)
        return int(self._of_template[self._runs.which[place]])

    def __iter__(self) -> Iterator[str]:
        return iter(self._runs.keys)

    def __len__(self) -> int:
        return len(self._runs)

    def values(self) -> ValuesView[int]:
        """Return the epochs of all runs, without looking for each."""
        return _Column(self, self._of_template[self._runs.which])


class _Column(ValuesView[int]):
    def __init__(self, of: Mapping[str, int], numbers: NDArray[np.int64]) -> None:
        super().__init__(of)
        self._numbers = numbers

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers.tolist())
