"""Units that could change places in a network: made equal, told apart, and tried out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.errors import ConfigError
from mlplab.hints import hint

if TYPE_CHECKING:
    from torch import Tensor, nn

Axes = Mapping[str, int | Sequence[int]]


def equalise(module: nn.Module, n_units: int, axes: Axes) -> None:
    """Give every unit the parameters of the first one, in place.

    Units are channels, heads, hidden units, experts: what can be exchanged without changing what
    the network computes. An axis of a multiple of `n_units` holds a block for each.

    Args:
        module: a network, as a factory makes it.
        n_units: how many units there are.
        axes: parameter, by its name in the module -> the axis or axes along which units lie.

    Raises:
        ConfigError: no such parameter, no such axis, or its length is no multiple.

    >>> from torch import nn
    >>> net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> equalise(net, 4, {"0.weight": 0, "0.bias": 0, "2.weight": 1})
    >>> bool((net[0].weight == net[0].weight[0]).all())
    True
    """
    import torch

    parameters = dict(module.named_parameters())
    with torch.no_grad():
        for name, axis in _units(parameters, n_units, axes):
            blocks = torch.unflatten(parameters[name], axis, (n_units, -1))
            first = blocks.narrow(axis, 0, 1).expand_as(blocks)
            parameters[name].copy_(first.flatten(axis, axis + 1))


def unit_spread(weights: Mapping[str, ArrayLike], n_units: int, axes: Axes) -> float:
    """Return how far units are apart: the largest difference from the first, over all parameters.

    As a share of the largest entry of its parameter: 0 where all units are equal bit for bit,
    about 1e-7 where they differ by float32's rounding. An all-zero parameter counts as equal.

    Args:
        weights: parameter -> array, such as what `Runs.weights` returns.
        n_units, axes: as `equalise` takes them.

    Raises:
        ConfigError: as `equalise`.

    >>> unit_spread({"weight": [[1.0, 2.0], [1.0, 4.0]]}, 2, {"weight": 0})
    0.5
    """
    arrays = {name: np.asarray(array, dtype=np.float64) for name, array in weights.items()}
    spread = 0.0
    for name, axis in _units(arrays, n_units, axes):
        blocks = _blocks(arrays[name], n_units, axis)
        size = float(abs(blocks).max(initial=0.0))
        if size:
            spread = max(spread, float(abs(blocks - blocks[:1]).max()) / size)
    return spread


def exchange_error(
    module: nn.Module, inputs: Tensor, n_units: int, axes: Axes, seed: int = 0
) -> float:
    """Return how much the outputs change when units change places: 0, or rounding, if they may.

    The module is put into evaluation mode, and left with the parameters that it had.

    Args:
        module: a network.
        inputs: (B, ...).
        n_units, axes: as `equalise` takes them.
        seed: of the order of the units.

    Returns:
        The largest difference, as a share of the largest output.

    Raises:
        ConfigError: as `equalise`.
    """
    import torch
    from torch.func import functional_call

    order = np.random.default_rng(seed).permutation(n_units)
    if n_units > 1 and (order == np.arange(n_units)).all():
        order = order[::-1].copy()
    parameters = {name: p.detach() for name, p in module.named_parameters()}
    exchanged = dict(parameters)
    for name, axis in _units(parameters, n_units, axes):
        blocks = torch.unflatten(exchanged[name], axis, (n_units, -1))
        places = torch.as_tensor(order, device=blocks.device)
        exchanged[name] = blocks.index_select(axis, places).flatten(axis, axis + 1)
    module.eval()
    with torch.no_grad():
        before = functional_call(module, parameters, (inputs,))
        after = functional_call(module, exchanged, (inputs,))
    size = float(before.abs().max())
    return float((before - after).abs().max()) / (size or 1.0)


def _blocks(array: NDArray[np.float64], n_units: int, axis: int) -> NDArray[np.float64]:
    """A unit's part of an array in front: (U, ...)."""
    return np.moveaxis(array, axis, 0).reshape(n_units, -1)


def _units(parameters: Mapping[str, Any], n_units: int, axes: Axes) -> list[tuple[str, int]]:
    """Return each parameter with each axis along which units lie, from the front."""
    if n_units < 1:
        raise ConfigError(f"n_units: expected 1 at least; got {n_units}")
    pairs = []
    for name, given in axes.items():
        if name not in parameters:
            raise ConfigError(f"axes: no parameter {name!r}; {hint(name, list(parameters))}")
        shape = tuple(parameters[name].shape)
        for axis in (given,) if isinstance(given, int) else given:
            if not -len(shape) <= axis < len(shape):
                raise ConfigError(f"axes: {name} has {len(shape)} axes; got {axis}")
            if shape[axis] % n_units:
                raise ConfigError(
                    f"axes: expected a multiple of {n_units} units along axis {axis} of {name}; "
                    f"got {shape[axis]}"
                )
            pairs.append((name, axis % len(shape)))
    return pairs
