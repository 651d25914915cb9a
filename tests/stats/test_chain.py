"""Chains of claims."""

from itertools import permutations

import numpy as np
import pytest

from mlplab.errors import ConfigError
from mlplab.stats import decide, decide_chain

NOISE = np.array([-0.02, 0.01, 0.0, -0.01, 0.02])
UP, DOWN, FLAT = (decide(NOISE + shift, 1.0, claims=3) for shift in (3.0, -3.0, 0.0))
OPEN = decide([-2.0, 3.0, 1.0, 4.0, -1.0], 1.0, claims=3)
FEW = decide([1.0, 2.0], 1.0)


def test_supported_if_all_links_are_and_refuted_if_one_is():
    assert decide_chain([UP, UP, UP]).verdict == "supported"
    for parts in permutations([UP, DOWN, OPEN, FLAT], 3):
        verdict = decide_chain(parts).verdict
        assert verdict == ("refuted" if DOWN in parts else "undecided")


def test_an_open_link_names_the_seeds_and_an_equivalent_one_does_not():
    waiting = decide_chain([UP, OPEN])
    assert (waiting.verdict, waiting.seeds_needed) == ("undecided", OPEN.seeds_needed)
    assert OPEN.seeds_needed is not None
    assert waiting.note == "link 2 undecided"
    settled = decide_chain([FLAT, OPEN, FLAT])
    assert settled.seeds_needed is None
    assert settled.note == "links 1, 3 equivalent: more seeds will not support the chain"


def test_too_few_seeds_give_no_verdict():
    chain = decide_chain([FEW, FEW])
    assert (chain.verdict, chain.note) == ("none", FEW.reason)


def test_a_chain_has_links():
    with pytest.raises(ConfigError, match="at least one link"):
        decide_chain([])
