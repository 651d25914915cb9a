"""One example's values and gradients in a graph, by torch's autograd in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from mlplab.errors import ConfigError
from mlplab.specs import MLP
from mlplab.theory.graph.computation import Array, Graph, Operator, Values

if TYPE_CHECKING:
    from torch import Tensor

_MOST_NUMBERS = 20_000_000  # 160 MB, and as much for the gradients
EPS = 1e-5
"""Added to the variance under a norm's root, as the engine does."""


def graph_values(graph: Graph, given: Mapping[str, ArrayLike]) -> Values:
    """Compute a graph forward and back for one example.

    Args:
        graph: of an MLP.
        given: an array for each of `graph.sources`.

    Raises:
        ConfigError: an array is missing, or has another shape than its variable.

    Cost: one forward and backward pass in float64.

    >>> from mlplab.specs import MLP
    >>> from mlplab.theory import network_graph
    >>> graph = network_graph(MLP(hidden=()), 2, 1, bias=False)
    >>> found = graph_values(graph, {"x": [1.0, 2.0], "W1": [[3.0, -1.0]], "y": [0.0]})
    >>> found.values["L"].item(), found.gradients["W1"].tolist()
    (1.0, [[2.0, 4.0]])
    """
    import torch

    numbers: dict[str, Tensor] = {}
    for one in graph.sources:
        if one.name not in given:
            raise ConfigError(f"values: expected an array for {one.name}")
        array = np.asarray(given[one.name], dtype=np.float64)
        if array.shape != one.shape:
            raise ConfigError(f"{one.name}: expected the shape {one.shape}; got {array.shape}")
        numbers[one.name] = torch.from_numpy(array.copy()).requires_grad_(one.role != "target")
    with torch.inference_mode(False), torch.enable_grad():
        for operator in graph.operators:
            made = operator_function(operator)(*(numbers[name] for name in operator.inputs))
            made.retain_grad()
            numbers[operator.output] = made
        numbers[graph.objective.name].backward()  # type: ignore[no-untyped-call]
    return Values(
        {name: one.detach().numpy() for name, one in numbers.items()},
        {name: one.grad.numpy() for name, one in numbers.items() if one.grad is not None},
    )


def operator_function(operator: Operator) -> Callable[..., Tensor]:
    """Return what an operator computes, in torch's own words where it has them."""
    import torch
    from torch.nn import functional

    settings = operator.settings
    functions: dict[str, Callable[..., Any]] = {
        "matmul": torch.mv,
        "add": torch.add,
        "multiply": torch.mul,
        "normalise": lambda z: functional.layer_norm(z, z.shape, eps=EPS),
        "l2": lambda *weights: settings["lambda"] / 2 * sum(w.square().sum() for w in weights),
        "cross-entropy": functional.cross_entropy,
        "squared": functional.mse_loss,
        "absolute": functional.l1_loss,
        "huber": partial(functional.huber_loss, delta=settings.get("delta", 1.0)),
        "log-cosh": lambda o, y: torch.log(torch.cosh(o - y)).mean(),
    }
    return functions[operator.kind] if operator.kind in functions else _activation(settings)


def _activation(settings: Mapping[str, Any]) -> Callable[..., Tensor]:
    import torch

    from mlplab.theory.differentiable import differentiable

    if settings["function"] == "prelu":
        return lambda z, slope: torch.where(z > 0, z, slope * z)
    return differentiable(settings["function"])


def draw_example(graph: Graph, net: MLP, seed: int = 0) -> dict[str, Array]:
    """Draw what `graph_values` takes: an example, its target, masks, and a run's first weights.

    Features are N(0, 1); the target is a class, or N(0, 1) where numbers are predicted. Biases
    begin at 0, gains at 1 and slopes where the activation says, as in a run of that seed.

    Raises:
        ConfigError: more numbers than an example is worth.
    """
    from mlplab.engine.initialise import initial_weight
    from mlplab.specs.activation import activation_settings
    from mlplab.specs.keyed import philox

    n_numbers = sum(math.prod(one.shape) for one in graph.variables.values())
    if n_numbers > _MOST_NUMBERS:
        raise ConfigError(
            f"values: expected a network of at most {_MOST_NUMBERS:,} numbers; got {n_numbers:,}; "
            "try fewer hidden units or features"
        )
    rng = philox(seed, "graph example")
    slope = activation_settings(net.activation)[1].get("slope", 0.0)
    drawn: dict[str, Array] = {}
    for one in graph.sources:
        letter, layer = one.name[0], int(one.name[1:] or 1) - 1
        if letter == "W":
            drawn[one.name] = np.array(initial_weight(net.init, seed, layer, *one.shape))
        elif one.role == "noise":
            drawn[one.name] = _noise(net, letter, layer, rng, one.shape)
        elif one.role == "parameter":
            drawn[one.name] = np.full(one.shape, {"b": 0.0, "g": 1.0, "a": slope}[letter])
        elif one.role == "target":
            drawn[one.name] = draw_target(graph, rng)
        else:
            drawn[one.name] = rng.standard_normal(one.shape)
    return drawn


def draw_target(graph: Graph, rng: np.random.Generator) -> Array:
    """Draw a class, one-hot, or numbers where the loss is none of classes, (O,)."""
    shape = graph["y"].shape
    if any(operator.kind == "cross-entropy" for operator in graph.operators):
        return np.asarray(np.eye(shape[0])[rng.integers(shape[0])])
    return rng.standard_normal(shape)


def _noise(
    net: MLP, letter: str, layer: int, rng: np.random.Generator, shape: tuple[int, ...]
) -> Array:
    strength = net.dropout[layer] if letter == "m" else net.noise_strength[layer]
    if letter == "e":
        drawn = rng.random(shape) if net.noise == "uniform" else rng.standard_normal(shape)
        return np.asarray(strength * drawn + (net.noise == "multiplicative"))
    # Masks: 0 at the rate, and else what keeps the mean.
    return np.asarray((rng.random(shape) >= strength) / (1 - strength))
