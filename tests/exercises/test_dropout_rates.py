"""What the grid of two layers' rates says of either layer."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.exercises.section_4_6.dropout_rates.design import RATES
from mlplab.exercises.section_4_6.dropout_rates.layers import layer_steps
from mlplab.exercises.section_4_6.dropout_rates.swings import last_swing

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


@pytest.mark.parametrize(("epochs", "swing"), [((1, 2, 3), 0.2), ((1,), float("nan"))])
def test_a_swing_is_the_size_of_the_last_change(epochs, swing):
    rows = [
        ("a", 1, 0.5),
        ("a", 2, 0.6),
        ("a", 3, 0.9),
        ("b", 1, 0.5),
        ("b", 2, 0.7),
        ("b", 3, 0.6),
    ]
    frame = pd.DataFrame(rows, columns=["key", "epoch", "valid_accuracy"])
    runs = SimpleNamespace(frame=lambda: frame[frame["epoch"].isin(epochs)])
    assert last_swing(runs) == pytest.approx(swing, nan_ok=True)
