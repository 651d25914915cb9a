"""What an interval says of a claim: the table of verdicts, and the words for size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError
from mlplab.notes import NOTHING, Note, say_note
from mlplab.stats.interval import ALPHA, Interval, mean_interval
from mlplab.stats.power import MIN_SEEDS, seeds_needed

Expect = Literal["higher", "lower", "same"]
Scope = Literal["this test set", "new examples"]
Verdict = Literal["supported", "refuted", "equivalent", "undecided", "none"]
Size = Literal["", "below d", "at least d", "open"]

# row number of the table -> verdict, size, note; `classify` gives the row
WORDS: tuple[tuple[Verdict, Size, Note], ...] = (
    ("undecided", "", NOTHING),
    ("undecided", "", say_note("not better")),
    ("undecided", "", say_note("not worse")),
    ("equivalent", "below d", NOTHING),
    ("supported", "at least d", NOTHING),
    ("supported", "open", NOTHING),
    ("refuted", "at least d", NOTHING),
    ("refuted", "open", NOTHING),
    ("supported", "below d", NOTHING),
)


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one claim, and everything it rests on.

    Attributes:
        verdict: supported, refuted, equivalent, undecided, or none (too few seeds).
        size: of the difference beside d: "below d", "at least d", "open"; empty if undecided.
        effect, low, high: mean and interval of y, in the sign y was given.
        p: two-sided p of theta = 0, times the number of claims; None where there is none.
        n_seeds: numbers that went in.
        level: confidence level of the interval.
        matters: d, the smallest difference that matters.
        note: what an undecided claim does exclude, or a warning.
        seeds_needed: seeds in all that would likely decide an undecided claim.
        expect: what the claim says of y.
        reason: why there is no verdict.
    """

    verdict: Verdict
    size: Size
    effect: float
    low: float
    high: float
    p: float | None
    n_seeds: int
    level: float
    matters: float
    note: Note = NOTHING
    seeds_needed: int | None = None
    expect: Expect = "higher"
    reason: Note = NOTHING

    def __str__(self) -> str:
        """One line for people: verdict, effect, interval, seeds."""
        head = f"{self.verdict}, {self.size}" if self.size else self.verdict
        line = (
            f"{head}: {self.effect:+.4g} [{self.low:+.4g}, {self.high:+.4g}] "
            f"at {100 * self.level:.4g} %, {self.n_seeds} seeds, d = {self.matters:g}"
        )
        more = f"about {self.seeds_needed} seeds would decide" if self.seeds_needed else ""
        return "; ".join(part for part in (line, self.note, self.reason, more) if part)


def classify(
    low: ArrayLike, high: ArrayLike, matters: float, expect: Expect = "higher"
) -> NDArray[np.int64]:
    """Row of `WORDS` for each interval: the whole table of verdicts, elementwise.

    For "higher" the first that fits: `-d < L and U < d` equivalent; `L >= d` or `0 < L`
    supported; `U <= -d` or `U < 0` refuted; else undecided, "not better by d" if `U < d`, "not
    worse by d" if `L > -d`. "lower" is the same for (-U, -L). "same": supported inside (-d, d),
    refuted if `L >= d` or `U <= -d`, else undecided.

    >>> [WORDS[row][0] for row in classify([-0.1, 0.2, -0.2], [0.1, 9.0, 9.0], 1.0)]
    ['equivalent', 'supported', 'undecided']
    """
    if not (matters > 0.0 and np.isfinite(matters)):
        raise ConfigError(f"matters: expected a finite number above 0; got {matters}")
    if expect not in ("higher", "lower", "same"):
        raise ConfigError(f"expect: expected higher, lower or same; got {expect!r}")
    bottom, top = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    if expect == "lower":
        bottom, top = -top, -bottom
    inside = (-matters < bottom) & (top < matters)
    if expect == "same":
        apart = (bottom >= matters) | (top <= -matters)
        return np.asarray(np.select([inside, apart], [8, 6], 0))
    rows = [inside, bottom >= matters, bottom > 0, top <= -matters, top < 0]
    rows += [top < matters, bottom > -matters]
    return np.asarray(np.select(rows, [3, 4, 5, 6, 7, 1, 2], 0))


