"""A report as one page that needs nothing else, with its figures and numbers beside it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from mlplab.draw import Text, in_language
from mlplab.draw.words import LANGUAGES
from mlplab.errors import ConfigError, DataError, MlplabError
from mlplab.pages.background import failed_runs, how_it_was_run
from mlplab.pages.exhibits import (
    chart_scripts,
    csv_bytes,
    csv_links,
    exhibit,
    figure_files,
    file_link,
)
from mlplab.pages.files import remove_files, write_files
from mlplab.pages.frame import section, whole_page
from mlplab.pages.prose import bare, render_inline, render_markdown
from mlplab.pages.report import Report, ReportTable, Section
from mlplab.pages.summary import RECORD, read_summary, summarise
from mlplab.pages.tables import as_frame, frame_table
from mlplab.pages.tags import Html, both, group, tag
from mlplab.pages.verdicts import is_measured, source_tally, tally, verdict_table
from mlplab.pages.wording import UI

# What the same command does again, where it keeps nothing.
_REPRODUCED = {"shift": "reproduce-afresh"}
_LONG = 80
"""Letters that do not fit on a line of a table's last column."""


def write_page(
    report: Report,
    folder: str | Path,
    *,
    own_folder: bool = True,
    keep: Iterable[Path | None] = (),
) -> Path:
    """Write a report to `folder/ID/index.html`, with SVG, PNG and CSV files beside it.

    SVG files are in each language, Chinese ones named `NAME.zh.svg`. Everything is made in memory
    first and then put in place by renaming, the page last: an error leaves an earlier page as it
    was, and no file is ever half-written. Files of an earlier page that the new one does not have
    are removed.

    Args:
        report: what to write.
        folder: where to.
        own_folder: whether in a folder of the report's own; otherwise in `folder` itself.
        keep: files that must not be overwritten or removed.

    Returns:
        The page's path.

    Raises:
        ConfigError: a placeholder without a value, or a formula that cannot be read.
        MlplabError: the folder cannot be written, or a file to be kept is in the way.
    """
    home = Path(folder) / report.id if own_folder else Path(folder)
    if not report.made:
        now = datetime.now(UTC).replace(microsecond=0)
        report = dataclasses.replace(report, made=now.isoformat())
    files: dict[str, bytes] = {}
    for figure in report.figures:
        files |= figure_files(figure)
    for key, table in _tables(report).items():
        name = f"{table_name(key, table)}.csv"
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
    kept = {os.path.realpath(path) for path in keep if path is not None}
    for name in (*files, RECORD, "index.html"):
        if os.path.realpath(home / name) in kept:
            raise MlplabError(
                f"{home / name}: is needed and would be overwritten; name another --out"
            )
    before = {name for name in _earlier(home) if os.path.realpath(home / name) not in kept}
    write_files(home, {**files, RECORD: record, "index.html": page})
    remove_files(home, before - set(files))
    return home / "index.html"


