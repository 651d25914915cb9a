"""mlplab: populations of multilayer perceptrons at the cost of a few, turned into verdicts.

>>> import mlplab as ml
>>> experiment = ml.Experiment("digits", vary={"lr": [0.03, 0.1, 0.3]}, seeds=8)
>>> len(experiment.design) * len(experiment.seeds)
24
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlplab.loading import let_imports_end
from mlplab.version import __version__

if TYPE_CHECKING:
    from mlplab import draw, errors, shift, tabular
    from mlplab.data import load_task, task_from_arrays
    from mlplab.engine.activations import register_activation as activation
    from mlplab.engine.initialise import register_init as init
    from mlplab.engine.measures import metric
    from mlplab.engine.modules.factory import register_module as module
    from mlplab.engine.optimisers.custom import register_optimiser as optimiser
    from mlplab.estimators import MLPClassifier, MLPRegressor
    from mlplab.experiment import Experiment
    from mlplab.experiment.folds import folds, splits
    from mlplab.pages.write_report import report
    from mlplab.search import Range, Search
    from mlplab.specs import (
        LARS,
        MLP,
        SGD,
        Adam,
        AdamW,
        BestArm,
        Block,
        Chain,
        Custom,
        Difference,
        FailureDifference,
        First,
        Fit,
        Fold,
        Holdout,
        Init,
        Interaction,
        Lion,
        Module,
        Own,
        Ray,
        RMSprop,
        Run,
        Schedule,
        Slurm,
        Threshold,
        Verdict,
        schedule,
    )
    from mlplab.store import Store

__all__ = [
    "LARS",
    "MLP",
    "SGD",
    "Adam",
    "AdamW",
    "BestArm",
    "Block",
    "Chain",
    "Custom",
    "Difference",
    "Experiment",
    "FailureDifference",
    "First",
    "Fit",
    "Fold",
    "Holdout",
    "Init",
    "Interaction",
    "Lion",
    "MLPClassifier",
    "MLPRegressor",
    "Module",
    "Own",
    "RMSprop",
    "Range",
    "Ray",
    "Run",
    "Schedule",
    "Search",
    "Slurm",
    "Store",
    "Threshold",
    "Verdict",
    "__version__",
    "activation",
    "draw",
    "errors",
    "folds",
    "init",
    "load_task",
    "metric",
    "module",
    "optimiser",
    "report",
    "schedule",
    "shift",
    "splits",
    "tabular",
    "task_from_arrays",
]

# Where each name lives: it is loaded when it is first asked for, so that the import stays quick.
_HOMES = {
    "activation": "engine.activations:register_activation",
    "Experiment": "experiment",
    "MLPClassifier": "estimators",
    "MLPRegressor": "estimators",
    "Range": "search",
    "Search": "search",
    "Store": "store",
    "draw": "",
    "errors": "",
    "folds": "experiment",
    "init": "engine.initialise:register_init",
    "load_task": "data",
    "metric": "engine.measures",
    "module": "engine.modules.factory:register_module",
    "optimiser": "engine.optimisers.custom:register_optimiser",
    "report": "pages.write_report",
    "shift": "",
    "splits": "experiment",
    "tabular": "",
    "task_from_arrays": "data",
}


let_imports_end()


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'mlplab' has no attribute {name!r}")
    from importlib import import_module

    home, _, within = _HOMES.get(name, "specs").partition(":")
    value = import_module(f"mlplab.{home or name}")
    value = getattr(value, within or name) if home else value
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