def decide(
    y: ArrayLike,
    matters: float,
    *,
    expect: Expect = "higher",
    claims: int = 1,
    alpha: float = ALPHA,
    spend: float = 1.0,
    n_test: int | None = None,
) -> Decision:
    """Verdict on a claim about the mean of one number per seed.

    The interval is that of `mean_interval`, the words are those of `classify`. `y` is whatever
    the claim is about: `a - b` for "A is higher (lower) than B" or "A and B are the same", a
    contrast of several arms, or `metric - threshold`. With fewer than five seeds the interval is
    there and the verdict is "none".

    Assumes: as `mean_interval`; and that claims, d and seeds were fixed before looking.
    Does not license: "supported, open" says that there is a difference, not that it matters;
    "undecided" is no evidence of sameness; more seeds after a look need `walk_looks`.

    Args:
        y: one finite number per seed, (n,).
        matters: d, above 0, in the unit of `y`.
        expect: what the claim says of the mean of `y`: "higher" or "lower" than 0, or "same".
        claims, alpha, spend, n_test: as in `mean_interval`.

    >>> decision = decide([0.011, 0.013, 0.012, 0.014, 0.010], matters=0.005)
    >>> decision.verdict, decision.size
    ('supported', 'at least d')
    >>> decide([0.001, -0.002, 0.000, 0.001, -0.001], 0.005, expect="same").verdict
    'supported'
    """
    interval = mean_interval(y, claims=claims, alpha=alpha, spend=spend, n_test=n_test)
    return decide_interval(interval, matters, expect=expect)


def decide_interval(interval: Interval, matters: float, *, expect: Expect = "higher") -> Decision:
    """Verdict from an interval made by any function of this room, for one claim.

    Assumes: the interval holds for the quantity the claim is about.
    Does not license: intervals of another kind (bootstrap, one-sided) in its place.

    >>> interval = mean_interval([-0.02, -0.01, -0.03, -0.02, -0.02])
    >>> decide_interval(interval, 0.005, expect="lower").verdict
    'supported'
    """
    if interval.mean.ndim:
        raise ConfigError(f"interval: expected one claim; got shape {interval.mean.shape}")
    found = decide_bounds(
        float(interval.low),
        float(interval.high),
        matters,
        effect=float(interval.mean),
        p=float(interval.p),
        n_seeds=interval.n_seeds,
        level=interval.level,
        expect=expect,
    )
    if found.verdict != "undecided":
        return found
    needed = seeds_needed(
        found.effect,
        float(interval.std),
        interval.n_seeds,
        matters,
        same=expect == "same",
        a=1.0 - interval.level,
        shared=interval.shared,
        extra_variance=interval.extra_variance,
    )
    only_examples = needed is None and interval.extra_variance
    reason = say_note("more examples") if only_examples else NOTHING
    return replace(found, seeds_needed=needed, reason=reason)


def decide_bounds(
    low: float,
    high: float,
    matters: float,
    *,
    effect: float,
    p: float,
    n_seeds: int,
    level: float,
    expect: Expect = "higher",
) -> Decision:
    """Verdict from the bounds of an interval, exact ones included: the words of `classify`."""
    verdict, size, note = WORDS[int(classify(low, high, matters, expect))]
    reason = NOTHING
    if n_seeds < MIN_SEEDS:
        verdict, size, note = "none", "", NOTHING
        reason = say_note("few seeds", n=n_seeds, least=MIN_SEEDS)
    return Decision(
        verdict,
        size,
        effect,
        low,
        high,
        p,
        n_seeds,
        level,
        matters,
        note,
        expect=expect,
        reason=reason,
    )
