"""What a detection says: three verdicts, and what they rest on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlplab.sheet import Sheet
from mlplab.shift.detection.changes import ColumnChange
from mlplab.shift.detection.columns import ColumnShift
from mlplab.shift.detection.permutations import LEVEL

Word = Literal["supported", "refuted", "undecided"]


@dataclass(frozen=True, slots=True)
class ShiftVerdict:
    """One verdict of a detection.

    Attributes:
        verdict: `"supported"`, `"refuted"` or `"undecided"`.
        p: how often chance alone would look like this at least; None where the interval decides.
        size: an AUC, or a rise of the error.
        interval: of the size, 95 %.
        note: what it means, in a sentence.
        evidence: of harm, whether errors tell it or answers that networks contest.
    """

    verdict: Word
    p: float | None
    size: float
    interval: tuple[float, float]
    note: str
    evidence: Literal["", "errors", "contested"] = ""

    def plain(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "verdict": self.verdict,
            "p": self.p,
            "size": self.size,
            "interval": list(self.interval),
            "note": self.note,
        }


@dataclass(frozen=True, eq=False)
class Detection:
    """Has the data shifted, by more than what matters, and does it harm?

    Attributes:
        rows: of both samples.
        copies: rows of the second sample that the first has too.
        shifted: whether the samples differ at all, by all tests together; its size is the AUC.
        matters: whether the AUC is more than `epsilon` above one half.
        harmful: whether the model's error rises; None where no labels were given.
        tests: the p-value of each test, and of all `"together"`.
        columns: each original column, the smallest p-value first; empty for features.
        changes: what moved most in each of them, by its name.
        scores: log odds of each row to be of the second sample, by networks that did not see it;
            of the rows `scored`.
        scored: numbers of those rows in each sample.
        detectable: the smallest AUC that so many rows show in 80 % of samples.
        judged: rows of each sample that were permuted.
        n_permutations: labellings beside the observed one.
        left_out: columns that carry nothing, and why.
        seconds: that it took.
    """

    rows: tuple[int, int]
    copies: NDArray[np.int64]
    shifted: ShiftVerdict
    matters: ShiftVerdict
    harmful: ShiftVerdict | None
    epsilon: float
    tests: dict[str, float]
    columns: tuple[ColumnShift, ...]
    scores: tuple[NDArray[np.float64], NDArray[np.float64]]
    scored: tuple[NDArray[np.int64], NDArray[np.int64]]
    detectable: float
    judged: tuple[int, int]
    changes: dict[str, ColumnChange] = field(default_factory=dict)
    n_permutations: int = 0
    left_out: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def most_unlike(self, n: int = 5) -> NDArray[np.int64]:
        """Return the rows of the second sample that look least like the first, (n,)."""
        order = np.argsort(-self.scores[1], kind="stable")
        return np.asarray(self.scored[1][order[:n]])

    @property
    def seen_columns(self) -> tuple[ColumnShift, ...]:
        """The columns that are seen to differ alone, at 5 % for all of them together."""
        return tuple(shift for shift in self.columns if shift.p <= LEVEL)

    def plain(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "rows": list(self.rows),
            "copies": len(self.copies),
            "verdicts": {
                "shifted": self.shifted.plain(),
                "matters": self.matters.plain(),
                "harmful": None if self.harmful is None else self.harmful.plain(),
            },
            "epsilon": self.epsilon,
            "tests": self.tests,
            "columns": [
                {
                    "name": one.name,
                    "p": one.p,
                    "size": one.size,
                    "change": str(self.changes[one.name]),
                    "tests": one.tests,
                }
                for one in self.columns
            ],
            "examples": self.most_unlike().tolist(),
            "detectable": self.detectable,
            "left_out": self.left_out,
            "seconds": self.seconds,
        }

    def lines(self) -> list[str]:
        """Return what it says, in plain sentences."""
        said = []
        if len(self.copies):
            first = ", ".join(str(row) for row in self.copies[:5])
            rows = "rows" if len(self.copies) > 1 else "row"
            said.append(
                f"{len(self.copies):,} of {self.rows[1]:,} rows to judge are copies of rows of the "
                f"first sample (such as {rows} {first}, counted from 0): of them nothing new can "
                f"be learnt, and errors on them look too small"
            )
        return [*said, *self.verdict_lines()]

    def verdict_lines(self) -> list[str]:
        """Return the verdicts alone, one a line."""
        questions = {
            "shifted?": self.shifted,
            "more than what matters?": self.matters,
            "harmful?": self.harmful,
        }
        return [
            f"{question} {verdict.verdict}: {verdict.note}"
            for question, verdict in questions.items()
            if verdict is not None
        ]

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        facts = {
            "rows": f"{self.rows[0]:,} and {self.rows[1]:,}",
            "copies": f"{len(self.copies):,}",
            "shifted?": f"{self.shifted.verdict}: {self.shifted.note}",
            "more than what matters?": f"{self.matters.verdict}: {self.matters.note}",
        }
        if self.harmful is not None:
            facts["harmful?"] = f"{self.harmful.verdict}: {self.harmful.note}"
        return Sheet("Shift", facts).html()
