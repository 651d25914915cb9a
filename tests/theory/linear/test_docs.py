"""The examples of the page on theory run as they are printed."""

from __future__ import annotations

import doctest
from pathlib import Path

from mlplab.theory import linear

PAGE = Path(__file__).parents[3] / "docs" / "theory.md"


def test_every_example_of_the_page_gives_what_it_shows():
    result = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert result.attempted > 5
    assert result.failed == 0


def test_the_page_names_every_solver():
    text = PAGE.read_text(encoding="utf-8")
    # Result types and the parts that paths are made of are explained where they are defined.
    inner = {"FLOAT64_DIGITS", "descent_filters", "largest_lasso_rate", "ridge_filters"}
    inner |= {"soft_threshold", "spectrum"}
    functions = {name for name in linear.__all__ if name[0].islower()} - inner
    assert not {name for name in functions if f"`{name}`" not in text}
