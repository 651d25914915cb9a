"""Which of several arms is best: candidates, near-best arms, and the verdict on "i is best"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError, DataError
from mlplab.notes import NOTHING, Note, say_note
from mlplab.stats.decision import Decision, Size, Verdict
from mlplab.stats.interval import ALPHA, alpha_per_claim, grid_floor
from mlplab.stats.power import MIN_SEEDS, seeds_needed
from mlplab.stats.quantiles import FloatArray, t_upper


@dataclass(frozen=True, slots=True)
class BestArms:
    """Two confidence sets over k arms; each holds with probability 1 - a/2.

    Attributes:
        means: mean of every arm over the seeds (NaN: the arm failed somewhere).
        candidates: arms that no other arm beats, in order; the best one is among them.
        near_best: arms shown to be less than d away from the best.
        failed: arms with a failed run; they stand outside both sets.
        lead: mean of each arm minus that of its best rival, in the better direction.
        low, high: interval of `lead`.
        n_seeds, level, matters: as in `Decision`.
    """

    means: tuple[float, ...]
    candidates: tuple[int, ...]
    near_best: tuple[int, ...]
    failed: tuple[int, ...]
    lead: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    n_seeds: int
    level: float
    matters: float
    n_failures: tuple[int, ...] = ()
    _pairs: _Pairs | None = field(default=None, repr=False, compare=False)

    def decide(self, arm: int) -> Decision:
        """Verdict on "arm i is the best": one claim, whichever i was named before.

        Supported if it is the only candidate; equivalent if it is near-best but not the only
        candidate; refuted if it is no candidate; else undecided. The effect is the arm's lead
        over its best rival. The number of seeds named would decide its closest open rival.

        Does not license: naming the arm after looking, or adding up several such verdicts.
        """
        if not 0 <= arm < len(self.means):
            raise ConfigError(f"arm: expected 0 to {len(self.means) - 1}; got {arm}")
        verdict, size, reason = self._words(arm)
        note = say_note("best of finished") if self.failed else NOTHING
        needed = None
        if verdict == "undecided" and self._pairs is not None and arm in self._pairs.places:
            needed = self._pairs.seeds_needed(arm, self.candidates, self.matters)
        return Decision(
            verdict,
            size,
            self.lead[arm],
            self.low[arm],
            self.high[arm],
            None,
            self.n_seeds,
            self.level,
            self.matters,
            NOTHING if reason else note,
            needed,
            "higher",
            reason,
        )

    def _words(self, arm: int) -> tuple[Verdict, Size, Note]:
        if self.n_seeds < MIN_SEEDS:
            return "none", "", say_note("few seeds", n=self.n_seeds, least=MIN_SEEDS)
        if arm in self.failed:
            count = self.n_failures[arm]
            return "undecided", "", say_note("arm failed", failed=count, n=self.n_seeds)
        if len(self.means) - len(self.failed) < 2:
            return "undecided", "", say_note("others failed")
        if self.candidates == (arm,):
            size: Size = "at least d" if self.low[arm] >= self.matters else "open"
            return "supported", size, NOTHING
        if arm in self.near_best:
            return "equivalent", "below d", NOTHING
        if arm not in self.candidates:
            size = "at least d" if self.high[arm] <= -self.matters else "open"
            return "refuted", size, NOTHING
        return "undecided", "", NOTHING


def best_arms(
    values: ArrayLike,
    matters: float,
    *,
    higher_is_better: bool = True,
    failed: ArrayLike | None = None,
    claims: int = 1,
    alpha: float = ALPHA,
    n_test: int | None = None,
) -> BestArms:
    """Confidence sets of the best of k arms, by paired t comparisons of every two arms.

    With `se_ij = s(values_j - values_i) / sqrt(n)` and `t = t(1 - a/(2(k - 1)), n - 1)`,
    `a = alpha / claims`: candidates are the arms i with `mean_j - mean_i - t se_ij <= 0` for all
    j; near-best those with `max_j (mean_j - mean_i + t se_ij) < d`. Only comparisons with the
    truly best arm can do harm, k - 1 for each set; so each set errs with probability a/2 at most.

    Assumes: arms fixed in advance, paired by seed, roughly symmetric paired differences.
    Does not license: "best" on new data; "best of all": only of these arms; test metrics here
    (choosing uses validation splits; see `selection_optimism`).

    Args:
        values: (K, n), one row per arm, one column per seed.
        matters: d, above 0.
        higher_is_better: direction of the metric.
        failed: (K, n) bool; arms with any failure are listed outside, but count in k.
        claims, alpha, n_test: as in `mean_interval`; "i is best" is one claim.

    Raises:
        DataError: a value is not finite and not marked as failed.

    >>> accuracy = [[0.90, 0.91, 0.92, 0.90, 0.91], [0.80, 0.81, 0.82, 0.81, 0.81]]
    >>> sets = best_arms(accuracy, matters=0.005)
    >>> sets.candidates, sets.decide(0).verdict, sets.decide(1).verdict
    ((0,), 'supported', 'refuted')
    """
    scores, lost = arms_and_failures(values, failed)
    n_arms, n_seeds = scores.shape
    if n_arms < 2:
        raise ConfigError(f"values: expected at least 2 arms; got {n_arms}")
    if not (matters > 0.0 and np.isfinite(matters)):
        raise ConfigError(f"matters: expected a finite number above 0; got {matters}")
    a = alpha_per_claim(claims, alpha)
    kept = np.flatnonzero(~lost.any(axis=1))
    signed = scores[kept] if higher_is_better else -scores[kept]
    floor = grid_floor(n_test)
    # Half of the level for each set, and k - 1 comparisons with the truly best arm in each.
    gap, half = _pairwise(signed, a / (2 * (n_arms - 1)), floor)
    ahead, sure, likely = (
        part.min(axis=1, initial=np.inf) for part in (gap, gap - half, gap + half)
    )
    candidates = kept[likely >= 0]
    near = kept[-sure < matters] if len(kept) > 1 else kept[:0]

    def spread(part: FloatArray) -> tuple[float, ...]:
        full = np.full(n_arms, np.nan)
        full[kept] = np.where(np.isfinite(part) | (len(kept) > 1), part, np.nan)
        return tuple(full.tolist())

    return BestArms(
        means=spread(scores[kept].mean(axis=1)),
        candidates=tuple(candidates.tolist()),
        near_best=tuple(near.tolist()),
        failed=tuple(np.flatnonzero(lost.any(axis=1)).tolist()),
        lead=spread(ahead),
        low=spread(sure),
        high=spread(likely),
        n_seeds=n_seeds,
        level=1.0 - a,
        matters=matters,
        n_failures=tuple(lost.sum(axis=1).tolist()),
        _pairs=_Pairs(signed, tuple(kept.tolist()), floor, a / (n_arms - 1)),
    )


def arms_and_failures(
    values: ArrayLike, failed: ArrayLike | None
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Values (K, n) and the mask of failed runs; refuses gaps that no failure explains."""
    scores = np.asarray(values, dtype=np.float64)
    if scores.ndim != 2 or scores.shape[1] < 1:
        raise DataError(f"values: expected (arms, seeds); got shape {scores.shape}")
    lost = np.zeros(scores.shape, bool) if failed is None else np.asarray(failed, dtype=bool)
    if lost.shape != scores.shape:
        raise DataError(f"failed: expected shape {scores.shape}; got {lost.shape}")
    gaps = int(np.count_nonzero(~np.isfinite(scores) & ~lost))
    if gaps:
        raise DataError(f"values: {gaps} are not finite and not marked as failed")
    return scores, lost


