"""Variance from the finite test set: intervals that hold for new test images as well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import DataError
from mlplab.stats.interval import ALPHA, Interval, mean_interval


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


def new_images_variance(a_correct: ArrayLike, b_correct: ArrayLike | None = None) -> float:
    """Variance that drawing other test images adds to a mean accuracy or a mean difference.

    `se_test^2 = max(0, Var_i(ybar_i) - mean_i(s_i^2) / n) / n_test`, where for image i `ybar_i`
    and `s_i^2` are mean and variance over the n seeds of y (1 correct, 0 wrong; A minus B). The
    second term takes out what seeds, not images, make `ybar_i` vary.

    Assumes: test images drawn independently from the population meant.
    Does not license: other sources of images, shifted data, a new training set.

    Args:
        a_correct: (n, n_test) bool, n >= 2 seeds.
        b_correct: the same for B, paired by seed and image; left out for a single arm.

    >>> new_images_variance([[True, False, True, False]] * 3) > 0
    True
    """
    y = _scores(a_correct, b_correct)
    n_seeds, n_test = y.shape
    if n_seeds < 2 or n_test < 2:
        raise DataError(f"correct: expected at least 2 seeds and 2 examples; got {y.shape}")
    between = y.mean(axis=0).var(ddof=1)
    within = y.var(axis=0, ddof=1).mean() / n_seeds
    return float(max(0.0, between - within) / n_test)


def new_images_interval(
    a_correct: ArrayLike,
    b_correct: ArrayLike | None = None,
    *,
    minus: float = 0.0,
    claims: int = 1,
    alpha: float = ALPHA,
) -> Interval:
    """Interval that speaks of fresh seeds *and* new test images of the same population.

    As `mean_interval`, with `new_images_variance` added to the squared standard error. Hand the
    result to `decide_interval`, and say beside it that new images are included.

    Assumes and licenses: as those two. More seeds do not shrink the added part.

    Args:
        a_correct, b_correct: as in `new_images_variance`.
        minus: threshold taken off a single arm's accuracy.
        claims, alpha: as in `mean_interval`.

    >>> rows = [[True, False, True, False]] * 5
    >>> float(new_images_interval(rows).mean)
    0.5
    """
    y = _scores(a_correct, b_correct)
    return mean_interval(
        y.mean(axis=1) - minus,
        claims=claims,
        alpha=alpha,
        n_test=y.shape[1],
        extra_variance=new_images_variance(a_correct, b_correct),
    )


def _scores(a_correct: ArrayLike, b_correct: ArrayLike | None) -> NDArray[np.float64]:
    a = np.asarray(a_correct, dtype=np.float64)
    b = np.zeros_like(a) if b_correct is None else np.asarray(b_correct, dtype=np.float64)
    if a.ndim != 2 or a.shape != b.shape:
        raise DataError(f"correct: expected (seeds, examples) twice; got {a.shape} and {b.shape}")
    return a - b
