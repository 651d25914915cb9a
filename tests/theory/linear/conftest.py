"""Random problems of stated shape and condition number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings

# the machine may be busy: a slow example is no failure
settings.register_profile("patient", deadline=None, max_examples=40)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def problem() -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """Draws X (R, N, P) with singular values from 1 to 10^-digits, and y (R, N)."""

    def draw(seed, n_runs, n_rows, n_inputs, digits=1.0, noise=0.1):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((n_runs, n_rows, n_inputs))
        u, s, v = np.linalg.svd(X, full_matrices=False)
        s = np.geomspace(1, 10**-digits, s.shape[1]) * n_rows**0.5
        X = (u * s) @ v
        w = rng.standard_normal((n_runs, n_inputs))
        y = (X @ w[..., None])[..., 0] + noise * rng.standard_normal((n_runs, n_rows))
        return X, y + 0.7

    return draw
