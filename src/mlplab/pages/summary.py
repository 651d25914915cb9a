"""What a ledger keeps of a report: a small record beside each page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlplab.draw import in_language
from mlplab.draw.words import LANGUAGES
from mlplab.errors import DataError
from mlplab.pages.prose import bare
from mlplab.pages.report import Report
from mlplab.specs import Verdict

RECORD = "report.json"


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of the ledger, and the files that its page wrote."""

    id: str
    slug: str
    title: Mapping[str, str]
    profile: str
    n_runs: int
    seconds: float
    made: str
    verdicts: tuple[Verdict, ...]
    files: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the summary as plain JSON values."""
        plain = asdict(self)
        plain["verdicts"] = [verdict.model_dump(mode="json") for verdict in self.verdicts]
        return plain


def summarise(report: Report) -> Summary:
    """Reduce a report to its line in the ledger."""
    title = {one: bare(in_language(report.title, one)) for one in LANGUAGES}
    return Summary(
        id=report.id,
        slug=report.slug,
        title=title,
        profile=report.profile,
        n_runs=report.n_runs,
        seconds=report.seconds,
        made=report.made,
        verdicts=tuple(report.verdicts),
    )


def read_summary(path: Path) -> Summary:
    """Read the record beside a page.

    Raises:
        DataError: it is damaged.
    """
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        plain["verdicts"] = tuple(Verdict(**verdict) for verdict in plain["verdicts"])
        plain["files"] = tuple(plain["files"])
        plain.pop("claims", None)  # of before: verdicts have their words in every language
        return Summary(**plain)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path} is not a record of a page ({type(error).__name__}); delete it and run again"
        ) from None
