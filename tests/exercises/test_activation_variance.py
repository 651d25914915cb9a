"""The variance of dropped activations, by every mask there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mlplab.exercises.section_4_6.activation_variance.parts import mask_part, variance_parts
from mlplab.exercises.section_4_6.activation_variance.prove import prove

H = np.array([[0.0, 2.0], [1.0, 0.5], [3.0, 0.25]])


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.5, 0.9])
def test_the_three_parts_add_up_to_the_variance_over_all_masks(rate):
    square = 0.0
    for bits in itertools.product([0, 1], repeat=H.size):
        kept = np.array(bits).reshape(H.shape)
        chance = np.prod(np.where(kept, 1 - rate, rate))
        square += chance * np.mean((kept * H / (1 - rate)) ** 2)
    variance = square - H.mean() ** 2
    parts = variance_parts(H, rate)
    assert parts.sum() == pytest.approx(variance)
    assert parts[:2].sum() == pytest.approx(H.var())
    assert mask_part(variance, H.mean(), rate) == pytest.approx(parts[2])


def test_only_the_sources_formula_is_refuted():
    assert [one.key for one in prove() if not one.holds] == ["source_formula"]
