"""How an answer came about: design, cost, provenance, data, looks at the test split."""

from __future__ import annotations

from mlplab.draw import Text, in_language
from mlplab.pages.numbers import seconds_text
from mlplab.pages.report import Report, ReportTable, as_fields
from mlplab.pages.tables import as_frame, description_list, frame_table, value_html
from mlplab.pages.tags import Html, both, group, tag
from mlplab.pages.wording import DESIGN, PROFILES, UI, look_text, say


def how_it_was_run(report: Report) -> Html:
    """Return the section's content."""
    terms = {name: value_html(value) for name, value in report.design.items()}
    listed = description_list(terms, {**DESIGN, **report.names}) if terms else None
    facts = {}
    if report.kind == "exercise":
        facts["profile"] = both(PROFILES.get(report.profile, report.profile))
    if report.n_runs:
        facts["runs"] = _runs(report)
    facts["time"] = tag("span", seconds_text(report.seconds))
    if in_language(report.data_source):
        facts["data"] = both(report.data_source, "span")
    if report.provenance:
        facts["provenance"] = _provenance(report)
    return group(
        description_list(facts, UI, class_="facts"),
        tag("div", listed, class_="design") if listed else None,
        # Without runs no split is guarded: losses on drawn test data are no look at one.
        group(tag("h3", both(UI["looks"])), _looks(report)) if report.n_runs else None,
    )


def failed_runs(report: Report) -> Html | None:
    """Return the arms with failed runs, or that there are none; nothing where nothing ran."""
    if not report.n_runs:
        return None
    frame = as_frame(report.failures)
    if not len(frame):
        return tag("p", both(UI["no-failures"]), class_="quiet")
    return frame_table(frame, word=ReportTable(UI["failures"], frame).word)


def _runs(report: Report) -> Html:
    if not report.n_from_store:
        return tag("span", report.n_runs)
    note = both(say("from-store", n=report.n_from_store))
    return group(tag("span", report.n_runs, ", "), tag("span", note, class_="quiet"))


def _provenance(report: Report) -> Html:
    shown = [
        tag("li", tag("code", fields.pop("id", "")), " ", " · ".join(map(str, fields.values())))
        for fields in map(as_fields, report.provenance)
    ]
    warning = tag("p", both(UI["mixed"]), class_="warning") if len(shown) > 1 else None
    return group(tag("ul", *shown, class_="bare"), warning)


def _looks(report: Report) -> Html:
    if not report.looks:
        return tag("p", both(UI["no-looks"]), class_="quiet")

    def word(text: object) -> Text:
        return report.names.get(str(text)) or look_text(str(text))

    return frame_table(as_frame(report.looks), word=word)
