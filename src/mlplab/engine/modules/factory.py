"""What users register: a function that makes a module, and how it is called."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from mlplab.engine.modules.noise import keyed_noise, seed_put_back
from mlplab.errors import ConfigError, users_code
from mlplab.specs import Module
from mlplab.specs.plugins import find_plugin, register_plugin
from mlplab.specs.settings import Setting

Factory = Callable[..., nn.Module]
_GIVEN = ("n_features", "n_outputs")


@dataclass(frozen=True)
class ModuleFactory:
    """A user's factory: the function and its settings' defaults."""

    function: Factory
    defaults: Mapping[str, Setting] = field(default_factory=dict)


def register_module(name: str) -> Callable[[Factory], Factory]:
    """Register a function (n_features, n_outputs, settings) -> torch.nn.Module as a network.

    Runs then say `Module(name=...)`. The module maps inputs (B, n_features) to logits or numbers
    (B, n_outputs); settings are keyword parameters with a default (numbers, words, True or False).
    First weights and noise are what the module draws with torch's functions, from a generator of
    its run's own. Define it at the top of a module that worker processes can import. The name is
    part of a run's key, the code is not: give a changed function a new name.

    Raises:
        ConfigError: the function's parameters are not n_features, n_outputs and settings.

    >>> @register_module("two-layers")
    ... def two_layers(n_features, n_outputs, width=8):
    ...     return nn.Sequential(
    ...         nn.Linear(n_features, width), nn.ReLU(), nn.Linear(width, n_outputs)
    ...     )
    >>> Module(name="two-layers", settings={"width": 16}).settings
    (('width', 16),)
    """

    def register(function: Factory) -> Factory:
        parameters = inspect.signature(function).parameters
        settings = {
            key: value.default
            for key, value in parameters.items()
            if value.default is not inspect.Parameter.empty
        }
        if tuple(key for key in parameters if key not in settings) != _GIVEN:
            raise ConfigError(
                f"module {name!r}: expected the parameters n_features, n_outputs and settings "
                f"with defaults; got {', '.join(parameters) or 'none'}"
            )
        for key, value in settings.items():
            if not isinstance(value, bool | int | float | str):
                raise ConfigError(
                    f"module {name!r}: expected a number, a word, True or False as default of "
                    f"{key}; got {value!r}"
                )
        register_plugin("module", name, ModuleFactory(function, settings), {"mlp": None})
        return function

    return register


def make_module(
    net: Module, n_features: int, n_outputs: int, dtype: torch.dtype, seed: int
) -> nn.Module:
    """Make a run's module with its first weights, on the cpu; torch's global state stays as it is.

    Weights are drawn by the key (seed, "module weights"), in the order in which the factory draws.
    Numbers have torch's usual default dtype only where the caller is put aside; see
    `engine.surroundings`.

    Raises:
        ConfigError: the factory fails, or makes something else.
    """
    found: ModuleFactory = find_plugin("module", net.name)
    place = torch.device("cpu")
    noise = keyed_noise(net.name, place, seed, "module weights", own=True)
    with (
        torch.inference_mode(False), place, seed_put_back(), noise, users_code("module", net.name)
    ):  # fmt: skip
        made: Any = found.function(n_features, n_outputs, **dict(net.settings))
        if isinstance(made, nn.Module):
            made = made.to(dtype)
            if any(is_lazy(one) for one in (*made.parameters(), *made.buffers())):
                # Lazy layers learn their sizes from a call; evaluation moves no buffer.
                made.eval()(torch.zeros(2, n_features, dtype=dtype))
    if not isinstance(made, nn.Module):
        raise ConfigError(
            f"module {net.name!r}: expected the function to return a torch.nn.Module; "
            f"got {type(made).__name__}"
        )
    return made
