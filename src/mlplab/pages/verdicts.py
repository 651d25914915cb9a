"""Verdicts as a table: word, symbol and colour; the interval drawn and written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mlplab.draw import Text
from mlplab.draw.words import LANGUAGES, VERDICT_SYMBOLS, VERDICT_WORDS, verdict_word
from mlplab.pages.numbers import (
    estimate_text,
    interval_text,
    matters_text,
    p_text,
    percent_text,
)
from mlplab.pages.tags import Html, both, group, tag
from mlplab.pages.wording import SIZES, UI, WHOSE, say
from mlplab.specs import Verdict

_WIDTH, _HEIGHT = 168, 22


def verdict_chip(verdict: Verdict) -> Html:
    """Return a verdict's word with its symbol, in its colour."""
    word = verdict.verdict
    symbol = tag("span", VERDICT_SYMBOLS[word], class_="symbol", aria_hidden="true")
    told = verdict_word(word, verdict.details.get("expect"))
    return tag("span", symbol, both(told), class_=f"chip {word}")


def source_tally(verdicts: Sequence[Verdict]) -> Text:
    """Say how many of the source's claims hold, in both languages; empty where it makes none."""
    words = [verdict.verdict for verdict in verdicts if verdict.whose == "source"]
    if not words:
        return ""
    held = sum(word in ("supported", "proved", "checked") for word in words)
    # A claim of a difference that is too small to matter does not hold either.
    fallen = sum(word in ("refuted", "equivalent") for word in words)
    return say("source", n=len(words), held=held, fallen=fallen, open=len(words) - held - fallen)


def tally(verdicts: Sequence[Verdict]) -> Html:
    """Return how many verdicts of each word there are."""
    words = [word for word in VERDICT_WORDS if any(verdict.verdict == word for verdict in verdicts)]
    counts = {word: sum(verdict.verdict == word for verdict in verdicts) for word in words}
    chips = [
        tag(
            "li",
            tag("span", VERDICT_SYMBOLS[word], class_="symbol", aria_hidden="true"),
            tag("span", f"{counts[word]} ", both(VERDICT_WORDS[word])),
            class_=f"chip {word}",
        )
        for word in words
    ]
    return tag("ul", *chips, class_="tally") if chips else Html("")


def is_measured(verdicts: Sequence[Verdict]) -> bool:
    """Return whether any verdict is one of measurement, not of computation alone."""
    return any(verdict.effect is not None or verdict.n_seeds for verdict in verdicts)


def anchor(verdict: Verdict) -> str:
    """Return the id of a claim's row: claims of one page may ask the same and differ by key."""
    return f"claim-{re.sub(r'[^0-9A-Za-z_.-]+', '-', verdict.key) or verdict.id}"


def claim_words(verdict: Verdict) -> Text:
    """Return a claim in every language that it is worded in."""
    return {"en": verdict.says, **verdict.wordings}


def verdict_table(verdicts: Sequence[Verdict]) -> Html:
    """Return the table of all verdicts, the parts of a chain below their claim.

    What is proved or checked by computation alone has no effects, p or seeds to show.
    """
    measured = is_measured(verdicts)
    columns = {"verdict": "verdict", "claim": "claim"}
    if measured:
        columns |= {"effect": "effect", "p": "number", "seeds": "number"}
    heads = [tag("th", both(UI[key]), scope="col", class_=name) for key, name in columns.items()]
    told_apart = any(verdict.whose == "source" for verdict in verdicts)
    rows = [_row(verdict, depth, told_apart, measured) for verdict, depth in _with_parts(verdicts)]
    return tag(
        "table",
        tag("caption", both(UI["caption" if measured else "caption-computed"])),
        tag("thead", tag("tr", *heads)),
        tag("tbody", *rows),
        class_="verdicts",
    )


