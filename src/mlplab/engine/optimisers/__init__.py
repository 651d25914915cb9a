"""The optimisers, one per file, behind one interface."""

from collections.abc import Callable

from torch import Tensor

from mlplab.engine.optimisers.adam import FusedAdam, StackedAdam
from mlplab.engine.optimisers.base import Optimiser, Slot
from mlplab.engine.optimisers.custom import CustomOptimiser
from mlplab.engine.optimisers.lars import StackedLARS
from mlplab.engine.optimisers.momentum import MomentumSGD
from mlplab.engine.optimisers.nesterov import NesterovSGD
from mlplab.engine.optimisers.rmsprop import StackedRMSprop
from mlplab.engine.optimisers.sgd import FusedSGD
from mlplab.engine.program import AnyProgram

__all__ = ["Optimiser", "Slot", "optimiser_of"]

_KINDS: dict[str, Callable[[Tensor], Optimiser]] = {
    "sgd": FusedSGD,
    "momentum": MomentumSGD,
    "nesterov": NesterovSGD,
    "rmsprop": StackedRMSprop,
    "lars": StackedLARS,
}


def optimiser_of(program: AnyProgram, like: Tensor) -> Optimiser:
    """Make the optimiser of a program for tensors of `like`'s type and device."""
    kind, _, name = program.optimiser.partition(":")
    if kind == "custom":
        return CustomOptimiser(like, name)
    if kind in ("adam", "adamw"):
        make = FusedAdam if program.fused_adam else StackedAdam
        return make(like, decoupled=kind == "adamw")
    return _KINDS[kind](like)
