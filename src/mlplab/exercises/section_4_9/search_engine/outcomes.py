"""What a change of the rule brings about: numbers per seed, against engines that did not change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_9.search_engine.clicks import Array, correlation, gini
from mlplab.exercises.section_4_9.search_engine.ranking import log_loss
from mlplab.exercises.section_4_9.search_engine.settings import Settings
from mlplab.exercises.section_4_9.search_engine.simulation import History, simulate

BASE = Settings()
CHANGE = BASE.change_day
EXPLORED = 0.2
LOOPS: Mapping[str, Settings] = {
    "clicks": replace(BASE, boost=0.0),
    "clicks, explored": replace(BASE, boost=0.0, explored=EXPLORED),
    "weighted": replace(BASE, boost=0.0, training="weighted"),
    "weighted, explored": replace(BASE, boost=0.0, training="weighted", explored=EXPLORED),
}
"""How the ranking model learns, where the rule never changes; the first is the control."""
VARIED: Mapping[str, tuple[float, float]] = {
    "boost": (0.75, 3.0),
    "bias": (0.5, 1.5),
    "impatience": (3.0, 12.0),
    "rebidding": (0.05, 0.5),
}
"""Parameters of the sensitivity check: half, or less, and twice, or more."""
EARLY, LATE = 20, 10
ALPHA, SPELL = 0.05, 5
"""Level of the two-sample test, and days of its two logs."""
_SEEDS = (20, 100, 200)
_FEW = 10


def n_seeds(profile: Profile) -> int:
    """Return how many pairs of engines are simulated."""
    return profile.pick(*_SEEDS)


def fresh(seeds: int) -> range:
    """Return seeds that had no part in choosing the model's parameters and claims."""
    return range(1000, 1000 + seeds)


@lru_cache(maxsize=6)
def history(how: Settings, seeds: int) -> History:
    """Return what happened under these settings; the page and its claims see the same."""
    return simulate(how, fresh(seeds))


def pair(seeds: int) -> tuple[History, History]:
    """Return the engines whose rule changes, and their controls."""
    return history(BASE, seeds), history(LOOPS["clicks"], seeds)


def reactions(changed: History, control: History) -> Mapping[str, Array]:
    """Return by name what the change adds to the control, one number per seed, (R,)."""
    # Of the same users at both times: those who miss most leave, and a mean over the others falls.
    same = changed.remain & control.remain
    felt = (changed.missed - control.missed).mean(axis=2, where=same)
    # Satisfaction needs some days to show what has changed.
    early = felt[CHANGE + 5 : CHANGE + 5 + LATE].mean(axis=0)
    late = felt[-LATE:].mean(axis=0)
    effect = np.log(changed.revenue / control.revenue)

    def added(of: str) -> Array:
        one, other = (np.asarray(_reactions_of(h)[of]) for h in (changed, control))
        return one - other

    return {
        "left": control.stayed[-1] - changed.stayed[-1],
        "stayed": changed.stayed[-1],
        "shortfall": late,
        "accepted": late - early,
        "long_queries": added("long_queries"),
        "bids": added("bids"),
        "budgets": added("budgets"),
        "order": added("order"),
        "price": added("price"),
        "price_level": np.log(changed.price[-5:].mean(axis=0) / control.price[-5:].mean(axis=0)),
        "first_revenue": effect[CHANGE : CHANGE + 5].mean(axis=0),
        "last_revenue": effect[-5:].mean(axis=0),
        "stale": staleness(changed) - staleness(control),
        "raw_loss": stale_loss(changed) - stale_loss(control),
    }


def _reactions_of(one: History) -> Mapping[str, Array]:
    """How far one engine's users and advertisers have moved since the day of the change."""
    before, places = slice(CHANGE - 5, CHANGE), one.places
    return {
        "long_queries": one.detailed[-LATE:].mean(axis=0),
        "bids": np.abs(np.log(one.bids[CHANGE + EARLY] / one.bids[CHANGE])).mean(axis=1),
        "budgets": np.abs(np.log(one.budgets[-1] / one.budgets[CHANGE])).mean(axis=1),
        "order": flipped(places[CHANGE - 1], places[-1]),
        "price": np.abs(np.log(one.price[-5:].mean(axis=0) / one.price[before].mean(axis=0))),
    }


