"""Runs and outcomes in columns are the same as one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.specs import MLP, SGD, Adam, Fit, Outcome, Own, Run, TaskRef
from mlplab.specs.columns import Keys, Outcomes, Population
from mlplab.specs.series import Series

TEMPLATES = [
    Run(),
    Run(net=MLP(hidden=()), optim=Adam(lr=0.2), fit=Fit(epochs=7)),
    Run(task=TaskRef(name="ü", content="ab", valid=0.1), rows=Own(n=5), optim=SGD(lr=0.25)),
]
SEEDS = [0, 1, 17, 2**63 - 1]
keys = st.text("0123456789abcdef", min_size=32, max_size=32)


def outcome(key: str, **changes: object) -> Outcome:
    fields: dict = {
        "provenance": "p",
        "status": "finished",
        "epochs": 2,
        "history": {"train_loss": Series([0.5, 0.25]), "test_loss": Series([0.75])},
        "seconds": 0.5,
        "n_params": 3,
    }
    return Outcome(key, **(fields | changes))


def test_a_population_holds_the_runs_of_its_templates_with_their_keys() -> None:
    runs = Population.cross(TEMPLATES, SEEDS)
    expected = [run.replace(seed=seed) for run in TEMPLATES for seed in SEEDS]
    assert list(runs) == expected
    assert [runs[place] for place in range(len(runs))] == expected
    assert [run.key for run in runs] == list(runs.keys) == [run.key for run in expected]
    assert runs.texts(runs.keys) == {run.key: run.text for run in expected}
    assert dict(runs.epochs) == {run.key: run.fit.epochs for run in expected}
    assert sum(runs.epochs.values()) == sum(run.fit.epochs for run in expected)


def test_any_runs_make_a_population() -> None:
    runs = [TEMPLATES[1], TEMPLATES[0].replace(seed=5), TEMPLATES[1].replace(seed=5), TEMPLATES[1]]
    made = Population.of(runs)
    assert list(made) == runs
    assert list(made.distinct()) == runs[:3]
    assert list(made[1:3]) == runs[1:3]
    assert list(made.take(np.array([2, 0]))) == [runs[2], runs[0]]
    assert Population.of(made) is made


@given(st.lists(keys, max_size=30), st.lists(keys, max_size=5))
def test_keys_are_found_where_they_first_come(known: list[str], others: list[str]) -> None:
    column = Keys.of(known)
    asked = [*known, *others, "", "no key", "0" * 31, "g" * 32, " " * 32]
    expected = [known.index(key) if key in known else -1 for key in asked]
    assert column.find(asked).tolist() == expected == [column.place(key) for key in asked]
    assert list(column) == known
    assert [known[place] for place in column.firsts()] == list(dict.fromkeys(known))
    assert Keys.from_bytes(column.tobytes()) == column


def test_keys_that_share_their_first_half_are_told_apart() -> None:
    known = [f"{1:016x}{n:016x}" for n in (3, 1, 2)]
    column = Keys.of(known)
    assert column.find([known[1], known[2], known[0], f"{1:016x}{9:016x}"]).tolist() == [
        1,
        2,
        0,
        -1,
    ]
    assert [column.place(key) for key in known] == [0, 1, 2]


def test_what_is_no_key_is_refused() -> None:
    with pytest.raises(ValueError, match="keys: expected 32 hexadecimal digits"):
        Keys.of(["ab" * 15, "ab" * 17])


def test_outcomes_come_back_as_they_were() -> None:
    names = [f"{n:032x}" for n in range(6)]
    diverged = {"train_loss": Series([float("inf")]), "test_loss": Series([float("nan")])}
    given_ = [
        outcome(names[4], best_epoch=1, correct={"test": b"\x81"}, provenance="q"),
        outcome(names[0]),
        outcome(names[1], status="diverged", diverged_epoch=1, epochs=1, history=diverged),
        outcome(names[2], status="diverged", diverged_epoch=0, epochs=0, history={}),
        outcome(names[3], status="stopped", seconds=float("nan")),
    ]
    found = Outcomes(Keys.of(names))
    found.add(given_[:2])
    found.add([*given_[2:], outcome("ff" * 16)])  # nobody asked for the last one
    assert list(found) == names[:5]
    assert names[5] not in found
    assert "no key" not in found
    for one in given_:
        if not math.isnan(one.seconds):
            assert found[one.key] == one
    assert math.isnan(found[names[3]].seconds)
    for metric in ("train_loss", "test_loss", "valid_loss"):
        expected = [found[name].last(metric) if name in found else np.nan for name in names]
        np.testing.assert_array_equal(found.last(metric), expected)
        recorded = [name in found and metric in found[name].history for name in names]
        assert found.records(metric).tolist() == recorded
    assert found.metric_names() == {"train_loss", "test_loss"}
    assert found.origins() == {"p", "q"}
    both = found | {names[0]: given_[0], "x": given_[0]}
    assert list(both) == [*names[:5], "x"]
    assert both[names[0]] is both["x"] is given_[0]
    found.add([outcome(names[0], epochs=9)])
    assert found[names[0]].epochs == 9
    found.drop(np.array([0]))
    assert list(found) == names[1:5]


def test_a_metric_scored_at_the_end_alone_is_of_the_best_epoch_too() -> None:
    history = {"valid_loss": (3.0, 1.0, 2.0), "test_loss": (0.5,)}
    outcome = Outcome("ab" * 16, "p", "finished", 3, history, 0.1, 7, best_epoch=2)
    columns = Outcomes.of(Keys.of([outcome.key]), {outcome.key: outcome})
    for metric, expected in (("valid_loss", 1.0), ("test_loss", 0.5)):
        assert outcome.last(metric) == columns.last(metric)[0] == expected
