"""Counted flop equal what torch's own counter sees."""

from __future__ import annotations

from itertools import pairwise

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mlplab.bench.flop import dense_flop

WIDTHS = st.lists(st.integers(1, 40), min_size=2, max_size=5)


@settings(max_examples=25, deadline=None)
@given(sizes=WIDTHS, n_trained=st.integers(1, 50), n_scored=st.integers(0, 50))
def test_flop_equal_torchs_count(sizes: list[int], n_trained: int, n_scored: int):
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    net = nn.Sequential(*layers)
    with FlopCounterMode(display=False) as counter:
        net(torch.randn(n_trained, sizes[0])).sum().backward()
        if n_scored:
            with torch.no_grad():
                net(torch.randn(n_scored, sizes[0]))
    assert dense_flop(sizes, n_trained, n_scored) == counter.get_total_flops()


def test_flop_add_up_over_batches():
    whole = dense_flop((784, 256, 10), 60_000, 10_000)
    batches = 234 * dense_flop((784, 256, 10), 256) + dense_flop((784, 256, 10), 96)
    assert whole == batches + dense_flop((784, 256, 10), 0, 10_000)
