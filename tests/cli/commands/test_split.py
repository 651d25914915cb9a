"""`mlplab split`: its table, its document, its checkpoints, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from mlplab.bench.process_memory import family

SMALL = ("--hidden", "9,8", "--batch-size", "24", "--dtype", "float64")


def test_the_document_holds_losses_bytes_and_memory(document):
    found = document("split", "--ways", "tensor,pipeline", "--processes", 3, *SMALL, "--steps", 3)
    one, *split = found["trainings"]
    assert (found["task"], found["hidden"], found["steps"]) == ("digits", [9, 8], 3)
    assert (one["way"], one["processes"], one["sent_bytes"]) == ("one", 1, 0)
    assert [(one["way"], len(one["parts"])) for one in split] == [("tensor", 3), ("pipeline", 3)]
    for training in split:
        assert training["largest_difference"] < 1e-10
        assert len(training["losses"]) == 3
        assert training["sent_bytes"] == pytest.approx(training["formula_bytes"])


def test_a_table_a_figure_and_training_that_goes_on(invoke, home):
    words = ("split", "digits", "--ways", "data", *SMALL, "--checkpoint", "kept", "--every", 1)
    first = invoke(*words, "--processes", 3, "--steps", 2, "--no-baseline", "--out", "ways.svg")
    assert first.exit_code == 0, first.stderr
    assert "data" in first.stdout
    assert (home / "ways.svg").read_text().startswith("<svg")
    second = invoke(*words, "--processes", 2, "--steps", 3, "--no-baseline")
    assert "data: went on from step 2" in second.stdout
    third = invoke(*words, "--processes", 2, "--steps", 3, "--no-baseline")
    assert third.exit_code == 2
    assert "it is of step 3, and there are 3; ask for more" in third.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--ways", "tensr"], "did you mean 'tensor'?"),
        (["--ways", ","], "--ways: expected some of data, tensor, pipeline"),
        (["--ways", "pipeline", "--processes", "4", *SMALL], "and the network has 3"),
        (["--ways", "tensor", "--processes", "9", *SMALL], "9 for a layer of 8; use wider layers"),
        (["--processes", "none"], "expected a whole number from 1; got 'none'"),
        (["--microbatches", "7", *SMALL], "divides the batch of 24; got 7; try 4, 6, 8"),
        (["--every", "3"], "--every: works with --checkpoint only"),
        (["--out", "ways.pdf"], "--out: expected a name ending in .svg"),
        (["--optimizer", "lion"], "optimizer: expected one of sgd, rmsprop, adam, adamw"),
        (["--patience-seconds", "1"], "not in the range x>=5"),
        (["digit"], "did you mean 'digits'?"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_starts(words, says, invoke):
    result = invoke("split", *words)
    assert result.exit_code == 2
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert not result.stdout


LONG = ("split", "--ways", "tensor", "--no-baseline", *SMALL, "--epochs", "9999", "--quiet")


def workers_of(process):
    """Wait until the workers of a command work, and return their process ids."""
    for _ in range(1200):
        found = [pid for pid in family(process.pid) if pid != process.pid]
        if len(found) == 3:
            time.sleep(0.5)
            return found[1:]
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.05)
    raise AssertionError("no workers")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("end", ["kill", "interrupt"])
def test_a_killed_process_and_ctrl_c_leave_one_line_and_nobody(end, start):
    process = start(*LONG)
    workers = workers_of(process)
    if end == "kill":
        os.kill(workers[0], signal.SIGKILL)
    else:
        process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.count("\n") == 1, errors
    says = {"kill": "of 0 to 1 ended (SIGKILL)", "interrupt": "all processes are ended"}
    assert says[end] in errors
    assert not [pid for pid in workers if os.path.exists(f"/proc/{pid}")]


def test_torchrun_starts_the_same(home):
    words = ["split", "--ways", "data", *SMALL, "--steps", "2", "--json"]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    done = subprocess.run(
        [*torchrun, "--nproc-per-node", "2", "-m", "mlplab", *words],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    one, data = json.loads(done.stdout)["trainings"]
    assert data["largest_difference"] < 1e-10
    assert (one["processes"], len(data["parts"])) == (1, 2)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_stopped_process_under_torchrun_is_one_line_of_another(home, tmp_path):
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    words = ["split", "--ways", "data", *SMALL, "--epochs", "99999", "--no-baseline"]
    kept = ["--checkpoint", str(tmp_path / "kept"), "--every", "5", "--patience-seconds", "10"]
    errors = tmp_path / "errors"
    with errors.open("w") as stream:
        process = subprocess.Popen(
            [*torchrun, "--nproc-per-node", "2", "-m", "mlplab", *words, *kept],
            stderr=stream,
            stdout=subprocess.DEVNULL,
        )
    try:
        wait_until(lambda: list(tmp_path.glob("kept/*/*")) or process.poll() is not None)
        stopped = max(pid for pid in family(process.pid) if pid != process.pid)
        os.kill(stopped, signal.SIGSTOP)
        wait_until(lambda: "mlplab: error: " in errors.read_text())
        # Without this torchrun would wait for it for 30 s.
        os.kill(stopped, signal.SIGKILL)
        assert process.wait(120) != 0
    finally:
        process.kill()
    lines = [line for line in errors.read_text().splitlines() if line.startswith("mlplab:")]
    assert len(lines) == 1
    assert "lost another, which is gone or has not answered for 10 s" in lines[0]


def wait_until(holds):
    deadline = time.monotonic() + 240
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)
