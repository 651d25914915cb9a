"""The ledger: every exercise run so far, every claim, and what the runs say of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from mlplab.draw.words import LANGUAGES
from mlplab.pages.files import write_files
from mlplab.pages.frame import whole_page
from mlplab.pages.numbers import estimate_text, seconds_text
from mlplab.pages.report import Report
from mlplab.pages.summary import RECORD, Summary, read_summary, summarise
from mlplab.pages.tags import Html, both, group, tag
from mlplab.pages.verdicts import anchor, claim_words, tally, verdict_chip
from mlplab.pages.wording import PROFILES, UI, WHOSE, say
from mlplab.specs import Verdict


def write_index(reports: Iterable[Report | Summary], folder: str | Path) -> Path:
    """Write `folder/index.html`: the given reports and every page that the folder already holds.

    Returns:
        The ledger's path.

    Raises:
        MlplabError: the folder cannot be written, or holds a damaged record.
    """
    home = Path(folder)
    found = (read_summary(path) for path in sorted(home.glob(f"*/{RECORD}")))
    # What has neither runs nor claims, such as a table's page, has no line.
    lines = {summary.id: summary for summary in found if summary.n_runs or summary.verdicts}
    for report in reports:
        summary = report if isinstance(report, Summary) else summarise(report)
        lines[summary.id] = summary
    ordered = sorted(lines.values(), key=lambda line: _place(line.id))
    write_files(home, {"index.html": index_html(ordered).encode()})
    return home / "index.html"


def index_html(lines: list[Summary]) -> str:
    """Return the ledger as one HTML document."""
    title = UI["ledger-title"]
    claims = sum(len(line.verdicts) for line in lines)
    told = say("ledger-text", n=len(lines), m=claims) if lines else UI["empty-ledger"]
    every = [verdict for line in lines for verdict in line.verdicts]
    top = tag(
        "div",
        tag("h1", both(title)),
        tag("p", both(told), class_="question"),
        tally(every),
        class_="top",
    )
    tab = {language: f"{text} – mlplab" for language, text in title.items()}
    return whole_page(tab, group(top, *map(_entry, lines)))


def _entry(line: Summary) -> Html:
    href = f"{line.id}/index.html"
    facts = group(
        both(PROFILES.get(line.profile, line.profile)),
        both(say("n-runs", n=line.n_runs)),
        tag("span", seconds_text(line.seconds)),
        tag("time", line.made[:10], datetime=line.made) if line.made else None,
        between=" · ",
    )
    heading = tag(
        "h2",
        tag("a", tag("span", line.id, class_="entry-id"), " ", both(line.title), href=href),
        id=f"entry-{line.id}",
    )
    claims = [_claim(verdict, href) for verdict in line.verdicts]
    return tag(
        "article",
        heading,
        tag("p", facts, class_="quiet facts-line"),
        tag("ul", *claims, class_="claims") if claims else None,
        class_="entry" + (" quick" if line.profile == "quick" else ""),
        aria_labelledby=f"entry-{line.id}",
    )


def _claim(verdict: Verdict, href: str) -> Html:
    facts = [both(WHOSE["source"])] if verdict.whose == "source" else []
    if verdict.effect is not None:
        facts.append(both({one: estimate_text(verdict, one) for one in LANGUAGES}))
        repeated = verdict.details.get("counts") == "repetitions"
        facts.append(both(say("n-repetitions" if repeated else "n-seeds", n=verdict.n_seeds)))
    return tag(
        "li",
        verdict_chip(verdict),
        tag("a", both(claim_words(verdict)), href=f"{href}#{anchor(verdict)}", class_="says"),
        tag("span", group(*facts, between=" · "), class_="figures") if facts else None,
    )


def _place(name: str) -> list[tuple[int, str]]:
    """Sort 4.10.1 after 4.9.4, and names after numbers."""
    parts = re.split(r"[.-]", name)
    return [(int(part), "") if part.isdigit() else (sys.maxsize, part) for part in parts]
