"""The cache of what an exercise computes beyond its runs: kept in the store, computed once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mlplab.exercises.exercise import Exercise
from mlplab.exercises.findings import Checked, Findings, Results
from mlplab.exercises.grid_edges import GridEdge
from mlplab.exercises.measured import Measured
from mlplab.exercises.profile import Profile
from mlplab.specs import digest
from mlplab.store import Store
from mlplab.store.code import code_has_changed, code_identity
from mlplab.store.exact import pack_exact, unpack_exact

if TYPE_CHECKING:
    from mlplab.experiment import Runs
    from mlplab.experiment.progress import ProgressCallback

T = TypeVar("T")
_LOOK = {"split", "purpose", "experiment", "n_runs"}
log = logging.getLogger(__name__)


class AnswerCache:
    """Proofs, measurements and findings of one answer: remembered ones, or computed and kept.

    Each is kept under a hash of the exercise, the profile, the seeds, the code (see
    `store.code`), every run it is given with its provenance, and the runs' verdicts. Runs that
    it trains or reads itself must still be in the store; looks at a test split that it made are
    logged again. An entry that cannot be read counts as none. Exercises defined outside the
    package are computed every time, since their code is not part of the hash.

    Args:
        exercise: that is answered.
        profile: how thoroughly.
        seeds: per arm, instead of the profile's.
        store: where it is kept.
        recompute: compute anew, and keep that instead.

    Attributes:
        remembered: which parts were not computed.
    """

    def __init__(
        self,
        exercise: Exercise,
        profile: Profile,
        seeds: int | None,
        store: Store,
        *,
        recompute: bool = False,
    ) -> None:
        self.remembered: list[str] = []
        self._origins: set[tuple[str, str]] = set()
        self._exercise = exercise
        self._profile = profile
        self._seeds = seeds
        self._store = store
        self._recompute = recompute
        self._ours = _is_of_package(exercise)
        if self._ours:
            code_identity()  # of the files as they are before a long computation

    def proofs(self) -> tuple[Checked, ...]:
        """Return what the exercise's statements were found to be."""
        prove = self._exercise.prove
        if prove is None:
            return ()
        return self._part(
            "proofs",
            {},
            lambda: tuple(prove()),
            lambda checked: [asdict(one) for one in checked],
            lambda plain: tuple(Checked(**one) for one in plain),
        )

    def measured(self, runs: Mapping[str, Runs]) -> tuple[Measured, ...]:
        """Return the numbers that decide the claims about what is computed from the runs."""
        measure = self._exercise.measure
        if measure is None:
            return ()
        return self._part(
            "measured",
            self._rests_on(runs),
            lambda: tuple(measure(runs, self._profile)),
            lambda claims: [asdict(one) for one in claims],
            lambda plain: tuple(Measured(**one) for one in plain),
        )

    def findings(
        self, results: Results, progress: Callable[[], ProgressCallback | None]
    ) -> Findings:
        """Return values, figures and tables; `progress` is asked for if they are computed."""
        return self._part(
            "findings",
            self._rests_on(results.runs),
            lambda: self._exercise.tell(replace(results, progress=progress())),
            _findings_to_plain,
            _findings_from_plain,
        )

    def _rests_on(self, runs: Mapping[str, Runs]) -> dict[str, Any]:
        return {
            "profile": self._profile.name,
            "seeds": self._seeds,
            **({"images": _files_of(self._profile.images)} if self._profile.images else {}),
            "runs": {
                name: {
                    "cells": [(cell.key, one.outcomes[cell.key].provenance) for cell in one.cells],
                    "verdicts": [verdict.model_dump(mode="json") for verdict in one.verdicts()],
                }
                for name, one in runs.items()
            },
        }

    def _part(
        self,
        part: str,
        content: Mapping[str, Any],
        compute: Callable[[], T],
        to_plain: Callable[[T], Any],
        from_plain: Callable[[Any], T],
    ) -> T:
        if not self._ours:
            return compute()
        exercise = self._exercise.id
        key = digest({"part": part, "exercise": exercise, "code": code_identity(), **content})
        known = {origin for one in content.get("runs", {}).values() for origin in one["cells"]}
        if not self._recompute and (found := self._recall(key)) is not None:
            try:
                value = from_plain(found["value"])
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                log.debug("what was remembered as %s cannot be used: %s", part, error)
            else:
                self._log_again(found["looks"])
                self.remembered.append(part)
                self._origins |= found["origins"]
                return value
        with self._store.watch() as seen:
            value = compute()
        # A part is computed from those before it, so that it rests on their runs too.
        self._origins |= set(seen.origins.items())
        # What the key names already needs no check; what came up while computing does.
        entry = {"origins": sorted(self._origins - known), "looks": seen.looks}
        subject = f"{exercise} {part}, {self._profile.name}"
        self._keep(key, subject, entry, lambda: to_plain(value))
        return value

    def _recall(self, key: str) -> dict[str, Any] | None:
        blob = self._store.recall(key)
        if blob is None:
            return None
        try:
            found = unpack_exact(blob)
            origins = {(run, provenance) for run, provenance in found["origins"]}
            complete = "value" in found and all(look.keys() == _LOOK for look in found["looks"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            log.debug("a remembered entry cannot be read: %s", error)
            return None
        if not complete or origins - self._store.origins(run for run, _ in origins):
            return None
        return {**found, "origins": origins}

    def _keep(
        self, key: str, subject: str, entry: Mapping[str, Any], plain: Callable[[], Any]
    ) -> None:
        # An edit meanwhile: it is not known which code computed this.
        if code_has_changed():
            return
        try:
            blob = pack_exact({**entry, "value": plain()})
        except TypeError as error:
            log.debug("%s: not remembered: %s", subject, error)
            return
        self._store.remember(key, subject, blob)

    def _log_again(self, looks: Sequence[Mapping[str, Any]]) -> None:
        for look in looks:
            self._store.log_look(**look, remembered=True)


def _is_of_package(exercise: Exercise) -> bool:
    """Whether the code that answers is all the package's own."""
    return exercise.package.startswith("mlplab.")


def _files_of(folder: str) -> list[tuple[str, int, int]]:
    """Return names, sizes and times of a folder's files: what was made of others is not meant."""
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    stats = [path.stat() for path in files]
    return [
        (str(path), one.st_size, one.st_mtime_ns) for path, one in zip(files, stats, strict=True)
    ]


def _findings_to_plain(findings: Findings) -> dict[str, Any]:
    from mlplab.draw.frames import frame_to_plain

    plain: dict[str, Any] = {}
    for one in fields(findings):
        value = getattr(findings, one.name)
        plain[one.name] = dict(value) if isinstance(value, Mapping) else value
    plain["edges"] = [asdict(edge) for edge in findings.edges]
    plain["figures"] = [figure.to_plain() for figure in findings.figures]
    plain["tables"] = {title: frame_to_plain(table) for title, table in findings.tables.items()}
    return plain


def _findings_from_plain(plain: Mapping[str, Any]) -> Findings:
    from mlplab.draw import Figure
    from mlplab.draw.frames import frame_from_plain

    made = {
        "edges": tuple(GridEdge(**one) for one in plain["edges"]),
        "figures": tuple(Figure.from_plain(one) for one in plain["figures"]),
        "tables": {title: frame_from_plain(one) for title, one in plain["tables"].items()},
    }
    return Findings(**{**plain, **made})
