"""Which programs train in compiled loops: spec and data decide, never companions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from mlplab.data import Task
from mlplab.engine.native.library import declined, missing
from mlplab.specs import Module, Run
from mlplab.specs.activation import activation_settings
from mlplab.specs.columns import Population

COMPILED_OPTIMISERS = ("sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw", "lion")
COMPILED_LOSSES = ("squared", "cross-entropy")
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


def is_native(run: Run, task: Task) -> bool:
    """Say whether compiled loops train a run in this process, on a CPU."""
    return is_available() and not outside(run, task)


def outside(run: Run, task: Task) -> str:
    """Say in a phrase what keeps a run from compiled loops; an empty text where nothing does."""
    net, fit, optim = run.net, run.fit, run.optim
    if isinstance(net, Module):
        return "modules are not in the compiled loops"
    activation = activation_settings(net.activation)[0] if net.hidden else "identity"
    named = {
        f"the loss {fit.loss}": fit.loss not in ("auto", *COMPILED_LOSSES),
        f"the optimiser {getattr(optim, 'name', optim.kind)}": optim.kind
        not in COMPILED_OPTIMISERS,
        "averaging of weights": fit.ema > 0,
        "rewinding": fit.rewinds > 0,
        f"the measure {', '.join(fit.measures)}": bool(fit.measures),
        "clipping": optim.clip_norm > 0 or optim.clip_value > 0,
        f"the activation {activation}": activation not in BENT + CURVES,
        "a residual network": net.residual,
        f"{net.noise} noise": bool(net.hidden) and net.noise != "none",
        f"{fit.input_noise} noise on inputs": fit.input_noise != "none",
        "mixup": fit.mixup > 0,
        "moving images": bool(fit.shift or fit.flip),
        "label noise": fit.label_noise > 0,
        "learning from soft targets": task.soft is not None,
        f"the norm {net.norm}": bool(net.hidden) and net.norm != "none",
    }
    for name, holds in named.items():
        if holds:
            return f"{name} is not in the compiled loops"
    widths = (task.n_features, *net.hidden, task.n_outputs)
    n_params = sum((i + 1) * o for i, o in pairwise(widths))
    size = 8 if fit.dtype == "float64" else 4
    if n_params > MOST_PARAMS:
        return f"over {MOST_PARAMS} weights"
    if 6 * n_params * fit.batch_size > MOST_STEP_FLOP:
        return f"over {MOST_STEP_FLOP // 10**6} million flop a step"
    if task.inputs.size * size > MOST_INPUT_BYTES:
        return f"over {MOST_INPUT_BYTES // 2**20} MB of inputs"
    return ""


def path_of(reason: str) -> str:
    """Name the way of training that is taken for a reason, or for none."""
    return f"stack: {reason}" if reason else "compiled loop"


def training_paths(runs: Sequence[Run], task: Task, device: str = "cpu") -> dict[str, int]:
    """Count the runs of each way of training: compiled loop, stack with the reason, or module."""
    paths: Counter[str] = Counter()
    elsewhere = missing()
    if declined():
        elsewhere = "MLPLAB_NUMERICS=loop"
    if device != "cpu":
        elsewhere = "compiled loops are for the CPU"
    runs = Population.of(runs)
    counts = runs.counts()
    for which, run in runs.used().items():  # seeds do not matter
        is_module = isinstance(run.net, Module)
        path = "module" if is_module else path_of(outside(run, task) or elsewhere)
        paths[path] += int(counts[which])
    return dict(paths)
