"""An exercise's texts with its results in them: title, answer, figures' and tables' titles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlplab.draw.words import join_texts
from mlplab.errors import MlplabError
from mlplab.exercises.exercise import Exercise
from mlplab.exercises.findings import Checked, Findings
from mlplab.exercises.grid_edges import GridEdge, edges_text
from mlplab.exercises.rendering import render
from mlplab.specs import Verdict

if TYPE_CHECKING:
    from mlplab.draw import Figure
    from mlplab.pages import ReportTable


def page_texts(
    exercise: Exercise, findings: Findings, verdicts: Sequence[Verdict]
) -> dict[str, Any]:
    """Return title, question, answer, figures and tables, as the arguments of `pages.Report`.

    Raises:
        MlplabError: a text names a value that there is not, or a figure or table has no title.
    """
    told = _Told(exercise, findings.values, {verdict.key: verdict for verdict in verdicts})
    return {
        "title": told("title"),
        "question": told("question"),
        "short": told("short"),
        "answer": told.answer(findings.edges),
        "figures": [told.figure(figure) for figure in findings.figures],
        "tables": {name: told.table(name, frame) for name, frame in findings.tables.items()},
    }


def experiment_name(exercise: Exercise, name: str) -> dict[str, str]:
    """Return what the texts call one of the exercise's experiments."""
    return {one: wording.words.get(name, name) for one, wording in exercise.wordings.items()}


def note_templates(exercise: Exercise, language: str) -> Mapping[str, str]:
    """Return the texts' notes by the claim's key: on what was checked, or repeated."""
    return exercise.wordings[language].notes if isinstance(exercise, Exercise) else {}


def note(exercise: Exercise, key: str, checked: Checked) -> dict[str, Any]:
    """Return what was checked, as fields of a verdict: the texts' note, or the proof's own."""
    if key not in exercise.wordings["en"].notes:
        return {"note": checked.note}
    facts = {**checked.facts, "n_cases": checked.n_cases}
    english, *more = (
        (language, render(wording.notes.get(key, ""), facts, {}, language))
        for language, wording in exercise.wordings.items()
    )
    return {"note": english[1], "note_wordings": {one: text for one, text in more if text}}


class _Told:
    """The texts of an exercise, rendered; they find the words of charts and cells in `words`."""

    def __init__(
        self, exercise: Exercise, values: Mapping[str, Any], verdicts: Mapping[str, Verdict]
    ) -> None:
        self._exercise = exercise
        self._values = values
        self._verdicts = verdicts

    def __call__(self, name: str) -> dict[str, str]:
        return self._in_both({n: getattr(w, name) for n, w in self._exercise.wordings.items()})

    def answer(self, edges: Sequence[GridEdge]) -> dict[str, str]:
        """Return the answer; what was tuned to an end of its grid is said below it."""
        words = {language: one.words for language, one in self._exercise.wordings.items()}
        below = edges_text(edges, words)
        return {n: "\n\n".join(filter(None, (t, below[n]))) for n, t in self("answer").items()}

    def figure(self, figure: Figure) -> Figure:
        """Give a figure its title and the beginning of its caption."""
        heads = self._heads("figures", figure.name)
        caption = self._in_both({n: head.get("caption", "") for n, head in heads.items()})
        return replace(
            figure,
            title=self._in_both({n: head["title"] for n, head in heads.items()}),
            caption=join_texts(caption, figure.caption),
            words={**self._exercise.wordings["zh"].words, **figure.words},
            english={**self._exercise.wordings["en"].words, **figure.english},
        )

    def table(self, name: str, frame: Any) -> ReportTable:
        """Give a table its title, and its columns and cells their words."""
        from mlplab.pages import ReportTable

        heads = self._heads("tables", name)
        words = {
            language: {**wording.words, **heads[language].get("columns", {})}
            for language, wording in self._exercise.wordings.items()
        }
        title = self._in_both({n: head["title"] for n, head in heads.items()})
        return ReportTable(title, frame, words)

    def _heads(self, kind: str, name: str) -> dict[str, Mapping[str, Any]]:
        heads = {n: getattr(w, kind).get(name, {}) for n, w in self._exercise.wordings.items()}
        for language, head in heads.items():
            if "title" not in head:
                where = f"{self._exercise.folder.name}/{language}.md"
                raise MlplabError(f"{where}: no title for {kind}.{name}")
        return heads

    def _in_both(self, texts: Mapping[str, str]) -> dict[str, str]:
        words = {n: wording.words for n, wording in self._exercise.wordings.items()}
        return {
            language: render(
                text, {**self._values, "words": words[language]}, self._verdicts, language
            )
            for language, text in texts.items()
        }
