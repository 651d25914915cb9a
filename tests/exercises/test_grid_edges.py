"""A tuned value at an end of its grid is told on the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exercises.throwaway import made_up

from mlplab.exercises import Findings, list_exercises
from mlplab.exercises.answer_cache import _findings_from_plain, _findings_to_plain
from mlplab.exercises.grid_edges import GridEdge, edges_of, edges_text, grid_edge
from mlplab.exercises.page_texts import page_texts

NO_WORDS: dict[str, dict[str, str]] = {"en": {}, "zh": {}}


@dataclass(frozen=True)
class Row:
    factors: dict[str, Any]
    mean: float
    n_failed: int = 0


@dataclass(frozen=True)
class Grid:
    """What a tuned grid's runs tell: the mean of every arm."""

    rows: list[Row] = field(default_factory=list)

    def summary(self, metric: str) -> list[Row]:
        return self.rows


def grid(scores: dict[str, list[float]]) -> Any:
    return Grid(
        [
            Row({"net.activation": name, "optim.lr": rate}, score)
            for name, row in scores.items()
            for rate, score in zip((0.1, 0.3, 1.0), row, strict=True)
        ]
    )


@given(
    tried=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8, unique=True),
    data=st.data(),
)
def test_only_the_ends_of_a_grid_are_edges(tried, data):
    chosen = data.draw(st.sampled_from(tried))
    inside = min(tried) < chosen < max(tried)
    assert bool(grid_edge("lr", chosen, tried)) == (not inside and len(tried) > 1)
    assert grid_edge("lr", chosen, tried, limits=(chosen,)) == ()


def test_each_level_has_its_own_edge():
    runs = grid({"relu": [0.1, 0.8, 0.7], "tanh": [0.9, 0.8, 0.7], "sigmoid": [0.1, 0.2, 0.3]})
    edges = edges_of(runs, ["net.activation"])
    assert [(edge.where["net.activation"], edge.chosen) for edge in edges] == [
        ("sigmoid", 1.0),
        ("tanh", 0.1),
    ]
    assert all((edge.factor, edge.low, edge.high) == ("optim.lr", 0.1, 1.0) for edge in edges)
    # One choice of all: its activation is no number.
    assert [edge.chosen for edge in edges_of(runs, [])] == [0.1]


def test_limits_and_ties_inside_are_no_edges():
    runs = grid({"relu": [0.9, 0.8, 0.7]})
    assert edges_of(runs, ["net.activation"], limits={"optim.lr": (0.1,)}) == ()
    # Nothing learns: every rate is as good.
    assert edges_of(grid({"relu": [0.1, 0.1, 0.1]}), ["net.activation"]) == ()
    assert edges_of(grid({"relu": [0.1, 0.1, 0.05]}), ["net.activation"]) == ()
    # Every run failed: nothing was chosen, and the first stands for all.
    assert edges_of(grid({"relu": [nan, nan, nan]}), ["net.activation"])[0].chosen == 0.1


def test_the_page_says_so_in_both_languages_and_is_silent_otherwise(tmp_path, monkeypatch):
    made = made_up(tmp_path, monkeypatch, {})
    plain = page_texts(made, Findings({"n": 1}), [])["answer"]
    edge = GridEdge("optim.lr", 0.03, 0.001, 0.03, {"net.activation": "relu"})
    told = page_texts(made, Findings({"n": 1}, edges=(edge,)), [])["answer"]
    for language, text in {
        "en": "learning rate 0.03 (tried: 0.001 to 0.03, activation relu).",
        "zh": "学习率 0.03（试过 0.001 到 0.03，激活函数 relu）。",
    }.items():
        assert told[language].startswith(plain[language])
        assert told[language].endswith(text)
    assert edges_text((), NO_WORDS) == {"en": "", "zh": ""}


def test_edges_are_remembered():
    edge = GridEdge("optim.lr", 0.03, 0.001, 0.03, {"net.hidden": (256, 256)})
    findings = Findings(edges=(edge,))
    assert _findings_from_plain(_findings_to_plain(findings)).edges == (edge,)


TUNING = [
    one
    for one in list_exercises()
    if (design := one.folder / "design.py").is_file()
    and "best_per_level(" in design.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("exercise", TUNING, ids=lambda one: one.id)
def test_every_exercise_that_tunes_tells_its_edges(exercise):
    assert "edges_of(" in (exercise.folder / "tell.py").read_text(encoding="utf-8")
