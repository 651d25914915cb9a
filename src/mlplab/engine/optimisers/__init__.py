"""The optimisers, one per file, behind one interface."""

from collections.abc import Callable

from torch import Tensor

from mlplab.engine.optimisers.adam import ADAM, ADAMW, FusedAdam
from mlplab.engine.optimisers.base import Optimiser, Slot
from mlplab.engine.optimisers.custom import CustomOptimiser
from mlplab.engine.optimisers.formula import Formula, FormulaOptimiser
from mlplab.engine.optimisers.lars import StackedLARS
from mlplab.engine.optimisers.lion import LION
from mlplab.engine.optimisers.momentum import MomentumSGD
from mlplab.engine.optimisers.nesterov import NESTEROV
from mlplab.engine.optimisers.rmsprop import RMSPROP
from mlplab.engine.optimisers.sgd import FusedSGD
from mlplab.engine.program import AnyProgram

__all__ = ["FORMULAS", "Optimiser", "Slot", "optimiser_of"]

_KINDS: dict[str, Callable[[Tensor], Optimiser]] = {
    "sgd": FusedSGD,
    "momentum": MomentumSGD,
    "lars": StackedLARS,
}
FORMULAS: dict[str, Formula] = {
    "adam": ADAM,
    "adamw": ADAMW,
    "nesterov": NESTEROV,
    "rmsprop": RMSPROP,
    "lion": LION,
}


def optimiser_of(program: AnyProgram, like: Tensor) -> Optimiser:
    """Make the optimiser of a program for tensors of `like`'s type and device."""
    kind, _, name = program.optimiser.partition(":")
    if kind == "custom":
        return CustomOptimiser(like, name)
    if kind in FORMULAS:
        # Elsewhere a call for each run costs more than the passes that it saves.
        if kind in ("adam", "adamw") and program.fused_adam and like.device.type == "cpu":
            return FusedAdam(like, FORMULAS[kind])
        return FormulaOptimiser(like, FORMULAS[kind])
    return _KINDS[kind](like)
