"""What cannot be split, said in one line before any process starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlplab.data import Task
from mlplab.errors import ConfigError
from mlplab.hints import expected
from mlplab.specs import MLP, Run
from mlplab.theory.split.division import WAYS, microbatches

# What a split heeds, or what only scoring reads. Every other field must be as it is by default:
# each would need traffic of its own.
_NET = ("hidden", "activation", "init", "inputs")
_OPTIM = (
    *("lr", "schedule", "weight_decay", "decay_biases"),
    *("momentum", "nesterov", "alpha", "betas", "eps"),
)
_FIT = ("epochs", "batch_size", "loss", "test", "dtype")
_OPTIMISERS = ("sgd", "rmsprop", "adam", "adamw")


def refuse_unsplit(
    run: Run, task: Task, way: str, n_processes: int, n_parts: int | None, device: str
) -> int:
    """Refuse what `split` does not do.

    Returns:
        Into how many parts a pipeline cuts its batches.

    Raises:
        ConfigError: the line says what was expected, and what to try.
    """
    if way not in WAYS:
        raise ConfigError(f"ways: {expected(way, WAYS)}")
    if n_processes < 1:
        raise ConfigError(f"processes: expected at least 1; got {n_processes}")
    if unfit := list(_unfit(run, task)):
        raise ConfigError(f"split: {'; '.join(unfit)} (`mlplab train` trains it in one process)")
    _refuse_devices(device, n_processes)
    n_rows = len(task.split(run.seed, run.rows).train)
    batch_size = min(run.fit.batch_size, n_rows)
    if way == "pipeline":
        n_layers = len(run.mlp.hidden) + 1
        if n_processes > n_layers:
            raise ConfigError(
                f"processes: a pipeline gives each process a layer at least, and the network has "
                f"{n_layers} (hidden layers and the output); got {n_processes}; use at most "
                f"{n_layers}, or the way data or tensor"
            )
        return _parts(batch_size, n_processes, n_parts)
    if way == "data" and n_processes > batch_size:
        raise ConfigError(
            f"processes: the data way gives each process an example of every batch at least; got "
            f"{n_processes} for batches of {batch_size}; use a larger batch_size"
        )
    if way == "tensor":
        narrow = min(run.mlp.hidden or (task.n_outputs,))
        if n_processes > narrow:
            raise ConfigError(
                f"processes: the tensor way gives each process a unit of every layer that it cuts; "
                f"got {n_processes} for a layer of {narrow}; use wider layers"
            )
    return 1


def _parts(batch_size: int, n_processes: int, n_parts: int | None) -> int:
    if n_parts is None:
        return microbatches(batch_size, n_processes)
    if n_parts < 1 or batch_size % n_parts:
        near = [part for part in range(n_processes, batch_size + 1) if batch_size % part == 0]
        near = sorted(sorted(near, key=lambda part: abs(part - n_parts))[:3])
        raise ConfigError(
            f"microbatches: expected a number that divides the batch of {batch_size}; got "
            f"{n_parts}; try {', '.join(map(str, near))}"
        )
    if n_parts < n_processes:
        raise ConfigError(
            f"microbatches: expected at least as many as processes, {n_processes}; got {n_parts}"
        )
    return n_parts


def _unfit(run: Run, task: Task) -> Iterator[str]:
    if not isinstance(run.net, MLP):
        yield f"net: expected an MLP; got the module {run.net.name!r}"
        return
    for section, names in ((run.net, _NET), (run.optim, _OPTIM), (run.fit, _FIT)):
        for name in sorted(section.canonical().keys() - {"kind", *names}):
            plain = type(section).model_fields[name].get_default()
            yield f"{name}: expected {_shown(plain)}; got {_shown(getattr(section, name))}"
    if run.net.activation.startswith("prelu"):
        yield "activation: expected one without weights of its own; got prelu; try leaky-relu"
    if run.optim.kind not in _OPTIMISERS:
        yield f"optimizer: {expected(run.optim.kind, _OPTIMISERS)}"
    if run.optim.schedule.kind == "plateau":
        yield "schedule: expected one that does not look at losses; got plateau"
    loss = "cross-entropy" if task.kind == "classification" else "squared"
    if run.fit.loss not in ("auto", loss):
        yield f"loss: expected {loss} for {task.kind}; got {run.fit.loss}"
    if task.weights is not None or task.soft is not None:
        yield f"task {task.name}: expected examples without weights or soft targets"


def _refuse_devices(device: str, n_processes: int) -> None:
    if device == "cpu":
        return
    if device != "cuda":
        raise ConfigError(f"device: {expected(device, ('cpu', 'cuda'))}")
    import torch

    n_devices = torch.cuda.device_count()
    if n_processes > n_devices:
        raise ConfigError(
            f"processes: expected at most one for each GPU; got {n_processes} for {n_devices} "
            "here; device cpu needs none"
        )


def _shown(value: Any) -> str:
    return str(list(value) or "none") if isinstance(value, tuple) else str(value)
