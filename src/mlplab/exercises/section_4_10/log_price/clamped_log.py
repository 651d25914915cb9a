"""The source's model: a linear price, clamped at 1, and its logarithm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlplab.engine.measures import metric
from mlplab.engine.modules.factory import register_module

if TYPE_CHECKING:
    from torch import nn


@register_module("house-clamped-log")
def clamped_log(n_features: int, n_outputs: int, start: float = 0.0) -> nn.Module:
    """Return log(max(x W + b, 1)), with torch's first weights.

    Args:
        n_features, n_outputs: of the task.
        start: first value of b, if not 0.
    """
    import torch
    from torch import nn

    class ClampedLog(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(n_features, n_outputs)
            if start:
                with torch.no_grad():
                    self.linear.bias.fill_(start)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.log(torch.clamp(self.linear(x), min=1.0))

    return ClampedLog()


@metric("house_double_log")
def double_log(log_prices: NDArray[Any], outputs: NDArray[Any]) -> float:
    """What the source prints: the score, applied to what are logarithms already."""
    return float(np.sqrt(np.mean((np.log(np.maximum(outputs, 1)) - np.log(log_prices)) ** 2)))


@metric("house_stuck")
def stuck(log_prices: NDArray[Any], outputs: NDArray[Any]) -> float:
    """Return the share of rows whose output is at the clamp."""
    return float(np.mean(np.asarray(outputs) <= 0))
