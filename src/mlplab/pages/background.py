"""How an answer came about: design, cost, provenance, data, looks at the test split."""

from __future__ import annotations

from mlplab.draw import Text, in_language
from mlplab.pages.numbers import seconds_text
from mlplab.pages.report import Report, as_fields
from mlplab.pages.tables import as_frame, description_list, frame_table, value_html
from mlplab.pages.tags import Html, both, group, tag
from mlplab.pages.wording import PROFILES, RECORDED, UI, say


def how_it_was_run(report: Report) -> Html:
    """Return the section's content."""
    terms = {name: value_html(value) for name, value in report.design.items()}
    listed = description_list(terms) if terms else None
    facts = [
        _fact("profile", both(PROFILES.get(report.profile, report.profile)))
        if report.kind == "exercise"
        else None,
        _fact("runs", _runs(report)) if report.n_runs else None,
        _fact("time", tag("span", seconds_text(report.seconds))),
    ]
    if in_language(report.data_source):
        facts.append(_fact("data", both(report.data_source, "span")))
    if report.provenance:
        facts.append(_fact("provenance", _provenance(report)))
    return group(
        tag("dl", *facts, class_="facts"),
        tag("div", listed, class_="design") if listed else None,
        # Without runs no split is guarded: losses on drawn test data are no look at one.
        group(tag("h3", both(UI["looks"])), _looks(report)) if report.n_runs else None,
    )


def failed_runs(report: Report) -> Html:
    """Return the arms with failed runs, or that there are none."""
    frame = as_frame(report.failures)
    if not len(frame):
        return tag("p", both(UI["no-failures"]), class_="quiet")
    return frame_table(frame, word=_word)


def _fact(key: str, value: Html) -> Html:
    return tag("div", tag("dt", both(UI[key])), tag("dd", value))


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
    frame = as_frame(report.looks)
    if "remembered" in frame:
        frame = frame.assign(remembered=frame["remembered"].map({True: "yes", False: "no"}))
    return frame_table(frame, word=_word)


def _word(text: object) -> Text:
    """Return a head or a cell of the tables of looks and failed runs in both languages."""
    return RECORDED.get(str(text), str(text))
