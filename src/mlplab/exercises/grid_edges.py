"""Tuned values at an end of their grid: something better may lie beyond, and the page says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlplab.draw.words import LANGUAGES, factor_name, translate, value_text
from mlplab.exercises.tuned import best_per_level

if TYPE_CHECKING:
    from mlplab.experiment import Runs

_HEAD = {
    "en": "**At the end of a grid.** What tuning chose is the last value tried on its side, and "
    "a better one may lie beyond: ",
    "zh": "**位于网格边缘。** 选中的值是所试范围的端点，范围之外可能还有更好的：",
}
_ITEM = {
    "en": "{name} {chosen} (tried: {low} to {high}{where})",
    "zh": "{name} {chosen}（试过 {low} 到 {high}{where}）",
}
_BETWEEN = {"en": "; ", "zh": "；"}


@dataclass(frozen=True, slots=True)
class GridEdge:
    """A value that was chosen at an end of the values tried.

    Attributes:
        factor: dotted path, or a word of the texts.
        chosen: the value.
        low, high: the least and the greatest that were tried.
        where: what it was chosen for: factor -> value.
    """

    factor: str
    chosen: float
    low: float
    high: float
    where: Mapping[str, Any] = field(default_factory=dict)


def grid_edge(
    factor: str,
    chosen: float,
    tried: Collection[float],
    *,
    limits: Collection[float] = (),
    where: Mapping[str, Any] | None = None,
) -> tuple[GridEdge, ...]:
    """Return the edge at which a choice lies, if it does.

    Args:
        factor: dotted path, or a word of the texts.
        chosen: one of `tried`.
        tried: the grid.
        limits: ends beyond which there is nothing, such as a penalty of 0.
        where: what it was chosen for.

    >>> grid_edge("lr", 0.1, (0.1, 0.3, 1.0))[0].high, grid_edge("lr", 0.3, (0.1, 0.3, 1.0))
    (1.0, ())
    """
    low, high = min(tried), max(tried)
    if low == high or chosen not in (low, high) or chosen in limits:
        return ()
    return (GridEdge(factor, chosen, low, high, where or {}),)


def edges_of(
    runs: Runs,
    factors: Sequence[str],
    metric: str = "valid_accuracy",
    *,
    limits: Mapping[str, Collection[float]] | None = None,
) -> tuple[GridEdge, ...]:
    """Return the edges at which the choices of `best_per_level` lie.

    Where a value inside the grid does as well to the last bit, as at chance, nothing was chosen.

    Args:
        runs, factors, metric: as in `best_per_level`.
        limits: dotted path -> ends beyond which there is nothing.
    """
    edges: list[GridEdge] = []
    summary = runs.summary(metric)
    for level, chosen in best_per_level(runs, factors, metric).items():
        rows = [s for s in summary if tuple(s.factors[path] for path in factors) == level]
        (best,) = (s.mean for s in rows if s.factors == chosen)
        as_good = [chosen, *(s.factors for s in rows if s.mean == best)]
        where = dict(zip(factors, level, strict=True))
        for path in chosen.keys() - set(factors):
            tried = {s.factors[path] for s in rows}
            if all(isinstance(value, int | float) for value in tried):
                found = [
                    grid_edge(
                        path, one[path], tried, limits=(limits or {}).get(path, ()), where=where
                    )
                    for one in as_good
                ]
                edges += found[0] if all(found) else ()
    return tuple(sorted(edges, key=lambda edge: (edge.factor, str(edge.where))))


def edges_text(edges: Sequence[GridEdge], words: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return what a page says of edges, by language; empty where there are none.

    Args:
        edges: of all tuned values.
        words: language -> the texts' words.
    """
    if not edges:
        return dict.fromkeys(LANGUAGES, "")
    return {
        one: _HEAD[one]
        + _BETWEEN[one].join(_item(edge, one, words[one]) for edge in edges)
        + {"en": ".", "zh": "。"}[one]
        for one in LANGUAGES
    }


def _item(edge: GridEdge, language: str, words: Mapping[str, str]) -> str:
    def name(path: str) -> str:
        return words.get(path) or translate(factor_name(path), language)

    comma = {"en": ", ", "zh": "，"}[language]
    for_what = [f"{name(p)} {words.get(str(v), value_text(v))}" for p, v in edge.where.items()]
    numbers = {n: value_text(getattr(edge, n)) for n in ("chosen", "low", "high")}
    return _ITEM[language].format(
        name=name(edge.factor), where="".join(comma + text for text in for_what), **numbers
    )
