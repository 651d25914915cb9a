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


@pytest.mark.parametrize(
    ("words", "message"),
    [
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
