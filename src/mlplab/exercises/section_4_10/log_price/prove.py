"""Checks the clamp's gradient by autograd, and the source's figures on the prices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mlplab.exercises.registry import Checked
from mlplab.exercises.section_4_10.tables import houses

PRINTED_STUCK = (2.486527, 2.486307, 2.486396)
"""Training figures that the source prints for its three bad folds."""
_AGREES = 0.002  # ten times what the source's three bad folds differ by


def prove() -> Sequence[Checked]:
    """Decide what needs no training."""
    return (_clamp(), _figures())


def log_log() -> float:
    """Return the root mean square of log log price: the score of outputs at the clamp."""
    return float(np.sqrt(np.mean(np.log(np.log(houses().prices)) ** 2)))


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
    figure = log_log()
    off = max(abs(figure - one) for one in PRINTED_STUCK)
    facts = {"figure": figure, "least": min(PRINTED_STUCK), "most": max(PRINTED_STUCK)}
    return Checked("twice", off < _AGREES, facts=facts)
