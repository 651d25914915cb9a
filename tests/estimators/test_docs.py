"""What the page shows runs, and what it prints is sound."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_runs(tmp_path, monkeypatch, capsys):
    text = (ROOT / "docs" / "estimators.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) == 3
    monkeypatch.chdir(tmp_path)
    room: dict = {}
    for block in blocks:
        exec(compile(block, "estimators.md", "exec"), room)
    score, covered, chosen, *settings, shape, table_score = capsys.readouterr().out.splitlines()
    assert float(score) > 0.9
    assert 0.75 < float(covered) <= 1
    assert "dropout" in chosen
    assert [line.partition(" ")[0] for line in settings] == [
        "dropout=0.0",
        "dropout=0.15",
        "dropout=0.3",
    ]
    assert shape == "(178, 3)"
    assert float(table_score.partition(" ")[0]) < 0.3
    assert room["spread"].shape == room["probabilities"].shape == (len(room["probabilities"]), 3)