def flipped(one: Array, other: Array) -> Array:
    """Return the share of pairs whose order differs between two rankings (R, A): (R,).

    >>> flipped(np.array([[0, 1, 2]]), np.array([[1, 0, 2]])).round(2)
    array([0.33])
    """
    first, second = np.triu_indices(one.shape[1], 1)
    signs = [np.sign(a[:, first] - a[:, second]) for a in (one, other)]
    return np.asarray((signs[0] != signs[1]).mean(axis=1))


def stale_loss(one: History) -> Array:
    """Return the log loss of the model from before the change, ten to twenty days after it."""
    shown, clicks = _log(one, slice(CHANGE + LATE, CHANGE + 2 * LATE))
    return log_loss(one.scores[CHANGE], shown, clicks)


def staleness(one: History) -> Array:
    """Return that loss less the loss of the model trained on the ten days between."""
    shown, clicks = _log(one, slice(CHANGE + LATE, CHANGE + 2 * LATE))
    return stale_loss(one) - log_loss(one.scores[CHANGE + LATE], shown, clicks)


def _log(one: History, days: slice) -> tuple[Array, Array]:
    return one.shown[days].sum(axis=0), one.clicks[days].sum(axis=0)


def shift_p(one: History, first: int, second: int, days: int = 5) -> Array:
    """Return p of a two-sample test of the logs of two spells of days, by seed: (R,).

    A chi-squared test of which document a short query was shown first; documents that were
    rarely first count as one. Every search is an independent draw of a query.
    """
    before, after = (
        one.first_place[start : start + days].sum(axis=0).reshape(len(one.world.logits), -1)
        for start in (first, second)
    )
    return np.array([two_sample_p(a, b) for a, b in zip(before, after, strict=True)])


def two_sample_p(before: Array, after: Array) -> float:
    """Return p of the chi-squared test that counts (M,) and (M,) are of one distribution."""
    from scipy import stats

    table = np.stack([before, after])
    few = table.sum(axis=0) < _FEW
    table = np.column_stack([table[:, ~few], table[:, few].sum(axis=1)])
    table = table[:, table.sum(axis=0) > 0]
    return float(stats.chi2_contingency(table).pvalue) if table.shape[1] > 1 else 1.0


def errors(one: History, day: int) -> Array:
    """Return the part of the scores that relevance does not explain, within queries: (R, Q, J)."""
    truth = one.world.logits - one.world.logits.mean(axis=-1, keepdims=True)
    scores = one.scores[day] - one.scores[day].mean(axis=-1, keepdims=True)
    slope = (truth * scores).sum(axis=-1, keepdims=True) / np.square(truth).sum(
        axis=-1, keepdims=True
    )
    return np.asarray(scores - slope * truth)


def kept_errors(one: History, day: int = EARLY) -> Array:
    """Return the correlation of the errors of a day with those of the last one: (R,)."""
    return correlation(errors(one, day), errors(one, -1))


def recovered(one: History, day: int = -1) -> Array:
    """Return the correlation of scores with the true logits of relevance: (R,)."""
    return correlation(one.scores[day], one.world.logits)


def inequality(one: History, days: slice) -> Array:
    """Return the Gini coefficient of clicks over documents in some days: (R,)."""
    clicks = one.clicks[days].sum(axis=0)
    return gini(clicks.reshape(len(clicks), -1))


@lru_cache(maxsize=2)
def varied(seeds: int) -> Mapping[tuple[str, float], Mapping[str, Array]]:
    """Return reactions by parameter and value, all else as stated."""
    found = {}
    for name, values in VARIED.items():
        for value in values:
            changes: dict[str, float] = {name: value}
            how = replace(BASE, **changes)  # type: ignore[arg-type]
            still = replace(how, boost=0.0)
            # Where only the new rule is another, the control is the one that there is.
            control = pair(seeds)[1] if name == "boost" else simulate(still, fresh(seeds))
            found[name, value] = reactions(simulate(how, fresh(seeds)), control)
    return found
