"""Populations from the command line: their documents, tables and remarks."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pandas as pd
import pytest

from mlplab.experiment import Experiment
from mlplab.specs import MLP, SGD, Fit, Run
from mlplab.store import Store

TINY = ("digits", "--hidden", "8", "--epochs", "2")
SUMMARY = {"mean", "interval", "n_seeds"}


def check_population(document, n_runs: int) -> None:
    """The schema that `train` and `sweep` share."""
    assert len(document["runs"]) == n_runs
    for run in document["runs"]:
        assert set(run) == {"key", "seed", "factors", "status", "metrics"}
        assert run["status"] in ("finished", "diverged")
        assert all(v is None or math.isfinite(v) for v in run["metrics"].values())
    for one in document["summary"].values():
        assert set(one) == SUMMARY
        if one["interval"] is not None:
            low, high = one["interval"]
            assert low <= one["mean"] <= high
    assert document["seconds"] >= 0
    assert 0 <= document["from_store"] <= n_runs


def plain(text: str) -> bool:
    return "\x1b" not in text and all(len(line) <= 80 for line in text.splitlines())


def test_train_says_what_the_experiment_says(document):
    said = document("train", *TINY, "--seeds", "3", "--lr", "0.5")
    check_population(said, 3)
    assert set(said) == {"runs", "summary", "seconds", "from_store"}
    base = Run(net=MLP(hidden=8), optim=SGD(lr=0.5), fit=Fit(epochs=2))
    runs = Experiment("digits", base, seeds=3).run()
    assert runs.from_store == 3
    assert [run["key"] for run in said["runs"]] == [cell.key for cell in runs.cells]
    for metric in ("train_loss", "train_accuracy", "test_loss", "test_accuracy"):
        (found,) = runs.summary(metric)
        assert said["summary"][metric] == {
            "mean": found.mean,
            "interval": list(found.interval),
            "n_seeds": 3,
        }
        values = [run["metrics"][metric] for run in said["runs"]]
        assert values == runs.values(metric)[0].tolist()


@pytest.mark.parametrize(
    ("vary", "metric"),
    [("test=never,end", "test_accuracy"), ("measures=grad_norm,none", "grad_norm")],
)
def test_what_only_some_configurations_record_is_shown_for_these(vary, metric, document, invoke):
    said = document("sweep", *TINY, "--seeds", "2", "--vary", vary)
    assert sorted(metric in arm["summary"] for arm in said["arms"]) == [False, True]
    assert said["best"]["metric"] == "valid_accuracy"
    result = invoke("sweep", *TINY, "--seeds", "2", "--vary", vary)
    assert (result.exit_code, "chosen" in result.stdout) == (0, True)


def test_the_same_command_again_trains_nothing_and_counts_the_look(document, invoke):
    first = document("train", *TINY, "--seeds", "2")
    again = invoke("train", *TINY, "--seeds", "3")
    assert first["from_store"] == 0
    assert "3 seeds = 3 runs" in again.stdout
    assert "2 of them from the store" in " ".join(again.stdout.split())
    assert "look 2 at this experiment's test scores" in " ".join(again.stdout.split())
    assert plain(again.stdout)
    assert document("train", *TINY, "--seeds", "2")["runs"] == first["runs"]


def test_one_seed_has_no_interval(document, invoke):
    said = document("train", *TINY, "--seed", "7")
    check_population(said, 1)
    assert [run["seed"] for run in said["runs"]] == [7]
    assert all(one["interval"] is None for one in said["summary"].values())
    assert said["summary"]["test_loss"]["mean"] == said["runs"][0]["metrics"]["test_loss"]


def test_no_test_scores_means_no_look(document, invoke):
    result = invoke("train", *TINY, "--seeds", "2", "--test", "never", "--valid", "0.2")
    assert "test" not in result.stdout
    assert "valid_accuracy" in result.stdout
    assert Store().looks() == []


def test_notes_of_a_document_go_to_standard_error(invoke):
    loud = invoke("train", *TINY, "--seeds", "2", "--json")
    quiet = invoke("train", *TINY, "--seeds", "2", "--json", "--quiet")
    assert "test split: look 1" in loud.stderr
    assert quiet.stderr == ""


def test_diverged_runs_are_told_and_are_null(document, invoke):
    args = ("train", *TINY, "--lr", "1e6", "--seeds", "2")
    said = document(*args)
    check_population(said, 2)
    assert {run["status"] for run in said["runs"]} == {"diverged"}
    assert said["summary"]["test_accuracy"] == {"mean": None, "interval": None, "n_seeds": 0}
    shown = invoke(*args).stdout
    assert "2 of 2 runs diverged and are left out of the means" in shown
    assert "seeds 0, 1, in epoch" in shown


def test_runs_of_another_machine_are_pointed_out(invoke):
    base = Run(net=MLP(hidden=8), fit=Fit(epochs=2, test="never"))
    runs = Experiment("digits", base, seeds=2).run()
    first, second = runs.outcomes.values()
    elsewhere = dataclasses.replace(second, provenance="elsewhere")
    with Store("mixed.sqlite") as mixed:
        mixed.put([first, elsewhere])
    result = invoke("train", *TINY, "--seeds", "2", "--test", "never", "--store", "mixed.sqlite")
    assert "2 provenances" in result.stdout
    assert "elsewhere" in result.stdout


@pytest.mark.parametrize("command", [("train",), ("sweep", "--vary", "lr=0.1,0.2")])
def test_a_plan_trains_nothing(command, document, invoke):
    said = document(*command, *TINY, "--seeds", "3", "--plan")
    n_runs = 3 if command[0] == "train" else 6
    assert said["runs"] == said["remaining"] == n_runs
    assert said["finished"] == 0
    assert said["flop"] > 0 < said["seconds"]
    assert said["paths"] == {"compiled loop": n_runs}
    shown = invoke(*command, *TINY, "--seeds", "3", "--plan")
    assert plain(shown.stdout)
    assert f"{n_runs} to train: compiled loop" in shown.stdout
    assert Store().info().rows["outcomes"] == 0


def test_the_plan_knows_what_the_store_answers(document):
    document("train", *TINY, "--seeds", "2")
    said = document("train", *TINY, "--seeds", "5", "--plan")
    assert (said["runs"], said["finished"], said["remaining"]) == (5, 2, 3)


def test_a_data_set_takes_parameters(document):
    small = document("train", "xor", *TINY[1:], "--seed", "0", "--param", "n_train=300")
    large = document("train", "xor", *TINY[1:], "--seed", "0", "--param", "n_train=400")
    default = document("train", "xor", *TINY[1:], "--seed", "0")
    assert small["runs"][0]["key"] != large["runs"][0]["key"] == default["runs"][0]["key"]


def test_a_task_of_numbers_has_other_metrics(document):
    said = document(
        "sweep",
        "polynomial",
        *("--hidden", "none", "--epochs", "3", "--batch-size", "30"),
        "--vary",
        "lr=0.01,0.02",
    )
    assert said["best"]["metric"] == "valid_rmse"
    means = {arm["arm"]: arm["summary"]["valid_rmse"]["mean"] for arm in said["arms"]}
    assert said["best"]["mean"] == min(means.values())


SWEEP = ("sweep", *TINY, "--seeds", "4", "--vary", "lr=0.02,0.5,1e6", "--vary", "hidden=8,none")


def test_a_sweep_is_a_grid_with_a_choice_among_it(document):
    said = document(*SWEEP)
    check_population(said, 4 * 6)
    assert {"runs", "summary", "seconds", "from_store", "arms", "best", "test"} == set(said)
    factors = [arm["factors"] for arm in said["arms"]]
    grid = [{"optim.lr": lr, "net.hidden": h} for lr in (0.02, 0.5, 1e6) for h in (8, [])]
    assert factors == grid
    assert not any(name.startswith("test_") for run in said["runs"] for name in run["metrics"])
    assert said["test"] is None
    best = said["best"]
    sound = [arm for arm in said["arms"] if not arm["n_failed"]]
    means = {arm["arm"]: arm["summary"]["valid_accuracy"]["mean"] for arm in sound}
    assert best["mean"] == max(means.values()) == means[best["arm"]]
    assert best["arm"] in best["candidates"]
    assert best["optimism"] == pytest.approx(best["mean"] - best["honest_mean"])
    assert {arm["arm"] for arm in said["arms"] if arm["n_failed"]} == set(best["failed"])
    (chosen,) = [arm for arm in said["arms"] if arm["arm"] == best["arm"]]
    assert said["summary"] == chosen["summary"]
    assert Store().looks() == []


def test_the_table_of_a_sweep_is_sorted_and_tells_what_the_choice_is_worth(invoke):
    result = invoke(*SWEEP)
    assert result.exit_code == 0
    assert plain(result.stdout)
    text = " ".join(result.stdout.split())
    assert "chosen by valid_accuracy: lr=0.5" in text
    assert "of 6 are beaten by no other" in text
    assert "choosing adds" in text
    assert "--score-test trains the chosen configuration with 4 fresh seeds" in text
    assert "8 of 24 runs diverged" in text
    rows = [line.split() for line in result.stdout.splitlines() if "[" in line]
    means = [float(row[2]) for row in rows]
    assert means == sorted(means, reverse=True)
    assert rows[0][-1] == "chosen"


def test_the_page_of_a_sweep_shows_what_chose_and_goes_by_what_matters(invoke):
    grid = ("--vary", "lr=0.02,0.5", "--vary", "hidden=8,none", "--seeds", "5")
    asked = ("sweep", *TINY, *grid, "--metric", "valid_loss", "--matters", "9")
    result = invoke(*asked, "--out", "pages")
    assert result.exit_code == 0, result.output
    (table,) = Path("pages").rglob("table-effects.csv")
    frame = pd.read_csv(table)
    assert set(frame["verdict"]) == {"no effect that matters", "additive"}
    assert "validation loss" in next(table.parent.glob("*.html")).read_text(encoding="utf-8")


def test_the_test_score_comes_from_fresh_seeds_and_one_look(document, invoke):
    said = document(*SWEEP, "--score-test")
    test = said["test"]
    assert test["seeds"] == [4, 5, 6, 7]
    assert test["label"] == "fresh seeds"
    assert test["metric"] == "test_accuracy"
    assert test["interval"][0] <= test["mean"] <= test["interval"][1]
    (look,) = Store().looks()
    assert look["split"] == "test"
    assert said["best"]["arm"] in look["purpose"]
    shown = " ".join(invoke(*SWEEP, "--score-test").stdout.split())
    assert f"test_accuracy {test['mean']:.4f}" in shown


def test_without_validation_rows_nothing_is_chosen(document, invoke):
    args = ("sweep", *TINY, "--seeds", "2", "--vary", "lr=0.1,0.5", "--valid", "0")
    said = document(*args)
    assert said["best"] is None
    assert said["summary"] == {}
    assert "nothing is chosen" in invoke(*args).stdout


def test_one_seed_chooses_without_an_optimism(invoke):
    shown = invoke("sweep", *TINY, "--seed", "3", "--vary", "lr=0.1,0.5")
    assert shown.exit_code == 0
    assert "cannot be told" in shown.stdout


def test_optimisers_are_varied_whole(document):
    said = document(
        "sweep", *TINY, "--seeds", "2", "--vary", "optimizer=sgd,adam", "--vary", "lr=0.01,0.1"
    )
    found = {(a["factors"]["optim"], a["factors"]["optim.lr"]) for a in said["arms"]}
    assert found == {(kind, lr) for kind in ("sgd", "adam") for lr in (0.01, 0.1)}


def test_all_diverged_is_an_answer_too(invoke):
    shown = invoke("sweep", *TINY, "--seeds", "2", "--vary", "lr=1e6,1e7")
    assert shown.exit_code == 0
    assert "every configuration has a run that diverged" in shown.stdout
