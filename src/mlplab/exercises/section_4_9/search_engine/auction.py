"""Advertisers: a generalised second-price auction, bids that answer it, budgets that follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.section_4_9.search_engine.clicks import Array


def auction(bids: Array, weights: Array, slots: int) -> tuple[NDArray[np.int64], Array]:
    """Rank ads by bid times weight; each pays per click what would just keep its place.

    Args:
        bids: (R, A).
        weights: of the ranking rule, (R, A).
        slots: that are shown.

    Returns:
        The place of every ad, 0 the first, (R, A), and its price per click, (R, A); 0 without a
        slot. The last ad pays nothing if nobody is behind it.

    >>> place, price = auction(np.array([[3.0, 1.0, 2.0]]), np.ones((1, 3)), 2)
    >>> place, price
    (array([[0, 2, 1]]), array([[2., 0., 1.]]))
    """
    scores = bids * weights
    order = np.argsort(-scores, axis=1, kind="stable")
    place: NDArray[np.int64] = np.argsort(order, axis=1, kind="stable")
    ordered = np.take_along_axis(scores, order, axis=1)
    following = np.concatenate([ordered[:, 1:], np.zeros_like(ordered[:, :1])], axis=1)
    price = np.take_along_axis(following, place, axis=1) / weights
    return place, np.where(place < slots, price, 0.0)


def balanced_bid(advertiser: int, bids: Array, weights: Array, values: Array, seen: Array) -> Array:
    """Return one advertiser's balanced bid against the others' present ones, (R,).

    It aims at the slot k with the largest seen_k (value - price_k) and bids so much that it would
    not mind being one slot higher at that price: value - bid = seen_k / seen_(k-1) (value -
    price_k); for the first slot, halfway between price and value.

    Args:
        advertiser: which one.
        bids: of all, (R, A).
        weights: of the ranking rule, (R, A).
        values: of a click, (R, A).
        seen: probability that a slot is examined, (S,).

    Source: Cary et al., Greedy bidding strategies for keyword auctions, EC 2007.
    """
    others = np.delete(bids * weights, advertiser, axis=1)
    value = values[:, advertiser]
    price = -np.sort(-others, axis=1)[:, : len(seen)] / weights[:, [advertiser]]
    gains = seen * (value[:, None] - price)
    best = gains.argmax(axis=1)
    rows = np.arange(len(value))
    margin = value - price[rows, best]
    shares = np.concatenate([[0.5], seen[1:] / seen[:-1]])
    bid = value - shares[best] * margin
    # Where no slot pays, the value itself is bid: it can lose nothing.
    return np.asarray(np.where(margin > 0, bid, value))
