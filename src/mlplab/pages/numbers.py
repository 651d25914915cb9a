"""Numbers as a reader sees them: effects in their unit, intervals, p, seconds."""

from __future__ import annotations

import math
from typing import Any

from mlplab.draw import quantity
from mlplab.draw.words import typeset
from mlplab.specs import Verdict

_POINTS = {"en": " pp", "zh": " 个百分点"}


def decimals_for(width: float) -> int:
    """Return how many decimals show two digits of a width.

    >>> decimals_for(0.64), decimals_for(0.0123), decimals_for(250.0)
    (2, 3, 0)
    """
    if not math.isfinite(width) or width <= 0:
        return 3
    return min(12, max(0, 1 - math.floor(math.log10(width))))


def signed(value: float, decimals: int) -> str:
    """Write a number with its sign; minus is a minus.

    >>> signed(-0.5, 2), signed(0.0, 1)
    ('−0.50', '0.0')
    """
    return typeset(f"{value:+.{decimals}f}")


def _scale(verdict: Verdict) -> tuple[float, int]:
    factor = quantity(verdict.metric).factor if verdict.metric else 1.0
    if verdict.interval is not None:
        width = (verdict.interval[1] - verdict.interval[0]) * factor
    else:
        width = abs(verdict.effect or 0.0) * factor
    decimals = decimals_for(width)
    if verdict.matters:
        # What is a hundred times smaller than what matters need not be told in full.
        decimals = min(decimals, decimals_for(verdict.matters * factor) + 2)
    return factor, decimals


def _unit(verdict: Verdict, language: str) -> str:
    share = bool(verdict.metric) and quantity(verdict.metric).share
    return _POINTS.get(language, _POINTS["en"]) if share else ""


def effect_text(verdict: Verdict, language: str = "en") -> str:
    """Write an effect in the unit of its metric.

    >>> effect_text(Verdict(id="a", says="", verdict="none", effect=0.0123,
    ...                     interval=(0.01, 0.0146), metric="test_accuracy"))
    '+1.23 pp'
    """
    if verdict.effect is None:
        return "–"
    factor, decimals = _scale(verdict)
    return signed(verdict.effect * factor, decimals) + _unit(verdict, language)


def interval_text(
    verdict: Verdict, language: str = "en", ends: tuple[float, float] | None = None
) -> str:
    """Write an interval in the unit of its metric: other `ends`, or those that decide."""
    ends = ends or verdict.interval
    if ends is None:
        return "–"
    factor, decimals = _scale(verdict)
    low, high = (signed(bound * factor, decimals) for bound in ends)
    return f"[{low}, {high}]{_unit(verdict, language)}"


def estimate_text(verdict: Verdict, language: str = "en") -> str:
    """Write an effect and its interval, with the unit once, to what may matter.

    >>> estimate_text(Verdict(id="a", says="", verdict="none", effect=0.0123,
    ...                       interval=(0.01, 0.0146), metric="test_accuracy"))
    '+1.23 [+1.00, +1.46] pp'
    """
    if verdict.effect is None or verdict.interval is None:
        return effect_text(verdict, language)
    factor, decimals = _scale(verdict)
    return f"{signed(verdict.effect * factor, decimals)} {interval_text(verdict, language)}"


def matters_text(verdict: Verdict, language: str = "en") -> str:
    """Write the smallest difference that matters in the unit of its metric."""
    if verdict.matters is None:
        return ""
    factor = quantity(verdict.metric).factor if verdict.metric else 1.0
    return f"{verdict.matters * factor:.4g}" + _unit(verdict, language)


def p_text(p: float | None) -> str:
    """Write a p value.

    >>> p_text(0.0421), p_text(1e-7), p_text(None)
    ('0.042', '<0.001', '–')
    """
    if p is None or math.isnan(p):
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def percent_text(share: float | None) -> str:
    """Write a level.

    >>> percent_text(0.95), percent_text(1 - 0.05 / 3)
    ('95 %', '98.33 %')
    """
    return "" if share is None else f"{round(100 * share, 2):g} %"


def seconds_text(seconds: float) -> str:
    """Write a duration.

    >>> seconds_text(3.21), seconds_text(125), seconds_text(7300)
    ('3.2 s', '2 min 5 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def cell_text(value: Any) -> str:
    """Write a value of a table: five digits of a float, a dash for nothing.

    >>> cell_text(0.8734567), cell_text(None), cell_text(1e-7)
    ('0.87346', '–', '1e-07')
    """
    if hasattr(value, "item"):
        value = value.item()
    if value is None or value != value or str(value) == "<NA>":
        return "–"
    if isinstance(value, float):
        return typeset(f"{value:.5g}") if abs(value) >= 1e-4 or not value else f"{value:g}"
    return str(value)
