"""`mlplab sweep --search`: a budget instead of every combination."""

from __future__ import annotations

import json

import pytest

SWEEP = ("sweep", "digits", "--epochs", "2", "--hidden", "8", "--seeds", "3", "--quiet")
RANGE = ("--vary", "lr=0.001..3:log")


@pytest.mark.parametrize(
    "search", ["random", "coordinate", "tpe", "halving", "hyperband", "racing"]
)
def test_one_document_with_what_the_search_found(search, invoke):
    result = invoke(*SWEEP, *RANGE, "--search", search, "--budget", "24", "--json", "--score-test")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert {"runs", "summary", "seconds", "from_store"} <= found.keys()
    assert found["search"]["strategy"] == search
    assert sum(t["run_epochs"] for t in found["search"]["trials"]) == found["search"]["run_epochs"]
    assert found["search"]["run_epochs"] <= 24
    assert all(0.001 <= t["factors"]["optim.lr"] <= 3 for t in found["search"]["trials"])
    assert len(found["runs"]) == 3 * len(found["arms"])
    assert found["test"]["label"] == "fresh seeds"


def test_a_table_for_people_and_a_study(invoke, tmp_path):
    study = str(tmp_path / "study.db")
    whole = ("--vary", "batch-size=16..64")
    result = invoke(
        *SWEEP, *RANGE, *whole, "--search", "random", "--budget", "24", "--study", study
    )
    assert result.exit_code == 0, result.output
    assert "random search, 12 configurations in 24 of 24 run-epochs" in result.stdout
    assert "trained again with seeds that had no part in that" in result.stdout
    assert (tmp_path / "study.db").exists()


def test_one_seed_is_scored_without_an_interval(invoke):
    result = invoke(*SWEEP[:-3], "--seeds", "1", "--vary", "lr=0.1,0.5", "--score-test")
    assert result.exit_code == 0, result.output
    assert "1 fresh seed: an interval needs two" in " ".join(result.stdout.split())
    assert "nan" not in result.stdout


def test_weights_of_a_search_are_kept_where_that_is_asked(invoke, document):
    words = (*SWEEP, *RANGE, "--search", "random", "--budget", "6")
    assert invoke(*words).exit_code == 0
    assert document("store", "info")["rows"]["weights"] == 0
    assert invoke(*words, "--keep-weights").exit_code == 0
    assert document("store", "info")["rows"]["weights"] == document("store", "info")["rows"]["runs"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*RANGE, "--search", "racing", "--budget", "3"), "at least 4 run-epochs"),
        ((*RANGE, "--search", "random", "--study", "no/folder/x.db"), "cannot be written"),
        (("--vary", "batch-size=16,5000", "--search", "tpe"), "1294 training rows"),
        (("--vary", "batch-size=2.5..5.5", "--search", "tpe"), "whole bounds; got 2.5 to 5.5"),
        ((*RANGE, "--search", "random", "--matters", "-1"), "above 0; got -1"),
        ((*RANGE, "--search", "random", "--matters", "nan"), "above 0; got nan"),
        (("--vary", "test=never,end", "--search", "random"), "never scores the test split"),
        ((*RANGE, "--search", "random", "--better", "lower"), "valid_accuracy"),
        ((*RANGE, "--search", "random", "--metric", "\udcff"), "record no '\\udcff'"),
        ((*RANGE,), "needs a --search other than grid"),
        ((*RANGE, "--search", "random", "--plan"), "depends on what it finds"),
        ((*RANGE, "--search", "random", "--budget", "1"), "at least 2 run-epochs"),
        (("--vary", "lr=3..0.1", "--search", "random"), "expected low < high; got 3 to 0.1"),
        (("--vary", "lr=0..1:log", "--search", "random"), "a logarithm needs low > 0"),
        (("--vary", "activation=1..2", "--search", "random"), "has no range; list its values"),
        ((*RANGE, "--search", "luck"), "there is no search 'luck'"),
        ((*RANGE, "--search", "random", "--metric", "test_accuracy"), "test"),
    ],
)
def test_mistakes_get_one_line(words, message, invoke):
    result = invoke(*SWEEP, *words)
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.stderr.split())
    assert "Traceback" not in result.output
