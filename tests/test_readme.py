"""The README stays true: its Python runs, its commands exist, its links lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_its_python_runs(tmp_path: Path):
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert blocks
    environment = os.environ | {
        "MLPLAB_STORE": str(tmp_path / "runs.sqlite"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    for block in blocks:
        done = subprocess.run(
            [sys.executable, "-c", block], env=environment, cwd=tmp_path,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "valid_accuracy is higher with lr=" in done.stdout


def test_its_commands_exist():
    from mlplab.cli.program import COMMANDS

    named = set(re.findall(r"^\| `mlplab (\w+)", README, flags=re.MULTILINE))
    assert named
    assert named <= set(COMMANDS)


def test_its_make_targets_exist():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = {
        name for page in PAGES[:2] for name in re.findall(r"make (\w[\w-]*)", page.read_text())
    }
    assert {"demo", "test"} <= named & targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path):
    for target in re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
