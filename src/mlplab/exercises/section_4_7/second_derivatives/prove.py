"""Products against torch.func, multiplications as PyTorch counts them, and nodes of graphs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_7.second_derivatives.counting import (
    first_order,
    graph_nodes,
    lost_nodes,
    multiplications,
    second_order,
)
from mlplab.exercises.section_4_7.second_derivatives.networks import Network

if TYPE_CHECKING:
    import torch
    from torch import Tensor

DEPTHS = (1, 2, 3, 4, 5)
ACTIVATIONS = ("relu", "tanh")
_N_CASES = 20
GROWTH = 1.5


def prove() -> Sequence[Checked]:
    """Check products, counts and graphs on small networks."""
    return (_products(), _counted(), _bounds(), _contains(), _by_layer(), _by_order())


def deep(n_hidden: int, activation: str, width: int = 4, n_examples: int = 6) -> Network:
    """A network of so many hidden layers, of one width."""
    return Network((5, *[width] * n_hidden, 3), n_examples, activation)


def _drawn(n: int, dtype: str = "float64") -> list[Network]:
    rng = np.random.default_rng(1)
    return [
        Network(
            tuple(rng.integers(2, 7, int(rng.integers(2, 6))).tolist()),
            int(rng.integers(2, 9)),
            ACTIVATIONS[seed % 2],
            seed,
            dtype,
        )
        for seed in range(n)
    ]


def _products() -> Checked:
    """The matrix of the engine's products with unit vectors, against torch.func.hessian."""
    import torch
    from torch.func import hessian

    worst = 0.0
    for network in _drawn(_N_CASES):
        numbers = network.numbers()
        # First: under torch.func's vmap no examples can be drawn.
        model = network.by_hand(network.given())
        loss = partial(_loss_of_row, network, [one.shape for one in numbers])
        wanted = hessian(loss)(torch.cat([one.flatten() for one in numbers]))
        unit = torch.eye(network.n_params, dtype=torch.float64).unsqueeze(0)
        worst = max(worst, float((model.hessian_product(unit)[0] - wanted).abs().max()))
    return Checked("products", worst < 1e-12, facts={"worst": worst}, n_cases=_N_CASES)


def _loss_of_row(network: Network, shapes: Sequence[torch.Size], row: Tensor) -> Tensor:
    """The loss as a function of all numbers in one row."""
    import torch

    parts = torch.split(row, [shape.numel() for shape in shapes])
    return network.loss([part.view(shape) for part, shape in zip(parts, shapes, strict=True)])


def _counted() -> Checked:
    """The formulas of `Network` against PyTorch's counter."""
    import torch

    holds = True
    for network in _drawn(_N_CASES):
        numbers = [one.requires_grad_() for one in network.numbers()]
        vectors = [torch.ones_like(one) for one in numbers]
        given = network.given()
        model = network.by_hand(given)
        unit = torch.ones(1, network.n_params, dtype=torch.float64)
        first, further = network.gradient_products, network.further_products
        counts = {
            first + further: lambda: second_order(network, numbers, vectors),  # noqa: B023
            first: lambda: first_order(network, numbers),  # noqa: B023
            further: lambda: model.hessian_product(unit),  # noqa: B023
        }
        holds &= all(
            multiplications(way) == count * network.n_examples for count, way in counts.items()
        )
        hand = multiplications(lambda: network.by_hand(given).gradient())  # noqa: B023
        holds &= hand == first * network.n_examples
    return Checked("counted", holds, n_cases=_N_CASES)


def _bounds() -> Checked:
    """In all from two to three gradients, whatever the sizes."""
    import sympy

    first, further = sympy.symbols("F W", positive=True)
    weights = first + further  # those above the first layer may be none
    gradient = 3 * weights - first
    in_all = gradient + 6 * weights - 4 * first
    above_two = sympy.simplify(in_all - 2 * gradient)
    below_three = sympy.simplify(3 * gradient - in_all)
    return Checked("bounds", bool(above_two.is_positive and below_three.is_positive))


def _contains() -> Checked:
    """What of the loss's graph is no part of the gradient's: its own last node."""
    networks = [deep(n, activation) for n in (0, *DEPTHS) for activation in ACTIVATIONS]
    lost = [lost_nodes(network) for network in networks]
    return Checked(
        "graph",
        all(len(names) == 1 and names[0].startswith("NllLoss") for names in lost),
        n_cases=len(networks),
    )


def _by_layer() -> Checked:
    """Nodes by depth lie on a line, and neither width nor batch counts."""
    holds = True
    for activation in ACTIVATIONS:
        nodes = np.array([graph_nodes(deep(n, activation), 2) for n in DEPTHS])
        holds &= bool((np.diff(nodes, 2, axis=0) == 0).all())
        wide = graph_nodes(deep(DEPTHS[0], activation, width=40, n_examples=60), 2)
        holds &= wide == tuple(nodes[0])
    facts = {f"order_{order}": per_layer(order) for order in (0, 1, 2)}
    return Checked("layers", holds, facts=facts, n_cases=len(DEPTHS) * len(ACTIVATIONS))


def per_layer(order: int, activation: str = "tanh") -> int:
    """Return how many nodes each hidden layer adds to the graph of that order."""
    one, two = (graph_nodes(deep(n, activation))[order] for n in DEPTHS[:2])
    return two - one


def _by_order() -> Checked:
    """Every further order has so many times the nodes of the one before."""
    nodes = [graph_nodes(deep(n, activation)) for n in DEPTHS for activation in ACTIVATIONS]
    growth = np.array(nodes, float)[:, 1:] / np.array(nodes, float)[:, :-1]
    facts = {"least": float(growth.min()), "most": float(growth.max())}
    return Checked("orders", bool(growth.min() >= GROWTH), facts=facts, n_cases=len(nodes))
