"""A process that dies, fails or hangs ends the others, in one line that names it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mlplab.errors import WorkerError
from mlplab.theory.split.crew import Crew

HEAD = """
import pickle, struct, sys, time
out = sys.stdout.buffer
def send(*message):
    body = pickle.dumps(message)
    out.write(struct.pack("<Q", len(body)) + body)
    out.flush()
out.write(b"\\0mlplab worker\\0")
out.flush()
"""
WORKS = "for step in range(3): send('step', step + 1)\nsend('done', {'rank': 1})\ntime.sleep(9)"
ENDLESS = "send('step', 1)\nt = 0\nwhile True: send('beat', t := t + 1); time.sleep(0.1)"
WAITS = "while True:\n    send('beat', 1.0)\n    time.sleep(0.1)"


def crew_of(*programs, patience=60.0):
    """A crew whose processes do what small programs say."""
    waiting = iter(programs)

    def start():
        return subprocess.Popen(
            [sys.executable, "-c", HEAD + next(waiting)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    return Crew(start, [{}] * len(programs), patience, "a test")


def ended(crew):
    return all(member.process.poll() is not None for member in crew._members)


def test_reports_come_by_rank_and_steps_are_told():
    steps = []
    crew = crew_of(WORKS, WORKS.replace("'rank': 1", "'rank': 2"))
    reports = crew.reports(lambda rank, step: steps.append((rank, step)))
    assert reports == [{"rank": 1}, {"rank": 2}]
    assert sorted(steps) == [(rank, step) for rank in (0, 1) for step in (1, 2, 3)]
    assert ended(crew)


@pytest.mark.parametrize(
    ("programs", "says"),
    [
        ((WAITS, "send('step', 7); import os; os.kill(os.getpid(), 9)"), "1 .*SIGKILL.* step 7,"),
        ((WAITS, "sys.exit(3)"), r"process 1 of 0 to 1 ended \(exit code 3\)"),
        (("time.sleep(99)", WAITS), "process 0 .*did not start"),
        (("send('beat', 0.0); time.sleep(99)", WAITS), "process 0 .*was not heard any more"),
        ((WAITS, WAITS), "stands still"),
        (
            ("send('step', 1)\nt = 0\nwhile 1: send('beat', t := t + 1); time.sleep(.1)",) * 2,
            "still",
        ),
    ],
    ids=["killed", "exits", "never-speaks", "falls-silent", "all-wait", "endless"],
)
def test_each_end_is_one_line(programs, says, monkeypatch):
    monkeypatch.setattr("mlplab.theory.split.crew._IMPORT_SECONDS", 2.0)
    monkeypatch.setattr("mlplab.theory.split.crew._SLOW", 2)
    crew = crew_of(*programs, patience=3)
    with pytest.raises(WorkerError, match=says) as problem:
        crew.reports()
    assert "\n" not in str(problem.value)
    assert ended(crew)


def test_the_first_cause_is_named_and_not_who_lost_a_peer():
    def fails(says, lost):
        failure = {"error": None, "says": says, "lost_peer": lost, "trace": ""}
        return f"send('failed', {failure!r}); time.sleep(9)"

    loses = fails("Connection closed by peer", True)
    with pytest.raises(WorkerError, match=r"process 1 .*ValueError"):
        crew_of(loses, fails("ValueError: no", False)).reports()
    with pytest.raises(WorkerError, match=r"process 1 .*SIGTERM"):
        crew_of(loses, "time.sleep(.4); import os; os.kill(os.getpid(), 15)").reports()


def test_who_computes_before_the_first_step_is_waited_for():
    slow = "for t in range(50): send('beat', t); time.sleep(0.1)\nsend('done', {})\ntime.sleep(9)"
    assert crew_of(slow, slow, patience=3).reports() == [{}, {}]
