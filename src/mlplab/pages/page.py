"""One exercise as one page that needs nothing else, with its figures and numbers beside it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path

from mlplab.draw import Text, in_language
from mlplab.draw.words import LANGUAGES
from mlplab.errors import ConfigError
from mlplab.pages.background import failed_runs, how_it_was_run
from mlplab.pages.exhibits import (
    chart_scripts,
    csv_bytes,
    csv_links,
    exhibit,
    figure_files,
)
from mlplab.pages.files import remove_files, write_files
from mlplab.pages.frame import section, whole_page
from mlplab.pages.prose import render_inline, render_markdown
from mlplab.pages.report import Report, ReportTable
from mlplab.pages.summary import RECORD, read_summary, summarise
from mlplab.pages.tables import as_frame, frame_table
from mlplab.pages.tags import Html, both, group, tag
from mlplab.pages.verdicts import source_tally, tally, verdict_table
from mlplab.pages.wording import UI


def write_page(report: Report, folder: str | Path) -> Path:
    """Write a report to `folder/ID/index.html`, with SVG, PNG and CSV files beside it.

    SVG files are in each language, Chinese ones named `NAME.zh.svg`. Everything is made in memory
    first and then put in place by renaming, the page last: an error leaves an earlier page as it
    was, and no file is ever half-written. Files of an earlier page that the new one does not have
    are removed.

    Returns:
        The page's path.

    Raises:
        ConfigError: a placeholder without a value, or a formula that cannot be read.
        MlplabError: the folder cannot be written.
    """
    home = Path(folder) / report.id
    if not report.made:
        now = datetime.now(UTC).replace(microsecond=0)
        report = dataclasses.replace(report, made=now.isoformat())
    files: dict[str, bytes] = {}
    for figure in report.figures:
        files |= figure_files(figure)
    for key, table in _tables(report).items():
        name = f"{table_name(key)}.csv"
        if name in files:
            raise ConfigError(f"report {report.id}: two tables would be the file {name}")
        files[name] = csv_bytes(table.frame)
    for name, content in report.files.items():
        if name in files:
            raise ConfigError(f"report {report.id}: two files would be {name}")
        files[name] = content
    page = page_html(report).encode()
    summary = dataclasses.replace(summarise(report), files=tuple(sorted(files)))
    record = json.dumps(summary.to_json(), ensure_ascii=False, indent=1).encode()
    before = _earlier(home)
    write_files(home, {**files, RECORD: record, "index.html": page})
    remove_files(home, before - set(files))
    return home / "index.html"


def page_html(report: Report) -> str:
    """Return the page of a report as one HTML document."""
    question, answer, title = map(_told, (report.question, report.answer, report.title))
    tab: Text = {one: f"{report.id} {in_language(title, one)} – mlplab" for one in LANGUAGES}
    number = group(both(UI[report.kind]), f" {report.id}")
    of_source = source_tally(report.verdicts)
    top = tag(
        "div",
        tag("p", number, " · ", tag("span", report.slug), class_="number-line"),
        tag("h1", _marked(title)),
        _prose(question, "question"),
        _prose(_told(report.short), "short") if report.short else None,
        tag("p", both(of_source), class_="source-tally") if of_source else None,
        tally(report.verdicts),
        _quick(report),
        class_="top",
    )
    sections = [
        section(
            "verdicts",
            verdict_table(report.verdicts, report.claims),
            tag("p", both(UI["scope"]), class_="quiet scope"),
            tag("p", both(UI["single-seeds"]), class_="quiet scope")
            if any(verdict.new_examples for verdict in report.verdicts)
            else None,
        )
        if report.verdicts
        else None,
        section("answer", _prose(answer, "prose")),
        section("figures", *map(exhibit, report.figures)) if report.figures else None,
        section("tables", *_table_blocks(report)) if report.tables else None,
        section("how", how_it_was_run(report)),
        section("failures", failed_runs(report)) if report.n_runs else None,
        section("numbers", _file_list(report))
        if report.figures or report.tables or report.files
        else None,
        section("code", _code(report.code)) if report.code else None,
        section("plain", tag("p", both(UI["plain-text"]), class_="quiet"), _code(report.plain))
        if report.plain
        else None,
        section(
            "reproduce",
            _code(report.run_command),
            tag("p", both(UI["reproduce-text"]), class_="quiet"),
            tag("p", tag("time", report.made, datetime=report.made), class_="quiet"),
        ),
    ]
    return whole_page(
        tab,
        group(top, *sections),
        home="../index.html",
        scripts=chart_scripts(report.figures),
    )


def table_name(caption: str) -> str:
    """Return the file name of a table, without its ending.

    >>> table_name("Runs per arm (all)")
    'table-runs-per-arm-all'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", caption.lower()).strip("-")
    return f"table-{plain or hashlib.sha256(caption.encode()).hexdigest()[:8]}"


def _told(text: Text) -> dict[str, str]:
    return {one: in_language(text, one) for one in LANGUAGES}


def _code(text: str) -> Html:
    """Lines to type; reachable by keyboard, since they scroll."""
    return tag("pre", tag("code", text), tabindex="0")


def _prose(text: dict[str, str], name: str) -> Html:
    parts = {one: render_markdown(words) for one, words in text.items()}
    return tag(
        "div",
        *(tag("div", part, class_="t", lang=one) for one, part in parts.items()),
        class_=name,
    )


def _marked(title: dict[str, str]) -> Html:
    return group(
        *(
            tag("span", render_inline(words), class_="t", lang=language)
            for language, words in title.items()
        )
    )


def _quick(report: Report) -> Html | None:
    # What is proved is no quicker than in earnest.
    if report.profile != "quick" or not (report.n_runs or _has_repetitions(report)):
        return None
    command = tag("code", f"mlplab run {report.id} --profile standard")
    return tag(
        "p",
        tag("strong", both(UI["quick"])),
        " ",
        both(UI["quick-text"]),
        " ",
        command,
        class_="banner",
        role="note",
    )


def _has_repetitions(report: Report) -> bool:
    return any(verdict.n_seeds for verdict in report.verdicts)


def _tables(report: Report) -> dict[str, ReportTable]:
    tables = dict(report.tables)
    failed = as_frame(report.failures)
    if len(failed):
        tables["failures"] = ReportTable(UI["failures"], failed)
    return tables


def _table_blocks(report: Report) -> list[Html]:
    return [
        tag(
            "div",
            frame_table(table.frame, table.title, table.word),
            tag(
                "p",
                group(*csv_links(table_name(key), csv_bytes(table.frame)), between=" "),
                class_="files",
            ),
            class_="table-block",
        )
        for key, table in report.tables.items()
    ]


def _file_list(report: Report) -> Html:
    rows = []
    for figure in report.figures:
        rows.append((figure.title, figure.name, figure.data))
    for key, table in _tables(report).items():
        rows.append((table.title, table_name(key), table.frame))
    return tag(
        "ul",
        *(
            tag(
                "li",
                tag("span", both(title), " "),
                tag("span", group(*csv_links(name, csv_bytes(frame))[:1]), class_="files"),
            )
            for title, name, frame in rows
        ),
        *(tag("li", tag("a", name, href=name, download=name)) for name in report.files),
        class_="bare",
    )


def _earlier(home: Path) -> set[str]:
    record = home / RECORD
    return set(read_summary(record).files) if record.exists() else set()
