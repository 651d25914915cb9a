"""What the grid of two layers' rates says of either layer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.exercises.section_4_6.dropout_rates.design import RATES
from mlplab.exercises.section_4_6.dropout_rates.layers import layer_steps

NUMBERS = st.lists(st.floats(-1, 1), min_size=len(RATES), max_size=len(RATES))


@given(NUMBERS, NUMBERS, st.floats(-1, 1))
def test_steps_of_layers_that_add_up_are_those_of_each_alone(first, second, shift):
    grid = (np.array(first)[:, None] + np.array(second) + shift)[..., None]
    steps = layer_steps(grid)
    assert float(steps[0][0]) == pytest.approx(first[-1] - first[0], abs=1e-9)
    assert float(steps[1][0]) == pytest.approx(second[-1] - second[0], abs=1e-9)


@given(st.integers(0, 2**32))
def test_a_grid_with_its_layers_swapped_has_its_steps_swapped(seed):
    grid = np.random.default_rng(seed).normal(size=(len(RATES), len(RATES), 3))
    steps, turned = layer_steps(grid), layer_steps(grid.swapaxes(0, 1))
    np.testing.assert_array_equal(steps, turned[::-1])
