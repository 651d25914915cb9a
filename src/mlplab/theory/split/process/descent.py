"""The optimisers of torch.optim for an optimiser's spec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from mlplab.specs.optim import SGD, Adam, AdamW, Optimiser, RMSprop


def torch_optimiser(
    optim: Optimiser, parameters: Mapping[str, nn.Parameter]
) -> torch.optim.Optimizer:
    """Return the optimiser of a spec that `refuse_unsplit` lets pass.

    Args:
        optim: the spec.
        parameters: by name; what is no weight matrix decays only if the spec says so.
    """
    weights = [p for name, p in parameters.items() if name.endswith("weight")]
    others = [p for name, p in parameters.items() if not name.endswith("weight")]
    groups: list[dict[str, Any]] = [
        {"params": weights, "weight_decay": optim.weight_decay},
        {"params": others, "weight_decay": optim.weight_decay if optim.decay_biases else 0.0},
    ]
    # One parameter at a time: parts of layers and whole ones do not go together.
    given: dict[str, Any] = {"lr": optim.lr, "foreach": False}
    match optim:
        case SGD():
            given |= {"momentum": optim.momentum, "nesterov": optim.nesterov}
            return torch.optim.SGD(groups, **given)
        case RMSprop():
            return torch.optim.RMSprop(groups, alpha=optim.alpha, eps=optim.eps, **given)
        case Adam() | AdamW():
            kind = torch.optim.Adam if isinstance(optim, Adam) else torch.optim.AdamW
            return kind(groups, betas=optim.betas, eps=optim.eps, **given)
    raise AssertionError(f"no torch optimiser for {optim!r}")
