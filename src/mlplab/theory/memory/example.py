"""The numbers of one example's pass through one hidden layer, as the source counts them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExampleCounts:
    """Bytes of one example in float32: the source's formulas, and what they are made of.

    Attributes:
        train_bytes: 4 (n + 2 n m + 2 m + 2 m k + 2 k).
        predict_bytes: 4 (n + n m + 2 m + m k + 2 k).
    """

    train_bytes: int
    predict_bytes: int


def example_counts(n_features: int, n_hidden: int, n_outputs: int) -> ExampleCounts:
    """Count x, z, h, o, y, both weights and, in training, both weights' gradients.

    The formulas know one example, no biases, no gradients of activations and no optimiser.

    Args:
        n_features: n, of the input.
        n_hidden: m, units of the hidden layer.
        n_outputs: k.

    Source: answers to the exercises of Dive into Deep Learning, 4.7.3.

    >>> example_counts(784, 256, 10)
    ExampleCounts(train_bytes=1631376, predict_bytes=818320)
    """
    weights = n_features * n_hidden + n_hidden * n_outputs
    vectors = n_features + 2 * n_hidden + 2 * n_outputs
    return ExampleCounts(4 * (vectors + 2 * weights), 4 * (vectors + weights))
