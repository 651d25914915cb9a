"""What is said of one word of the vocabulary, once, for every page and test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Curve = Literal["activation", "loss", "schedule"]


@dataclass(frozen=True, slots=True)
class Varied:
    """A setting, with two values by which one can see whether runs of a stack may differ in it.

    Attributes:
        path: dotted path of a run's field.
        one, other: two of its values.
        name: how the page names it, if not by the path's last part.
        says: what it is, if the field's own description is not enough.
    """

    path: str
    one: Any
    other: Any
    name: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """One activation, norm, initialisation, loss, optimiser, schedule or way of training.

    Attributes:
        name: of its page.
        title: as a reader says it.
        flags: how the command line says it.
        says: what it is, in one sentence.
        formula: LaTeX.
        then: LaTeX of what follows from it: derivative, variance or step (see `Group.then`).
        source: paper or book.
        checked: what the tests hold it against, and where.
        remarks: more sentences, Markdown.
        varied: its settings.
        curve: what its graph shows, if it has one.
    """

    name: str
    title: str
    flags: str
    says: str
    formula: str
    then: str = ""
    source: str = ""
    checked: str = ""
    remarks: str = ""
    varied: tuple[Varied, ...] = ()
    curve: Curve | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Words of one kind.

    Attributes:
        name: of the folder.
        title: of the chapter.
        says: what holds for all of them, Markdown.
        then: the heading of what follows from a formula.
        words: in order.
        choice: the field that names one of them, where there is one.
    """

    name: str
    title: str
    says: str
    then: str
    words: tuple[Word, ...]
    choice: Varied | None = None