def interval_glyph(verdict: Verdict) -> Html:
    """Draw an interval on the scale of its own claim: zero, the zone of +-d, the bar."""
    if verdict.interval is None or verdict.effect is None:
        return Html("")
    low, high = verdict.interval
    d = verdict.matters or 0.0
    # The zone of +-d always shows with room around it, however narrow the interval.
    reach = 1.12 * (max(abs(low), abs(high), 1.5 * d) or 1.0)

    def x(value: float) -> float:
        return round(_WIDTH / 2 * (1 + value / reach), 1)

    middle = _HEIGHT / 2
    at = x(verdict.effect)
    zone = tag(
        "rect", x=x(-d), y=1, width=round(x(d) - x(-d), 1), height=_HEIGHT - 2, rx=2, class_="zone"
    )
    zero = tag("line", x1=x(0), x2=x(0), y1=1, y2=_HEIGHT - 1, class_="zero")
    bar = tag("line", x1=x(low), x2=x(high), y1=middle, y2=middle, class_="bar")
    corner = f"M{at - 5} {middle}L{at} {middle - 5}L{at + 5} {middle}L{at} {middle + 5}Z"
    return tag(
        "svg",
        zone,
        zero,
        bar,
        tag("path", d=corner, class_="mean"),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        class_=f"glyph {verdict.verdict}",
        aria_hidden="true",
    )


def _with_parts(verdicts: Sequence[Verdict], depth: int = 0) -> Iterator[tuple[Verdict, int]]:
    for verdict in verdicts:
        yield verdict, depth
        yield from _with_parts(verdict.parts, depth + 1)


def _row(verdict: Verdict, depth: int, told_apart: bool, measured: bool) -> Html:
    size = SIZES.get(verdict.size)
    remarks = []
    if told_apart and not depth:
        remarks.append(both(WHOSE[verdict.whose]))
    if size is not None and verdict.verdict != "equivalent":
        remarks.append(both(size))
    if verdict.note:
        remarks.append(both({"en": verdict.note, **verdict.note_wordings}))
    if verdict.seeds_needed is not None:
        remarks.append(both(say("needed", n=verdict.seeds_needed)))
    label = tag("span", both(UI["parts"]), class_="part-word") if depth else None
    claim = tag(
        "th",
        label,
        tag("span", both(claim_words(verdict)), class_="says"),
        tag("span", group(*remarks, between=" · "), class_="remarks") if remarks else None,
        scope="row",
        class_="claim",
    )
    cells = [
        tag("td", verdict_chip(verdict), class_="verdict"),
        claim,
    ]
    if measured:
        cells += [
            tag("td", *_effect(verdict), class_="effect"),
            tag("td", _named("p", p_text(verdict.p)), class_="number"),
            tag("td", _named("seeds", str(verdict.n_seeds or "–")), class_="number"),
        ]
    return tag("tr", *cells, class_="part" if depth else None, id=anchor(verdict))


def _effect(verdict: Verdict) -> list[Html | None]:
    if verdict.effect is None:
        return [tag("span", "–", class_="quiet")]
    figures = {one: estimate_text(verdict, one) for one in LANGUAGES}
    details = []
    if verdict.scope == "new examples":
        details.append(both(UI["decides"]))
    if verdict.interval is not None and verdict.level is not None:
        details.append(both(say("level", level=percent_text(verdict.level))))
    if verdict.matters is not None:
        limits = {one: UI["matters"][one].format(d=matters_text(verdict, one)) for one in LANGUAGES}
        details.append(both(limits))
    if verdict.because:
        details.append(both(verdict.because))
    return [
        interval_glyph(verdict),
        tag("span", both(figures), class_="figures"),
        _other_scope(verdict),
        tag("span", group(*details, between=" · "), class_="remarks"),
    ]


def _other_scope(verdict: Verdict) -> Html | None:
    """Return the interval beside the deciding one: on new examples, or on this test set."""
    other, ends = "new examples", verdict.new_examples
    if verdict.scope == other:
        other, ends = "this test set", verdict.this_test_set
    if ends is None:
        return None
    texts = {one: interval_text(verdict, one, ends) for one in LANGUAGES}
    words = {one: UI[other][one].format(interval=texts[one]) for one in LANGUAGES}
    return tag("span", both(words), class_="remarks figures")


def _named(key: str, value: str) -> Html:
    """Return a number with its column's name, which only narrow screens show."""
    return group(tag("span", both(UI[key]), " ", class_="column-name"), value)
