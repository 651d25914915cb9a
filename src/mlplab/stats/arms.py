"""Verdicts on arms whose runs may fail: two analyses must agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError
from mlplab.notes import NOTHING, join_notes, say_note
from mlplab.stats.best import arms_and_failures
from mlplab.stats.decision import WORDS, Decision, Expect, Scope, classify, decide_interval
from mlplab.stats.failures import FailureCount, count_failures
from mlplab.stats.interval import ALPHA, Interval, alpha_per_claim, mean_interval
from mlplab.stats.new_examples import new_examples_interval
from mlplab.stats.power import MIN_SEEDS
from mlplab.stats.quantiles import FloatArray, fair_coin_cdf

Ends = tuple[float, float]
DIFFERENCE = (1.0, -1.0)
# arms in the order: both, only A, only B, neither
INTERACTION = (1.0, -1.0, -1.0, 1.0)


@dataclass(frozen=True, slots=True)
class ArmsDecision:
    """A verdict on arms, with what their failed runs contributed.

    Attributes:
        decision: the verdict; its interval is that of the complete seeds.
        complete: the verdict of the complete seeds alone.
        median: verdict, low and high by ranks, failures included; None if it was not needed.
        failures: count and interval of every arm, in order.
        this_test_set: interval over complete seeds.
        new_examples: over these and examples, where y is known for each example.
    """

    decision: Decision
    complete: Decision
    median: tuple[str, float, float] | None
    failures: tuple[FailureCount, ...]
    this_test_set: Ends
    new_examples: Ends | None


def median_interval(y: ArrayLike, a: float) -> tuple[float, float]:
    """Interval of the median between two order statistics, covering with at least `1 - a`.

    `[y_(r), y_(n+1-r)]` with the largest r for which `2 P(Binomial(n, 1/2) < r) <= a`; the whole
    line if there is none. Infinite values are welcome: only ranks matter.

    Assumes: independent seeds; no shape at all. Does not license: a statement on the mean.

    >>> median_interval([5.0, 1.0, 2.0, 3.0, 4.0, 9.0], 0.05)
    (1.0, 9.0)
    >>> median_interval([5.0, 1.0, 2.0], 0.05)
    (-inf, inf)
    """
    ranked = np.sort(np.asarray(y, dtype=np.float64))
    rank = 0
    while 2.0 * fair_coin_cdf(rank, ranked.size) <= a:
        rank += 1
    if rank == 0:
        return -np.inf, np.inf
    return float(ranked[rank - 1]), float(ranked[ranked.size - rank])


def decide_arms(
    values: ArrayLike,
    matters: float,
    *,
    higher_is_better: bool,
    failed: ArrayLike | None = None,
    weights: Sequence[float] = DIFFERENCE,
    offset: float = 0.0,
    expect: Expect = "higher",
    claims: int = 1,
    alpha: float = ALPHA,
    spend: float = 1.0,
    n_test: int | None = None,
    examples: ArrayLike | None = None,
    scope: Scope = "this test set",
) -> ArmsDecision:
    """Verdict on `y_s = sum_k weights_k values_ks - offset` when runs may have failed.

    Without failures this is `decide`. Seeds on which all arms failed leave the t analysis and are
    counted. If on some seed only some arms failed, two analyses must give the same verdict: (1)
    t over the seeds where all finished, whose interval is shown; (2) `median_interval` over all
    seeds, where a failed run ranks as the worst possible value of its arm, and failures that
    cancel (both arms of a difference) give y = 0. Otherwise the verdict is undecided. The size is
    "at least d" only if both say so.

    Assumes: as `decide`; what counts as failed was declared before looking.
    Does not license: a statement on runs that fail: the effect is that of seeds on which both
    finish. "Fails more often" is its own claim (`fails_more_often`).

    Args:
        values: (K, n), one row per arm, one column per seed; ignored where failed.
        matters: d.
        higher_is_better: direction of the *metric*, which says what the worst value is; the
            claim's own direction is `expect` ("dropout raises the loss": higher, but worse).
        failed: (K, n) bool.
        weights: one per arm: `DIFFERENCE`, `INTERACTION`, or (1,) with a threshold as `offset`.
        offset, expect, claims, alpha, spend, n_test: as in `decide`.
        examples: y of every seed and test example, (n, N), for `new_examples_interval`; ignored
            where a run failed.
        scope: which of the two intervals decides.

    Raises:
        DataError: a value is not finite and not marked as failed.
        ConfigError: the scope is new examples, and y of every example is not known.

    >>> a, b = [0.91, 0.92, 0.93, 0.92, 0.91], [0.90, 0.91, 0.91, 0.91, 0.90]
    >>> decide_arms([a, b], 0.005, higher_is_better=True).decision.verdict
    'supported'
    """
    scores, lost = arms_and_failures(values, failed)
    factors = np.asarray(weights, dtype=np.float64)
    if factors.shape != scores.shape[:1]:
        raise ConfigError(f"weights: expected one per arm ({len(scores)}); got {factors.size}")
    whole = ~lost.any(axis=0)
    y = factors @ np.where(lost, 0.0, scores) - offset
    seeds = mean_interval(y[whole], claims=claims, alpha=alpha, spend=spend, n_test=n_test)
    both = None
    if examples is not None:
        ends = (-offset, 1.0 - offset) if factors.size == 1 else None
        both = new_examples_interval(
            np.asarray(examples)[whole], ends=ends, claims=claims, alpha=alpha, spend=spend
        )
    decisive = both if scope == "new examples" else seeds
    if decisive is None:
        raise ConfigError("examples: expected y of every example for the scope 'new examples'")
    complete = decide_interval(decisive, matters, expect=expect)
    intervals = _ends(seeds), None if both is None else _ends(both)
    counts = tuple(count_failures(arm) for arm in lost)
    ranked, partial = _ranks(y, lost, factors if higher_is_better else -factors)
    if not partial:
        without = int(lost.all(axis=0).sum())
        note = say_note("all failed", n=without) if without else NOTHING
        decision = replace(complete, note=join_notes(complete.note, note))
        return ArmsDecision(decision, complete, None, counts, *intervals)
    low, high = median_interval(ranked, alpha_per_claim(claims, alpha, spend))
    row = int(classify(low, high, matters, expect))
    decision = _agree(complete, row, lost.shape[1])
    median = (WORDS[row][0], low, high)
    return ArmsDecision(decision, complete, median, counts, *intervals)


def _ranks(y: FloatArray, lost: NDArray[np.bool_], better: FloatArray) -> tuple[FloatArray, int]:
    """y with failures at their rank, and the number of seeds that need the second analysis."""
    # A failure pulls y against its arm's sign; equal pulls cancel.
    push = -(np.sign(better)[:, None] * lost).sum(axis=0)
    incomplete = lost.any(axis=0)
    ranked = np.where(push == 0, 0.0, np.copysign(np.inf, push))
    one_sided = incomplete & ((push != 0) | ~lost.all(axis=0))
    return np.where(incomplete, ranked, y), int(one_sided.sum())


def _agree(complete: Decision, row: int, n_seeds: int) -> Decision:
    """One decision out of the t analysis and a row of the table for the median."""
    verdict, size, _ = WORDS[row]
    lacking = n_seeds - complete.n_seeds
    note = say_note("some failed", lost=lacking, n=n_seeds)
    if n_seeds < MIN_SEEDS:
        reason = say_note("few seeds", n=n_seeds, least=MIN_SEEDS)
        return replace(complete, verdict="none", size="", note=note, reason=reason)
    if complete.verdict == verdict and verdict != "undecided":
        common = size if size == complete.size else "open"
        return replace(complete, size=common, note=join_notes(complete.note, note))
    first = complete.reason or say_note("complete", verdict=complete.verdict)
    needed = complete.seeds_needed
    return replace(
        complete,
        verdict="undecided",
        size="",
        note=join_notes(complete.note, note),
        seeds_needed=None if needed is None else -(-needed * n_seeds // complete.n_seeds),
        reason=say_note("disagree", first=first, verdict=verdict),
    )


def _ends(interval: Interval) -> Ends:
    return float(interval.low), float(interval.high)
