"""Small data, and processes that start from one server for a whole file."""

from __future__ import annotations

import numpy as np
import pytest

from mlplab.data import Task, task_from_arrays
from mlplab.theory.split import starting


@pytest.fixture(scope="module")
def start():
    """What starts processes; torch is imported once for all tests of a file."""
    with starting() as start:
        yield start


@pytest.fixture(scope="session")
def task() -> Task:
    """Three classes of six features; neither 2, 3 nor 4 divides all its sizes."""
    rng = np.random.default_rng(0)
    return task_from_arrays(rng.normal(size=(60, 6)), rng.integers(0, 3, 60), name="three classes")
