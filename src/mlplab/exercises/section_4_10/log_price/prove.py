"""Checks the clamp's gradient by autograd, and the source's figures on the prices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_10.tables import Array, houses

PRINTED_STUCK = {1: (2.486527, 2.486790), 2: (2.486307, 2.487668), 4: (2.486396, 2.487313)}
"""The source's training and held-out figures of its three bad folds, counted from 0."""
_K = 5
_ROUNDING = 2e-6  # six decimals of numbers in single precision


def prove() -> Sequence[Checked]:
    """Decide what needs no training."""
    return (_clamp(), _figures())


def log_log(prices: Array) -> float:
    """Return the root mean square of log log price: what the source shows of a stuck model."""
    return float(np.sqrt(np.mean(np.log(np.log(prices)) ** 2)))


def _clamp() -> Checked:
    import torch

    from mlplab.exercises.section_4_10.log_price.clamped_log import clamped_log

    generator = torch.Generator().manual_seed(0)
    X = torch.randn(64, 8, generator=generator)
    model = clamped_log(8, 1)
    parameters = list(model.parameters())
    with torch.no_grad():
        parameters[-1].fill_(-100.0)
    loss = torch.square(model(X) - 12.0).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    largest = max(float(p.grad.abs().max()) for p in parameters if p.grad is not None)
    return Checked("flat", largest == 0.0, facts={"largest": largest}, n_cases=len(X))


def _figures() -> Checked:
    prices = houses().prices
    size = len(prices) // _K
    off = []
    for fold, printed in PRINTED_STUCK.items():
        # The source's folds are blocks of rows in the table's order.
        is_held = np.zeros(size * _K, bool)
        is_held[fold * size : (fold + 1) * size] = True
        for rows, one in zip((~is_held, is_held), printed, strict=True):
            off.append(abs(log_log(prices[: size * _K][rows]) - one))
    facts = {"n_figures": len(off), "off": max(off)}
    return Checked("twice", max(off) < _ROUNDING, facts=facts)