def _pairwise(signed: FloatArray, tail: float, floor: float) -> tuple[FloatArray, FloatArray]:
    """Mean lead of arm i over arm j, and half-width of its bound; (k, k) each."""
    n_arms, n_seeds = signed.shape
    gap, std = np.empty((n_arms, n_arms)), np.empty((n_arms, n_arms))
    # Row by row: all differences at once would be (k, k, n).
    for i in range(n_arms):
        gap[i], std[i] = _against(signed, i, floor)
    # An arm is no rival of its own: infinity never is the least lead.
    np.fill_diagonal(gap, np.inf)
    np.fill_diagonal(std, 0.0)
    t = t_upper(tail, n_seeds - 1) if n_seeds > 1 else 1.0
    return gap, t * std / np.sqrt(n_seeds)


def _against(signed: FloatArray, arm: int, floor: float) -> tuple[FloatArray, FloatArray]:
    """Mean and spread of what an arm leads every arm by, (k,) each."""
    difference = signed[arm] - signed
    if signed.shape[1] < 2:
        return difference.mean(axis=1), np.full(len(signed), np.inf)
    return difference.mean(axis=1), np.maximum(difference.std(axis=1, ddof=1), floor)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """What the number of seeds that an arm still needs is worked out from, once it is asked for.

    Attributes:
        signed: of the arms that never failed, larger is better, (k, n).
        places: their places among all arms.
        floor: least spread of a difference.
        level: error that one comparison may make.
    """

    signed: FloatArray
    places: tuple[int, ...]
    floor: float
    level: float

    def seeds_needed(self, arm: int, candidates: Sequence[int], matters: float) -> int | None:
        """Return the most seeds that any comparison of an arm with a candidate would need."""
        n_seeds = self.signed.shape[1]
        if n_seeds < MIN_SEEDS:
            return None
        gap, std = _against(self.signed, self.places.index(arm), self.floor)
        wanted = set(candidates)
        rivals = [place for place, of in enumerate(self.places) if of in wanted and of != arm]
        needs = [
            seeds_needed(float(gap[j]), float(std[j]), n_seeds, matters, a=self.level)
            for j in rivals
        ]
        known = [n for n in needs if n is not None]
        return max(known) if known and len(known) == len(needs) else None
