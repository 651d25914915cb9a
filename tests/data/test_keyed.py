"""Keyed randomness: same key, same numbers; another key, unrelated numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.specs.keyed import philox

seeds = st.integers(-(2**63), 2**70)
GOLDEN = [
    [16915745744075824374, 2335209162810732608],
    [7266458737622639094, 260683539474771368],
]
purposes = st.text(max_size=12)
spots = st.lists(st.integers(0, 2**64 - 1), max_size=3).map(tuple)
keys = st.tuples(seeds, purposes, spots)


def raw(key, n=4):
    seed, purpose, place = key
    return philox(seed, purpose, *place).bit_generator.random_raw(n).tolist()


@given(keys, keys)
def test_streams_are_equal_exactly_where_the_keys_are(one, other):
    assert (raw(one) == raw(other)) == (one == other)


@given(keys, st.integers(1, 50), st.integers(1, 50))
def test_the_first_numbers_do_not_depend_on_how_many_are_drawn(key, few, more):
    assert raw(key, few + more)[:few] == raw(key, few)


def test_neighbouring_places_and_seeds_are_uncorrelated():
    n = 4000
    streams = [philox(s, "x", p).standard_normal(n) for s in range(3) for p in range(3)]
    off_diagonal = np.corrcoef(streams)[~np.eye(9, dtype=bool)]
    assert np.abs(off_diagonal).max() < 5 / np.sqrt(n)


def test_leading_zeros_of_a_place_count():
    assert len({tuple(raw((0, "x", place))) for place in [(), (0,), (0, 0), (0, 0, 0)]}) == 4


def test_the_streams_are_those_that_stored_results_were_made_with():
    assert raw((0, "split", ()), 2) == GOLDEN[0]
    assert raw((7, "weights", (1, 2, 3)), 2) == GOLDEN[1]


def test_the_global_state_is_neither_read_nor_changed():
    np.random.seed(5)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = philox(1, "split").random(3)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(6)  # noqa: NPY002
    assert np.array_equal(philox(1, "split").random(3), first)


def test_numpy_integers_are_the_same_seed_and_place():
    plain = philox(3, "x", 4).random()
    assert philox(np.int64(3), "x", np.uint32(4)).random() == plain


@pytest.mark.parametrize("place", [(1, 2, 3, 4), (-1,), (2**64,)])
def test_a_place_that_does_not_fit_is_refused(place):
    with pytest.raises(ValueError, match="place: expected"):
        philox(0, "x", *place)


def test_a_fractional_seed_is_refused():
    with pytest.raises(TypeError):
        philox(1.5, "x")
