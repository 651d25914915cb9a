"""Memory of any `torch.nn.Module`, counted by torch's MemTracker on tensors without storage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlplab.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor, nn

_NAMES = {
    "Parameter": "parameters",
    "Buffer": "parameters",
    "Gradient": "gradients",
    "Optstate": "optimiser",
    "Activation": "activations",
    "Temp": "workspace",
    "Other": "data",
}


@dataclass(frozen=True)
class ModuleMemory:
    """Bytes of tensors at the worst moment, by what they are for.

    Attributes:
        train_parts: of a step: forward, backward and the optimiser.
        predict_parts: of a forward pass that keeps nothing.
    """

    train_parts: dict[str, int]
    predict_parts: dict[str, int]

    @property
    def train_bytes(self) -> int:
        """The peak of training."""
        return sum(self.train_parts.values())

    @property
    def predict_bytes(self) -> int:
        """The peak of prediction."""
        return sum(self.predict_parts.values())


def module_memory(
    make: Callable[[], nn.Module],
    inputs: tuple[int, ...],
    loss: Callable[[Tensor], Tensor] | None = None,
    optimiser: Callable[[Any], Any] | None = None,
) -> ModuleMemory:
    """Count what tensors take that a module's training and prediction make, without making them.

    Two steps are traced under fake tensors: an optimiser's state exists from the first on.

    Args:
        make: returns the module; it is called twice.
        inputs: the shape of a batch, (B, ...), of floats.
        loss: from outputs to a number; default: their mean square.
        optimiser: from parameters to a `torch.optim.Optimizer`; default: SGD.

    Raises:
        ConfigError: the module cannot be traced: it fails on such inputs, or on fake tensors.

    Source: torch.distributed._tools.mem_tracker.

    >>> from torch import nn
    >>> found = module_memory(lambda: nn.Linear(1000, 500), (64, 1000))
    >>> found.train_parts["parameters"]
    2002000
    """
    import torch

    makes = optimiser or (lambda parameters: torch.optim.SGD(parameters, lr=0.1))
    of = loss or (lambda outputs: outputs.square().mean())

    def train(model: nn.Module, x: Tensor, optim: Any, tracker: Any) -> None:
        for _ in range(2):
            of(model(x)).backward()  # type: ignore[no-untyped-call]
            optim.step()
            optim.zero_grad()
            tracker.reset_mod_stats()

    def predict(model: nn.Module, x: Tensor, optim: Any, tracker: Any) -> None:
        with torch.no_grad():
            model.eval()(x)

    return ModuleMemory(_tracked(make, inputs, makes, train), _tracked(make, inputs, None, predict))


def _tracked(make: Any, shape: tuple[int, ...], makes: Any, work: Any) -> dict[str, int]:
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode
    from torch.distributed._tools.mem_tracker import MemTracker

    with FakeTensorMode():
        try:
            model = make()
            x = torch.zeros(shape)
            optim = makes(model.parameters()) if makes else None
            tracker = MemTracker()
            tracker.track_external(*(one for one in (model, optim, x) if one is not None))
            with tracker:
                work(model, x, optim, tracker)
        except Exception as problem:
            reason = str(problem).strip().splitlines() or [type(problem).__name__]
            raise ConfigError(
                f"module: it cannot be traced with inputs {shape}: {reason[0]}; expected a module "
                "whose shapes do not depend on values"
            ) from None
    found = _by_part(tracker)
    if optim is not None:
        kept = sum(
            tensor.nbytes
            for state in optim.state.values()
            for tensor in state.values()
            if isinstance(tensor, torch.Tensor)
        )
        # All that a step of the optimiser makes is told as its state: what goes is room to work.
        extra = max(0, found["optimiser"] - kept)
        found["optimiser"] -= extra
        found["workspace"] += extra
    return found


def _by_part(tracker: Any) -> dict[str, int]:
    peak = tracker.get_tracker_snapshot("peak")
    found = dict.fromkeys(dict.fromkeys(_NAMES.values()), 0)
    for sizes in peak.values():
        for kind, size in sizes.items():
            name = str(getattr(kind, "value", kind)).rpartition(".")[2]
            if name != "Total":
                found[_NAMES.get(name, "workspace")] += int(size)
    return found
