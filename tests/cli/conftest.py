"""A command line with a store and a cache of its own, and a tiny exercise."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mlplab.cli import program
from mlplab.draw import Figure
from mlplab.exercises import Exercise, Findings, Profile, Results, registry
from mlplab.exercises.text import Text
from mlplab.experiment import Experiment
from mlplab.specs import Difference, Fit, Run

Invoke = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that the commands work in, nothing outside it being read or written."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLPLAB_STORE", str(folder / "runs.sqlite"))
    monkeypatch.setenv("MLPLAB_CACHE", str(folder / "cache"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    for name in ("MLPLAB_DATA", "MLPLAB_DEBUG", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def invoke() -> Invoke:
    """Run a command in this process; both streams and the exit code come back."""

    def run(*args: object) -> Result:
        return CliRunner().invoke(program, [str(arg) for arg in args], prog_name="mlplab")

    return run


@pytest.fixture
def document(invoke: Invoke) -> Callable[..., Any]:
    """Run a command with --json and return the one document on standard output."""

    def run(*args: object) -> Any:
        result = invoke(*args, "--json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    return run


@pytest.fixture
def start() -> Iterator[Start]:
    """Start `python -m mlplab` as a process of its own; it is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def run(*args: str, **settings: Any) -> subprocess.Popen[str]:
        pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-m", "mlplab", *args]
        process = subprocess.Popen(command, text=True, **(pipes | settings))
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def small_fits() -> Iterator[None]:
    """Fits try one configuration and draw nothing, so that they take a second or two."""
    import mlplab.tabular

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "svg", lambda self, *_, **__: f"<svg >{self.name}</svg>")
        patch.setattr(Figure, "png", lambda self, *_, **__: self.name.encode())
        quick = functools.partial(mlplab.tabular.fit_table, configurations=1)
        patch.setattr(mlplab.tabular, "fit_table", quick)
        yield


def _tell(results: Results) -> Findings:
    return Findings({"n": len(results.runs["rates"])})


def _design(profile: Profile, seeds: int | None = None) -> Mapping[str, Experiment]:
    return {
        "rates": Experiment(
            "digits",
            Run(fit=Fit(epochs=profile.pick(2, 3))).with_value("net.hidden", (8,)),
            vary={"optim.lr": [0.001, 0.5]},
            seeds=seeds or profile.pick(5, 6),
            claims=[
                Difference(
                    says="a rate of 0.5 gives a higher test accuracy than 0.001",
                    arm={"lr": 0.5},
                    baseline={"lr": 0.001},
                    expect="higher",
                )
            ],
            name=f"9.9.1 rates, {profile.name}",
        )
    }


@pytest.fixture
def tiny_exercise(monkeypatch: pytest.MonkeyPatch) -> str:
    """Register an exercise that takes a second; return its id."""
    registry.list_exercises()  # the real ones register themselves before the list is replaced
    tiny = Exercise("9.9.1", "tiny-rates", "trained", _design, _tell)
    monkeypatch.setattr(registry, "_EXERCISES", dict(registry._EXERCISES) | {tiny.id: tiny})
    real = registry.read_text

    def read_text(exercise_id: str, language: str) -> Text:
        if exercise_id != tiny.id:
            return real(exercise_id, language)
        return Text(f"Rates ({language})", "Which rate?", "It took {{n}} runs.")

    monkeypatch.setattr(registry, "read_text", read_text)
    return tiny.id
