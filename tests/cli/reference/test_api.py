"""The reference of the Python face is what the docstrings say, and complete."""

from __future__ import annotations

from pathlib import Path

import mlplab
from mlplab.cli.reference.api import PAGE, api

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_is_as_the_code_has_it() -> None:
    assert (DOCS / PAGE).read_text(encoding="utf-8") == api(), "python -m mlplab.cli.reference docs"


def test_every_public_name_has_an_entry() -> None:
    text = api()
    for name in set(mlplab.__all__) - {"__version__", "draw", "errors", "shift", "tabular"}:
        assert f"### `ml.{name}`" in text, name


def test_every_name_of_shift_has_an_entry() -> None:
    text = api()
    for name in set(mlplab.shift.__all__) - {"features", "images"}:
        assert f"### `ml.shift.{name}`" in text or f"### `{name}`" in text, name


def test_examples_are_code_and_every_block_ends() -> None:
    assert api().count("```") % 2 == 0
