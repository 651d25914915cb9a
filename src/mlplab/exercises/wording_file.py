"""An exercise's words in one language: Markdown below a TOML head, `en.md` and `zh.md`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from mlplab.errors import MlplabError
from mlplab.hints import hint

LANGUAGES = ("en", "zh")
_FENCE = "+++"


@dataclass(frozen=True, slots=True)
class Wording:
    """What one file says; all texts are templates, see `rendering`.

    Attributes:
        id: the exercise's number; only the English file has it, as `source`.
        title, question, answer: the page's texts; the answer is what stands below the head.
        short: the answer in two sentences, shown first.
        claims: key -> the claim in words, in the order of the page.
        source: keys of the claims that the source makes; the others are ours.
        because: key of a claim -> why a difference of this size matters.
        notes: key of a proof or a measured claim -> what was checked, or repeated.
        figures: name -> `title` and `caption`.
        tables: name -> `title`, and `columns`: column -> its head.
        words: what else stands on charts and in cells -> the word for it.
    """

    title: str
    question: str
    answer: str
    id: str = ""
    short: str = ""
    claims: Mapping[str, str] = field(default_factory=dict)
    source: tuple[str, ...] = ()
    because: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


@cache
def read_wording(path: Path) -> Wording:
    """Read a file: a TOML head between two lines of three plus signs, then the answer.

    Raises:
        MlplabError: it is missing, or has another form; the line names what is wrong.
    """
    where = f"{path.parent.name}/{path.name}"
    try:
        before, head, answer = path.read_text(encoding="utf-8").split(f"{_FENCE}\n", 2)
        told: dict[str, Any] = tomllib.loads(head)
    except FileNotFoundError:
        raise MlplabError(f"{where}: no such file; an exercise has en.md and zh.md") from None
    except tomllib.TOMLDecodeError as error:
        raise MlplabError(f"{where}: its head is no TOML: {error}") from None
    except ValueError:
        before, told, answer = "-", {}, ""
    if before.strip():
        raise MlplabError(f"{where}: expected a head between two lines {_FENCE}, then the answer")
    known = [one.name for one in fields(Wording) if one.name != "answer"]
    if unknown := [name for name in told if name not in known]:
        raise MlplabError(f"{where}: no entry {unknown[0]!r}; {hint(unknown[0], known)}")
    if missing := [name for name in ("title", "question") if not told.get(name)]:
        raise MlplabError(f"{where}: {missing[0]} is missing")
    told["source"] = tuple(told.get("source", ()))
    return Wording(answer=answer.strip(), **told)
