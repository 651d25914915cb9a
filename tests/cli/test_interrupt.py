"""Ctrl-C keeps what is finished, and the same command continues."""

from __future__ import annotations

import json
import signal
import time

from mlplab.cli.first_interrupt import first_interrupt
from mlplab.errors import StoreError
from mlplab.store import Store

WIDTHS = ",".join(str(width) for width in range(40, 88, 4))
COMMAND = (
    *("sweep", "digits", "--epochs", "400", "--batch-size", "64", "--seeds", "2"),
    *("--vary", f"hidden={WIDTHS}", "--threads", "1", "--quiet", "--json"),
)
N_RUNS = 24


def n_kept() -> int:
    try:
        return Store(create=False).info().rows["outcomes"]
    except StoreError:
        return 0


def test_ctrl_c_is_one_line_and_the_same_command_continues(start):
    first = start(*COMMAND)
    deadline = time.monotonic() + 60
    while n_kept() == 0 and first.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    first.send_signal(signal.SIGINT)
    out, errors = first.communicate(timeout=60)
    (line,) = errors.splitlines()
    kept = n_kept()
    assert 0 < kept < N_RUNS
    assert line.startswith(f"mlplab: interrupted: {kept} of {N_RUNS} runs are finished and kept")
    assert line.endswith("the same command continues from there")
    assert out == ""
    assert first.returncode == 1

    second = start(*COMMAND)
    out, errors = second.communicate(timeout=120)
    assert second.returncode == 0
    assert errors == ""
    document = json.loads(out)
    assert document["from_store"] == kept
    assert len(document["runs"]) == N_RUNS


def test_what_was_started_to_ignore_an_interrupt_goes_on():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with first_interrupt(quiet=True) as is_pressed:
            signal.raise_signal(signal.SIGINT)
            assert not is_pressed()
    finally:
        signal.signal(signal.SIGINT, before)
