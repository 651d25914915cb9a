"""Small graphs as SVG for pages that are made from the code, on light and on dark paper.

Written out here rather than by Vega: 2 kB each, the same on every machine whatever its fonts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlplab.draw import DARK, LIGHT, Theme

_WIDTH, _HEIGHT = 360, 210
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 12, 26, 34
_STRAIGHT = 0.05  # pixels: what lies that close to a line is left out


@dataclass(frozen=True, slots=True)
class Line:
    """One curve and its name in the legend."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


def graph(title: str, lines: Sequence[Line], x_title: str) -> str:
    """Return lines over one axis as an SVG document; colours follow the reader's light or dark.

    Args:
        title: for those who cannot see it.
        lines: two at most.
        x_title: under the axis.
    """
    xs = [value for line in lines for value in line.x]
    ys = [0.0, *(value for line in lines for value in line.y)]
    x_ends, y_ends = (min(xs), max(xs)), (min(ys), max(ys))

    def across(value: float) -> float:
        share = (value - x_ends[0]) / (x_ends[1] - x_ends[0])
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def up(value: float) -> float:
        share = (value - y_ends[0]) / ((y_ends[1] - y_ends[0]) or 1.0)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" font-family="sans-serif" font-size="11">',
        f"<title>{_safe(title)}</title>",
        f"<style>{_style(LIGHT)}@media(prefers-color-scheme:dark){{{_style(DARK)}}}</style>",
    ]
    for value in _ticks(*y_ends):
        y = f"{up(value):.1f}"
        parts.append(f'<path class="g" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/>')
        parts.append(f'<text class="q" x="{_LEFT - 6}" y="{y}" dy="4" text-anchor="end">'
                     f"{_number(value)}</text>")  # fmt: skip
    for value in _ticks(*x_ends):
        parts.append(f'<text class="q" x="{across(value):.1f}" y="{_HEIGHT - _BOTTOM + 14}" '
                     f'text-anchor="middle">{_number(value)}</text>')  # fmt: skip
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text class="t" x="{middle:g}" y="{_HEIGHT - 5}" text-anchor="middle">'
                 f"{_safe(x_title)}</text>")  # fmt: skip
    place = _LEFT
    for number, line in enumerate(lines):
        points = [(across(x), up(y)) for x, y in zip(line.x, line.y, strict=True)]
        shown = " ".join(f"{x:.1f},{y:.1f}" for x, y in _without_straight(points))
        parts.append(f'<polyline class="l{number}" points="{shown}"/>')
        parts.append(f'<path class="l{number}" d="M{place} 11h18"/>')
        parts.append(f'<text class="t" x="{place + 23}" y="15">{_safe(line.name)}</text>')
        place += 40 + 7 * len(line.name)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _style(theme: Theme) -> str:
    first, second = theme.category[:2]
    return (
        f".l0,.l1{{fill:none;stroke-width:2;stroke:{first}}}"
        f".l1{{stroke:{second};stroke-dasharray:6 3}}"
        f".g{{stroke:{theme.line}}}.q{{fill:{theme.quiet}}}.t{{fill:{theme.ink}}}"
    )


def _ticks(low: float, high: float) -> list[float]:
    """Four to eight round numbers from low to high."""
    rough = (high - low) / 4 or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = max(power * factor for factor in (1, 2, 5) if power * factor <= rough * (1 + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [step * n for n in range(first, last + 1)]


def _number(value: float) -> str:
    return f"{value:.6g}".replace("-", "−")


def _safe(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _without_straight(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out points that a straight line between those kept passes through."""
    kept, start = [points[0]], 0
    for end in range(2, len(points)):
        (x0, y0), (x1, y1) = points[start], points[end]
        length = math.hypot(x1 - x0, y1 - y0) or 1.0
        # Greedy: flat schedules of hundreds of points become two.
        far = any(
            abs((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) > _STRAIGHT * length
            for x, y in points[start + 1 : end]
        )
        if far:
            start = end - 1
            kept.append(points[start])
    return [*kept, points[-1]]
