"""Failed runs are counted: how often, and whether one arm fails more often than another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError, DataError
from mlplab.stats.decision import Decision, Expect, decide_bounds
from mlplab.stats.interval import ALPHA, alpha_per_claim
from mlplab.stats.mcnemar import mcnemar_interval, mcnemar_p
from mlplab.stats.quantiles import FloatArray, beta_cdf, beta_quantile


@dataclass(frozen=True, slots=True)
class FailureCount:
    """Failed runs of one arm with the Clopper-Pearson interval of the failure rate."""

    failures: int
    n_runs: int
    low: float
    high: float
    level: float

    @property
    def rate(self) -> float:
        """Share of the runs that failed."""
        return self.failures / self.n_runs


@dataclass(frozen=True, slots=True)
class FailureComparison:
    """The verdict on "A fails more often than B", and the seeds that it rests on.

    Attributes:
        decision: about the difference of the two failure rates, with McNemar's exact p.
        a_only, b_only, both, neither: seeds by which arm failed.
    """

    decision: Decision
    a_only: int
    b_only: int
    both: int
    neither: int


def clopper_pearson(
    failures: ArrayLike, n_runs: ArrayLike, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Exact interval of a rate, elementwise: it covers with at least `level`.

    With x of n and g = (1 - level)/2: from the g quantile of Beta(x, n - x + 1), 0 if x = 0, to
    the 1 - g quantile of Beta(x + 1, n - x), 1 if x = n.

    Assumes: runs fail independently, all with the same probability.
    Does not license: comparing two arms by overlap (see `fails_more_often`).

    >>> low, high = clopper_pearson(0, 16)
    >>> float(low), round(float(high), 3)
    (0.0, 0.206)
    """
    x, n = np.asarray(failures, dtype=np.float64), np.asarray(n_runs, dtype=np.float64)
    if np.any(x < 0) or np.any(x > n):
        bad = int(np.flatnonzero((x < 0) | (x > n))[0])
        got, most = np.broadcast_arrays(x, n)
        raise ConfigError(
            f"failures: expected between 0 and {most.flat[bad]:g}; got {got.flat[bad]:g}"
        )
    if not 0.0 < level < 1.0:
        raise ConfigError(f"level: expected a number between 0 and 1; got {level}")
    tail = (1.0 - level) / 2.0
    low = np.where(x > 0, beta_quantile(tail, np.maximum(x, 1), n - x + 1), 0.0)
    high = np.where(x < n, beta_quantile(1.0 - tail, x + 1, np.maximum(n - x, 1)), 1.0)
    return low, high


def count_failures(failed: ArrayLike, level: float = 0.95) -> FailureCount:
    """Failed runs of one arm, (n,) bool, with the interval of `clopper_pearson`.

    >>> count = count_failures([True, False, False, False])
    >>> count.failures, count.rate, round(count.high, 3)
    (1, 0.25, 0.806)
    """
    mask = np.asarray(failed, dtype=bool)
    if mask.ndim != 1 or not mask.size:
        raise DataError(f"failed: expected one entry per run; got shape {mask.shape}")
    low, high = clopper_pearson(int(mask.sum()), mask.size, level)
    return FailureCount(int(mask.sum()), mask.size, float(low), float(high), level)


def fails_more_often(
    a_failed: ArrayLike,
    b_failed: ArrayLike,
    matters: float,
    *,
    expect: Expect = "higher",
    claims: int = 1,
    alpha: float = ALPHA,
    spend: float = 1.0,
) -> FailureComparison:
    """Verdict on "A fails more often than B", a claim of its own, by McNemar's exact test.

    The words are those of `classify` for the difference of the failure rates, whose interval
    (`mcnemar_interval`) leaves 0 out exactly if the test rejects. With fewer than five seeds the
    interval is there and the verdict is "none".

    Assumes: paired seeds; what counts as a failure was declared before.
    Does not license: "A and B fail equally often" from an undecided one.

    Args:
        a_failed, b_failed: whether the arm failed, (n,) bool, the same seeds in the same order.
        matters: the smallest difference of failure rates that matters.
        expect: what the claim says of A's rate beside B's.
        claims, alpha, spend: as in `mean_interval`.

    >>> found = fails_more_often([True] * 8, [False] * 8, matters=0.1).decision
    >>> found.verdict, found.size, round(found.low, 3), found.high
    ('supported', 'at least d', 0.226, 1.0)
    """
    a, b = np.asarray(a_failed, dtype=bool), np.asarray(b_failed, dtype=bool)
    if a.ndim != 1 or a.shape != b.shape or not a.size:
        raise DataError(f"failed: expected two rows of the same seeds; got {a.shape}, {b.shape}")
    level = 1.0 - alpha_per_claim(claims, alpha, spend)
    a_only, b_only = int((a & ~b).sum()), int((b & ~a).sum())
    low, high = mcnemar_interval(a_only, b_only, a.size, level)
    decision = decide_bounds(
        low,
        high,
        matters,
        effect=(a_only - b_only) / a.size,
        p=min(1.0, mcnemar_p(a_only, b_only) * claims / spend),
        n_seeds=a.size,
        level=level,
        expect=expect,
    )
    return FailureComparison(decision, a_only, b_only, int((a & b).sum()), int((~a & ~b).sum()))


def decide_share(
    cases: ArrayLike,
    matters: float,
    *,
    less: float = 0.0,
    expect: Expect = "higher",
    claims: int = 1,
    alpha: float = ALPHA,
) -> Decision:
    """Verdict on a claim about a share of cases, less a share fixed before, by its exact interval.

    The interval is that of `clopper_pearson`: where all cases agree it still has a width, which a
    t interval has not. p doubles the smaller tail of the binomial distribution at `less`.

    Assumes: cases are independent; what counts as one was declared before.
    Does not license: comparing two shares of the same seeds (`fails_more_often`).

    Args:
        cases: whether each repetition is one, (n,) bool.
        matters: the smallest difference of shares that matters.
        less: what the share is compared with.
        expect: what the claim says of the share beside `less`.
        claims, alpha: as in `mean_interval`.

    >>> found = decide_share([True] * 20, 0.1, less=0.5)
    >>> found.verdict, round(found.low, 3), found.high
    ('supported', 0.332, 0.5)
    >>> decide_share([True] * 20, 0.05, less=1.0, expect="same").verdict
    'undecided'
    """
    count = count_failures(cases, 1.0 - alpha_per_claim(claims, alpha))
    k, n = count.failures, count.n_runs
    at_least = float(beta_cdf(less, k, n - k + 1)) if k else 1.0
    at_most = 1.0 - float(beta_cdf(less, k + 1, n - k)) if k < n else 1.0
    return decide_bounds(
        count.low - less,
        count.high - less,
        matters,
        effect=count.rate - less,
        p=min(1.0, 2.0 * claims * min(at_least, at_most)),
        n_seeds=n,
        level=count.level,
        expect=expect,
    )
