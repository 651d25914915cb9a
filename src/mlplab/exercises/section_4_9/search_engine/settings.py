"""What the simulated search engine, its users and its advertisers are like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Settings:
    """All parameters of the simulation, as the page's table shows them.

    Attributes:
        users: at the start; each active one searches once a day.
        queries: kinds of searches, one drawn for each search.
        documents: for every query.
        shown: positions of a list of results.
        features: of a document, which the model sees.
        level: logit of the relevance of an average document.
        hidden: standard deviation of the part of this logit that no feature shows; that of the
            part that features show is 1.
        days: simulated.
        change_day: from which on the new rule holds.
        boost: weight of a trait in the new rule; 0 is no change.
        bias: eta; position k is examined with probability k^-eta.
        training: of the ranking model: on clicks as they come, on clicks divided by the
            probability of examination, or never.
        explored: share of searches answered in random order.
        memory: share of a day's clicks that the log still counts a day later.
        detail: weight of relevance that a long query adds to the ranking.
        effort: cost of a long query, as a share of a search that finds something.
        choice: how sharply users choose the kind of query that served them better.
        habit: share of a user's expectation that a day renews; satisfaction is renewed faster.
        mood: share of a user's satisfaction that a day renews.
        leaving: probability a day of leaving for a user who finds what they expect.
        impatience: kappa; it is multiplied by exp(kappa (expected - found)).
        advertisers: that bid for ads beside the results.
        slots: for ads.
        attention: share of ads that are examined, compared with results at the same position.
        rebidding: probability a day that an advertiser sets bid and budget anew.
        spending: share of the worth of its clicks that an advertiser budgets.
    """

    users: int = 300
    queries: int = 5
    documents: int = 30
    shown: int = 5
    features: int = 3
    level: float = -2.0
    hidden: float = 1.0
    days: int = 100
    change_day: int = 60
    boost: float = 1.5
    bias: float = 1.0
    training: Literal["clicks", "weighted", "never"] = "clicks"
    explored: float = 0.0
    memory: float = 0.9
    detail: float = 1.0
    effort: float = 0.15
    choice: float = 8.0
    habit: float = 0.05
    mood: float = 0.2
    leaving: float = 0.002
    impatience: float = 6.0
    advertisers: int = 8
    slots: int = 3
    attention: float = 0.3
    rebidding: float = 0.2
    spending: float = 0.5
