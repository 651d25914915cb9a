"""The examples of the page on corrections run as they are printed."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import get_args

from mlplab.shift.correction.correct import Method

PAGE = Path(__file__).parents[2] / "docs" / "shift-correction.md"


def test_every_example_of_the_page_gives_what_it_shows() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.attempted > 25
    assert result.failed == 0


def test_every_method_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert not [name for name in get_args(Method) if f"| `{name}` |" not in text]
