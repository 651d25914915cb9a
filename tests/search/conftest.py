"""A task that needs a hidden layer, small enough to train in moments."""

from __future__ import annotations

import numpy as np
import pytest

import mlplab as ml


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((240, 6)).astype("f4")
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    return ml.task_from_arrays(X[:160], y[:160], X[160:], y[160:], valid=0.25)
