"""What derivatives of the first and further orders are made of: graph nodes and multiplications."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mlplab.exercises.section_4_7.second_derivatives.networks import Network

if TYPE_CHECKING:
    from torch import Tensor

ORDERS = (0, 1, 2, 3, 4)
"""Of derivatives whose graph is counted: 0 is the loss."""


@lru_cache(maxsize=64)
def graph_nodes(network: Network, highest: int = ORDERS[-1]) -> tuple[int, ...]:
    """Return how many nodes PyTorch's graph has that ends in each order's derivative.

    The derivative of order k + 1 is the gradient of the inner product of the one of order k with a
    fixed vector: order 2 is one product of the Hessian.
    """
    import torch

    numbers = [one.requires_grad_() for one in network.numbers()]
    with torch.enable_grad():
        scalar = network.loss(numbers)
        counts = [len(_reached([scalar]))]
        for _ in range(highest):
            found = torch.autograd.grad(scalar, numbers, create_graph=True, allow_unused=True)
            derivative = [one for one in found if one is not None]
            counts.append(len(_reached(derivative)))
            parts = [(one * torch.ones_like(one)).sum() for one in derivative]
            scalar = torch.stack(parts).sum()
    return tuple(counts)


def lost_nodes(network: Network) -> list[str]:
    """Return the names of the nodes of the loss's graph that the gradient's graph lacks."""
    import torch

    numbers = [one.requires_grad_() for one in network.numbers()]
    with torch.enable_grad():
        loss = network.loss(numbers)
        gradient = torch.autograd.grad(loss, numbers, create_graph=True)
    return [node.name() for node in _reached([loss]) - _reached(gradient)]


def _reached(ends: Iterable[Tensor]) -> set[Any]:
    """The nodes on the way from some results down to the leaves."""
    seen: set[Any] = set()
    waiting = [one.grad_fn for one in ends if one.grad_fn is not None]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            waiting += [below for below, _ in node.next_functions if below is not None]
    return seen


def first_order(network: Network, numbers: Sequence[Tensor]) -> Sequence[Tensor]:
    """The gradient, by autograd."""
    import torch

    return torch.autograd.grad(network.loss(numbers), numbers)


def second_order(
    network: Network, numbers: Sequence[Tensor], vectors: Sequence[Tensor]
) -> Sequence[Tensor]:
    """The Hessian times a vector as the source has it: back through the gradient's graph."""
    import torch

    gradient = torch.autograd.grad(network.loss(numbers), numbers, create_graph=True)
    return torch.autograd.grad(gradient, numbers, grad_outputs=vectors)


def multiplications(compute: Callable[[], object]) -> int:
    """Return the multiplications of matrix products in a computation, as PyTorch counts them."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        compute()
    return int(counter.get_total_flops()) // 2
