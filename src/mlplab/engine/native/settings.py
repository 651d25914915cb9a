"""What the compiled steps of the optimisers need, step by step, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.engine.native.coverage import COMPILED_OPTIMISERS
from mlplab.engine.optimisers import Slot
from mlplab.engine.optimisers.base import scheduled_rates
from mlplab.engine.training import Training
from mlplab.specs import SGD, Adam, AdamW, Lion, RMSprop

Numbers = NDArray[np.float64]
_RULES = {"adam": 1, "adamw": 1, "rmsprop": 1, "lion": 2}  # `job->rule`; the rest: 0


def rule_of(optimiser: str) -> int:
    """Say which compiled step an optimiser takes: 0 SGD's, 1 Adam's, 2 Lion's."""
    assert optimiser in COMPILED_OPTIMISERS
    return _RULES.get(optimiser, 0)


def settings_of(training: Training, n_epochs: int, n_steps: int) -> Numbers:
    """Return a run's settings for its next epochs, (E or 1, S or 1, K).

    There is one row where they stay the same. For the K settings see `kernel/steps.h`.
    """
    optim = training.run.optim
    rates = _rates(training, n_epochs, n_steps)
    if isinstance(optim, Adam | AdamW):
        number = training.epoch * n_steps + np.arange(1, n_epochs * n_steps + 1.0)
        (b1, b2), decoupled = optim.betas, isinstance(optim, AdamW)
        root = np.sqrt(1 - b2**number).reshape(n_epochs, n_steps)
        first = (1 - b1**number).reshape(n_epochs, n_steps)
        out = np.empty((n_epochs, n_steps, 8))
        out[..., :4] = (b1, 1 - b1, b2, 1 - b2)
        out[..., 4] = 1 - rates * optim.weight_decay if decoupled else 1
        out[..., 5] = 0 if decoupled else optim.weight_decay
        # m^ / (sqrt(v^) + eps) is c m / (sqrt(v) + eps root(c2)).
        out[..., 6] = -rates / first * root
        out[..., 7] = optim.eps * root
        return out
    if isinstance(optim, RMSprop):  # Adam without a memory of the gradient
        out = np.empty((*rates.shape, 8))
        out[...] = (0, 1, optim.alpha, 1 - optim.alpha, 1, optim.weight_decay, 0, optim.eps)
        out[..., 6] = -rates
        return out
    if isinstance(optim, Lion):
        (b1, b2), out = optim.betas, np.empty((*rates.shape, 8))
        out[...] = (b1, 1 - b1, b2, 1 - b2, 1, 0, 0, 0)
        out[..., 4] = 1 - rates * optim.weight_decay
        out[..., 6] = -rates
        return out
    assert isinstance(optim, SGD)
    out = np.empty((*rates.shape, 4))
    out[..., 0] = optim.momentum
    out[..., 1] = optim.weight_decay
    out[..., 2] = -rates * (optim.momentum if optim.nesterov else 1)
    out[..., 3] = -rates if optim.nesterov else 0
    return out


def spared(settings: NDArray[Any], exempt: NDArray[np.bool_], rule: int) -> NDArray[Any]:
    """Return settings (..., K, L) for biases: without decay for runs that exempt them, (L,)."""
    if not exempt.any():
        return settings
    made = settings.copy()
    if rule:
        made[..., 4, exempt] = 1
        made[..., 5, exempt] = 0
    else:
        made[..., 1, exempt] = 0
    return made


def thresholds_of(training: Training, n_epochs: int, n_steps: int) -> Numbers:
    """Return a run's soft thresholds lr * l1 for its next epochs, (E or 1, S or 1)."""
    return _rates(training, n_epochs, n_steps) * training.run.optim.l1


def _rates(training: Training, n_epochs: int, n_steps: int) -> Numbers:
    """Learning rates, (E or 1, S or 1)."""
    optim = training.run.optim
    schedule = optim.schedule
    if schedule.kind == "constant" and not schedule.is_stepwise:
        return np.full((1, 1), optim.lr)
    columns = n_steps if schedule.is_stepwise else 1
    rows = []
    for epoch in range(training.epoch, training.epoch + n_epochs):
        slot = Slot(training.run, epoch, epoch * n_steps, training.seen_losses())
        rows.append(scheduled_rates(slot, columns))
    return np.array(rows)
