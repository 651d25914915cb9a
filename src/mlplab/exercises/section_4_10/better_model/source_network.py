"""The source's network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlplab.engine.modules.factory import register_module

if TYPE_CHECKING:
    from torch import nn


@register_module("house-source-net")
def source_network(n_features: int, n_outputs: int) -> nn.Module:
    """Return F-F-F/2-F/4-F/8-1 with dropout 0.2 and 0.4; the last two maps have nothing between."""
    from torch import nn

    widths = (n_features, n_features // 2, n_features // 4, n_features // 8)
    return nn.Sequential(
        nn.Linear(n_features, widths[0]),
        nn.ReLU(),
        nn.Linear(widths[0], widths[1]),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(widths[1], widths[2]),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(widths[2], widths[3]),
        nn.Linear(widths[3], n_outputs),
    )
