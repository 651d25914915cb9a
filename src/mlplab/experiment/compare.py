"""The levels of one factor against each other, averaged over the rest of the design."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any, Literal

from mlplab.errors import ConfigError
from mlplab.experiment.arms import Arm, factor_path, show_value
from mlplab.experiment.declare import read_matters
from mlplab.experiment.parts import Contrast
from mlplab.experiment.results import Results
from mlplab.experiment.verdict import Judge, part_verdict
from mlplab.specs import Verdicts, digest

Setting = tuple[tuple[str, Any], ...]


def compare_levels(
    results: Results, factor: str, metric: str, matters: float, pairs: Literal["first", "all"]
) -> Verdicts:
    """Decide "higher with this level than with that one" for pairs of a factor's levels."""
    experiment = results.experiment
    matters = read_matters(matters)
    path = factor_path(experiment.base, factor)
    arms_of: dict[Any, dict[Setting, Arm]] = {}
    for arm in results.arms:
        arms_of.setdefault(arm.factors.get(path), {})[_others(arm, path)] = arm
    levels = list(arms_of)
    if len(levels) < 2:
        varied = list(dict.fromkeys(name for arm in results.arms for name in arm.factors))
        raise ConfigError(
            f"compare: {factor!r} has one level in this design; varied: {', '.join(varied) or '-'}"
        )
    if not isinstance(pairs, str) or pairs not in ("first", "all"):
        raise ConfigError(f"pairs: expected 'first' or 'all'; got {pairs!r}")
    chosen = [
        (second, first)
        for first, second in combinations(levels, 2)
        if pairs == "all" or first == levels[0]
    ]
    contrasts = []
    for up, down in chosen:
        sides = arms_of[up], arms_of[down]
        if not sides[0].keys() & sides[1].keys():
            raise ConfigError(
                f"compare: {path}={show_value(up)} and {path}={show_value(down)} share no setting "
                "of the other factors"
            )
        contrasts.append(_contrast(*sides, metric, matters))
    judge = Judge(results.table, experiment.data, len(contrasts))
    name = path.rsplit(".", 1)[-1]
    verdicts = []
    for (up, down), part in zip(chosen, contrasts, strict=True):
        high, low = (f"{name}={show_value(level)}" for level in (up, down))
        says = f"{metric} is higher with {high} than with {low}"
        extra: dict[str, Any] = {"declared": False, "m": len(contrasts)}
        verdicts.append(part_verdict(judge.decide(part), digest(says, 8), says, details=extra))
    return Verdicts(verdicts)


def _contrast(
    up: Mapping[Setting, Arm], down: Mapping[Setting, Arm], metric: str, matters: float
) -> Contrast:
    """Mean of `up` less mean of `down` over the settings of the other factors that both met."""
    common = [setting for setting in up if setting in down]
    each = 1.0 / len(common)
    weights = (each,) * len(common) + (-each,) * len(common)
    chosen = tuple(side[setting] for side in (up, down) for setting in common)
    return Contrast(chosen, metric, matters, "higher", weights)


def _others(arm: Arm, path: str) -> Setting:
    return tuple(item for item in arm.factors.items() if item[0] != path)
