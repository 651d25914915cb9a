"""Schedules that change between epochs: factors of torch.optim.lr_scheduler."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from mlplab.specs import Schedule

few = settings(max_examples=40, deadline=None)
shares = st.floats(0.05, 1.0)


def theirs(make: Callable[[torch.optim.Optimizer], lr_scheduler.LRScheduler], n: int):
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make(optimiser)
    out = []
    for _ in range(n):
        out.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return out


def ours(n: int, **fields):
    return [Schedule(**fields).factor(epoch, n) for epoch in range(n)]


@few
@given(st.integers(1, 30), shares)
def test_exponential(n, gamma):
    wanted = theirs(lambda o: lr_scheduler.ExponentialLR(o, gamma), n)
    assert ours(n, kind="exponential", gamma=gamma) == pytest.approx(wanted, rel=1e-9)


@few
@given(st.integers(1, 30), st.integers(1, 9), shares)
def test_step(n, every, gamma):
    wanted = theirs(lambda o: lr_scheduler.StepLR(o, every, gamma), n)
    assert ours(n, kind="step", every=every, gamma=gamma) == pytest.approx(wanted, rel=1e-9)


@few
@given(st.integers(1, 30), st.floats(0, 1))
def test_cosine(n, final):
    wanted = theirs(lambda o: lr_scheduler.CosineAnnealingLR(o, n, eta_min=final), n)
    assert ours(n, kind="cosine", final=final) == pytest.approx(wanted, rel=1e-7, abs=1e-9)


@few
@given(st.integers(1, 9), st.integers(1, 9))
def test_constant_is_1_in_every_step(n, steps):
    for epoch in range(n):
        assert Schedule().factors(epoch, n, steps) == [1.0] * steps


@few
@given(st.integers(2, 9), st.integers(1, 9), st.floats(0.5, 3))
def test_a_warm_up_multiplies_what_comes_after(n, steps, warmup):
    both = Schedule(kind="cosine", warmup=warmup)
    for epoch in range(n):
        grown = Schedule(warmup=warmup).factors(epoch, n, steps)
        falls = Schedule(kind="cosine").factor(epoch, n)
        assert both.factors(epoch, n, steps) == pytest.approx([falls * one for one in grown])
