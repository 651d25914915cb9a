"""Column by column: how far two samples' distributions are apart, for all labellings at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlplab.shift.detection.permutations import Array, Labels

Rows = NDArray[np.float32]


def column_statistics(rows: Rows, labels: Labels) -> tuple[Array, Array]:
    """Return each column's Kolmogorov-Smirnov and Anderson-Darling statistics.

    KS is sqrt(n m / N) max_x |F(x) - G(x)|; AD is the k-sample statistic with mid-ranks replaced by
    whole tied groups, sum over distinct x of (N F - n H)^2-type terms, as by Scholz and Stephens.

    Args:
        rows: of both samples, (N, I).
        labels: which rows count as the second sample, (P + 1, N).

    Returns:
        Two arrays, (I, P + 1).

    Cost: O(I N (P + log N)).
    """
    n_all, n_second = rows.shape[0], int(labels[0].sum())
    n_first = n_all - n_second
    ks = np.zeros((rows.shape[1], len(labels)))
    ad = np.zeros_like(ks)
    for place, column in enumerate(rows.T):
        order = np.argsort(column, kind="stable")
        values = column[order]
        last = np.append(values[1:] != values[:-1], True)  # of each group of ties
        below = np.flatnonzero(last) + 1  # rows up to each distinct value
        seconds = np.cumsum(labels[:, order], axis=1, dtype=np.int32)[:, below - 1]
        # n_all * seconds - n_second * below, the common part of both statistics.
        apart = seconds - below * np.float32(n_second / n_all)
        ks[place] = np.abs(apart).max(axis=1) * np.sqrt(n_all / (n_first * n_second))
        weights = np.diff(below, prepend=0)[:-1] / (below * (n_all - below))[:-1]
        ad[place] = (np.square(apart[:, :-1]) @ weights) * n_all / (n_first * n_second) * n_all / n_all
    return ks, ad
