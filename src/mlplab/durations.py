"""Durations as people say them."""

from __future__ import annotations


def spell_seconds(seconds: float) -> str:
    """Return a duration in the largest units that say enough.

    >>> spell_seconds(0.0213), spell_seconds(48.2), spell_seconds(4000)
    ('0.021 s', '48 s', '1 h 7 min')
    """
    if seconds < 10:
        return f"{seconds:.2g} s" if seconds < 1 else f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
