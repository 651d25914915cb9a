"""What is planned is what a process takes, along every axis that a population grows on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.experiment import planned_memory

SCRIPT = Path(planned_memory.__file__)
BASE_BYTES = 48 * 2**20
"""What no plan knows: gaps in the heap, the database's pages, the next rows on their way to it."""


def measured(grid: str, *names: str) -> dict[str, tuple[int, int]]:
    """Return planned and used bytes of each case, each measured in a process of its own."""
    done = subprocess.run(
        [sys.executable, SCRIPT, grid, *names],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return {name: (int(planned), int(used)) for name, planned, used in rows}


def mistakes(grid: str) -> dict[str, tuple[int, int]]:
    """Return the cases in which a process took over 1.15 of the plan, or under half of it."""
    return {
        name: (planned, used)
        for name, (planned, used) in measured(grid).items()
        if not 0.5 * planned - BASE_BYTES < used < 1.15 * planned + BASE_BYTES
    }


pytestmark = pytest.mark.skipif(
    not (sys.platform == "linux" and hasattr(os, "fork")), reason="reads /proc"
)


def test_a_few_cases_of_each_axis():
    assert mistakes("quick") == {}


@pytest.mark.slow
def test_the_whole_grid():
    assert mistakes("whole") == {}
