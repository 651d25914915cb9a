"""Exercises that exist for a test: a folder with texts, its functions given or written as files."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mlplab.exercises import Exercise

PACKAGE = "mlplab.exercises.section_9_9"


def write_texts(folder: Path, id: str, claims: Sequence[str], **more: str) -> None:
    """Write en.md and zh.md; `more` has the answer and further parts of the head, as TOML."""
    folder.mkdir(parents=True, exist_ok=True)
    for language, title in (("en", "Rates (en)"), ("zh", "学习率")):
        head = [f"title = {json.dumps(title)}", 'question = "Which rate?"']
        if language == "en":
            head.append(f"id = {json.dumps(id)}")
        worded = [f"{key} = {json.dumps(f'{key} ({language})')}" for key in claims]
        told = "\n".join([*head, "[claims]", *worded, more.get("head", "")])
        answer = more.get("answer", "It took {{ n }} runs.")
        (folder / f"{language}.md").write_text(f"+++\n{told}\n+++\n{answer}\n", encoding="utf-8")


def made_up(
    folder: Path,
    patch: pytest.MonkeyPatch,
    parts: Mapping[str, Mapping[str, Any]],
    claims: Sequence[str] = (),
    id: str = "4.2.9",
    package: str = f"{PACKAGE}.made_up",
    **more: str,
) -> Exercise:
    """Return an exercise whose modules hold what is given: module -> name -> object."""
    home = folder / "section_9_9" / "made_up"
    write_texts(home, id, claims, **more)
    for module, content in parts.items():
        (home / f"{module}.py").touch()
        patch.setitem(sys.modules, f"{package}.{module}", SimpleNamespace(**content))
    return Exercise(home, package)
