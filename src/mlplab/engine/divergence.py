"""When a run has diverged: one rule for stacks and for compiled loops.

A run has also diverged where a weight, or the loss on a split that is scored, is not finite.
"""

from __future__ import annotations

import math

# Far above any spike that a run was seen to recover from.
FAR = 1000.0


def has_diverged(loss: float, first_loss: float, zero_loss: float) -> bool:
    """Say whether an epoch's mean training loss is not finite, or far above where it began.

    Far is a factor of 1000: a rate of a million may leave a dead network with finite weights
    and a loss of 400,000, and nobody would call that trained. It began at the loss of the
    first batch, or of outputs that are all 0: one lucky example is no measure.

    >>> has_diverged(2.0, first_loss=0.001, zero_loss=1.0), has_diverged(2e3, 1.5, 1.0)
    (False, True)
    """
    return not math.isfinite(loss) or loss > FAR * max(first_loss, zero_loss)
