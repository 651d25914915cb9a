"""What an exercise has to tell of, and what it makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlplab.exercises.grid_edges import GridEdge
from mlplab.exercises.profile import Profile
from mlplab.specs import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from mlplab.draw import Figure
    from mlplab.exercises.measured import Measured
    from mlplab.experiment import Runs
    from mlplab.experiment.progress import ProgressCallback


@dataclass(frozen=True)
class Findings:
    """What an exercise makes of its results, beyond the verdicts.

    Attributes:
        values: numbers and words for the placeholders of the text.
        figures: in the order of the page.
        tables: by name, as the texts title them.
        files: further files by name, put beside the page, such as a submission.
        edges: tuned values that lie at an end of what was tried; the page says so.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    edges: tuple[GridEdge, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement that computation has decided.

    Attributes:
        key: of the statement.
        holds: whether every check passed.
        note: what was checked, where the texts have no note on it.
        facts: numbers for the texts' note: on how many cases, with what largest error.
        n_cases: how many were sampled; 0 for a proof.
    """

    key: str
    holds: bool
    note: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    n_cases: int = 0


@dataclass(frozen=True, eq=False)
class Results:
    """What an exercise has to tell of.

    Attributes:
        runs: the finished runs of each of its experiments.
        verdicts: on its claims, by key.
        profile: how thoroughly it was answered.
        measured: what `measure` returned, in its order.
        proofs: what `prove` returned, in its order.
        progress: what further trainings report to.
    """

    runs: Mapping[str, Runs]
    profile: Profile
    measured: tuple[Measured, ...] = ()
    proofs: tuple[Checked, ...] = ()
    progress: ProgressCallback | None = None
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
