"""What a page is made of: an exercise's texts, verdicts, figures and how they came about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import TYPE_CHECKING, Any

from mlplab.draw import Figure, Text
from mlplab.draw.words import LANGUAGES, column_title
from mlplab.errors import ConfigError
from mlplab.specs import Provenance, Verdict

if TYPE_CHECKING:
    import pandas as pd

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TAKEN = ("index.html", "report.json")


@dataclass(frozen=True, eq=False, slots=True)
class ReportTable:
    """A table of a report.

    Attributes:
        title: what it shows.
        frame: its rows.
        words: language -> words for its columns and cells that are not numbers.
        shown: what the page shows of it (default: all); the file has all.
        file: its file's name without the ending (default: after its name in the report).
    """

    title: Text
    frame: pd.DataFrame
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    shown: pd.DataFrame | None = None
    file: str = ""

    def word(self, text: object) -> Text:
        """Return a column's name or a cell's text in both languages."""
        found = {one: column_title(str(text), self.words.get(one, {}), one) for one in LANGUAGES}
        return found if set(found.values()) != {str(text)} else str(text)


@dataclass(frozen=True, eq=False, slots=True)
class Section:
    """A part of a page that only some reports have.

    Attributes:
        key: its name in the page's address.
        heading: above it.
        text: in Markdown.
        shows: names of figures and tables of the report, which then stand here.
    """

    key: str
    heading: Text
    text: Text = ""
    shows: Sequence[str] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Report:
    """One exercise, answered.

    Texts are strings or one per language (`{"en": ..., "zh": ...}`), in Markdown with TeX.

    Attributes:
        id, slug: `4.2.1` and `hidden-width`; the id names the folder.
        title, question, answer: the texts.
        short: the answer in two sentences, shown first.
        sections: further parts, before the figures and tables that none of them shows.
        verdicts: one per claim, in the order of the claims.
        figures: in the order of reading.
        tables: name -> table; the name is that of its file.
        files: further files by name, written beside the page and linked from it.
        design: what was run, as plain values: task, base, vary, arms, seeds, ...
        profile: `quick`, `standard` or `full`.
        seconds: that this answer took.
        n_runs: runs behind it, and
        n_from_store: how many of them had been finished before.
        provenance: where the runs' bits come from; more than one is pointed out.
        looks: every look at the test split: split, purpose, experiment, ...
        failures: one row per arm with failed runs.
        data_source: where the data were found.
        code: the Python that declares what was run.
        plain: one of the runs in plain PyTorch.
        names: what experiments are called, by their names in the design and in looks.
        kind: `exercise`, `experiment`, `search`, `table`: what the page calls itself.
        command: that makes this page (default: `mlplab run ID --profile PROFILE`).
        made: when, in ISO form (default: when the page is written).

    Raises:
        ConfigError: an id that cannot name a folder, two figures of one name, or a section that
            shows what there is not.
    """

    id: str
    slug: str
    title: Text
    question: Text
    answer: Text
    verdicts: Sequence[Verdict] = ()
    figures: Sequence[Figure] = ()
    tables: Mapping[str, ReportTable] = field(default_factory=dict)
    design: Mapping[str, Any] = field(default_factory=dict)
    profile: str = "standard"
    seconds: float = 0.0
    n_runs: int = 0
    provenance: Sequence[Provenance | Mapping[str, Any] | str] = ()
    looks: Sequence[Mapping[str, Any]] = ()
    failures: pd.DataFrame | Sequence[Mapping[str, Any]] = ()
    n_from_store: int = 0
    data_source: Text = ""
    command: str = ""
    made: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    short: Text = ""
    code: str = ""
    plain: str = ""
    names: Mapping[str, Text] = field(default_factory=dict)
    kind: str = "exercise"
    sections: Sequence[Section] = ()

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ConfigError(f"report id: expected letters, digits, dots; got {self.id!r}")
        names = [figure.name for figure in self.figures]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ConfigError(f"report {self.id}: two figures are named {twice[0]!r}")
        missing = {name for one in self.sections for name in one.shows} - {*names, *self.tables}
        if missing:
            raise ConfigError(f"report {self.id}: no figure or table is named {min(missing)!r}")
        for name in self.files:
            if not _ID.fullmatch(name) or name in _TAKEN:
                raise ConfigError(f"report {self.id}: a file cannot be named {name!r}")

    @property
    def run_command(self) -> str:
        """The command that makes this page."""
        return self.command or f"mlplab run {self.id} --profile {self.profile}"


def report_id(name: str, default: str) -> str:
    """Return an id made from a name, which may hold anything.

    >>> report_id("house prices (1)", "table"), report_id("价格", "table")
    ('house-prices-1', 'table')
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._") or default


def as_fields(provenance: Provenance | Mapping[str, Any] | str) -> dict[str, Any]:
    """Return a provenance as named values, however it was given."""
    if isinstance(provenance, str):
        return {"id": provenance}
    if is_dataclass(provenance) and not isinstance(provenance, type):
        return {"id": provenance.id, **asdict(provenance)}
    assert isinstance(provenance, Mapping)
    return dict(provenance)
