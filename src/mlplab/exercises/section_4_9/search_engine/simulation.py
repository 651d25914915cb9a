"""Engines of many seeds day by day: users search, the model learns from their clicks, ads bid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.section_4_9.logistic import sigmoid
from mlplab.exercises.section_4_9.search_engine.auction import auction, balanced_bid
from mlplab.exercises.section_4_9.search_engine.clicks import Array, click, examination
from mlplab.exercises.section_4_9.search_engine.ranking import RankingModel
from mlplab.exercises.section_4_9.search_engine.settings import Settings
from mlplab.specs.keyed import philox


@dataclass(frozen=True, eq=False)
class World:
    """What no rule changes: documents and advertisers of every seed.

    Attributes:
        features: of documents, with a 1, (R, Q, J, F).
        logits: of the probability that an examined document is clicked, (R, Q, J).
        traits: what the new rule promotes, independent of all else, (R, Q, J).
        first: scores on the first day, before anything is learned, (R, Q, J).
        quality: probability that an examined ad is clicked, (R, A).
        ad_traits: what the new rule promotes among ads, (R, A).
        values: of a click, to its advertiser, (R, A).
    """

    features: Array
    logits: Array
    traits: Array
    first: Array
    quality: Array
    ad_traits: Array
    values: Array


@dataclass(frozen=True, eq=False)
class History:
    """What happened, day by day (D) and seed by seed (R).

    Attributes:
        world: in which.
        remain: users who are active after the last day, (R, N).
        active: users who have not left, (D, R).
        stayed: the share of users who were active on the day of the change, on every day, (D, R).
        found: share of searches with a click, (D, R).
        missed: expected less actual satisfaction of every user, (D, R, N).
        detailed: share of searches with a long query, (D, R).
        shown: how often every document was shown, (D, R, Q, J).
        clicks: on every document, (D, R, Q, J).
        first_place: how often every document was first of a short query's list, (D, R, Q, J).
        scores: of the ranking model before the day, without the rule's boost, (D, R, Q, J).
        bids: (D, R, A).
        budgets: (D, R, A).
        places: of ads, (D, R, A).
        revenue: (D, R).
        price: mean per paid click, (D, R).
    """

    world: World
    remain: NDArray[np.bool_]
    active: Array
    stayed: Array
    found: Array
    missed: Array
    detailed: Array
    shown: Array
    clicks: Array
    first_place: Array
    scores: Array
    bids: Array
    budgets: Array
    places: Array
    revenue: Array
    price: Array


def make_world(how: Settings, seeds: Sequence[int]) -> World:
    """Draw documents and advertisers."""
    size = (how.queries, how.documents)
    drawn = []
    for seed in seeds:
        rng = philox(seed, "search engine/world")
        x = rng.standard_normal((*size, how.features))
        along = x.sum(axis=-1) / how.features**0.5
        logits = how.level + along + how.hidden * rng.standard_normal(size)
        traits, first = rng.standard_normal(size), 0.01 * rng.standard_normal(size)
        ads = rng.standard_normal((3, how.advertisers))
        drawn.append(
            (
                np.concatenate([x, np.ones((*size, 1))], axis=-1),
                logits,
                traits,
                first,
                sigmoid(-0.5 + 0.8 * ads[0]),
                ads[1],
                np.exp(0.4 * ads[2]),
            )
        )
    return World(*(np.stack(part) for part in zip(*drawn, strict=True)))


@dataclass
class _Users:
    """State of all users: (R, N), and of the two kinds of queries (R, N, 2)."""

    active: NDArray[np.bool_]
    mood: Array
    habit: Array
    worth: Array

    def choose(self, how: Settings, uniform: Array) -> NDArray[np.int64]:
        """Choose short (0) or long (1) queries, the one that served better more often."""
        better = self.worth[..., 1] - how.effort - self.worth[..., 0]
        return (uniform < sigmoid(how.choice * better)).astype(np.int64)

    def learn(
        self, how: Settings, kind: NDArray[np.int64], found: NDArray[np.bool_], uniform: Array
    ) -> None:
        """Renew expectations by what was found; some leave."""
        old = np.take_along_axis(self.worth, kind[..., None], axis=-1)
        new = old + 0.1 * (found[..., None] - old)
        np.put_along_axis(self.worth, kind[..., None], new, axis=-1)
        self.mood = self.mood + how.mood * (found - self.mood)
        self.habit = self.habit + how.habit * (found - self.habit)
        chance = how.leaving * np.exp(how.impatience * (self.habit - self.mood))
        self.active = self.active & (uniform >= chance)


def simulate(how: Settings, seeds: Sequence[int]) -> History:
    """Run the engines of all seeds; the same seed draws the same numbers under all settings.

    Cost: about 10 R N K numbers a day.
    """
    world = make_world(how, seeds)
    n_runs, rows = len(seeds), np.arange(len(seeds))[:, None]
    model = RankingModel(
        world.features, np.zeros((n_runs, world.features.shape[-1])), world.first.copy()
    )
    users = _Users(
        np.ones((n_runs, how.users), dtype=bool),
        np.full((n_runs, how.users), 0.5),
        np.full((n_runs, how.users), 0.5),
        np.full((n_runs, how.users, 2), 0.5),
    )
    bids, budgets = 0.5 * world.values, 0.05 * how.users * world.values
    examined = examination(how.shown, how.bias)
    seen = how.attention * examination(how.slots, how.bias)
    log_shown = np.zeros_like(world.logits)
    log_clicks = np.zeros_like(world.logits)
    at_change = np.ones_like(users.active)
    days: list[tuple[NDArray[np.floating], ...]] = []
    for day in range(how.days):
        if day == how.change_day:
            at_change = users.active.copy()
        boost = how.boost if day >= how.change_day else 0.0
        drawn = [_Draws.of(seed, day, how) for seed in seeds]
        draws = _Draws(
            *(np.stack(part) for part in zip(*(one.parts for one in drawn), strict=True))
        )
        kind = users.choose(how, draws.kind)
        lists = _lists(how, world, model, boost)
        results = lists[rows, draws.query, kind]
        if how.explored:
            at_random = np.argsort(draws.order, axis=-1)[..., : how.shown]
            results = np.where((draws.explore < how.explored)[..., None], at_random, results)
        chances = sigmoid(world.logits)[rows[..., None], draws.query[..., None], results]
        clicked = click(chances, examined, draws.click) & users.active[..., None]
        found = np.asarray(clicked.any(axis=-1))
        n_active = np.maximum(users.active.sum(axis=1), 1)

        place = (rows[..., None] * how.queries + draws.query[..., None]) * how.documents + results
        shown = _counts(place, np.broadcast_to(users.active[..., None], place.shape), world)
        clicks = _counts(place, clicked, world)
        short = users.active & (kind == 0)
        weights = np.exp(0.5 * boost * world.ad_traits) * world.quality
        ad_place, price = auction(bids, weights, how.slots)
        offered = (
            n_active[:, None]
            * world.quality
            * np.append(seen, 0.0)[np.minimum(ad_place, how.slots)]
        )
        paid = np.minimum(offered, budgets / np.maximum(price, 1e-9))
        spent = (price * paid).sum(axis=1)
        days.append(
            (
                users.active.sum(axis=1).astype(float),
                (users.active & at_change).sum(axis=1) / np.maximum(at_change.sum(axis=1), 1),
                found.sum(axis=1) / n_active,
                (users.habit - users.mood).astype(np.float32),
                (kind * users.active).sum(axis=1) / n_active,
                # A number for each document, as for each user: in half the memory.
                *(
                    part.astype(np.float32)
                    for part in (shown, clicks, _counts(place[..., 0], short, world), model.scores)
                ),
                bids.copy(),
                budgets.copy(),
                ad_place.astype(float),
                spent,
                spent / np.maximum(paid.sum(axis=1), 1e-9),
            )
        )
        users.learn(how, kind, found, draws.leave)
        if how.training != "never":
            counted = clicks
            if how.training == "weighted":
                counted = _counts(place, clicked / examined, world)
            log_shown = how.memory * log_shown + shown
            log_clicks = how.memory * log_clicks + counted
            model.train(log_shown, log_clicks)
        again = draws.rebid < how.rebidding
        for one in range(how.advertisers):
            answer = balanced_bid(one, bids, weights, world.values, seen)
            bids[:, one] = np.where(again[:, one], answer, bids[:, one])
        # Who has no slot budgets for the last one, or a promoted ad would have nothing to spend.
        hoped = np.maximum(offered, n_active[:, None] * world.quality * seen[-1])
        worth = how.spending * world.values * hoped
        budgets = np.where(again, 0.8 * budgets + 0.2 * worth, budgets)
    by_day = (np.stack(part) for part in zip(*days, strict=True))
    return History(world, users.active, *by_day)


@dataclass(frozen=True, eq=False)
class _Draws:
    """All numbers drawn for a day, of one seed or of all."""

    query: NDArray[np.int64]
    kind: Array
    click: Array
    leave: Array
    rebid: Array
    explore: Array
    order: Array

    @classmethod
    def of(cls, seed: int, day: int, how: Settings) -> _Draws:
        """Draw from one stream for each seed and day, what only some settings use from its own."""
        rng = philox(seed, "search engine/day", day)
        n = how.users
        parts = (
            rng.integers(how.queries, size=n),
            rng.random(n),
            rng.random((n, how.shown)),
            rng.random(n),
            rng.random(how.advertisers),
        )
        other = philox(seed, "search engine/exploration", day)
        if how.explored:
            return cls(*parts, other.random(n), other.random((n, how.documents)))
        return cls(*parts, np.ones(n), np.ones((n, 0)))

    @property
    def parts(self) -> tuple[NDArray[np.generic], ...]:
        """Its arrays, in order."""
        return tuple(getattr(self, one.name) for one in fields(self))


def _lists(how: Settings, world: World, model: RankingModel, boost: float) -> NDArray[np.int64]:
    """Return the documents shown for short and long queries, (R, Q, 2, K)."""
    short = model.scores + boost * world.traits
    both = np.stack([short, short + how.detail * world.logits], axis=2)
    return np.asarray(np.argsort(-both, axis=-1, kind="stable")[..., : how.shown])


def _counts(place: NDArray[np.int64], amounts: NDArray[np.generic], world: World) -> Array:
    """Add amounts up by document: (R, Q, J)."""
    flat = np.bincount(
        place.ravel(),
        weights=np.asarray(amounts, dtype=np.float64).ravel(),
        minlength=world.logits.size,
    )
    return np.asarray(flat.reshape(world.logits.shape))
