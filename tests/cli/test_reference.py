"""The reference in the documentation is what the commands say now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mlplab.cli.program import COMMANDS
from mlplab.cli.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "python -m mlplab.cli.reference > docs/cli.md"
    )


def test_every_command_and_option_has_its_place():
    text = reference()
    for name in COMMANDS:
        assert f"\n## mlplab {name}\n" in text
    for option in ("`--hidden ", "`--vary ", "`--profile ", "`--rounds ", "`--older-than "):
        assert option in text


def test_the_module_prints_the_page():
    done = subprocess.run(
        [sys.executable, "-m", "mlplab.cli.reference"], capture_output=True, text=True, check=True
    )
    assert done.stdout == reference()
