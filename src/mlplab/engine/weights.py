"""Weights as safetensors bytes: what a finished run leaves behind, and how it predicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.activations import Activation, activation
from mlplab.engine.heap import give_back
from mlplab.engine.modules.score import predict_module
from mlplab.engine.norms import EPS
from mlplab.engine.program import Program
from mlplab.engine.surroundings import caller_aside, single_thread
from mlplab.engine.tensor_bytes import tensor_bytes
from mlplab.errors import DataError, StoreError
from mlplab.specs import MLP, Module, Run

FURTHER = ("gain", "mean", "variance", "slope")
"""What a hidden layer may have beside weight and bias."""
# Fewer are done in 10 ms on one thread. Measured: two threads that wait for one another where
# both cores are busy take 400 ms for what one does in 12.
_FEW_PRODUCTS = 100_000_000
_PORTION = 4096  # rows at a time
_LARGE_BYTES = 2**24  # of a portion's values, whose products take longer than fresh pages


def pack_weights(state: dict[str, Tensor], program: Program) -> bytes:
    """Write a slot's weights and biases, without padding, as safetensors bytes."""
    tensors = {}
    for layer, n_in in enumerate(program.widths[:-1]):
        tensors[f"layers.{layer}.weight"] = state[f"weight.{layer}"][:, :n_in]
        tensors[f"layers.{layer}.bias"] = state[f"bias.{layer}"]
        for name in FURTHER:
            if f"{name}.{layer}" in state:
                tensors[f"layers.{layer}.{name}"] = state[f"{name}.{layer}"]
    return tensor_bytes(tensors)


@dataclass(frozen=True)
class Layer:
    """What one layer of a finished run computes with.

    Attributes:
        weight: (O, I).
        bias: (O,); with a norm, what is added after it.
        further: gain, mean and variance (O,) of a norm, slope (O,) or (1,), where it has them.
    """

    weight: Tensor
    bias: Tensor
    further: Mapping[str, Tensor]


def unpack_layers(blob: bytes) -> list[Layer]:
    """Read the layers of a run.

    Raises:
        StoreError: the bytes hold no such weights.
    """
    from safetensors.torch import load

    try:
        tensors = load(blob)
        n_layers = sum(name.endswith(".weight") for name in tensors)
        if not n_layers:
            raise ValueError("no layers")
        layers = []
        for i in range(n_layers):
            names = {name: f"layers.{i}.{name}" for name in FURTHER}
            further = {name: tensors[full] for name, full in names.items() if full in tensors}
            layers.append(
                Layer(tensors[f"layers.{i}.weight"], tensors[f"layers.{i}.bias"], further)
            )
        _check_chain(layers)
        return layers
    except Exception as problem:
        raise StoreError(f"weights cannot be read ({problem})") from None


def _check_chain(layers: Sequence[Layer]) -> None:
    """Refuse layers that cannot follow one another."""
    dtype, n_in = layers[0].weight.dtype, None
    for i, layer in enumerate(layers):
        n_out = layer.weight.shape[0] if layer.weight.ndim == 2 else None
        units = [layer.bias, *layer.further.values()]
        fits = n_out is not None and n_in in (None, layer.weight.shape[1])
        fits = fits and layer.bias.numel() == n_out and dtype.is_floating_point
        fits = fits and all(one.ndim == 1 and len(one) in (n_out, 1) for one in units)
        if not fits or any(one.dtype != dtype for one in (layer.weight, *units)):
            raise ValueError(f"layer {i} fits none that is before it or itself")
        n_in = n_out


def unpack_weights(blob: bytes) -> list[tuple[Tensor, Tensor]]:
    """Read (weight (O, I), bias (O,)) of each layer.

    Raises:
        StoreError: the bytes hold no such weights.
    """
    return [(layer.weight, layer.bias) for layer in unpack_layers(blob)]


