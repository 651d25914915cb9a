"""Programs, slots and the scheduler: populations of networks, trained at once."""

from mlplab.engine.cost import Cost, plan_cost
from mlplab.engine.events import Checkpointed, Ended, Event, Progressed
from mlplab.engine.measures import metric
from mlplab.engine.memory import capacity
from mlplab.engine.numerics import kernel_kind, provenance
from mlplab.engine.program import Program, program_of
from mlplab.engine.scheduler import train
from mlplab.engine.weights import predict

__all__ = [
    "Checkpointed",
    "Cost",
    "Ended",
    "Event",
    "Program",
    "Progressed",
    "capacity",
    "kernel_kind",
    "metric",
    "plan_cost",
    "predict",
    "program_of",
    "provenance",
    "train",
]
