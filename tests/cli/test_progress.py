"""Progress: a bar on a terminal, lines in a log, nothing for what is quick."""

from __future__ import annotations

import io

import pytest

from mlplab.cli import progress as shown_by
from mlplab.cli.progress import show_progress
from mlplab.experiment import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at(seconds: float) -> Progress:
    return Progress(8, 3, 1, 20.0, 70.0, seconds, 12.0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(shown_by.time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_now_and_then(clock):
    stream = io.StringIO()
    with show_progress("train", False, stream) as report:
        for _ in range(300):
            clock[0] += 0.1
            report(at(clock[0] - 100))
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("train: 3 of 8 runs, 20 of 70 epochs, 2 s, about 12 s left")


def test_what_is_done_sooner_shows_nothing(clock):
    for stream in (io.StringIO(), Terminal()):
        with show_progress("train", False, stream) as report:
            clock[0] += 1.5
            report(at(1.5))
        assert stream.getvalue() == ""


def test_the_last_report_adds_no_line(clock):
    stream = io.StringIO()
    with show_progress("train", False, stream) as report:
        clock[0] += 60
        report(Progress(8, 8, 1, 70.0, 70.0, 60.0, 0.0))
    assert stream.getvalue() == ""


def test_nothing_is_said_before_anything_has_happened(clock):
    """A mistake that shows as training begins is one line, on however slow a machine."""
    stream = io.StringIO()
    with show_progress("train", False, stream) as report:
        clock[0] += 60
        report(Progress(8, 0, 0, 0.0, 70.0, 60.0, None))
        assert stream.getvalue() == ""
        report(Progress(8, 0, 0, 0.5, 70.0, 60.0, None))
    assert stream.getvalue().startswith("train: 0 of 8 runs, 0 of 70 epochs, 60 s")


def test_quiet_reports_to_nobody():
    with show_progress("train", True, io.StringIO()) as report:
        assert report is None
