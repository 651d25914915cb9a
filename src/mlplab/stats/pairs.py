"""All pairwise comparisons of several arms, by t intervals at a Bonferroni-shared level."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError
from mlplab.stats.best import arms_and_failures
from mlplab.stats.interval import ALPHA, mean_interval
from mlplab.stats.power import MIN_SEEDS


@dataclass(frozen=True, eq=False, slots=True)
class Pairs:
    """Every two of k arms, compared.

    Attributes:
        apart: whether the interval of their difference leaves 0 out, (K, K) bool.
        groups: the largest sets of arms, two or more, of which no two are told apart; each in
            the order of the arms. An arm may stand in several.
        failed: arms with a failed run; they are compared with none and stand in no group.
        n_pairs: intervals among which the level is shared: k (k - 1) / 2.
        n_seeds: numbers per arm.
        level: of each interval.
    """

    apart: NDArray[np.bool_]
    groups: tuple[tuple[int, ...], ...]
    failed: tuple[int, ...]
    n_pairs: int
    n_seeds: int
    level: float


def tell_apart(
    values: ArrayLike,
    *,
    failed: ArrayLike | None = None,
    alpha: float = ALPHA,
    n_test: int | None = None,
) -> Pairs:
    """Say of every two arms whether their difference over seeds can be told from 0.

    Arms i and j are told apart if `mean_interval(values_i - values_j, claims=k (k - 1) / 2)`
    leaves 0 out: the rule of every other claim, so that with probability `1 - alpha` no two arms
    of equal mean are told apart. Under five seeds nothing is.

    Assumes: arms fixed in advance, paired by seed, roughly symmetric paired differences.
    Does not license: "these are equal". Arms that are not told apart may differ by less than
    these seeds can show; a claim of equality names a difference that matters (see `decide`).

    Args:
        values: (K, n), one row per arm, one column per seed; ignored where failed.
        failed: (K, n) bool.
        alpha: probability that any two arms of equal mean are told apart.
        n_test: as in `mean_interval`.

    Raises:
        ConfigError: fewer than two arms.
        DataError: a value is not finite and not marked as failed.

    >>> near = [[1.0, 2.0, 3.0, 4.0, 5.0], [1.1, 1.9, 3.1, 3.9, 5.0]]
    >>> tell_apart([*near, [9.0, 10.1, 11.0, 12.0, 13.1]]).groups
    ((0, 1),)
    """
    scores, lost = arms_and_failures(values, failed)
    n_arms, n_seeds = scores.shape
    if n_arms < 2:
        raise ConfigError(f"values: expected at least 2 arms; got {n_arms}")
    every = list(combinations(range(n_arms), 2))
    kept = np.flatnonzero(~lost.any(axis=1)).tolist()
    apart = np.zeros((n_arms, n_arms), dtype=bool)
    shown = [(i, j) for i, j in every if i in kept and j in kept]
    if shown and n_seeds >= MIN_SEEDS:
        y = np.array([scores[i] - scores[j] for i, j in shown])
        # Failed arms' pairs count too: the level was shared before any failure was known.
        found = mean_interval(y, claims=len(every), alpha=alpha, n_test=n_test)
        for (i, j), told in zip(shown, (found.low > 0) | (found.high < 0), strict=True):
            apart[i, j] = apart[j, i] = told
    groups = sorted(_cliques(kept, ~apart))
    return Pairs(
        apart=apart,
        groups=tuple(group for group in groups if len(group) > 1),
        failed=tuple(np.flatnonzero(lost.any(axis=1)).tolist()),
        n_pairs=len(every),
        n_seeds=n_seeds,
        level=1.0 - alpha / len(every),
    )


def _cliques(nodes: list[int], joined: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """The largest sets of nodes of which every two are joined (Bron and Kerbosch, 1973)."""
    found: list[tuple[int, ...]] = []

    def grow(clique: list[int], open_: list[int], closed: list[int]) -> None:
        if not open_ and not closed:
            found.append(tuple(sorted(clique)))
        for node in list(open_):
            near = [other for other in open_ if other != node and joined[node, other]]
            grow([*clique, node], near, [other for other in closed if joined[node, other]])
            open_.remove(node)
            closed.append(node)

    grow([], list(nodes), [])
    return found
