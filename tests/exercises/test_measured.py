"""Claims decided by one number per repetition of a computation."""

from __future__ import annotations

import numpy as np
import pytest
from tests.exercises.throwaway import made_up

import mlplab as ml
from mlplab.errors import ConfigError
from mlplab.exercises import Findings, answer
from mlplab.exercises.measured import Measured, decide_measured
from mlplab.stats import decide
from mlplab.store import Store


def claims(n=3, repetitions=20, seed=0):
    numbers = np.random.default_rng(seed).normal(0.3, 1.0, (n, repetitions))
    return [
        Measured(f"claim_{row}", tuple(values), 0.5, "higher", "runs", "of a search")
        for row, values in enumerate(numbers.tolist())
    ]


def test_verdicts_are_those_of_one_interval_whose_level_all_claims_share():
    stated = claims()
    verdicts = decide_measured(stated)
    wanted = [decide(one.values, 0.5, claims=3) for one in stated]
    for verdict, decision in zip(verdicts, wanted, strict=True):
        assert verdict.verdict == decision.verdict
        assert verdict.interval == pytest.approx((decision.low, decision.high))
        assert verdict.level == pytest.approx(1 - 0.05 / 3)
        assert verdict.n_seeds == 20
        assert "20 repetitions of a search" in verdict.note


def test_ids_tell_claims_apart_and_not_their_numbers():
    one, other = claims(2)
    assert one.id != other.id
    assert one.id == Measured(one.key, (1.0, 2.0), 0.5, "higher", "runs").id
    assert one.id != Measured(one.key, one.values, 0.4, "higher", "runs").id


def test_an_answer_judges_them_and_keeps_them_once_in_the_ledger(tmp_path, monkeypatch):
    stated = claims(2)

    def design(profile, seeds):
        return {"table": ml.Experiment("digits", ml.Run(fit=ml.Fit(epochs=1)), seeds=2)}

    parts = {
        "design": {"design": design},
        "measure": {"measure": lambda runs, profile: stated[::-1]},
        "tell": {"tell": lambda results: Findings(values={"told": results.measured})},
    }
    keys = [one.key for one in stated]
    made = made_up(tmp_path, monkeypatch, parts, keys, id="4.2.5", package="elsewhere.a.b")
    store = Store(":memory:")
    found = answer(made, store=store, workers=1)
    assert made.n_claims == 2
    for verdict, wanted in zip(found.verdicts, decide_measured(stated), strict=True):
        assert verdict.says == f"{verdict.key} (en)"
        assert verdict.replace(says=wanted.says, wordings={}) == wanted
    assert found.findings.values["told"] == tuple(stated[::-1])
    answer(made, store=store, workers=1)
    kept = store.verdicts("4.2.5 measured, quick")
    assert {row["key"] for row in kept} == set(keys)
    assert {(row["exercise"], row["profile"]) for row in kept} == {("4.2.5", "quick")}
    assert len(store.verdicts()) == 2


def test_what_an_exercise_needs_is_asked_for_before_anything_runs(tmp_path, monkeypatch):
    def needs():
        raise ConfigError("strategy 'tpe' needs Optuna")

    def design(profile, seeds):
        raise AssertionError("designed although something is missing")

    made = made_up(tmp_path, monkeypatch, {"design": {"design": design, "NEEDS": needs}})
    with pytest.raises(ConfigError, match="needs Optuna"):
        answer(made, store=":memory:")


def test_the_command_line_counts_repetitions_not_seeds(capsys):
    from mlplab.cli.verdicts import write_verdict

    write_verdict(decide_measured(claims(1))[0].model_dump(mode="json"))
    shown = " ".join(capsys.readouterr().out.split())
    assert "20 repetitions" in shown
    assert "seeds" not in shown


def test_shares_of_single_runs_that_all_agree_leave_an_interval_of_some_width():
    agreed = Measured("fails_more", (1.0,) * 10, 0.1, "higher", "share of runs", n_test=1)
    (verdict,) = decide_measured([agreed])
    wanted = decide(agreed.values, 0.1, n_test=1)
    assert verdict.interval == pytest.approx((wanted.low, wanted.high))
    low, high = verdict.interval
    assert low < 1 < high
