"""The arrays that the workloads train on, the same for this package and for its baselines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_HOUSES, N_HOUSE_FEATURES = 1460, 330
N_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Images:
    """Grey images with classes: pixels uint8 (N, D), labels int64 (N,), for training and test."""

    train_pixels: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    test_pixels: NDArray[np.uint8]
    test_labels: NDArray[np.int64]


def fashion_mnist() -> Images:
    """Load Fashion-MNIST: 60,000 training and 10,000 test images of 28 x 28 pixels."""
    import mlplab

    task: Any = mlplab.load_task("fashion-mnist")
    train, test = task.pool, task.test_rows(purpose="benchmark")
    return Images(task.inputs[train], task.targets[train], task.inputs[test], task.targets[test])


def houses(
    n: int = N_HOUSES, n_features: int = N_HOUSE_FEATURES, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Make a table shaped like the chapter's house prices: features (N, D), log prices (N,).

    A ninth of the columns are standardised numbers, the rest one-hot groups of eight; the
    standardised log price is linear in them, with some curvature and noise.

    >>> features, prices = houses(50, 40)
    >>> features.shape, prices.shape, round(float(prices.std()), 3)
    ((50, 40), (50,), 1.0)
    """
    rng = np.random.Generator(np.random.Philox(seed))
    n_numbers = n_features // 9
    numbers = rng.standard_normal((n, n_numbers))
    n_flags = n_features - n_numbers
    flags = np.zeros((n, n_flags))
    for first in range(0, n_flags, 8):
        chosen = rng.integers(0, min(8, n_flags - first), size=n)
        flags[np.arange(n), first + chosen] = 1.0
    features = np.concatenate([numbers, flags], axis=1)
    slopes = rng.standard_normal(n_features) * np.where(np.arange(n_features) < n_numbers, 1, 0.3)
    prices = features @ slopes + 0.5 * numbers[:, 0] * numbers[:, 1] + rng.standard_normal(n)
    prices = (prices - prices.mean()) / prices.std()
    return features.astype(np.float32), prices.astype(np.float32)


def polynomials(
    n: int, n_terms: int = 20, noise: float = 0.1, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Make the chapter's polynomial data: features x^i / i! (N, n_terms), targets (N, 1).

    >>> features, targets = polynomials(5, 3)
    >>> features.shape, targets.shape, features[:, 0].tolist()
    ((5, 3), (5, 1), [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    rng = np.random.Generator(np.random.Philox(seed))
    x = rng.standard_normal((n, 1))
    steps = np.concatenate([np.ones((n, 1)), np.tile(x, n_terms - 1)], axis=1)
    features = np.cumprod(steps / np.maximum(np.arange(n_terms), 1), axis=1)
    true = np.zeros(n_terms)
    true[:4] = np.array([5, 1.2, -3.4, 5.6])[:n_terms]
    targets = features @ true + noise * rng.standard_normal(n)
    return features.astype(np.float32), targets[:, None].astype(np.float32)
