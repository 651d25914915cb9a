"""Column by column: which columns' distributions differ, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlplab.shift.detection.anderson_darling import (
    FEW_TIES,
    anderson_darling_p,
    tied_anderson_darling_p,
)
from mlplab.shift.detection.permutations import Array, Labels
from mlplab.shift.encoding import Encoded

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ColumnShift:
    """How one column differs between two samples.

    Attributes:
        name: of the original table.
        p: of Kolmogorov-Smirnov and Anderson-Darling for numbers, chi-squared for levels and for
            gaps; the smallest times their number, then Holm's over all columns.
        size: the largest difference of distribution functions of numbers, or the total variation
            of levels; that of gaps where it is larger. From 0 to 1.
        tests: the p-value of each test, as it is.
    """

    name: str
    p: float
    size: float
    tests: dict[str, float]


def column_shifts(encoded: Encoded) -> tuple[ColumnShift, ...]:
    """Test every original column; the smallest p-value first.

    Assumes: independent rows. p-values are those of the limiting distributions.

    Cost: O(I N log N).

    Source: Holm (1979), Scandinavian Journal of Statistics 6.
    """
    shifts = [_column(encoded, name) for name in dict.fromkeys(c.original for c in encoded.columns)]
    shifts.sort(key=lambda shift: (shift.p, -shift.size))
    adjusted = np.maximum.accumulate(
        [min(1.0, shift.p * (len(shifts) - place)) for place, shift in enumerate(shifts)]
    )
    return tuple(
        ColumnShift(shift.name, float(p), shift.size, shift.tests)
        for shift, p in zip(shifts, adjusted, strict=True)
    )


def _column(encoded: Encoded, name: str) -> ColumnShift:
    from scipy.stats import ks_2samp

    places = encoded.columns_of(name)
    kinds = {encoded.columns[place].kind: place for place in places}
    tests: dict[str, float] = {}
    sizes = [0.0]
    halves = encoded.first, encoded.second
    gaps = [np.zeros(len(half), bool) for half in halves]
    if "missing" in kinds:
        gaps = [half[:, kinds["missing"]] > 0 for half in halves]
        tests["missing"], size = _chi_squared([np.array([~g, g]).sum(axis=1) for g in gaps])
        sizes.append(size)
    if "number" in kinds and not any(gap.all() for gap in gaps):
        place = kinds["number"]
        first, second = (half[~gap, place] for half, gap in zip(halves, gaps, strict=True))
        found = ks_2samp(first, second, method="asymp")
        tests["Kolmogorov-Smirnov"] = float(found.pvalue)
        rows = np.concatenate([first, second])
        label = np.arange(len(rows)) >= len(first)
        tests["Anderson-Darling"] = _anderson_darling_p(rows, label)
        sizes.append(float(found.statistic))
    if "level" in kinds:
        own = [place for place in places if encoded.columns[place].kind == "level"]
        tests["chi-squared"], size = _chi_squared([half[:, own].sum(axis=0) for half in halves])
        sizes.append(size)
    smallest = min(1.0, len(tests) * min(tests.values()))
    return ColumnShift(name, smallest, max(sizes), tests)


def _anderson_darling_p(column: NDArray[np.float32], is_second: NDArray[np.bool_]) -> float:
    statistic = float(anderson_darling(column[:, None], is_second[None])[0, 0])
    counts = np.unique(column, return_counts=True)[1]
    if counts.max() > FEW_TIES * len(column):
        return tied_anderson_darling_p(statistic, counts)
    return float(anderson_darling_p(statistic)[0])


def _chi_squared(counts: Sequence[NDArray[np.generic]]) -> tuple[float, float]:
    """Return the p-value and the total variation of two rows of counts."""
    from scipy.stats import chi2_contingency, fisher_exact

    table = np.asarray(counts, np.float64)
    shares = table / table.sum(axis=1, keepdims=True)
    size = float(np.abs(shares[0] - shares[1]).sum() / 2)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2:
        return 1.0, size
    if table.shape[1] == 2 and table.min() < 10:
        return float(fisher_exact(table.astype(int)).pvalue), size
    return float(chi2_contingency(table, correction=False).pvalue), size


def kolmogorov_smirnov(rows: Rows, labels: Labels) -> Array:
    """Return each column's statistic sqrt(n m / N) max_x |F(x) - G(x)| of each labelling, (I, P).

    Args:
        rows: of both samples, (N, I).
        labels: which rows count as the second sample, (P, N).

    Cost: O(I N (P + log N)).
    """
    n, n_second = rows.shape[0], int(labels[0].sum())
    scale = n / (n_second * (n - n_second))
    found = np.zeros((rows.shape[1], len(labels)))
    for place, column in enumerate(rows.T):
        apart, _ = _counts_apart(column, labels)
        found[place] = np.abs(apart).max(axis=1) * np.sqrt(scale)
    return found


def anderson_darling(rows: Rows, labels: Labels) -> Array:
    """Return each column's Anderson-Darling statistic of each labelling, (I, P).

    A^2 = N^2 / (n m) sum_x l (M - m B / N)^2 / (B (N - B)): over distinct values x, with l rows
    equal to x, B up to x, and M of these in the second sample. Arguments and cost as of
    `kolmogorov_smirnov`.

    Source: Scholz and Stephens (1987), Journal of the American Statistical Association 82.
    """
    n, n_second = rows.shape[0], int(labels[0].sum())
    scale = n / (n_second * (n - n_second))
    found = np.zeros((rows.shape[1], len(labels)))
    for place, column in enumerate(rows.T):
        apart, below = _counts_apart(column, labels)
        equal = np.diff(below, prepend=0)[:-1]
        weights = equal / (below[:-1] * (n - below[:-1]).astype(np.float64))
        found[place] = np.square(apart[:, :-1]) @ weights * n * scale
    return found


def _counts_apart(
    column: NDArray[np.float32], labels: Labels
) -> tuple[Array, NDArray[np.signedinteger]]:
    """Return M - m B / N at each distinct value, (P, V), and B, (V,); see `anderson_darling`."""
    n, n_second = len(column), int(labels[0].sum())
    order = np.argsort(column, kind="stable")
    values = column[order]
    below = np.flatnonzero(np.append(values[1:] != values[:-1], True)) + 1
    seconds = np.cumsum(labels[:, order], axis=1, dtype=np.int32)[:, below - 1]
    return seconds - below * (n_second / n), below
