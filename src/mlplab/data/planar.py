"""Small classification problems in the plane, made from a seed: quick to train, easy to draw."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mlplab.data.arrays import task_from_arrays
from mlplab.data.ranges import (
    MOST_CLASSES,
    expect_at_least,
    expect_not_negative,
    expect_room,
    expect_whole,
)
from mlplab.data.registry import dataset
from mlplab.data.task import Task
from mlplab.specs import SGD, Fit, Run
from mlplab.specs.keyed import philox

Doubles = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]

_EASY = Run(fit=Fit(batch_size=32, epochs=20))


@dataset(
    "blobs",
    describe="Round clouds of points, their centres on a circle",
    kind="classification",
    n_train=400,
    n_test=1000,
    n_features=2,
    origin="made from a seed",
    base=_EASY,
    valid=0.2,
)
def blobs(
    *,
    n_train: int = 400,
    n_test: int = 1000,
    n_classes: int = 3,
    spread: float = 0.5,
    seed: int = 0,
) -> Task:
    """Draw point i of class i mod C: the centre at angle 2 pi c / C on the unit circle, plus noise.

    Args:
        n_train: examples of the training pool.
        n_test: examples of the test split.
        n_classes: clouds, C.
        spread: standard deviation of a cloud.
        seed: decides the draw.

    Raises:
        ConfigError: a size or the spread is out of range.
    """
    expect_not_negative(spread=spread)

    def draw(split: int, ids: Ids) -> Doubles:
        return _on_circle(ids / n_classes) + spread * _normal(seed, "blobs", split, len(ids))

    return _planar("blobs", n_train, n_test, n_classes, seed, draw)


@dataset(
    "xor",
    describe="Two classes on the diagonals of a square: no line separates them",
    kind="classification",
    n_train=400,
    n_test=1000,
    n_features=2,
    origin="made from a seed",
    base=_EASY,
    valid=0.2,
)
def xor(*, n_train: int = 400, n_test: int = 1000, noise: float = 0.1, seed: int = 0) -> Task:
    """Draw points in the square [-1, 1]^2, x1 x2 > 0 where the class is 0, then add noise.

    Args:
        n_train: examples of the training pool.
        n_test: examples of the test split.
        noise: standard deviation of the noise on both inputs.
        seed: decides the draw.

    Raises:
        ConfigError: a size or the noise is out of range.
    """
    expect_not_negative(noise=noise)

    def draw(split: int, ids: Ids) -> Doubles:
        points = philox(seed, "xor/points", split).random((len(ids), 2)) * 2 - 1
        wrong = (points[:, 0] * points[:, 1] > 0) != (ids == 0)
        # Mirrored, not drawn again: the stream stays the same whatever the classes.
        points[wrong, 1] *= -1
        return points + noise * _normal(seed, "xor", split, len(ids))

    return _planar("xor", n_train, n_test, 2, seed, draw)


@dataset(
    "spirals",
    describe="Spiral arms wound into each other: needs hidden units",
    kind="classification",
    n_train=400,
    n_test=1000,
    n_features=2,
    origin="made from a seed",
    base=Run(optim=SGD(lr=0.3), fit=Fit(batch_size=16, epochs=50)),
    valid=0.2,
)
def spirals(
    *,
    n_train: int = 400,
    n_test: int = 1000,
    n_classes: int = 2,
    turns: float = 1.0,
    noise: float = 0.05,
    seed: int = 0,
) -> Task:
    """Draw points on C arms: radius t, angle 2 pi (c / C + turns * t), t uniform; then add noise.

    Args:
        n_train: examples of the training pool.
        n_test: examples of the test split.
        n_classes: arms, C.
        turns: how often an arm winds round.
        noise: standard deviation of the noise on both inputs.
        seed: decides the draw.

    Raises:
        ConfigError: a size, the turns or the noise is out of range.
    """
    expect_not_negative(turns=turns, noise=noise)

    def draw(split: int, ids: Ids) -> Doubles:
        t = philox(seed, "spirals/points", split).random(len(ids))
        points = t[:, None] * _on_circle(ids / n_classes + turns * t)
        return points + noise * _normal(seed, "spirals", split, len(ids))

    return _planar("spirals", n_train, n_test, n_classes, seed, draw)


def _planar(
    name: str,
    n_train: int,
    n_test: int,
    n_classes: int,
    seed: int,
    draw: Callable[[int, Ids], Doubles],
) -> Task:
    expect_at_least(2, most=MOST_CLASSES, n_classes=n_classes)
    expect_at_least(1, n_train=n_train, n_test=n_test)
    expect_room(2 * (n_train + n_test), n_train=n_train, n_test=n_test)
    expect_whole(seed=seed)
    y, y_test = np.arange(n_train) % n_classes, np.arange(n_test) % n_classes
    return task_from_arrays(
        draw(0, y),
        y,
        draw(1, y_test),
        y_test,
        name=name,
        kind="classification",
        class_names=tuple(str(c) for c in range(n_classes)),
    )


def _normal(seed: int, name: str, split: int, n: int) -> Doubles:
    return philox(seed, f"{name}/noise", split).standard_normal((n, 2))


def _on_circle(turns: Doubles) -> Doubles:
    angle = 2 * np.pi * turns
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)
