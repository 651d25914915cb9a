"""The parts of a recipe, and the recipe without each."""

from __future__ import annotations

from typing import Any

from mlplab.specs import Run, Schedule


def without_each(recipe: Run) -> dict[str, dict[str, Any]]:
    """Return what takes each part away: its name -> paths and values.

    Parts that a recipe does not have are left out, so that no arm is the recipe itself.
    """
    net, fit, optim = recipe.mlp, recipe.fit, recipe.optim
    removed: dict[str, tuple[bool, dict[str, Any]]] = {
        "batch norm": (net.norm == "batch", {"net.norm": "none"}),
        "layer norm": (net.norm == "layer", {"net.norm": "none"}),
        "hidden dropout": (bool(net.dropout), {"net.dropout": ()}),
        "hidden noise": (net.noise != "none", {"net.noise": "none", "net.noise_strength": ()}),
        "noise on inputs": (
            fit.input_noise != "none",
            {"fit.input_noise": "none", "fit.input_strength": None},
        ),
        "mixup": (fit.mixup > 0, {"fit.mixup": 0.0}),
        "label smoothing": (fit.label_smoothing > 0, {"fit.label_smoothing": 0.0}),
        "weight decay": (optim.weight_decay > 0, {"optim.weight_decay": 0.0}),
        "schedule": (
            optim.schedule.kind != "constant",
            {"optim.schedule": Schedule(kind="constant")},
        ),
        "mean of the weights": (fit.ema > 0, {"fit.ema": 0.0}),
        "residual connections": (net.residual, {"net.residual": False}),
        "activation": (net.activation != "relu", {"net.activation": "relu"}),
        "last layer": (
            len(net.hidden) > (2 if net.residual else 1),
            {"net.hidden": net.hidden[:-1]},
        ),
        "second half of the epochs": (fit.epochs > 1, {"fit.epochs": fit.epochs // 2}),
    }
    return {name: changes for name, (is_there, changes) in removed.items() if is_there}
