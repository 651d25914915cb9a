"""Weights as safetensors bytes: what a finished run leaves behind, and how it predicts."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.activations import activation
from mlplab.engine.program import Program
from mlplab.errors import DataError, StoreError
from mlplab.specs import Run


def pack_weights(state: dict[str, Tensor], program: Program) -> bytes:
    """Write a slot's weights and biases, without padding, as safetensors bytes."""
    from safetensors.torch import save

    tensors = {}
    for layer, n_in in enumerate(program.widths[:-1]):
        tensors[f"layers.{layer}.weight"] = state[f"weight.{layer}"][:, :n_in].cpu().contiguous()
        tensors[f"layers.{layer}.bias"] = state[f"bias.{layer}"].cpu().contiguous()
    return bytes(save(tensors))


def unpack_weights(blob: bytes) -> list[tuple[Tensor, Tensor]]:
    """Read (weight (O, I), bias (O,)) of each layer.

    Raises:
        StoreError: the bytes hold no such weights.
    """
    from safetensors.torch import load

    try:
        tensors = load(blob)
        n_layers = len(tensors) // 2
        if not n_layers:
            raise ValueError("no layers")
        return [
            (tensors[f"layers.{i}.weight"], tensors[f"layers.{i}.bias"]) for i in range(n_layers)
        ]
    except Exception as problem:
        raise StoreError(f"weights cannot be read ({problem})") from None


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
    layers = unpack_weights(weights)
    n_features = layers[0][0].shape[1]
    if inputs.ndim != 2 or inputs.shape[1] != n_features:
        raise DataError(f"inputs: expected shape (N, {n_features}); got {inputs.shape}")
    act = activation(run.net.activation)
    parts = []
    for first in range(0, max(1, len(inputs)), 4096):
        h = torch.from_numpy(np.array(inputs[first : first + 4096])).to(layers[0][0].dtype)
        if scale != 1.0:
            h = h * scale
        for i, (weight, bias) in enumerate(layers):
            if i:
                act.forward(h)
            h = torch.addmm(bias, h, weight.t())
        parts.append(h.numpy())
    return np.concatenate(parts)
