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


def test_what_contributors_are_shown_to_bring_can_be_trained(tmp_path: Path):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = [b for b in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
                if "@ml.activation" in b]  # fmt: skip
    train = (
        'experiment = ml.Experiment("digits", run, seeds=2)\n'
        'frame = experiment.run(":memory:", workers=1).frame(last=True)\n'
        'print((frame["train_accuracy"] > 0.5).all())'
    )
    done = subprocess.run(
        [sys.executable, "-c", block + train],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == "True", done.stderr


def test_the_claims_that_their_page_shows_are_judged(tmp_path: Path, monkeypatch):
    text = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    monkeypatch.setenv("MLPLAB_STORE", str(tmp_path / "runs.sqlite"))
    monkeypatch.chdir(tmp_path)
    room: dict = {}
    for block in blocks:
        exec(compile(block, "claims.md", "exec"), room)
    assert room["runs"].verdict("wide").verdict == "supported"
    assert room["page"].is_file()
    ml = room["ml"]
    judged = ml.Experiment(
        ml.load_task("digits", valid=0.1),
        ml.Run(fit=ml.Fit(epochs=1)),
        vary={"hidden": [4, 16, 64], "lr": [0.03, 0.3, 0.1]},
        seeds=5,
        claims=room["claims"],
    ).run(workers=1)
    assert [verdict.key for verdict in judged.verdicts()] == [one.key for one in room["claims"]]


def test_the_search_that_its_page_shows_runs():
    text = (ROOT / "docs" / "search.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    room: dict = {}
    exec(compile(block, "search.md", "exec"), room)
    assert room["search"].budget == 160


def test_the_notebook_that_its_page_shows_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = (ROOT / "docs" / "notebooks.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    monkeypatch.setenv("MLPLAB_STORE", str(tmp_path / "runs.sqlite"))
    monkeypatch.chdir(tmp_path)
    room: dict = {}
    exec(compile(block, "notebooks.md", "exec"), room)
    assert room["verdicts"][0].verdict == "supported"  # as the figure's title says
    assert (tmp_path / "rates.svg").read_text(encoding="utf-8") == room["figure"].svg(paper=True)
    assert room["runs"].pairs("fast").equals(room["runs"].pairs())


def test_the_module_that_its_page_shows_learns():
    text = (ROOT / "docs" / "modules.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    room: dict = {}
    exec(compile(block, "modules.md", "exec"), room)
    assert len(room["frame"]) == 8
    assert room["frame"]["test_accuracy"].min() > 0.5


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
