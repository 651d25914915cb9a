"""Which programs train in compiled loops: spec and data decide, never companions."""

from __future__ import annotations

from itertools import pairwise

from mlplab.data import Task
from mlplab.engine.native.library import declined, missing
from mlplab.specs import Run
from mlplab.specs.activation import activation_settings

OPTIMISERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw")
LOSSES = ("squared", "cross-entropy")
BENT = ("relu", "leaky-relu", "identity")
CURVES = ("sigmoid", "silu", "tanh", "elu", "softplus", "gelu")

COVERS = 4
"""The number of the set of runs that suit, a part of their provenance: one more whenever runs move
between stacks and loops, since their bits then change in rounding.
"""

# Measured: beyond these, stacks of batched products are as fast, and a step leaves the cache.
MOST_STEP_FLOP = 64_000_000
MOST_PARAMS = 2**18
MOST_INPUT_BYTES = 64 * 2**20


def is_available() -> bool:
    """Say whether this process runs compiled loops; where not, `library.missing` says why."""
    return not declined() and not missing()


def suits(run: Run, task: Task, loss: str, optimiser: str, batch_size: int) -> bool:
    """Say whether a run of a multilayer perceptron trains in compiled loops.

    Args:
        run: what is trained.
        task: on what.
        loss: the loss by name, resolved.
        optimiser: the kind of pass over the weights, as programs name it.
        batch_size: examples per step.
    """
    net, fit, optim = run.mlp, run.fit, run.optim
    if not is_available() or loss not in LOSSES or optimiser not in OPTIMISERS:
        return False
    if fit.ema or fit.measures:
        return False
    if optim.clip_norm or optim.clip_value:
        return False
    bent = activation_settings(net.activation)[0] in BENT + CURVES
    if net.hidden and not (bent and net.norm == "none"):
        return False
    widths = (task.n_features, *net.hidden, task.n_outputs)
    n_params = sum((i + 1) * o for i, o in pairwise(widths))
    size = 8 if fit.dtype == "float64" else 4
    return (
        n_params <= MOST_PARAMS
        and 6 * n_params * batch_size <= MOST_STEP_FLOP
        and task.inputs.size * size <= MOST_INPUT_BYTES
    )
