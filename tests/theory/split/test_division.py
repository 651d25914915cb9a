"""Who gets what, and the closed form of what is sent."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.theory.split.division import (
    WAYS,
    bytes_sent,
    cuts,
    even_parts,
    layer_sizes,
    microbatches,
    stages,
)

SIZES = st.lists(st.integers(1, 50), min_size=1, max_size=7)


@given(n=st.integers(0, 100), n_parts=st.integers(1, 9))
def test_even_parts_are_neighbours_and_even(n, n_parts):
    parts = even_parts(n, n_parts)
    assert [i for part in parts for i in part] == list(range(n))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@given(sizes=SIZES, data=st.data())
def test_no_other_stages_have_a_smaller_largest(sizes, data):
    n_stages = data.draw(st.integers(1, len(sizes)))
    found = stages(sizes, n_stages)
    assert [i for part in found for i in part] == list(range(len(sizes)))
    assert all(found)

    def largest(ends):
        return max(sum(sizes[a:b]) for a, b in pairwise((0, *ends, len(sizes))))

    every = combinations(range(1, len(sizes)), n_stages - 1)
    assert largest([part.start for part in found[1:]]) == min(map(largest, every))


@given(batch=st.integers(1, 500), n=st.integers(1, 8))
def test_microbatches_divide_the_batch(batch, n):
    parts = microbatches(batch, n)
    assert batch % parts == 0
    assert parts <= 4 * n


@given(widths=st.lists(st.integers(4, 40), min_size=2, max_size=6), batch=st.integers(4, 64))
@pytest.mark.parametrize("way", WAYS)
def test_bytes_are_in_proportion(way, widths, batch):
    n = min(3, len(widths) - 1)
    one = bytes_sent(way, widths, batch, n, 4)
    assert bytes_sent(way, widths, batch, n, 8) == [2 * sent for sent in one]
    more = bytes_sent(way, widths, 2 * batch, n, 4)
    # Gradients are as many as parameters, however many examples they come from.
    assert more == (one if way == "data" else [2 * sent for sent in one])
    assert bytes_sent(way, widths, batch, 1, 4) == [0]


def test_a_ring_sends_each_gradient_twice_less_a_share():
    widths = [10, 20, 5]
    assert layer_sizes(widths) == [220, 105]
    for n in (2, 3, 4):
        assert sum(bytes_sent("data", widths, 8, n, 4)) == pytest.approx(2 * (n - 1) * 325 * 4)


def test_what_a_pipeline_sends_does_not_depend_on_what_lies_between_seams():
    assert bytes_sent("pipeline", [9, 8, 7, 6], 10, 3, 4) == [320.0, 600.0, 280.0]


def test_a_tensor_split_speaks_after_every_second_layer():
    assert cuts([9, 8, 7, 6], 2) == ["outputs", "inputs", "outputs"]
    # Forward the second layer's outputs, backward the third's inputs, which are as many; and the
    # outputs of the third are put together.
    assert bytes_sent("tensor", [9, 8, 7, 6], 10, 2, 4) == [10 * (7 + 7) * 4 + 10 * 3 * 4] * 2
