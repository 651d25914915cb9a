"""Programs, slots and the scheduler: populations of networks, trained at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlplab.engine.cost import Cost, plan_cost
    from mlplab.engine.events import Barrier, Checkpointed, Ended, Event, Joined, Progressed
    from mlplab.engine.measures import metric
    from mlplab.engine.monte_carlo import predict_samples
    from mlplab.engine.native.coverage import training_paths
    from mlplab.engine.numerics import kernel_kind, provenance
    from mlplab.engine.program import Program, program_of
    from mlplab.engine.scheduler import train
    from mlplab.engine.weights import predict

__all__ = [
    "Barrier",
    "Checkpointed",
    "Cost",
    "Ended",
    "Event",
    "Joined",
    "Program",
    "Progressed",
    "kernel_kind",
    "metric",
    "plan_cost",
    "predict",
    "predict_samples",
    "program_of",
    "provenance",
    "train",
    "training_paths",
]

# Loaded when asked for: whoever registers a metric does not need torch.
_HOMES = {
    "Barrier": "events",
    "Checkpointed": "events",
    "Cost": "cost",
    "Ended": "events",
    "Event": "events",
    "Joined": "events",
    "Program": "program",
    "Progressed": "events",
    "kernel_kind": "numerics",
    "metric": "measures",
    "plan_cost": "cost",
    "predict": "weights",
    "predict_samples": "monte_carlo",
    "program_of": "program",
    "provenance": "numerics",
    "train": "scheduler",
    "training_paths": "native.coverage",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]
