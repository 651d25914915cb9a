"""Group-sequential looks at the results, at a level shared among the looks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mlplab.errors import ConfigError
from mlplab.notes import NOTHING, say_note
from mlplab.stats.decision import Decision
from mlplab.stats.power import MIN_SEEDS

# Each look adds as much as all before it; more looks would cost more of the level.
LOOKS = (8, 16, 32, 64)
# Sums to 1; most for the last look, since what is plain is settled at little.
SPLIT = (0.1, 0.2, 0.3, 0.4)


@dataclass(frozen=True, slots=True)
class LooksDecision:
    """A claim decided look by look.

    Attributes:
        decision: that of the last look taken.
        look: its number from 1; 0 if the first look is still to come.
        stopped: whether the claim is through: it stopped, or had its last look.
        history: the decisions of all looks taken.
    """

    decision: Decision
    look: int
    stopped: bool
    history: tuple[Decision, ...]


def is_settled(decision: Decision) -> bool:
    """Whether a claim stops here: equivalent, or beyond +-d; an open size goes on.

    >>> from mlplab.stats import decide
    >>> is_settled(decide([0.011, 0.013, 0.012, 0.014, 0.010], 0.005))
    True
    """
    return decision.size in ("below d", "at least d")


def walk_looks(
    evaluate: Callable[[int, float], Decision],
    n_available: int,
    *,
    looks: Sequence[int] = LOOKS,
    split: Sequence[float] = SPLIT,
) -> LooksDecision:
    """Take the declared looks in order until the claim is settled or the seeds run out.

    Look k sees the first `looks[k]` seeds at level `alpha * split[k]`; the shares sum to at most
    1, so all intervals of all looks hold together with probability `1 - alpha`.

    Assumes: looks and shares were declared before the first look.
    Does not license: reporting an earlier look because it reads better.

    Args:
        evaluate: gets a number of seeds and a share of the level, returns the decision on the
            first so many seeds (`decide`, or `decide_arms` where runs can fail).
        n_available: seeds that are finished.
        looks, split: seeds and share of the level of each look.

    >>> from mlplab.stats import decide
    >>> walk_looks(lambda n, share: decide([0.0] * n, 1.0, spend=share), 9).look
    1
    """
    _check_plan(looks, split)
    taken: list[Decision] = []
    for n_seeds, share in zip(looks, split, strict=True):
        if n_seeds > n_available:
            break
        taken.append(evaluate(n_seeds, share))
        if is_settled(taken[-1]):
            break
    if not taken:
        early = replace(
            evaluate(n_available, split[0]),
            verdict="none",
            size="",
            note=NOTHING,
            seeds_needed=None,
            reason=say_note("first look", n=n_available, first=looks[0]),
        )
        return LooksDecision(early, 0, False, ())
    stopped = is_settled(taken[-1]) or len(taken) == len(looks)
    return LooksDecision(taken[-1], len(taken), stopped, tuple(taken))


def look_number(n_seeds: int, earlier: Sequence[int]) -> int | None:
    """Number of an unprotected look, or None if this look is the first one.

    Looks are counted by the different numbers of seeds a stored claim was evaluated at, in the
    order that happened; the same number of seeds again is the same look.

    Args:
        n_seeds: seeds at this look.
        earlier: seeds at the looks before it, in order.

    >>> look_number(16, earlier=[8]), look_number(8, earlier=[8])
    (2, None)
    """
    order = list(dict.fromkeys([*earlier, n_seeds]))
    place = order.index(n_seeds) + 1
    return place if place > 1 else None


def _check_plan(looks: Sequence[int], split: Sequence[float]) -> None:
    rising = all(a < b for a, b in pairwise(looks))
    if not looks or not rising or looks[0] < MIN_SEEDS:
        raise ConfigError(f"looks: expected rising numbers from {MIN_SEEDS} on; got {list(looks)}")
    if len(split) != len(looks) or min(split) <= 0 or sum(split) > 1 + 1e-9:
        raise ConfigError(
            f"split: expected {len(looks)} shares above 0 that sum to at most 1; got {list(split)}"
        )
