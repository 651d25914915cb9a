"""Condition number and stable rate of the features, from their singular values in float64."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_10.tables import houses, published_features


def prove() -> Sequence[Checked]:
    """Compare both numbers of the features as they are and standardised."""
    raw, standard = curvature(False), curvature(True)

    def checked(key: str, of: str, ratio: float, least: float) -> Checked:
        return Checked(key, ratio > least, facts={"raw": raw[of], "standard": standard[of]})

    return (
        checked("condition", "condition", raw["condition"] / standard["condition"], 1e3),
        checked("stable", "rate", standard["rate"] / raw["rate"], 1e6),
    )


def curvature(standardised: bool) -> dict[str, float]:
    """Return condition number, stable rate and scales of gradients of the training table.

    The condition number leaves out the directions in which the features are dependent: levels of
    one category add up to 1, and no row shows anything there.
    """
    prices = houses().prices
    X = published_features(standardised)[: len(prices)]
    with_ones = np.column_stack([X, np.ones(len(X))])
    singular = np.linalg.svd(with_ones, compute_uv=False)
    seen = singular[singular > singular[0] * len(X) * np.finfo(float).eps]
    slopes = np.abs(X.T @ (prices - prices.mean())) / len(X)
    slopes = slopes[slopes > 0]
    return {
        "condition": float(seen[0] / seen[-1]),
        # Of the mean of (z - y)^2 / 2; 2 / curvature.
        "rate": float(2 * len(X) / singular[0] ** 2),
        "slopes": float(slopes.max() / np.median(slopes)),
    }
