"""mlplab: populations of multilayer perceptrons at the cost of a few, turned into verdicts.

>>> import mlplab as ml
>>> experiment = ml.Experiment("digits", vary={"lr": [0.03, 0.1, 0.3]}, seeds=8)
>>> len(experiment.design) * len(experiment.seeds)
24
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.version import __version__

if TYPE_CHECKING:
    from mlplab import errors
    from mlplab.data import load_task, task_from_arrays
    from mlplab.engine.measures import metric
    from mlplab.experiment import Experiment, folds
    from mlplab.specs import (
        MLP,
        SGD,
        Adam,
        AdamW,
        BestArm,
        Chain,
        Difference,
        First,
        Fit,
        Fold,
        Init,
        Interaction,
        Run,
        Schedule,
        Threshold,
        Verdict,
    )
    from mlplab.store import Store

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "BestArm",
    "Chain",
    "Difference",
    "Experiment",
    "First",
    "Fit",
    "Fold",
    "Init",
    "Interaction",
    "Run",
    "Schedule",
    "Store",
    "Threshold",
    "Verdict",
    "__version__",
    "errors",
    "folds",
    "load_task",
    "metric",
    "task_from_arrays",
]

# Where each name lives: it is loaded when it is first asked for, so that the import stays quick.
_HOMES = {
    "Experiment": "experiment",
    "Store": "store",
    "errors": "",
    "folds": "experiment",
    "load_task": "data",
    "metric": "engine.measures",
    "task_from_arrays": "data",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'mlplab' has no attribute {name!r}")
    from importlib import import_module

    home = _HOMES.get(name, "specs")
    value = import_module(f"mlplab.{home or name}")
    value = getattr(value, name) if home else value
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
