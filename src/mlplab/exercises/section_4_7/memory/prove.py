"""The source's counts tensor by tensor, what a real step takes, and predictions against peaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_7.memory.settings import BATCH, FEATURES, HIDDEN, OUTPUTS, peaks
from mlplab.theory.memory import ModuleMemory, example_counts, module_memory

ERROR, TOO_LOW = 0.10, 0.03
_SHAPES = ((1, 1, 1), (784, 256, 10), (20, 5, 3), (3, 400, 2))


def prove() -> Sequence[Checked]:
    """Count tensors, trace a step, and compare predictions with measured peaks."""
    counted = [_listed(*shape) == _formula(*shape) for shape in _SHAPES]
    ours, formula = traced(), example_counts(FEATURES, HIDDEN, OUTPUTS)
    errors = [peak.error for peak in peaks()]
    facts = {"worst": max(map(abs, errors)), "lowest": min(errors)}
    n_cases = len(errors)
    return (
        Checked("counts", all(counted), n_cases=len(_SHAPES)),
        Checked(
            "enough",
            ours.train_bytes <= formula.train_bytes,
            facts={"ratio": ours.train_bytes / formula.train_bytes},
        ),
        Checked("predicted", facts["worst"] <= ERROR, facts=facts, n_cases=n_cases),
        Checked("not_low", facts["lowest"] >= -TOO_LOW, facts=facts, n_cases=n_cases),
    )


def traced(batch: int = BATCH) -> ModuleMemory:
    """Trace the chapter's model with biases on a batch, trained by Adam."""
    return module_memory(_model, (batch, FEATURES), optimiser=_adam)


def _model() -> Any:
    from torch import nn

    return nn.Sequential(nn.Linear(FEATURES, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, OUTPUTS))


def _adam(parameters: Any) -> Any:
    import torch

    return torch.optim.Adam(parameters)


def _formula(n: int, m: int, k: int) -> tuple[int, int]:
    counts = example_counts(n, m, k)
    return counts.train_bytes, counts.predict_bytes


def _listed(n: int, m: int, k: int) -> tuple[int, int]:
    """Make what the source lists, and count its bytes: in training, and in prediction."""
    import torch

    x, y = torch.ones(n), torch.zeros(k)
    first, second = torch.ones(m, n, requires_grad=True), torch.ones(k, m, requires_grad=True)
    z = first @ x
    h = torch.relu(z)
    o = second @ h
    (o - y).square().sum().backward()  # type: ignore[no-untyped-call]
    kept = [x, z, h, o, y, first, second]
    gradients = [weight.grad for weight in (first, second) if weight.grad is not None]
    predict = sum(tensor.nbytes for tensor in kept)
    return predict + sum(tensor.nbytes for tensor in gradients), predict
