"""Selection bias: by how much the best of several arms' mean score flatters it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError
from mlplab.stats.best import arms_and_failures


@dataclass(frozen=True, slots=True)
class Selection:
    """A chosen arm and how much of its score comes from having been chosen.

    Attributes:
        winner: index of the arm with the best mean.
        mean: its mean over all seeds.
        honest_mean: mean score of arms chosen without the seed they are scored on.
        optimism: `mean - honest_mean`; not below 0 if higher is better, not above 0 otherwise.
        chosen: the arm chosen without seed s, for every s; how stable the choice is.
        failed: arms that failed somewhere and could not be chosen.
    """

    winner: int
    mean: float
    honest_mean: float
    optimism: float
    chosen: tuple[int, ...]
    failed: tuple[int, ...]


def selection_optimism(
    values: ArrayLike, *, higher_is_better: bool = True, failed: ArrayLike | None = None
) -> Selection:
    """Winner by mean validation score, and its optimism by leaving one seed out at a time.

    For each seed s: choose the arm with the best mean over the other seeds, score it on s; the
    average of these scores is the honest mean. Equal means go to the first arm.

    Assumes: validation splits drawn by seed and shared by all arms of that seed.
    Does not license: an unbiased test score. It shows the size of the effect (for a choice on one
    seed fewer); the score itself comes from fresh seeds and one look at the test split.

    Args:
        values: (K, n) validation scores, one row per arm, one column per seed, n >= 2.
        higher_is_better: direction of the metric.
        failed: (K, n) bool; arms with any failure are not chosen.

    Cost: K*n additions.

    >>> chosen = selection_optimism([[0.9, 0.5, 0.9], [0.6, 0.9, 0.6]])
    >>> chosen.winner, round(chosen.mean, 3), round(chosen.honest_mean, 3)
    (0, 0.767, 0.567)
    """
    scores, lost = arms_and_failures(values, failed)
    kept = np.flatnonzero(~lost.any(axis=1))
    n_seeds = scores.shape[1]
    if n_seeds < 2 or not len(kept):
        raise ConfigError(
            f"values: expected at least 2 seeds and one arm without failures; "
            f"got {n_seeds} seeds and {len(kept)} such arms"
        )
    sign = 1.0 if higher_is_better else -1.0
    usable = sign * scores[kept]
    best = int(np.argmax(usable.sum(axis=1)))
    # Sums less one score: every seed is left out at the cost of one pass.
    without = np.argmax(usable.sum(axis=1, keepdims=True) - usable, axis=0)
    mean = float(sign * usable[best].mean())
    honest = float(sign * usable[without, np.arange(n_seeds)].mean())
    return Selection(
        winner=int(kept[best]),
        mean=mean,
        honest_mean=honest,
        optimism=mean - honest,
        chosen=tuple(kept[without].tolist()),
        failed=tuple(np.flatnonzero(lost.any(axis=1)).tolist()),
    )


def score_label(
    choosing_seeds: Iterable[int], scoring_seeds: Iterable[int]
) -> Literal["fresh seeds", "optimistic"]:
    """How a test score is labelled: seeds that took part in the choice make it optimistic.

    >>> score_label(range(8), range(8, 16)), score_label(range(8), range(4, 12))
    ('fresh seeds', 'optimistic')
    """
    return "optimistic" if set(choosing_seeds) & set(scoring_seeds) else "fresh seeds"
