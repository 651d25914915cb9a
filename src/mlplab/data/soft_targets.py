"""Soft targets: a teacher's probabilities, softened, and mixed with the classes."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError, DataError


def soft_targets(
    probabilities: npt.ArrayLike,
    classes: npt.ArrayLike | None = None,
    *,
    temperature: float = 1.0,
    hard: float = 0.0,
) -> npt.NDArray[np.float32]:
    """Return what a student learns of a teacher: (1 - hard) p^(1/T) / sum p^(1/T) + hard one-hot.

    Of one network, whose p is softmax(z), the first part is softmax(z / T). The cross-entropy is
    linear in its targets, so that `hard` is the weight of the loss of the true classes. The
    student's own temperature stays 1.

    Args:
        probabilities: of a network or the mean over an ensemble, (N, C).
        classes: true class ids, (N,); needed where `hard` is above 0.
        temperature: T; above 1 the less likely classes count more.
        hard: share of the true classes, from 0 to 1.

    Raises:
        ConfigError: a setting out of range, or no classes where they are needed.
        DataError: no probabilities, or classes that do not fit them.

    Source: Hinton, Vinyals and Dean (2015), arXiv 1503.02531.

    >>> soft_targets([[0.8, 0.2]], [1], temperature=2, hard=0.5).round(3)
    array([[0.333, 0.667]], dtype=float32)
    """
    if not (temperature > 0 and math.isfinite(temperature)):
        raise ConfigError(f"temperature: expected a finite number above 0; got {temperature!r}")
    if not 0 <= hard <= 1:
        raise ConfigError(f"hard: expected a share from 0 to 1; got {hard!r}")
    given = np.asarray(probabilities, dtype=np.float64)
    check_probabilities(given, "probabilities")
    softened = given if temperature == 1 else given ** (1 / temperature)
    softened = softened / softened.sum(axis=1, keepdims=True)
    if hard and classes is None:
        raise ConfigError(f"hard={hard:g}: needs the classes")
    if hard:
        softened = (1 - hard) * softened + hard * _one_hot(np.asarray(classes), given.shape)
    return np.asarray(softened, dtype=np.float32)


def _one_hot(ids: npt.NDArray[np.integer], shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    n, n_classes = shape
    if ids.shape != (n,) or ids.dtype.kind not in "iu" or ids.min() < 0 or ids.max() >= n_classes:
        raise DataError(
            f"classes: expected ({n},) whole numbers from 0 to {n_classes - 1}; "
            f"got {ids.shape} {ids.dtype}"
        )
    return np.asarray(np.eye(n_classes)[ids])


def check_probabilities(rows: npt.NDArray[np.floating], label: str) -> None:
    """Refuse rows that are no probabilities, (N, C).

    Raises:
        DataError: with the first bad row.
    """
    if rows.ndim != 2 or len(rows) == 0 or rows.shape[1] < 2:
        raise DataError(f"{label}: expected (examples, classes); got shape {rows.shape}")
    sums = rows.sum(axis=1, dtype=np.float64)
    # NaN fails both comparisons.
    good = (rows.min(axis=1) >= 0) & (np.abs(sums - 1) < 1e-4)
    if not good.all():
        bad = int(np.argmin(good))
        raise DataError(
            f"{label}: expected numbers from 0 that add up to 1 in each row; row {bad} has a "
            f"least one of {rows[bad].min():g} and a sum of {sums[bad]:g}"
        )
