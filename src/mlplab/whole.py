"""Whole numbers, read from text."""

from __future__ import annotations

_MOST_DIGITS = 4000  # Python reads no more than 4300, and says so in words of its own


def parse_whole(text: str) -> int | None:
    """Return the whole number that ASCII digits stand for; None for any other text.

    >>> parse_whole("12"), parse_whole("-1"), parse_whole("²")
    (12, None, None)
    """
    fits = text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS
    return int(text) if fits else None
