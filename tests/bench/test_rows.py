"""Ratios are made within a round; their median decides."""

from __future__ import annotations

import json
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.bench.process import Sample
from mlplab.bench.rows import make_row
from mlplab.bench.timing import Timing, serve
from mlplab.bench.workloads import WORKLOADS, Measure, Target, Workload
from mlplab.errors import MlplabError

SECONDS = st.floats(1e-6, 1e3)
WORKLOAD = Workload(
    "X",
    "an example",
    "run-epoch",
    Measure("ours", "x"),
    (Target("bound", "at most", 1.45), Target("slow", "at least", 2.0)),
    (Measure("bound", "b"), Measure("slow", "s")),
)


def sample(seconds: float, peak_bytes: int | None = None) -> Sample:
    return Sample(Timing("x", seconds, 1, "by hand", {"loss": 0.5}), peak_bytes)


@given(st.lists(st.tuples(SECONDS, SECONDS, SECONDS), min_size=3, max_size=7))
def test_ratios_are_medians_of_the_rounds_ratios(rounds: list[tuple[float, float, float]]):
    row = make_row(
        WORKLOAD,
        [{"ours": sample(o), "bound": sample(b), "slow": sample(s)} for o, b, s in rounds],
    )
    assert row.ratios["bound"] == median(o / b for o, b, _ in rounds)
    assert row.ratios["slow"] == median(s / o for o, _, s in rounds)
    assert row.spread["slow"][0] <= row.ratios["slow"] <= row.spread["slow"][1]
    assert row.ours_seconds == median(o for o, _, _ in rounds)
    assert row.baselines["slow"] == median(s for _, _, s in rounds)
    assert row.reached == {
        "at most 1.45 x bound": row.ratios["bound"] <= 1.45,
        "at least 2 x faster than slow": row.ratios["slow"] >= 2.0,
    }


@given(st.lists(st.tuples(SECONDS, SECONDS), min_size=3, max_size=5), st.integers(-8, 8))
def test_a_machine_twice_as_slow_changes_no_ratio(rounds: list[tuple[float, float]], shift: int):
    factor = 2.0**shift
    here = make_row(WORKLOAD, [{"ours": sample(o), "slow": sample(s)} for o, s in rounds])
    there = make_row(
        WORKLOAD,
        [{"ours": sample(o * factor), "slow": sample(s * factor)} for o, s in rounds],
    )
    assert here.ratios == there.ratios


def test_a_round_without_a_baseline_says_nothing_of_it():
    row = make_row(
        WORKLOAD,
        [
            *[{"ours": sample(1.0), "slow": sample(3.0)}] * 3,
            {"ours": sample(100.0)},
            {"slow": sample(100.0)},
        ],
        {"bound": "no such module"},
    )
    assert row.ratios == {"slow": 3.0}
    assert row.reached["at most 1.45 x bound"] is None
    assert row.failures == {"bound": "no such module"}


def test_what_was_measured_in_too_few_rounds_is_not_reported():
    both, ours = {"ours": sample(1.0), "slow": sample(3.0)}, {"ours": sample(1.0)}
    row = make_row(WORKLOAD, [both, both, ours], {"slow": "went out of order"})
    assert row.ours_seconds == 1.0
    assert (row.ratios, row.baselines, set(row.spread)) == ({}, {}, {"ours"})
    assert set(row.reached.values()) == {None}


def test_without_ours_nothing_is_reached():
    row = make_row(WORKLOAD, [{"bound": sample(1.0), "slow": sample(1.0)}] * 3)
    assert row.ours_seconds is None
    assert set(row.reached.values()) == {None}


@pytest.mark.parametrize(("peak_bytes", "reached"), [(640_000_000, True), (900_000_001, False)])
def test_memory_is_held_against_its_limit(peak_bytes: int, reached: bool):
    row = make_row(WORKLOADS["memory"], [{"ours": sample(0.2, peak_bytes)}] * 3)
    assert row.megabytes == peak_bytes / 1e6
    assert list(row.reached.values()) == [reached]
    assert row.ours_seconds == 0.2


@pytest.mark.parametrize(("seconds", "reached"), [(0.3, True), (0.31, False)])
def test_starting_is_held_against_its_limit(seconds: float, reached: bool):
    row = make_row(WORKLOADS["help"], [{"ours": sample(seconds), "bare Python": sample(0.02)}] * 3)
    assert list(row.reached.values()) == [reached]
    assert row.baselines == {"bare Python": 0.02}


def test_a_row_is_the_json_that_was_promised():
    row = make_row(
        WORKLOAD,
        [{"ours": sample(1.0), "bound": sample(0.8), "slow": sample(3.0)}] * 3,
        versions={"torch": "2"},
    )
    document = json.loads(json.dumps(row.to_dict(), allow_nan=False))
    kinds = {
        "workload": str,
        "target": str,
        "ours_seconds": float,
        "baselines": dict,
        "ratios": dict,
        "versions": dict,
        "reached": dict,
    }
    assert {name: type(document[name]) for name in kinds} == kinds
    assert document["baselines"] == {"bound": 0.8, "slow": 3.0}
    assert document["quality"]["ours"] == {"loss": 0.5}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "x"}', "warning: 1 thread"])
def test_what_is_not_a_timing_is_refused(text: str):
    with pytest.raises(MlplabError, match="expected one JSON timing"):
        Timing.from_json(text)


def test_a_measuring_module_prints_one_timing(capsys: pytest.CaptureFixture[str]):
    serve(lambda name: Timing(name, 0.25, 1, "by hand"), ("x", "y"), ["y", "--json"])
    assert Timing.from_json(capsys.readouterr().out) == Timing("y", 0.25, 1, "by hand")
    with pytest.raises(SystemExit, match="2"):
        serve(lambda name: Timing(name, 0.25, 1, "by hand"), ("x", "y"), ["z"])


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=lambda w: w.name)
def test_every_target_has_something_to_stand_beside(workload: Workload):
    beside = {m.name for m in workload.baselines} | {name for name, _ in workload.limits}
    assert {target.beside for target in workload.targets} <= beside
    assert workload.ours.name == "ours"
    assert "ours" not in beside
