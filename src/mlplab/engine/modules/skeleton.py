"""Functional calls of a module (`torch.func`): with one run's weights, or vmapped over several."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.func import functional_call, vmap


class Skeleton:
    """A module whose own weights are never used.

    Attributes:
        learned: its parameters by name.
        carried: what it has beside: frozen parameters and buffers.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self.learned: dict[str, Tensor] = {}
        self.carried: dict[str, Tensor] = {}
        for name, param in model.named_parameters():
            (self.learned if param.requires_grad else self.carried)[name] = param.detach()
        self.carried |= {name: buffer.detach() for name, buffer in model.named_buffers()}
        self._aliases = _aliases(model)

    def call(self, tensors: Mapping[str, Tensor], x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the outputs for inputs (B, I), and all tensors as they are afterwards.

        Buffers that the module changes in place are changed in `tensors` too.
        """
        state = dict(tensors)
        state |= {alias: state[name] for alias, name in self._aliases.items()}
        # torch's own tying of weights forgets to put modules back that have two names.
        outputs = functional_call(self._model, state, (x,), tie_weights=False)
        return outputs, state

    def call_stacked(
        self, learned: Mapping[str, Tensor], carried: Mapping[str, Tensor], x: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Call for each of T runs in one go: tensors (T, ...), inputs (T, B, I).

        Returns:
            Outputs (T, B, O) and the carried tensors as they are afterwards.
        """

        def one(own: dict[str, Tensor], beside: dict[str, Tensor], inputs: Tensor) -> Any:
            outputs, state = self.call({**own, **beside}, inputs)
            return outputs, {name: state[name] for name in beside}

        with warnings.catch_warnings():
            # What has no rule of its own is run copy by copy: slower, and right.
            warnings.filterwarnings("ignore", message="There is a performance drop")
            made: tuple[Tensor, dict[str, Tensor]] = vmap(one, randomness="error")(
                dict(learned), dict(carried), x
            )
        return made


def _aliases(model: nn.Module) -> dict[str, str]:
    """Return the further names of parameters and buffers that several modules share."""
    first: dict[int, str] = {}
    found: dict[str, str] = {}
    for path, module in model.named_modules():
        own = [*module._parameters.items(), *module._buffers.items()]
        for name, tensor in own:
            full = f"{path}.{name}" if path else name
            if tensor is not None and first.setdefault(id(tensor), full) != full:
                found[full] = first[id(tensor)]
    return found