def page_html(report: Report) -> str:
    """Return the page of a report as one HTML document."""
    title = {one: in_language(report.title, one) for one in LANGUAGES}
    tab = {one: f"{report.id} {bare(text)} – mlplab" for one, text in title.items()}
    number = group(both(UI[report.kind]), f" {report.id}")
    of_source = source_tally(report.verdicts)
    top = tag(
        "div",
        tag("p", number, " · ", tag("span", report.slug), class_="number-line"),
        tag("h1", both({one: render_inline(text) for one, text in title.items()})),
        _prose(report.question, "question"),
        _prose(report.short, "short"),
        tag("p", both(of_source), class_="source-tally") if of_source else None,
        tally(report.verdicts),
        _quick(report),
        class_="top",
    )
    placed = {name for one in report.sections for name in one.shows}
    figures = [exhibit(one) for one in report.figures if one.name not in placed]
    tables = [_block(key, one) for key, one in report.tables.items() if key not in placed]
    measured = is_measured(report.verdicts)
    sections = [
        section(
            "verdicts" if measured else "computed",
            verdict_table(report.verdicts),
            tag("p", both(UI["scope"]), class_="quiet scope") if measured else None,
            tag("p", both(UI["single-seeds"]), class_="quiet scope")
            if any(verdict.new_examples for verdict in report.verdicts)
            else None,
        )
        if report.verdicts
        else None,
        section("answer", _prose(report.answer, "prose")),
        *(_part(report, one) for one in report.sections),
        section("figures", *figures),
        section("tables", *tables),
        section("how", how_it_was_run(report)),
        section("failures", failed_runs(report)),
        section("numbers", _file_list(report)),
        section("code", _code(report.code)),
        section("plain", tag("p", both(UI["plain-text"]), class_="quiet"), _code(report.plain))
        if report.plain
        else None,
        section(
            "reproduce",
            _code(report.run_command),
            tag("p", both(UI[_REPRODUCED.get(report.kind, "reproduce-text")]), class_="quiet"),
            tag("p", tag("time", report.made, datetime=report.made), class_="quiet"),
        ),
    ]
    return whole_page(
        tab,
        group(top, *sections),
        # The ledger has a line for what has runs or claims.
        home="../index.html" if report.n_runs or report.verdicts else "",
        scripts=chart_scripts(report.figures),
    )


def table_name(caption: str, table: ReportTable) -> str:
    """Return the file name of a table, without its ending.

    >>> table_name("Runs per arm (all)", ReportTable("", None))
    'table-runs-per-arm-all'
    """
    if table.file:
        return table.file
    plain = re.sub(r"[^a-z0-9]+", "-", caption.lower()).strip("-")
    return f"table-{plain or hashlib.sha256(caption.encode()).hexdigest()[:8]}"


def _code(text: str) -> Html | None:
    """Lines to type; reachable by keyboard, since they scroll."""
    return tag("pre", tag("code", text), tabindex="0") if text else None


def _prose(text: Text, name: str) -> Html | None:
    if not in_language(text):
        return None
    parts = {one: render_markdown(in_language(text, one)) for one in LANGUAGES}
    return tag("div", both(parts, "div"), class_=name)


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


def _part(report: Report, part: Section) -> Html | None:
    return section(
        part.key,
        _prose(part.text, "prose"),
        *(exhibit(one) for one in report.figures if one.name in part.shows),
        *(_block(key, one) for key, one in report.tables.items() if key in part.shows),
        heading=part.heading,
    )


def _block(key: str, table: ReportTable) -> Html:
    shown = table.frame if table.shown is None else table.shown
    links = csv_links(table_name(key, table), csv_bytes(table.frame))
    last = shown.iloc[:, -1] if len(shown.columns) else ()
    wraps = any(isinstance(cell, str) and len(cell) > _LONG for cell in last)
    return tag(
        "div",
        frame_table(shown, table.title, table.word),
        tag("p", group(*links, between=" "), class_="files"),
        class_="table-block" + (" told" if wraps else ""),
    )


def _file_list(report: Report) -> Html | None:
    rows = [(figure.title, figure.name) for figure in report.figures]
    rows += [(one.title, table_name(key, one)) for key, one in _tables(report).items()]
    lines = [
        tag(
            "li",
            tag("span", both(title), " "),
            tag("span", file_link(f"{name}.csv", "CSV"), class_="files"),
        )
        for title, name in rows
    ]
    lines += [tag("li", tag("a", name, href=name, download=name)) for name in report.files]
    return tag("ul", *lines, class_="bare") if lines else None


def _earlier(home: Path) -> set[str]:
    try:
        files = read_summary(home / RECORD).files
    except DataError:
        return set()
    # Names alone: a record from elsewhere must not reach files outside the folder.
    return {name for name in files if isinstance(name, str) and _is_plain(name)}


def _is_plain(name: str) -> bool:
    """Whether a name stays in the folder that it is put into."""
    return name not in ("", ".", "..") and not set(name) & {"/", "\\", "\0"}
