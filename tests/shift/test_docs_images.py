"""The examples of the page on images run as they are printed."""

from __future__ import annotations

import doctest
import inspect
from pathlib import Path

import pytest

from mlplab.shift import cartoon
from mlplab.shift.features.image_features import EXTRACTORS

pytest.importorskip("PIL.Image", reason="Pillow is not installed")

PAGE = Path(__file__).parents[2] / "docs" / "images.md"


def test_every_example_of_the_page_gives_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLPLAB_CACHE", str(tmp_path / "cache"))
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.attempted > 15
    assert result.failed == 0


def test_the_page_has_every_extractor_and_every_default_of_the_filter():
    text = PAGE.read_text(encoding="utf-8")
    assert not [name for name in EXTRACTORS if f'`"{name}"`' not in text]
    for name, parameter in list(inspect.signature(cartoon).parameters.items())[1:]:
        default = "2.5 where" if parameter.default is None else f"{parameter.default:g} |"
        assert f"| `{name}` | {default}" in text, name