@caller_aside()
def predict(run: Run, weights: bytes, inputs: NDArray[Any], scale: float = 1.0) -> NDArray[Any]:
    """Return a finished run's outputs, logits (N, C) or numbers (N, O).

    Args:
        run: the run that left the weights.
        weights: what `pack_weights` wrote.
        inputs: (N, I), of the type the task holds.
        scale: what inputs are multiplied with (the task's `input_scale`).

    Raises:
        DataError: the inputs do not have the network's number of features.
    """
    if isinstance(run.net, Module):
        return predict_module(run, weights, inputs, scale)
    layers = unpack_layers(weights)
    inputs = seen_inputs(run.net, layers, inputs)
    n_products = len(inputs) * sum(layer.weight.numel() for layer in layers)
    with single_thread() if n_products < _FEW_PRODUCTS else nullcontext():
        outputs = np.concatenate(list(_outputs(run.net, layers, inputs, scale)))
    widest = max(sum(layer.weight.shape) for layer in layers)
    if widest * min(len(inputs), _PORTION) * layers[0].weight.element_size() > _LARGE_BYTES:
        # The next run's arrays need not fit the gaps: eight runs in turn took twice the memory.
        give_back()
    return outputs


def seen_inputs(net: MLP, layers: list[Layer], inputs: NDArray[Any]) -> NDArray[Any]:
    """Return the features that a network sees.

    Raises:
        StoreError: the layers are those of another network.
        DataError: there are more or fewer than it has weights for.
    """
    widths = tuple(len(layer.bias) for layer in layers[:-1])
    further = {"none": (), "batch": ("gain", "mean", "variance")}.get(net.norm, ("gain",))
    further += ("slope",) if activation(net.activation).slopes else ()
    if widths != net.hidden or any(set(further) - set(one.further) for one in layers[:-1]):
        raise StoreError(f"weights of another network: hidden layers {widths}, not {net.hidden}")
    n_features = layers[0].weight.shape[1]
    if net.inputs and inputs.ndim == 2:
        inputs = inputs[:, : net.inputs]
    if inputs.ndim != 2 or inputs.shape[1] != n_features:
        raise DataError(f"inputs: expected shape (N, {n_features}); got {inputs.shape}")
    return inputs


def _outputs(
    net: MLP, layers: list[Layer], inputs: NDArray[Any], scale: float
) -> Iterator[NDArray[Any]]:
    """Yield the outputs of a portion of rows after another."""
    act = activation(net.activation)
    # At least once: no rows at all still give an array of the right width.
    for first in range(0, max(1, len(inputs)), _PORTION):
        # A copy: activations work in place, and the array is the caller's.
        h = torch.from_numpy(np.array(inputs[first : first + _PORTION])).to(layers[0].weight.dtype)
        if scale != 1.0:
            h = h * scale
        for layer, skips in zip(layers[:-1], net.skips, strict=True):
            made = hidden_values(hidden_sums(h, layer, net.norm), layer, act)
            h = made + h if skips else made
        yield torch.addmm(layers[-1].bias, h, layers[-1].weight.t()).numpy()
        del h  # before the next portion is there


def hidden_sums(h: Tensor, layer: Layer, norm: str) -> Tensor:
    """Return what a hidden layer's activation is given, (N, O), for examples (N, I)."""
    if norm == "none":
        return torch.addmm(layer.bias, h, layer.weight.t())
    return shifted(h @ layer.weight.t(), layer, norm)


def shifted(z: Tensor, layer: Layer, norm: str) -> Tensor:
    """Return a hidden layer's products z, (N, O), after its norm, with its bias."""
    if norm == "none":
        return z + layer.bias
    if norm == "batch":
        mean, variance = layer.further["mean"], layer.further["variance"]
    else:
        mean = z.mean(1, keepdim=True)
        variance = (z - mean).square().mean(1, keepdim=True)
    return (z - mean) * torch.rsqrt(variance + EPS) * layer.further["gain"] + layer.bias


def hidden_values(z: Tensor, layer: Layer, act: Activation) -> Tensor:
    """Return what a hidden layer's activation gives, (N, O); `z` may be overwritten."""
    if act.slopes:
        return z.clamp(min=0) + layer.further["slope"] * z.clamp(max=0)
    act.forward(z)
    return z
