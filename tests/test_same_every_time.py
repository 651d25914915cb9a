"""The tests give the same result every time: no clock decides, and random ones draw alike."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

FILES = sorted(Path(__file__).parent.rglob("*.py"))
STOPWATCHES = {"perf_counter", "perf_counter_ns", "process_time", "process_time_ns", "timeit"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_test_uses_a_stopwatch(file: Path):
    # What is timed stands in mlplab.bench; to wait for something, time.monotonic serves.
    names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.Name)
    }
    assert not names & STOPWATCHES


def test_profiles_differ_in_whether_they_draw_afresh_and_in_nothing_else():
    gate, fuzz = settings.get_profile("gate"), settings.get_profile("fuzz")
    assert gate.derandomize
    assert not fuzz.derandomize
    assert repr(settings(fuzz, derandomize=True)) == repr(gate)
    assert gate.database is None
    assert gate.deadline is None


def test_what_gates_draws_the_same_examples_again():
    def drawn() -> list[int]:
        seen: list[int] = []

        def keep(value: int) -> bool:
            seen.append(value)
            return False

        with pytest.raises(NoSuchExample):
            find(st.integers(), keep, settings=settings.get_profile("gate"))
        return seen

    assert drawn() == drawn()
