"""A command line with a store and a cache of its own, and a tiny exercise."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mlplab.cli import program
from mlplab.draw import Figure
from mlplab.exercises import registry

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


_DESIGN = """
from mlplab.experiment import Experiment
from mlplab.specs import Difference, Fit, Run


def design(profile, seeds):
    base = Run(fit=Fit(epochs=profile.pick(2, 3))).with_value("net.hidden", (8,))
    high, low = {"lr": 0.5}, {"lr": 0.001}
    claims = [Difference(key="high", arm=high, baseline=low, expect="higher")]
    vary, n_seeds = {"optim.lr": [0.001, 0.5]}, seeds or profile.pick(5, 6)
    return {"rates": Experiment("digits", base, vary, seeds=n_seeds, claims=claims)}
"""
_TELL = """
from mlplab.exercises import Findings


def tell(results):
    return Findings({"n": len(results.runs["rates"])})
"""
_TEXTS = {
    "en": """+++
id = "9.9.1"
title = "Rates (en)"
question = "Which rate?"
[claims]
high = "a rate of 0.5 gives a higher test accuracy than 0.001"
+++
It took {{ n }} runs; {{ high.verdict }}.
""",
    "zh": """+++
title = "学习率"
question = "哪个学习率？"
[claims]
high = "学习率 0.5 的测试准确率高于 0.001"
+++
共运行 {{ n }} 次；{{ high.verdict }}。
""",
}


@pytest.fixture
def tiny_exercise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Put an exercise that takes a second into a folder, which is all it needs; return its id."""
    folder = tmp_path / "throwaway" / "section_9_9" / "tiny_rates"
    folder.mkdir(parents=True)
    (tmp_path / "throwaway" / "__init__.py").touch()
    (folder / "design.py").write_text(_DESIGN)
    (folder / "tell.py").write_text(_TELL)
    for language, text in _TEXTS.items():
        (folder / f"{language}.md").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "HOMES", [*registry.HOMES, "throwaway"])
    for name in [name for name in sys.modules if name.split(".")[0] == "throwaway"]:
        monkeypatch.delitem(sys.modules, name)
    return "9.9.1"
