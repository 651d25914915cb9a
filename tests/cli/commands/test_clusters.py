"""Where runs are trained: `--on` says it, and a plan tells what a cluster would be asked for."""

from __future__ import annotations

import pytest

TRAIN = ("train", "digits", "--epochs", "30", "--hidden", "64", "--seeds", "500")
SWEEP = ("sweep", "digits", "--epochs", "30", "--hidden", "64", "--seeds", "500", "--vary", "lr=1")


@pytest.mark.parametrize("name", ["train", "sweep", "run"])
def test_a_plan_tells_the_tasks_and_needs_no_cluster(document, monkeypatch, tiny_exercise, name):
    monkeypatch.setenv("PATH", "")
    command = {"train": TRAIN, "sweep": SWEEP, "run": ("run", tiny_exercise)}[name]
    here, there = (document(*command, "--plan", *on) for on in ((), ("--on", "slurm")))
    if isinstance(here, list):
        here, there = here[0], there[0]
    assert "on" not in here
    on = there.pop("on")
    assert on["kind"] == "slurm"
    assert on["cores"] == 1
    assert on["gpus"] == 0
    assert on["core_seconds"] >= on["longest_seconds"] > 0
    assert {name: here[name] for name in ("runs", "remaining", "flop")} == {
        name: there[name] for name in ("runs", "remaining", "flop")
    }


def test_settings_change_the_portions(document):
    plans = [
        document(*TRAIN, "--plan", "--on", "slurm", *more)["on"]
        for more in ((), ("--cpus", "2"), ("--threads", "3"), ("--tasks", "1", "--gpus", "1"))
    ]
    assert [plan["cores"] for plan in plans] == [1, 2, 1, 1]
    assert [plan["gpus"] for plan in plans] == [0, 0, 0, 1]
    assert plans[3]["tasks"] == 1
    assert plans[2]["tasks"] in (1, 3)


def test_cores_beyond_the_runs_make_nothing_faster(document):
    few = ("train", "digits", "--epochs", "30", "--hidden", "64", "--seeds", "2", "--plan")
    two, many = (
        document(*few, "--on", "slurm", "--tasks", "1", "--cpus", cpus)["on"]
        for cpus in ("2", "64")
    )
    assert many["longest_seconds"] == pytest.approx(two["longest_seconds"])


def test_a_plan_in_words_has_a_line_for_the_cluster(invoke):
    result = invoke(*TRAIN, "--plan", "--on", "slurm", "--cpus", "2")
    assert result.exit_code == 0
    (line,) = (line for line in result.stdout.splitlines() if line.startswith("on slurm:"))
    assert "of 2 cores, the longest about" in line
    assert "core hours" in line


@pytest.mark.parametrize("place", ["slurm", "ray"])
def test_a_plan_for_gpus_tells_how_runs_train_there(document, tiny_exercise, place):
    gpus = ("--plan", "--on", place, "--gpus", "1")
    for command in (TRAIN, ("run", tiny_exercise)):
        plan = document(*command, *gpus)
        (path,) = (plan[0] if isinstance(plan, list) else plan)["paths"]
        assert "compiled loops are for the CPU" in path
    assert document(*TRAIN, *gpus)["besides"] == ["--gpus 1: the time is that of cores"]


def test_without_slurm_nothing_is_trained(invoke, home, monkeypatch):
    monkeypatch.setenv("PATH", str(home))
    result = invoke("train", "digits", "--epochs", "1", "--on", "slurm", "--quiet")
    assert result.exit_code == 2
    assert "there is no sbatch here" in result.stderr
    assert len(result.stderr.splitlines()) == 1
