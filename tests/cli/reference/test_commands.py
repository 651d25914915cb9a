"""The reference in the documentation is what the commands say now."""

from __future__ import annotations

from pathlib import Path

from mlplab.cli.program import COMMANDS
from mlplab.cli.reference.commands import reference

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == reference(), "python -m mlplab.cli.reference docs"


def test_every_command_and_option_has_its_place():
    text = reference()
    for name in COMMANDS:
        assert f"\n## mlplab {name}\n" in text
    for option in ("`--hidden ", "`--vary ", "`--profile ", "`--rounds ", "`--older-than "):
        assert option in text
