"""Machine code that is kept on disk belongs to the sources as they are, whoever calls whom."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import mlplab

CALLED = """
from mlplab.engine.native.compiled import compiled

@compiled
def called(x):
    return x + {}
"""
CALLER = """
from mlplab.engine.native.compiled import compiled
from mlplab.engine.native.called import called

@compiled
def caller(x):
    return called(x)
"""


def test_an_edit_of_one_file_reaches_what_another_has_compiled(tmp_path):
    package = tmp_path / "mlplab"
    shutil.copytree(
        Path(mlplab.__file__).parent,
        package,
        ignore=shutil.ignore_patterns("__pycache__", "exercises", "draw", "pages"),
    )
    native = package / "engine" / "native"
    (native / "caller.py").write_text(CALLER)
    code = "from mlplab.engine.native.caller import caller; print(caller(1))"
    found = []
    for added in (1, 1, 20):
        (native / "called.py").write_text(CALLED.format(added))
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        found.append(int(done.stdout))
    assert found == [2, 2, 21]
    kept = [file for file in native.rglob("*.nbc") if file.name.startswith("caller")]
    assert kept  # the second process has loaded it
