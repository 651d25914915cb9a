"""Claims decided by one number per repetition of a computation, such as a replayed search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mlplab.specs import Verdict, digest
from mlplab.stats import (
    WORDS,
    Decision,
    alpha_per_claim,
    classify,
    decide_interval,
    mean_interval,
    median_interval,
)


@dataclass(frozen=True)
class Measured:
    """A claim, and the numbers that decide it.

    Attributes:
        key: of the claim.
        values: one per repetition: a paired difference, or a number less a threshold; infinite
            where only one of the runs compared failed, which ranks as the worst.
        matters: the smallest difference that matters, in their unit.
        expect: what the claim says of their mean.
        metric: what the numbers are, as verdicts name it.
        note: what was repeated, where the texts have no note; the number of repetitions is put
            before it.
        shared: part of the variance that more repetitions do not shrink: held-out over training
            rows where they are splits of one table (see `stats.cross_validated_interval`).
        all_failed: repetitions on which every run compared failed: no difference is counted.
        n_test: of how many examples or runs each number is a share, if it is one: repetitions that
            agree by chance do not make an interval of no width (see `stats.mean_interval`).
    """

    key: str
    values: tuple[float, ...]
    matters: float
    expect: Literal["higher", "lower", "same"]
    metric: str
    note: str = ""
    shared: float = 0.0
    all_failed: int = 0
    n_test: int | None = None

    @property
    def id(self) -> str:
        """A short hash of the claim's content."""
        content = {
            "key": self.key,
            "matters": self.matters,
            "expect": self.expect,
            "metric": self.metric,
            "type": "Measured",
        } | ({"shared": self.shared} if self.shared else {})
        return digest(content, 8)


def decide_measured(claims: Sequence[Measured]) -> tuple[Verdict, ...]:
    """Return the verdicts on all measured claims of an exercise; they share the level 0.05.

    One t interval over repetitions decides each of them and is shown, as `stats.decide` has it;
    where repetitions are splits of one table, with their shared variance. Where runs failed, the
    interval of the median over all repetitions must give the same word, as in `decide_arms`.

    Does not license: more than fresh repetitions of the same computation on the same table.

    >>> claim = Measured("b needs more runs", (3.0, 4.0, 2.0, 3.0, 4.0), 1.0, "higher", "runs")
    >>> decide_measured([claim])[0].verdict
    'supported'
    """
    verdicts = []
    for one in claims:
        ended = [value for value in one.values if math.isfinite(value)]
        interval = mean_interval(ended, claims=len(claims), n_test=one.n_test, shared=one.shared)
        found = decide_interval(interval, one.matters, expect=one.expect)
        if len(ended) < len(one.values):
            found = _with_failures(found, one, len(claims))
        needed = found.seeds_needed
        notes = (
            found.note,
            f"{found.n_seeds} repetitions" + (f" {one.note}" if one.note else ""),
            f"on {one.all_failed} of them every run failed" if one.all_failed else "",
            "" if needed is None else f"about {needed} would likely decide it",
        )
        verdicts.append(
            Verdict(
                id=one.id,
                key=one.key,
                says=one.key,
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


def _with_failures(found: Decision, claim: Measured, n_claims: int) -> Decision:
    """Return the decision on the repetitions that ended, if ranks over all of them agree."""
    low, high = median_interval(claim.values, alpha_per_claim(n_claims))
    word, size, _ = WORDS[int(classify(low, high, claim.matters, claim.expect))]
    lost = len(claim.values) - found.n_seeds
    parts = [found.note, f"on {lost} more only some runs ended"]
    if found.verdict == "none":
        word, size = found.verdict, found.size
    elif found.verdict != word:
        parts.append(f"ranks with failures say {word}, the others {found.verdict}")
        word, size = "undecided", ""
    elif size != found.size:
        size = "open"
    note = "; ".join(part for part in parts if part)
    return replace(found, verdict=word, size=size, note=note)
