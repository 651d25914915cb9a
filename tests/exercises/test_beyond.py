"""What the exercises beyond the chapter compute: frequencies, and when a level is passed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.exercises.beyond.grokking.design import MODULUS
from mlplab.exercises.beyond.grokking.measure import passed, power_share
from mlplab.experiment import Experiment
from mlplab.specs import MLP, AdamW, Fit, Run, TaskRef
from mlplab.store import Store

CIRCLE = 2 * np.pi * np.arange(MODULUS) / MODULUS


@given(
    frequencies=st.lists(st.integers(1, MODULUS // 2), min_size=1, max_size=5),
    phase=st.floats(0, 6),
    constant=st.floats(-3, 3),
)
def test_units_of_one_frequency_hold_all_their_power_there(frequencies, phase, constant):
    waves = [np.cos(k * CIRCLE + phase) for k in frequencies]
    weight = np.array([[*(wave + constant), *wave] for wave in waves])
    assert power_share(weight) == pytest.approx(1)


def test_two_frequencies_of_equal_power_hold_half_each():
    both = np.cos(CIRCLE) + np.sin(5 * CIRCLE)
    assert power_share(np.array([[*both, *both]])) == pytest.approx(0.5)
    apart = np.array([[*np.cos(CIRCLE), *np.sin(5 * CIRCLE)]])
    assert power_share(apart) == pytest.approx(0.5)


def test_an_accuracy_is_passed_first_or_never():
    runs = Experiment(
        TaskRef(name="blobs", params={"spread": 0.1}, valid=0.2),
        Run(net=MLP(hidden=(8,)), optim=AdamW(lr=0.01), fit=Fit(epochs=20, batch_size=32)),
        vary={"optim.weight_decay": [0.0, 99.0]},
        seeds=3,
    ).run(Store(":memory:"), progress=False)
    frame = runs.frame()
    frame = frame[frame["optim.weight_decay"] == 0]
    for seed, epoch in enumerate(passed(runs, 0.0)):
        course = frame[frame["seed"] == seed].set_index("epoch")["valid_accuracy"]
        assert (course >= 0.95).idxmax() == epoch
    assert np.isinf(passed(runs, 99.0)).all()  # all weights are gone after each step
