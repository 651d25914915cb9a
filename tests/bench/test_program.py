"""Odd options of measuring programs, and what is not there, are one line, soon."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from mlplab.bench.program import start
from mlplab.bench.shift.__main__ import read_kept
from mlplab.bench.written import put_page
from mlplab.errors import ConfigError, DataError


def refusal(*command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("many 5 --arms 0", "0 is not in the range x>=1"),
        ("many 5 --arms -1", "-1 is not in the range x>=1"),
        ("memory bogus", "error: setting: expected one of "),
        ("coverage_simulation --times 1 --seed -1", "--seed: -1 is not in the range x>=0"),
        ("coverage_simulation --times -1", "--times: -1 is not in the range x>=1"),
        ("coverage_simulation --times 0", "--times: 0 is not in the range x>=1"),
        ("verdict_simulation --families 0", "--families: 0 is not in the range x>=1"),
        ("shift_correction --times 0", "--times: 0 is not in the range x>=1"),
        ("shift_correction --covers x", "--covers: 'x' is not a valid integer range"),
        ("shift --alike -1", "--alike: -1 is not in the range x>=0"),
        ("shift --problems bogus", "--problems: invalid choice: 'bogus'"),
        ("scheduling --workers 0", "0 is not in the range x>=1"),
        ("scheduling --workers -3", "-3 is not in the range x>=1"),
    ],
)
def test_odd_options_are_refused_before_anything_is_measured(command, says):
    assert says in refusal(*f"mlplab.bench.{command}".split())


def test_files_of_another_kind_are_named(tmp_path):
    array = tmp_path / "a.npy"
    np.save(array, np.zeros(300))
    simulated = ("mlplab.bench.verdict_simulation", "--families", "1", "--differences")
    assert f"{array}: expected a text file of numbers" in refusal(*simulated, str(array))
    missing = tmp_path / "none"
    assert f"{missing}: cannot be read" in refusal(*simulated, str(missing))
    kept = ("mlplab.bench.shift", "--alike", "1", "--kept", str(array))
    assert f"{array}: expected a file that --kept has written" in refusal(*kept)
    array.write_text("[1]\n")
    with pytest.raises(DataError, match="expected a file that --kept has written"):
        read_kept(array)
    array.write_text('[["alike", "normal", 50, 0], {"mmd": 0.5}]\n')
    assert read_kept(array) == {("alike", "normal", 50, 0): {"mmd": 0.5}}


def test_what_a_program_cannot_do_is_one_line(tmp_path, capsys):
    def program() -> None:
        raise ConfigError("no cluster\nis here")

    with pytest.raises(SystemExit) as done:
        start(program)
    assert done.value.code == "error: no cluster is here"
    with pytest.raises(DataError, match="cannot be written"):
        put_page("text", tmp_path)
