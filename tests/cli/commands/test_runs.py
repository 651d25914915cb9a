"""What the store holds, from the command line: listed, shown, exported."""

from __future__ import annotations

import io
import json
import math
import re
import shutil
from typing import get_args

import click
import pandas as pd
import pytest

from mlplab.cli.commands.runs import runs
from mlplab.experiment import Experiment
from mlplab.specs import MLP, SGD, Fit, Outcome, Run
from mlplab.specs.outcome import Status
from mlplab.store import Store

TINY = ("xor", "--hidden", "4", "--epochs", "2", "--seeds", "2")
FACTS = {"key", "task", "factors", "seed", "status", "epochs", "provenance", "time", "metrics"}


def plain(text: str) -> bool:
    return "\x1b" not in text and all(len(line) <= 80 for line in text.splitlines())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A store with runs on two data sets, some of them diverged."""
    place = tmp_path_factory.mktemp("store") / "runs.sqlite"
    base = Run(net=MLP(hidden=4), fit=Fit(epochs=2))
    rates = Experiment("xor", base, {"lr": [0.1, 0.3, 1e30]}, seeds=2, name="rates")
    sizes = Run(net=MLP(hidden=(4, 3)), optim=SGD(momentum=0.9), fit=Fit(epochs=1, test="never"))
    with Store(place) as store:
        runs = rates.run(store), Experiment("digits", sizes, seeds=[7], name="sizes").run(store)
    return place, runs


@pytest.fixture
def filled(trained, home):
    """The same, copied to where the commands look."""
    place, runs = trained
    shutil.copy(place, home / "runs.sqlite")
    return runs


def test_runs_are_listed_the_newest_first(filled, invoke):
    result = invoke("runs", "list")
    assert result.exit_code == 0, result.stderr
    assert plain(result.stdout)
    assert result.stdout.startswith("7 runs, the newest first\n")
    lines = [line for line in result.stdout.splitlines() if "xor" in line or "digits" in line]
    assert "digits" in lines[0]
    assert len(lines) == 7
    assert invoke("runs").stdout.split("age")[0] == result.stdout.split("age")[0]


def test_what_all_have_is_said_once(filled, invoke):
    shown = invoke("runs", "--task", "xor").stdout
    assert shown.splitlines()[1].startswith("all on xor with hidden=4 ")
    assert shown.count("hidden=4") == 1
    assert shown.count("lr=0.3") == 2
    assert shown.count("diverged") == 2
    few = invoke("runs", "--task", "xor", "--limit", "3").stdout
    assert few.splitlines()[:2][1].startswith("these 3 on xor with hidden=4 ")
    assert few.endswith("and 3 more: --limit 0 lists all 6\n")


def test_the_document_says_what_the_runs_say(filled, document):
    said = document("runs", "--limit", "0")
    assert said["total"] == len(said["runs"]) == 7
    rates, sizes = filled
    outcomes = rates.outcomes | sizes.outcomes
    cells = {cell.key: cell for cell in (*rates.cells, *sizes.cells)}
    for run in said["runs"]:
        assert set(run) == FACTS
        cell, outcome = cells[run["key"]], outcomes[run["key"]]
        assert run["seed"] == cell.seed
        assert run["status"] == outcome.status
        assert run["task"] in ("xor", "digits")
        assert run["factors"].get("optim.lr", 0.1) == cell.run.optim.lr
        assert not any(name.startswith("test_") for name in run["metrics"])
        for name, value in run["metrics"].items():
            last = outcome.last(name)
            assert value == (last if math.isfinite(last) else None)
    assert document("runs", "--limit", "2")["total"] == 7
    assert len(document("runs", "--limit", "2")["runs"]) == 2


def test_options_that_choose_hold_together(filled, document):
    def n(*args):
        return document("runs", *args)["total"]

    assert n("--task", "xor") == 6
    assert n("--where", "lr=0.3", "--where", "hidden=4") == 2
    assert n("--where", "lr=0.1,0.3", "--where", "seed=1") == 2
    assert n("--where", "lr=0.1") == 3
    assert n("--where", "hidden=4x3", "--where", "momentum=0.9") == 1
    assert n("--experiment", "rates", "--status", "diverged") == 2
    assert n("--experiment", "sizes", "--task", "xor") == 0
    assert n("--metric", "test_accuracy") == 6


def test_a_test_metric_is_shown_when_asked_for_and_that_is_a_look(filled, invoke, document):
    before = len(Store().looks())
    assert "test" not in invoke("runs", "--experiment", "rates").stdout
    assert len(Store().looks()) == before
    result = invoke("runs", "--experiment", "rates", "--metric", "test_accuracy")
    assert "test split: this was a look" in result.stdout
    (look,) = Store().looks()[before:]
    assert (look["split"], look["experiment"], look["n_runs"]) == ("test", "rates", 6)
    assert look["remembered"]
    said = document("runs", "--metric", "test_accuracy")
    assert all("test_accuracy" in run["metrics"] for run in said["runs"])
    assert not any("test_loss" in run["metrics"] for run in said["runs"])
    assert len(Store().looks()) == before + 2


def test_an_exercise_finds_its_runs_by_id_and_name(invoke, document, tiny_exercise):
    assert invoke("run", tiny_exercise, "--profile", "quick", "--seeds", "5").exit_code == 0
    found = {run["key"] for run in document("runs", "--experiment", tiny_exercise)["runs"]}
    assert len(found) == 10
    named = document("runs", "--experiment", "tiny-rates")
    assert {run["key"] for run in named["runs"]} == found
    one = document("runs", "show", found.pop())
    assert one["experiments"] == ["9.9.1 rates, quick"]
    assert [row["experiment"] for row in one["verdicts"]] == one["experiments"]
    shown = invoke("runs", "show", one["key"]).stdout
    assert plain(shown)
    assert "a rate of 0.5 gives a higher test accuracy" in shown


def test_one_run_is_shown_with_its_course(filled, invoke, document):
    rates, _ = filled
    cell = rates.cells[0]
    outcome = rates.outcomes[cell.key]
    said = document("runs", "show", cell.key[:10])
    assert said["key"] == cell.key
    assert said["run"] == cell.run.canonical()
    assert said["history"] == {
        name: [value if math.isfinite(value) else None for value in values]
        for name, values in outcome.history.items()
    }
    assert said["provenance"]["engine"] == Store().info().engine
    assert said["experiments"] == ["rates"]
    assert (said["n_params"], said["weights"]) == (outcome.n_params, False)
    shown = invoke("runs", "show", cell.key[:10]).stdout
    assert plain(shown)
    losses = outcome.history["train_loss"]
    (row,) = [line.split() for line in shown.splitlines() if line.startswith("train_loss")]
    best = str(list(losses).index(min(losses)) + 1)
    assert row[1:] == [f"{losses[0]:.4f}", f"{min(losses):.4f}", best, f"{losses[-1]:.4f}"]
    lost = next(one for one in rates.outcomes.values() if one.status == "diverged")
    status = f"status      diverged in epoch {lost.diverged_epoch}"
    assert status in invoke("runs", "show", lost.key).stdout


def test_best_is_the_end_that_is_better_and_of_users_metrics_unknown(home, invoke):
    run = Run()
    history = {"valid_accuracy": (0.5, 0.9, 0.7), "valid_loss": (3.0, 1.0, 2.0), "valid_mine": (1,)}
    with Store() as store:
        outcome = Outcome(run.key, "p", "stopped", 3, history, float("nan"), 7, best_epoch=2)
        store.put([outcome], {run.key: run.text})
    shown = invoke("runs", "show", run.key).stdout
    rows = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if "valid_" in line}
    assert rows["valid_accuracy"] == ["0.5000", "0.9000", "2", "0.7000"]
    assert rows["valid_loss"] == ["3.0000", "1.0000", "2", "2.0000"]
    assert rows["valid_mine"][1] == "-"
    assert "stopped after 3 epochs, with the weights of epoch 2" in shown
    assert "task        not kept" in shown


def test_export_writes_csv_to_standard_output(filled, invoke):
    result = invoke("runs", "export", "--experiment", "rates", "--last")
    assert result.exit_code == 0, result.stderr
    frame = pd.read_csv(io.StringIO(result.stdout))
    rates, _ = filled
    assert set(frame["key"]) == set(rates.outcomes)
    assert "test split: this was a look" in result.stderr


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_export_takes_the_format_from_the_files_ending(filled, document, home, ending):
    if ending == "parquet":
        pytest.importorskip("pyarrow")
    path = home / f"runs.{ending}"
    path.write_text("old")
    said = document("runs", "export", "--task", "xor", "--out", path)
    frame = (pd.read_csv if ending == "csv" else pd.read_parquet)(path)
    assert said == {"out": str(path), "format": ending, "n_runs": 6, "n_rows": len(frame)}
    assert set(frame["task"]) == {"xor"}


@pytest.mark.parametrize(
    ("args", "says", "code"),
    [
        (("show", "zz"), "no run's begins so", 2),
        (("show",), "missing argument", 2),
        (("--task", "xro"), "did you mean 'xor'", 2),
        (("--experiment", "rate"), "did you mean 'rates'", 2),
        (("--metric", "valid_acuracy"), "these runs record no 'valid_acuracy'", 2),
        (("--where", "lrr=1"), "did you mean 'lr'", 2),
        (("--where", "lr"), "expected FACTOR=VALUE; got 'lr'", 2),
        (("--status", "divergd"), "did you mean 'diverged'", 2),
        (("--limit", "-1"), "expected a whole number from 0; got '-1'", 2),
        (("lst",), "did you mean 'list'", 2),
        (("--store", "nowhere.sqlite"), "there is no store at", 1),
        (("export", "--to", "parquet"), "--to parquet: needs --out FILE", 2),
        (("export", "--json"), "--json: needs --out FILE", 2),
        (("export", "--to", "excel"), "not one of csv, parquet", 2),
        (("export", "--out", "runs.sqlite", "--to", "csv"), "would overwrite the input", 2),
        (("export", "--out", "runs.sqlite-wal", "--to", "csv"), "would overwrite the input", 2),
        (("export", "--out", ".", "--to", "csv"), "is a folder", 2),
        (("export", "--out", "/dev/null", "--to", "csv"), "is a device or pipe", 2),
        (("export", "--out", "runs.csv.gz"), "expected a name in .csv, .parquet, .pq, or --to", 2),
        (("export", "--task", "spirals"), "none of the 7 runs in .* fits: nothing is exported", 2),
        (("export", "--out", "runs.sqlite/x.csv"), "cannot write", 1),
    ],
)
def test_a_mistake_is_one_line(filled, invoke, home, args, says, code):
    before = (home / "runs.sqlite").stat().st_size
    result = invoke("runs", *args)
    (line,) = result.stderr.splitlines()
    assert re.search(says, line), line
    assert (result.exit_code, result.stdout) == (code, "")
    assert (home / "runs.sqlite").stat().st_size >= before


def test_nothing_to_list_is_said(home, invoke, document):
    assert "holds no finished runs yet" in invoke("runs").stdout
    assert document("runs") == {"runs": [], "total": 0}
    assert invoke("train", *TINY).exit_code == 0
    assert "none of the 2 runs in" in invoke("runs", "--task", "spirals").stdout


@pytest.mark.parametrize("name", ["list", "export"])
def test_data_sets_and_ends_are_completed(name):
    command = runs.commands[name]
    context = click.Context(command)
    params = {param.name: param for param in command.params}
    done = [one.value for one in params["task"].shell_complete(context, "fash")]
    assert done == ["fashion-mnist"]
    assert set(params["status"].type.choices) == set(get_args(Status))


@pytest.fixture
def trackers(monkeypatch):
    pytest.importorskip("mlflow")
    pytest.importorskip("tensorboardX")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")


def test_kept_runs_are_handed_on_and_the_look_is_said(filled, trackers, invoke, home):
    for to, out in (("tensorboard", "logs"), ("mlflow", (home / "mlruns").as_uri())):
        result = invoke("runs", "export", "--to", to, "--out", out, "--task", "xor")
        assert result.exit_code == 0, result.stderr
        assert result.stdout.split() == [f"{out}:", "6", "runs"]
        assert "this was a look" in result.stderr
    assert len(list(home.rglob("*tfevents*"))) == 6
    again = invoke("runs", "export", "--to", "tensorboard", "--json", "--experiment", "rates")
    assert json.loads(again.stdout) == {"out": "tensorboard", "format": "tensorboard", "n_runs": 6}


def test_what_is_trained_is_handed_on(trackers, invoke, home):
    for command in (("train", *TINY), ("sweep", *TINY, "--valid", "0.2", "--vary", "lr=0.1,0.2")):
        result = invoke(*command, "--track", "tensorboard=logs")
        assert result.exit_code == 0, result.stderr
    assert len(list(home.rglob("*tfevents*"))) == 6


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("train", *TINY, "--track", "mlfow"), 2, "did you mean 'mlflow'"),
        (("train", *TINY, "--track", "tensorboard", "--plan"), 2, "--track: --plan trains nothing"),
        (("run", "4.2.1", "--track", "tensorboard", "--plan"), 2, "--plan trains nothing"),
        (("runs", "export", "--to", "tensorboard", "--last"), 2, "--last"),
        (("runs", "export", "--to", "mlflow", "--out", ""), 2, "--out"),
    ],
)
def test_a_tracker_that_cannot_be_is_one_line(arguments, code, says, filled, trackers, invoke):
    result = invoke(*arguments)
    assert result.exit_code == code
    assert says in result.stderr
    assert "Traceback" not in result.stderr
