"""Intervals that hold for new examples too: seeds and test examples crossed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import DataError
from mlplab.stats.interval import ALPHA, Interval, alpha_per_claim, mean_interval
from mlplab.stats.quantiles import FloatArray, t_two_sided, t_upper


def unpack_correct(packed: Sequence[bytes], n_test: int) -> NDArray[np.bool_]:
    """Correct/wrong bits of runs, (n, n_test), from one `numpy.packbits` string per run.

    >>> import numpy as np
    >>> unpack_correct([np.packbits([1, 0, 1]).tobytes()], 3).tolist()
    [[True, False, True]]
    """
    expected = -(-n_test // 8)
    wrong = [len(bits) for bits in packed if len(bits) != expected]
    if wrong or not packed:
        got = f"{wrong[0]} bytes" if wrong else "no runs"
        raise DataError(f"packed: expected {expected} bytes for {n_test} examples; got {got}")
    rows = [np.unpackbits(np.frombuffer(bits, np.uint8), count=n_test) for bits in packed]
    return np.stack(rows).astype(bool)


def new_examples_interval(
    y: ArrayLike,
    *,
    ends: tuple[float, float] | None = None,
    claims: int = 1,
    alpha: float = ALPHA,
    spend: float = 1.0,
) -> Interval:
    """Interval of a mean over fresh seeds *and* new examples of the same population.

    The model is crossed: `y_si = theta + seed_s + example_i + rest_si`. With the mean squares of
    the two-way table, `A = s^2 / n` is the squared standard error over seeds that decides on this
    test set, and `B = max(0, MS_examples - MS_rest) / (n N)` is what drawing other examples adds.
    The interval is `centre -+ t(1 - a/2, df) sqrt(A + B)`, with Satterthwaite's (1946)
    `df = (A + B)^2 / (A^2 / (n - 1) + B^2 / (N - 1))`, as for subjects crossed with items (Clark,
    1973). It is never narrower than that over seeds.

    Where few examples go wrong, B is badly known, so imagined examples are added to it, z the
    normal quantile: z^2/2 right and as many wrong ones to a single arm (Agresti and Coull, 1998);
    to a difference z^2/4 in favour of either side (Bonett and Price, 2012), each as large as those
    seen, `sqrt(sum y_i^4 / sum y_i^2)`, or 1 where none was.

    Assumes: test examples drawn independently from the population meant; paired seeds.
    Does not license: another source of examples, shifted data, a new training set. More seeds do
    not shrink B.

    Args:
        y: one number per seed and test example, (n, N): 1 for right and 0 for wrong, in the
            claim's contrast of arms, such as A minus B.
        ends: the least and the largest value that y can take, for a single arm; None for a
            contrast, whose weights sum to 0.
        claims, alpha, spend: as in `mean_interval`.

    Cost: a few passes over y.

    >>> interval = new_examples_interval([[1, 0, 1, 1] * 50] * 5, ends=(0, 1))
    >>> float(interval.mean), [round(float(bound), 2) for bound in (interval.low, interval.high)]
    (0.75, [0.68, 0.81])
    """
    table = np.asarray(y, dtype=np.float64)
    if table.ndim != 2 or not table.shape[1]:
        raise DataError(f"y: expected (seeds, examples); got shape {table.shape}")
    n, n_test = table.shape
    seeds = mean_interval(
        table.mean(axis=1) if n else np.zeros(0),
        claims=claims,
        alpha=alpha,
        spend=spend,
        n_test=n_test,
    )
    if n < 2 or n_test < 2:
        endless = np.asarray(np.inf)
        return replace(seeds, se=endless, low=-endless, high=endless, p=np.asarray(1.0))
    a = alpha_per_claim(claims, alpha, spend)
    means = table.mean(axis=0)
    rest = _mean_square_of_rest(table, means) / n  # of a mean over seeds
    centre, spread, n_examples = _with_imagined(means, ends, t_upper(a / 2.0, np.inf))
    A, B = float(seeds.se) ** 2, max(0.0, spread - rest) / n_examples
    df = (A + B) ** 2 / (A**2 / (n - 1) + B**2 / (n_examples - 1))
    se = float(np.sqrt(A + B))
    half = t_upper(a / 2.0, df) * se
    p = np.minimum(1.0, t_two_sided(centre / se, df) * (claims / spend))
    return replace(
        seeds,
        se=np.asarray(se),
        low=np.minimum(seeds.low, centre - half),
        high=np.maximum(seeds.high, centre + half),
        p=np.maximum(seeds.p, p),
        extra_variance=B,
    )


def _mean_square_of_rest(table: FloatArray, means: FloatArray) -> float:
    """What neither seeds nor examples explain, per degree of freedom."""
    n, n_test = table.shape
    total = float(np.square(table).sum()) - table.size * float(table.mean()) ** 2
    of_seeds = n_test * (n - 1) * float(table.mean(axis=1).var(ddof=1))
    of_examples = n * (n_test - 1) * float(means.var(ddof=1))
    return float(max(0.0, total - of_seeds - of_examples) / ((n - 1) * (n_test - 1)))


def _with_imagined(
    means: FloatArray, ends: tuple[float, float] | None, z: float
) -> tuple[float, float, float]:
    """Mean, variance and number of the examples, imagined ones at both ends added."""
    if ends is None:
        squares = np.square(means)
        size = np.sqrt(np.square(squares).sum() / squares.sum()) if squares.any() else 1.0
        low, high, each = -float(size), float(size), z**2 / 4.0
    else:
        low, high, each = *ends, z**2 / 2.0
    number = means.size + 2.0 * each
    centre = (float(means.sum()) + each * (low + high)) / number
    squared = float(np.square(means - centre).sum())
    squared += each * ((low - centre) ** 2 + (high - centre) ** 2)
    return centre, squared / (number - 1.0), number
