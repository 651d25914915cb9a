"""The examples of the page on figures run, and what they say is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import mlplab.draw

PAGE = (Path(__file__).parents[2] / "docs" / "draw.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def rooms(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Run each block by itself, with a store of its own."""
    folder = tmp_path_factory.mktemp("docs")
    made = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLPLAB_STORE", str(folder / "runs.sqlite"))
        patch.chdir(folder)
        for block in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL):
            room: dict[str, Any] = {}
            exec(compile(block, "draw.md", "exec"), room)
            made.append(room)
        assert (folder / "told-apart.svg").read_text().startswith("<svg")
    return made


def test_the_title_on_what_is_told_apart_is_true(rooms: list[dict[str, Any]]) -> None:
    data = rooms[0]["figure"].data
    joined = data.drop_duplicates("net.activation").set_index("net.activation")["joined"]
    assert joined["sigmoid"] == ""
    assert set(joined.drop("sigmoid")) != {""}


def test_the_surface_is_marked_and_centred(rooms: list[dict[str, Any]]) -> None:
    room = rooms[1]
    assert room["around"].x[12] == room["around"].y[12] == 0
    assert room["around"].loss[12, 12] < room["around"].loss.max()
    assert {"seed 0", "seed 1", "seed 2"} == set(room["between"].plane.marks)
    assert "loss" in room["figure"].data


def test_every_chart_of_the_room_is_on_the_page() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE))
    charts = {
        name
        for name in mlplab.draw.__all__
        if name.islower() and "Figure" in str(getattr(mlplab.draw, name).__annotations__)
    }
    assert len(charts) > 8
    assert charts <= named
