"""Looking at the results before all seeds are in, without paying for it in false verdicts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError
from mlplab.stats.decision import Decision, Expect, decide
from mlplab.stats.interval import ALPHA
from mlplab.stats.power import MIN_SEEDS

LOOKS = (8, 16, 32, 64)
SPLIT = (0.1, 0.2, 0.3, 0.4)


@dataclass(frozen=True, slots=True)
class LooksDecision:
    """A claim decided look by look.

    Attributes:
        decision: that of the last look taken.
        look: its number from 1; 0 if the first look is still to come.
        stopped: whether the claim is through: it stopped, or had its last look.
        next_look: seeds in all at the next look; None if stopped.
        history: the decisions of all looks taken.
    """

    decision: Decision
    look: int
    stopped: bool
    next_look: int | None
    history: tuple[Decision, ...]


def is_settled(decision: Decision) -> bool:
    """Whether a claim stops here: equivalent, or beyond +-d; an open size goes on.

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
            note="",
            seeds_needed=None,
            reason=f"{n_available} seeds: the first look is at {looks[0]}",
        )
        return LooksDecision(early, 0, False, looks[0], ())
    stopped = is_settled(taken[-1]) or len(taken) == len(looks)
    following = None if stopped else looks[len(taken)]
    return LooksDecision(taken[-1], len(taken), stopped, following, tuple(taken))


def decide_at_looks(
    y: ArrayLike,
    matters: float,
    *,
    expect: Expect = "higher",
    claims: int = 1,
    alpha: float = ALPHA,
    n_test: int | None = None,
    looks: Sequence[int] = LOOKS,
    split: Sequence[float] = SPLIT,
) -> LooksDecision:
    """Verdict until decided: looks at 8, 16, 32 and 64 seeds at a x (0.1, 0.2, 0.3, 0.4).

    A claim stops as soon as its difference is shown to be below d or at least d; "size open"
    goes on to the last look. Seeds beyond the look that stopped it are not used.

    Assumes: as `decide`, and seeds in the order they were declared in, (n,).
    Does not license: a look at any other number of seeds (see `look_number`).

    >>> looked = decide_at_looks([0.0, 0.01] * 10, matters=1.0)
    >>> looked.decision.verdict, looked.look, looked.stopped
    ('equivalent', 1, True)
    """
    values = np.asarray(y, dtype=np.float64)

    def evaluate(n_seeds: int, share: float) -> Decision:
        return decide(
            values[:n_seeds],
            matters,
            expect=expect,
            claims=claims,
            alpha=alpha,
            spend=share,
            n_test=n_test,
        )

    return walk_looks(evaluate, values.shape[0], looks=looks, split=split)


def look_number(n_seeds: int, earlier: Sequence[int], declared: Sequence[int] = ()) -> int | None:
    """Number of an unprotected look, or None if this look is the first one or was declared.

    Looks are counted by the different numbers of seeds a stored claim was evaluated at, in the
    order that happened; the same number of seeds again is the same look.

    Args:
        n_seeds: seeds at this look.
        earlier: seeds at the looks before it, in order.
        declared: numbers of seeds declared before the first look.

    >>> look_number(16, earlier=[8]), look_number(16, earlier=[8], declared=[8, 16])
    (2, None)
    """
    if n_seeds in declared:
        return None
    order = list(dict.fromkeys([*earlier, n_seeds]))
    place = order.index(n_seeds) + 1
    return place if place > 1 else None


def mark_look(decision: Decision, earlier: Sequence[int], declared: Sequence[int] = ()) -> Decision:
    """The decision, with "unprotected look k" added to its note where `look_number` gives a k.

    Does not license: reading its level as that of a planned look; after k full-level looks the
    chance of a false verdict is up to k times as large.

    >>> mark_look(decide([0.0] * 16, 1.0), earlier=[8]).note
    'unprotected look 2'
    """
    number = look_number(decision.n_seeds, earlier, declared)
    if number is None:
        return decision
    mark = f"unprotected look {number}"
    return replace(decision, note=f"{decision.note}; {mark}" if decision.note else mark)


def _check_plan(looks: Sequence[int], split: Sequence[float]) -> None:
    rising = all(a < b for a, b in pairwise(looks))
    if not looks or not rising or looks[0] < MIN_SEEDS:
        raise ConfigError(f"looks: expected rising numbers from {MIN_SEEDS} on; got {list(looks)}")
    if len(split) != len(looks) or min(split) <= 0 or sum(split) > 1 + 1e-9:
        raise ConfigError(
            f"split: expected {len(looks)} shares above 0 that sum to at most 1; got {list(split)}"
        )
