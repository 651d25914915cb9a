"""A typed reader sees no errors in what the pages show."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_SPEC = importlib.util.spec_from_file_location("typed_pages", ROOT / "tests" / "typed_pages.py")
assert _SPEC is not None
assert _SPEC.loader is not None
typed_pages = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(typed_pages)


def test_a_block_keeps_its_lines_and_begins_a_module_where_it_imports() -> None:
    page = (
        "```python\nimport a\n```\ntext\n\n```python\na.b()\n```\n"
        "1. list\n   ```python\n   from c import d\n\n   >>> no doctest\n   ```\n"
    )
    assert typed_pages.modules_of(page) == [
        "\nimport a\n\n\n\n\na.b()\n",
        "\n" * 10 + "from c import d\n\n>>> no doctest\n",
    ]


def test_what_all_pages_show_can_be_read(tmp_path: Path) -> None:
    names = typed_pages.write_modules(tmp_path)
    assert "readme_1.py" in names
    assert any(name.startswith("docs_tabular") for name in names)
    for name in names:
        ast.parse((tmp_path / name).read_text(encoding="utf-8"))


def test_defaults_of_fields_are_named_so_that_plain_checkers_see_them() -> None:
    """Without a plugin `Field(0.1)` is a required argument to a type checker."""
    unnamed = [
        f"{path.name}:{node.lineno}"
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Field" and node.args
    ]
    assert unnamed == []


@pytest.mark.slow
def test_type_checkers_find_nothing() -> None:
    pytest.importorskip("basedpyright")
    assert typed_pages.check() == 0
