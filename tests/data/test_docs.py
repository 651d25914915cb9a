"""The examples of the page on data run as they are printed."""

from __future__ import annotations

import doctest
from pathlib import Path

from mlplab.data import registry as registry_module

PAGE = Path(__file__).parents[2] / "docs" / "data.md"


def test_every_example_of_the_page_gives_what_it_shows(monkeypatch):
    monkeypatch.setattr(registry_module, "_REGISTRY", dict(registry_module._REGISTRY))
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.attempted > 15
    assert result.failed == 0
