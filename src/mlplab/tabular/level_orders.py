"""Levels whose names say their order: poor to excellent, low to high, small to large."""

from __future__ import annotations

from collections.abc import Iterable

# Each scale from lowest to highest; names at one place mean the same.
SCALES: tuple[tuple[str, ...], ...] = (
    (
        "no|none|nothing|absent|unavailable",
        "very poor|very bad|terrible|awful",
        "po|poor|bad",
        "mn|min|minimum|minimal|below average",
        "fa|fair|acceptable|mediocre",
        "ta|av|avg|average|typ|typical|ok|okay|normal|regular|medium|moderate|satisfactory",
        "above average",
        "gd|good",
        "very good|vgood|vgd|great",
        "ex|excellent|outstanding|superb|best|perfect",
    ),
    (
        "none|no|zero",
        "very low|lowest|minimal",
        "low|lo|minor|mild|slight",
        "below average",
        "medium|med|moderate|mod|middle|mid|normal|average",
        "above average",
        "high|hi|major|severe|strong|heavy",
        "very high|highest|extreme|critical",
    ),
    (
        "xxs|2xs", "xs|extra small|tiny|very small", "s|small|sm", "m|medium|med|md|middle",
        "l|large|lg|big", "xl|extra large|very large|huge", "xxl|2xl", "xxxl|3xl",
    ),
    ("never", "rarely|seldom", "sometimes|occasionally", "often|frequently|usually", "always"),
    (
        "strongly disagree", "disagree", "neutral|neither|undecided", "agree", "strongly agree",
    ),
    ("first|1st", "second|2nd", "third|3rd", "fourth|4th", "fifth|5th", "sixth|6th"),
    (
        "preschool|kindergarten", "primary|elementary", "secondary|high school|hs-grad",
        "associate|college|some college|some-college", "bachelor|bachelors|undergraduate|graduate",
        "master|masters|postgraduate", "doctorate|phd|doctoral",
    ),
)  # fmt: skip


def level_ranks(levels: Iterable[str], order: tuple[str, ...] = ()) -> dict[str, float]:
    """Return the rank of each level in lower case; nothing where no order is known.

    Declared orders count; else at least three levels must be names of one scale, all of them, and
    no two at one place. Levels of the scale that are not there have ranks too, in case they come.

    Args:
        levels: as the training rows have them.
        order: declared, from lowest to highest; or none.

    >>> ranks = level_ranks(["Gd", "TA", "Ex", "Fa"])
    >>> ranks["fa"] < ranks["ta"] < ranks["gd"] < ranks["ex"]
    True
    >>> level_ranks(["red", "good", "low"])
    {}
    """
    if order:
        return {level.strip().lower(): float(rank) for rank, level in enumerate(order)}
    names = {level.strip().lower().replace("_", " ") for level in levels}
    if len(names) < 3:
        return {}
    for scale in SCALES:
        ranks = {name: float(i) for i, same in enumerate(scale) for name in same.split("|")}
        if names <= set(ranks) and len({ranks[name] for name in names}) == len(names):
            return ranks
    return {}
