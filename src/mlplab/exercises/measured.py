"""Claims decided by one number per repetition of a computation, such as a replayed search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from mlplab.notes import NOTHING, join_notes, say_note
from mlplab.specs import Verdict, digest
from mlplab.stats import (
    WORDS,
    Decision,
    alpha_per_claim,
    classify,
    decide_interval,
    decide_share,
    fails_more_often,
    mean_interval,
    median_interval,
)

Expect = Literal["higher", "lower", "same"]


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
        cases: "share" where each number only counts a case, 0 or 1 less a share (`less`);
            "difference" where it compares two such counts, -1, 0 or 1. Their exact intervals
            decide: a t interval has no width where all cases agree.
        less: the share that is taken off each number of a "share".
        step: of the grid on which the numbers lie, as 1 for counts: their standard deviation is
            at least that of rounding to it.
    """

    key: str
    values: tuple[float, ...]
    matters: float
    expect: Expect
    metric: str
    note: str = ""
    shared: float = 0.0
    all_failed: int = 0
    cases: Literal["", "share", "difference"] = ""
    less: float = 0.0
    step: float = 0.0

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


def measured(
    key: str, values: ArrayLike, matters: float, expect: Expect, metric: str, **more: Any
) -> Measured:
    """Make a claim of the numbers in an array, (R,); `more` is of `Measured`."""
    numbers = np.asarray(values, dtype=np.float64)
    return Measured(key, tuple(numbers.tolist()), matters, expect, metric, **more)


def decide_measured(claims: Sequence[Measured]) -> tuple[Verdict, ...]:
    """Return the verdicts on all measured claims of an exercise; they share the level 0.05.

    One t interval over repetitions decides each of them and is shown, as `stats.decide` has it;
    where repetitions are splits of one table, with their shared variance; where they only count
    cases, the exact interval of their share instead. Where runs failed, the
    interval of the median over all repetitions must give the same word, as in `decide_arms`.

    Does not license: more than fresh repetitions of the same computation on the same table.

    >>> claim = Measured("b needs more runs", (3.0, 4.0, 2.0, 3.0, 4.0), 1.0, "higher", "runs")
    >>> decide_measured([claim])[0].verdict
    'supported'
    """
    verdicts = []
    for one in claims:
        found = _counted(one, len(claims)) if one.cases else _mean(one, len(claims))
        needed = found.seeds_needed
        repeated = "repeated what" if one.note else "repeated"
        note = join_notes(
            found.note,
            say_note(repeated, n=found.n_seeds, what=one.note),
            say_note("repeated in vain", n=one.all_failed) if one.all_failed else NOTHING,
            NOTHING if needed is None else say_note("repeat more", n=needed),
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
                note=str(note),
                note_wordings=dict(note.wordings),
                details={"expect": found.expect, "counts": "repetitions"},
            )
        )
    return tuple(verdicts)


def _mean(claim: Measured, n_claims: int) -> Decision:
    ended = [value for value in claim.values if math.isfinite(value)]
    grid = round(1.0 / claim.step) if claim.step else None
    interval = mean_interval(ended, claims=n_claims, shared=claim.shared, n_test=grid)
    found = decide_interval(interval, claim.matters, expect=claim.expect)
    return _with_failures(found, claim, n_claims) if len(ended) < len(claim.values) else found


def _counted(claim: Measured, n_claims: int) -> Decision:
    cases = np.round(np.asarray(claim.values) + claim.less, 9)
    known = (0, 1) if claim.cases == "share" else (-1, 0, 1)
    assert np.isin(cases, known).all(), f"{claim.key}: expected {known}; got {set(cases)}"
    if claim.cases == "share":
        return decide_share(
            cases == 1, claim.matters, less=claim.less, expect=claim.expect, claims=n_claims
        )
    return fails_more_often(
        cases == 1, cases == -1, claim.matters, expect=claim.expect, claims=n_claims
    ).decision


def _with_failures(found: Decision, claim: Measured, n_claims: int) -> Decision:
    """Return the decision on the repetitions that ended, if ranks over all of them agree."""
    low, high = median_interval(claim.values, alpha_per_claim(n_claims))
    word, size, _ = WORDS[int(classify(low, high, claim.matters, claim.expect))]
    lost = len(claim.values) - found.n_seeds
    parts = [found.note, say_note("repeated in part", n=lost)]
    if found.verdict == "none":
        word, size = found.verdict, found.size
    elif found.verdict != word:
        parts.append(say_note("ranks differ", verdict=word, other=found.verdict))
        word, size = "undecided", ""
    elif size != found.size:
        size = "open"
    return replace(found, verdict=word, size=size, note=join_notes(*parts))
