"""Ranges are drawn as they say: every whole number as often as its share, the ends included."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from mlplab.errors import ConfigError
from mlplab.search import STRATEGIES, Proposal, Range, Space, Terms, walk

WHOLE = [(1, 3, False), (1, 3, True), (-2, 2, False), (1, 40, True), (16, 21, False), (0, 1, False)]


def shares(low, high, log):
    """What each whole number should get: of a line, or of its logarithm, cut at the halves."""
    edges = np.arange(low, high + 2) - 0.5
    lengths = np.diff(np.log(edges) if log else edges)
    return lengths / lengths.sum()


@pytest.mark.parametrize(("low", "high", "log"), WHOLE)
@pytest.mark.parametrize("seed", range(3))
def test_whole_numbers_are_drawn_as_often_as_they_should(low, high, log, seed):
    space = Space({"n": Range(low=low, high=high, log=log, whole=True)})
    rng = np.random.default_rng(seed)
    counts = Counter(space.draw(rng)["n"] for _ in range(4000))
    assert set(counts) <= set(range(low, high + 1))
    seen = [counts[n] for n in range(low, high + 1)]
    assert chisquare(seen, 4000 * shares(low, high, log)).pvalue > 1e-3


@given(st.integers(-1000, 1000), st.integers(1, 500), st.booleans(), st.floats(0, 1))
def test_whole_numbers_stay_inside_and_rise(low, width, log, share):
    low = abs(low) + 1 if log else low
    numbers = Range(low=low, high=low + width, log=log, whole=True)
    value = numbers.at(share)
    assert isinstance(value, int)
    assert low <= value <= low + width
    assert numbers.at(share / 2) <= value
    assert numbers.at(0) == low
    assert numbers.at(1) == low + width
    assert numbers.holds(value)
    assert set(numbers.steps(7)) <= set(range(low, low + width + 1))


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_keeps_whole_numbers_whole(name):
    class Scores:
        def scores(self, proposals: list[Proposal]):
            return [(float(-abs(p.config["n"] - 4)),) * len(p.seeds) for p in proposals]

    space = Space({"n": Range(low=2, high=6, whole=True)})
    terms = Terms(epochs=3, budget=200)
    trials = itertools.chain.from_iterable(walk(STRATEGIES[name], space, terms, Scores(), 1))
    assert {trial.config["n"] for trial in trials} <= {2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ({"low": 2.5, "high": 5.5, "whole": True}, "whole bounds; got 2.5 to 5.5"),
        ({"low": 1, "high": 5.5, "whole": True, "log": True}, "whole bounds; got 1 to 5.5"),
        ({"low": 0, "high": 5, "whole": True, "log": True}, "a logarithm needs low > 0"),
        ({"low": 0, "high": 2**60, "whole": True}, "below 2"),
        ({"low": -1e308, "high": 1e308}, "fewer orders of magnitude"),
        ({"low": 1e-300, "high": 1e300, "log": True}, "fewer orders of magnitude"),
        ({"low": 3, "high": 3}, "expected low < high"),
        ({"low": math.nan, "high": 3}, "low: expected"),
    ],
)
def test_bounds_that_cannot_be_drawn_from_are_refused(bounds, says):
    with pytest.raises(ConfigError, match=says):
        Range(**bounds)
