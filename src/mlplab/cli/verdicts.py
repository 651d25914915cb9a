"""Verdicts in words: the word, the claim, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlplab.cli.screen import show_number, write

_INDENT = " " * 12


def write_verdict(verdict: Mapping[str, Any], *more: str) -> None:
    """Write one verdict to standard output.

    Args:
        verdict: `Verdict.model_dump(mode="json")`, or as much of it as there is.
        more: further facts, such as a date.
    """
    from mlplab.draw.words import VERDICT_WORDS, verdict_word

    word, expect = verdict["verdict"], (verdict.get("details") or {}).get("expect")
    word = verdict_word(word, expect)["en"] if word in VERDICT_WORDS else str(word)
    write(f"{word:<11} {verdict['says']}", hang=_INDENT)
    facts = [fact for fact in (_numbers(verdict), *more) if fact]
    if facts:
        write(", ".join(facts), hang=_INDENT, start=_INDENT)
    if beside := _other_scope(verdict):
        write(beside, hang=_INDENT, start=_INDENT)
    asides = [text for text in (_size(verdict), verdict.get("note"), _needed(verdict)) if text]
    if asides:
        write("; ".join(map(str, asides)), hang=_INDENT, start=_INDENT)


def _numbers(verdict: Mapping[str, Any]) -> str:
    effect, interval = verdict.get("effect"), verdict.get("interval")
    n_seeds = verdict.get("n_seeds")
    parts = []
    if effect is not None:
        parts.append(f"{_signed(effect)}")
    if interval is not None:
        parts.append(_ends(interval))
    counted = (verdict.get("details") or {}).get("counts", "seed" if n_seeds == 1 else "seeds")
    seeds = f"{n_seeds} {counted}" if n_seeds else ""
    return ", ".join(part for part in (" ".join(parts), seeds) if part)


def _other_scope(verdict: Mapping[str, Any]) -> str:
    """The interval that stands beside the deciding one, and which of them decides."""
    new, here = verdict.get("new_examples"), verdict.get("this_test_set")
    if verdict.get("scope") == "new examples":
        return "new examples decide" + (f"; on this test set {_ends(here)}" if here else "")
    return f"on new examples {_ends(new)}" if new else ""


def _ends(interval: Sequence[float]) -> str:
    return f"[{_signed(interval[0])}, {_signed(interval[1])}]"


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "") + show_number(value)


def _size(verdict: Mapping[str, Any]) -> str:
    matters, size = verdict.get("matters"), verdict.get("size")
    if not size or matters is None:
        return ""
    return {
        "below d": f"smaller than the {matters:g} that matters",
        "at least d": f"at least the {matters:g} that matters",
        "open": f"whether it reaches the {matters:g} that matters is open",
    }.get(str(size), str(size))


def _needed(verdict: Mapping[str, Any]) -> str:
    n_seeds = verdict.get("seeds_needed")
    return f"about {n_seeds} seeds would likely decide it" if n_seeds else ""
