"""The examples of the page on tables run as they are printed."""

from __future__ import annotations

import doctest
from pathlib import Path

from mlplab.tabular import Preparation

PAGE = Path(__file__).parents[2] / "docs" / "tabular.md"


def test_every_example_of_the_page_gives_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.attempted > 15
    assert result.failed == 0


def test_every_setting_of_a_preparation_is_on_the_page():
    text = PAGE.read_text(encoding="utf-8")
    assert not [name for name in Preparation.model_fields if f"`{name}`" not in text]
