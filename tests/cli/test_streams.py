"""Commands whose input or outputs whoever started them left closed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlplab.tabular import fit_table, read_table

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_error(closed: str, tmp_path: Path) -> None:
    train = "train xor --hidden 4 --epochs 1 --seeds 2"
    # Workers, which inherit what this process was given.
    environment = os.environ | {"MLPLAB_WORKERS": "2", "MLPLAB_STORE": str(tmp_path / "s.sqlite")}
    command = f'exec "$0" -m mlplab {train} {closed}'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "error" not in done.stderr


def test_a_mistake_is_said_where_the_output_is_closed(tmp_path: Path) -> None:
    command = f'exec "$0" -m mlplab runs --store {tmp_path}/none.sqlite >&-'
    done = subprocess.run(["sh", "-c", command, sys.executable], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("mlplab: error: there is no store")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "mlplab", *arguments]
    return subprocess.run(command, env=os.environ | environment, capture_output=True)


def test_what_an_encoding_lacks_is_escaped() -> None:
    done = run("claims", PYTHONIOENCODING="latin-1")
    assert done.returncode == 0
    assert rb"\u03b1" in done.stdout
    whole = run("claims", PYTHONIOENCODING="utf-8").stdout.decode()
    assert done.stdout.decode("latin-1").count("\n") >= whole.count("\n")


def test_data_are_not_escaped_and_say_so(tmp_path: Path) -> None:
    rows = "".join(f"{x * 7 % 5 / 4},{'αβ'[x % 2]}\n" for x in range(20))
    (tmp_path / "train.csv").write_text(f"x,y\n{rows}", encoding="utf-8")
    model = tmp_path / "model.mlplab"
    table = read_table(tmp_path / "train.csv", target="y")
    fit_table(table, minutes=0.001, configurations=1, progress=False).save(model)
    predict = ("predict", str(model), str(tmp_path / "train.csv"))
    done = run(*predict, PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"standard output is latin-1, which has no " in done.stderr
    assert "α" in run(*predict, PYTHONIOENCODING="utf-8").stdout.decode()


def test_a_removed_folder_is_one_line(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f'cd {gone} && rmdir {gone} && exec "$0" -m mlplab runs'
    done = subprocess.run(["sh", "-c", command, sys.executable], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (
        1,
        "mlplab: error: this folder was removed: change into another one\n",
    )


@pytest.mark.parametrize("columns", ["0", "1"])
def test_a_terminal_of_no_width_has_whole_tables(columns: str) -> None:
    done = run("data", "list", COLUMNS=columns)
    assert b"fashion-mnist" in done.stdout
