"""Rounds go in turn, shared processes run once, and a failure stops nobody else."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mlplab.bench.harness import Step, run_bench
from mlplab.bench.process import Sample
from mlplab.bench.timing import Timing
from mlplab.bench.workloads import WORKLOADS, Measure
from mlplab.errors import ConfigError, MlplabError


class FakeMachine:
    """Answers every measure at once, and remembers the order it was asked in."""

    def __init__(self, broken: str = "") -> None:
        self.asked: list[Measure] = []
        self.broken = broken

    def __call__(self, measure: Measure) -> Sample:
        self.asked.append(measure)
        if self.broken and self.broken in measure.module:
            raise MlplabError(f"{measure.module} failed: out of order")
        seconds = 0.2 if measure.module.endswith("ours") else 0.6
        peak_bytes = 500_000_000 if measure.watch_memory else None
        return Sample(Timing(measure.name, seconds, 1, "fake"), peak_bytes)


def test_rounds_go_in_turn():
    machine = FakeMachine()
    run_bench(["C", "D"], rounds=3, measure=machine)
    names = [(m.module.rpartition(".")[2], *m.arguments) for m in machine.asked]
    assert names == [("ours", "C"), ("chapter_linear",), ("ours", "D"), ("chapter_mlp_adam",)] * 3


def test_a_process_that_two_workloads_share_runs_once_a_round():
    machine = FakeMachine()
    rows = run_bench(["A", "A-contended"], rounds=3, measure=machine)
    quiet = [m for m in machine.asked if m.arguments == ("A",) and not m.contended]
    assert len(quiet) == 3
    assert rows[1].ratios == {"quiet": 1.0}


def test_all_workloads_by_default_in_their_order():
    rows = run_bench(measure=FakeMachine())
    assert [row.workload for row in rows] == list(WORKLOADS)
    assert [row.rounds for row in rows] == [3] * len(rows)


def test_a_failed_baseline_is_tried_once_and_named():
    machine = FakeMachine(broken="sklearn_mlp")
    (row,) = run_bench(["A"], rounds=3, measure=machine)
    assert sum("sklearn_mlp" in m.module for m in machine.asked) == 1
    assert row.failures == {
        "scikit-learn": "mlplab.bench.baselines.sklearn_mlp failed: out of order"
    }
    assert "scikit-learn" not in row.ratios
    assert row.ratios["plain torch"] == pytest.approx(3.0)


def test_steps_count_up_to_the_end():
    steps: list[Step] = []
    run_bench(["C"], rounds=4, report=steps.append, measure=FakeMachine())
    assert [step.index for step in steps] == list(range(8))
    assert {step.total for step in steps} == {8}
    assert steps[0].label == "round 1: C, ours"


def test_an_unknown_workload_is_a_users_mistake():
    with pytest.raises(ConfigError, match=r"no workload 'Z'; known: A, "):
        run_bench(["A", "Z"], measure=FakeMachine())


def test_the_command_loads_nothing_heavy():
    code = (
        "import sys, mlplab.bench.command, mlplab.bench.harness\n"
        "print([m for m in ('torch', 'numpy', 'pandas', 'sklearn', 'scipy', 'PIL') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
