"""Titles, questions and answers: one Markdown file per exercise and language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mlplab.errors import MlplabError

LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Text:
    """An exercise's words in one language; numbers in the answer are `{{placeholders}}`."""

    title: str
    question: str
    answer: str


@cache
def read_text(exercise_id: str, language: str) -> Text:
    """Read `text/LANGUAGE/ID.md`: a `#` title, the question, a line `---`, the answer.

    Raises:
        MlplabError: the file is missing or has another form.
    """
    place = files("mlplab.exercises") / "text" / language / f"{exercise_id}.md"
    try:
        whole = place.read_text(encoding="utf-8")
        head, answer = whole.split("\n---\n", 1)
        title, question = head.split("\n", 1)
    except (FileNotFoundError, ValueError):
        raise MlplabError(
            f"text of exercise {exercise_id} ({language}): expected a title, a question, a line "
            "--- and an answer"
        ) from None
    return Text(title.removeprefix("#").strip(), question.strip(), answer.strip())
