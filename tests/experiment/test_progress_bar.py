"""A bar where somebody watches: late, one at a time, and gone at the end."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import mlplab as ml
from mlplab.data import Task
from mlplab.errors import ConfigError
from mlplab.experiment import Progress, progress_bar
from mlplab.experiment.progress_bar import reporting
from mlplab.store import Store


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Display:
    """IPython's display: what a notebook shows."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def __call__(self, bundle: dict[str, str], *, raw: bool, display_id: bool) -> Display:
        assert raw
        assert display_id
        self.shown.append(bundle)
        return self

    def update(self, bundle: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown.append(bundle)


def at(seconds: float, left: float | None = 12.0) -> Progress:
    return Progress(8, 3, 1, 20.0, 70.0, seconds, left)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("mlplab.experiment.progress_bar.time.monotonic", lambda: now[0])
    return now


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    stream = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    # Not sys.stderr itself: pytest sets it between a fixture and its test.
    monkeypatch.setattr(progress_bar, "sys", SimpleNamespace(stderr=stream, modules={}))
    return stream


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Display:
    shown = Display()
    shell = SimpleNamespace(kernel=object())
    ipython: Any = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    inside: Any = SimpleNamespace(display=shown)
    monkeypatch.setitem(sys.modules, "IPython.display", inside)
    return shown


def test_a_terminal_gets_a_bar_that_goes_away(terminal: Terminal, clock: list[float]) -> None:
    with reporting(True, "train") as report:
        assert report is not None
        clock[0] += 3
        report(at(3))
    text = terminal.getvalue()
    assert "3 of 8 runs, 20 of 70 epochs" in text
    assert "about 12 s left" in text
    assert "\n\n" not in text


def test_a_notebook_gets_a_bar_that_goes_away(display: Display, clock: list[float]) -> None:
    with reporting(True, "<fit>") as report:
        assert report is not None
        report(at(1))
        assert display.shown == []
        clock[0] += 3
        report(at(3))
    assert "3 of 8 runs, 20 of 70 epochs, 3.0 s, about 12 s left" in display.shown[1]["text/plain"]
    assert 'value="20.00" max="70.00"' in display.shown[1]["text/html"]
    assert "&lt;fit&gt;" in display.shown[1]["text/html"]
    assert set(display.shown[-1].values()) == {""}


def test_ipython_in_no_notebook_gets_none(
    display: Display, monkeypatch: pytest.MonkeyPatch
) -> None:
    ipython: Any = SimpleNamespace(get_ipython=lambda: SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    with reporting(True, "train") as report:
        assert report is None


@pytest.mark.parametrize("seconds", [1.9, 60.0])
def test_what_has_just_ended_shows_nothing(
    terminal: Terminal, clock: list[float], seconds: float
) -> None:
    with reporting(True, "train") as report:
        assert report is not None
        clock[0] += seconds
        report(at(seconds, left=0.0 if seconds > 2 else 1.0))
    assert terminal.getvalue() == ""


def test_nobody_watches_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (io.StringIO(), None):  # None: a program without a console
        monkeypatch.setattr(sys, "stderr", stream)
        with reporting(True, "train") as report:
            assert report is None


def test_the_outermost_call_decides(terminal: Terminal) -> None:
    calls: list[Progress] = []
    own: Callable[[Progress], None] = calls.append
    for outer in (True, False, None, own):
        with reporting(outer, "search") as report, reporting(True, "train") as inner:
            assert (report is None) == (not outer)
            assert inner is None
        with reporting(outer, "search"), reporting(own, "train") as inner:
            assert inner is own
    with reporting(True, "train") as report:  # what is over no longer decides
        assert report is not None


def test_the_next_call_may_show_a_bar_after_a_failure(terminal: Terminal) -> None:
    with pytest.raises(KeyboardInterrupt), reporting(True, "train"):
        raise KeyboardInterrupt
    with reporting(True, "train") as report:
        assert report is not None


def test_anything_else_is_refused() -> None:
    wrong: Any = "yes"
    expected = re.escape("progress: expected True, False or what is called with a Progress; got 'y")
    with pytest.raises(ConfigError, match=expected), reporting(wrong, "train"):
        pass


@pytest.mark.parametrize("wanted", [True, False])
def test_an_experiment_shows_a_bar_unless_told_not_to(
    wanted: bool,
    task: Task,
    store: Store,
    fake: Any,
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress_bar, "SECONDS_BEFORE", 0.0)
    experiment = ml.Experiment(task, vary={"lr": [0.1, 0.2]}, seeds=3)
    experiment.run(store, backend=fake.backend, progress=wanted)
    assert ("train" in terminal.getvalue()) == wanted


def test_an_experiment_is_silent_where_standard_error_is_no_terminal(
    task: Task, store: Store, fake: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(progress_bar, "SECONDS_BEFORE", 0.0)
    ml.Experiment(task, vary={"lr": [0.1, 0.2]}, seeds=3).run(store, backend=fake.backend)
    assert capsys.readouterr() == ("", "")
