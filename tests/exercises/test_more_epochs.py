"""Spikes of a training loss, those of runs that diverge among them."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd

from mlplab.exercises.section_4_6.more_epochs.courses import (
    SPIKE,
    courses,
    has_spike,
    late_rise,
    rises,
)
from mlplab.exercises.section_4_6.more_epochs.design import EPOCHS


def runs_of(*losses):
    """Runs of one arm with these training losses; a shorter one has diverged."""
    rows = [
        {"arm": "a", "seed": seed, "epoch": epoch, "train_loss": loss}
        for seed, one in enumerate(losses)
        for epoch, loss in enumerate(one, start=1)
    ]
    experiment = SimpleNamespace(
        seeds=tuple(range(len(losses))), find=lambda _: SimpleNamespace(label="a")
    )
    return SimpleNamespace(frame=lambda: pd.DataFrame(rows), experiment=experiment)


def test_a_slow_rise_of_many_epochs_is_measured_from_the_lowest_loss():
    slow = np.array([[1.0, 0.5, 0.5 + 0.6 * SPIKE, 0.5 + 1.2 * SPIKE]])
    assert has_spike(slow).all()
    assert not has_spike(slow[:, :3]).any()


def test_what_falls_has_no_rise():
    assert not rises(np.linspace(2, 1, EPOCHS)[None]).any()


def test_a_run_that_diverges_spikes_and_has_risen_without_end():
    falling = np.linspace(2, 1, EPOCHS).tolist()
    lost = {"early": [2.3, np.nan], "late": [*falling[:40], 1e9], "at once": [np.nan]}
    (found,) = courses(runs_of(falling, *lost.values()), "train_loss", [{}])
    assert found.shape == (4, EPOCHS)
    assert has_spike(found).tolist() == [False, True, True, True]
    assert np.isinf(late_rise(found)).tolist() == [False, True, True, True]


def test_late_rise_compares_the_end_with_the_middle():
    losses = np.zeros((1, EPOCHS))
    losses[:, -5:] = 0.25
    losses[:, 20:25] = 1.0
    assert late_rise(losses).tolist() == [-0.75]
