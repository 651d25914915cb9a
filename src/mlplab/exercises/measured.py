"""Claims decided by one number per repetition of a computation, such as a replayed search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mlplab.specs import Verdict, digest
from mlplab.stats import decide


@dataclass(frozen=True)
class Measured:
    """A claim, and the numbers that decide it.

    Attributes:
        says: the claim, as the exercise declares it.
        values: one per repetition: a paired difference, or a number less a threshold.
        matters: the smallest difference that matters, in their unit.
        expect: what the claim says of their mean.
        metric: what the numbers are, as verdicts name it.
        note: what was repeated; the number of repetitions is put before it.
    """

    says: str
    values: tuple[float, ...]
    matters: float
    expect: Literal["higher", "lower", "same"]
    metric: str
    note: str = ""

    @property
    def id(self) -> str:
        """A short hash of the claim's content."""
        content = {
            "says": self.says,
            "matters": self.matters,
            "expect": self.expect,
            "metric": self.metric,
            "type": "Measured",
        }
        return digest(content, 8)


def decide_measured(claims: Sequence[Measured]) -> tuple[Verdict, ...]:
    """Return the verdicts on all measured claims of an exercise; they share the level 0.05.

    One t interval over repetitions decides each of them and is shown, as `stats.decide` has it.

    Does not license: more than fresh repetitions of the same computation on the same table.

    >>> claim = Measured("b needs more runs", (3.0, 4.0, 2.0, 3.0, 4.0), 1.0, "higher", "runs")
    >>> decide_measured([claim])[0].verdict
    'supported'
    """
    verdicts = []
    for one in claims:
        found = decide(one.values, one.matters, expect=one.expect, claims=len(claims))
        needed = found.seeds_needed
        notes = (
            found.note,
            f"{found.n_seeds} repetitions" + (f" {one.note}" if one.note else ""),
            "" if needed is None else f"about {needed} would likely decide it",
        )
        verdicts.append(
            Verdict(
                id=one.id,
                says=one.says,
                verdict=found.verdict,
                size=found.size,
                effect=found.effect,
                interval=(found.low, found.high),
                level=found.level,
                p=found.p,
                n_seeds=found.n_seeds,
                matters=found.matters,
                metric=one.metric,
                note="; ".join(part for part in notes if part),
                details={"expect": found.expect, "counts": "repetitions"},
            )
        )
    return tuple(verdicts)
