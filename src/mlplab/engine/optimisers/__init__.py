"""The optimisers, one per file, behind one interface."""

from torch import Tensor

from mlplab.engine.optimisers.adam import FusedAdam, StackedAdam
from mlplab.engine.optimisers.base import Optimiser, Slot
from mlplab.engine.optimisers.momentum import MomentumSGD
from mlplab.engine.optimisers.sgd import FusedSGD
from mlplab.engine.program import Program

__all__ = ["Optimiser", "Slot", "optimiser_of"]


def optimiser_of(program: Program, like: Tensor) -> Optimiser:
    """Make the optimiser of a program for tensors of `like`'s type and device."""
    if program.optimiser == "sgd":
        return FusedSGD(like)
    if program.optimiser == "momentum":
        return MomentumSGD(like)
    kind = FusedAdam if program.fused_adam else StackedAdam
    return kind(like, decoupled=program.optimiser == "adamw")
