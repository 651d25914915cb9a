"""Monte-Carlo prediction: outputs with the noise of training left on, drawn several times."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlplab.engine.activations import activation
from mlplab.engine.noise import realised_rate
from mlplab.engine.surroundings import caller_aside
from mlplab.engine.weights import (
    Layer,
    hidden_sums,
    hidden_values,
    seen_inputs,
    shifted,
    unpack_layers,
)
from mlplab.errors import ConfigError
from mlplab.specs import MLP, Run
from mlplab.specs.keyed import philox

_PORTION = 4096  # examples at a time


@caller_aside()
def predict_samples(
    run: Run,
    weights: bytes,
    inputs: NDArray[Any],
    n_samples: int,
    *,
    scale: float = 1.0,
    seed: int = 0,
) -> NDArray[Any]:
    """Return outputs of a finished run under its noise on hidden layers, (S, N, O).

    Their mean over samples of probabilities is the Monte-Carlo prediction. Batch norm takes its
    running statistics, as when it is scored.

    Args:
        run: with dropout or noise.
        weights: what it left.
        inputs: (N, I), of the type the task holds.
        n_samples: S.
        scale: what inputs are multiplied with (the task's `input_scale`).
        seed: of the draws; sample k draws the same whatever S is.

    Raises:
        ConfigError: a run without noise, a module, or no samples.
        DataError: the inputs do not have the network's number of features.

    Source: Gal and Ghahramani (2016), Dropout as a Bayesian Approximation, arXiv 1506.02142.
    """
    net = run.net
    if not isinstance(net, MLP):
        raise ConfigError(f"samples: expected an MLP; got the module {net.name!r}")
    if not net.dropout and net.noise == "none":
        raise ConfigError("samples: this network has neither dropout nor noise: all would be alike")
    if n_samples < 1:
        raise ConfigError(f"samples: expected at least 1; got {n_samples}")
    layers = unpack_layers(weights)
    inputs = seen_inputs(net, layers, inputs)
    made = np.empty((n_samples, len(inputs), len(layers[-1].bias)), layers[0].weight.numpy().dtype)
    with torch.inference_mode():
        for sample in range(n_samples):
            for first in range(0, len(inputs), _PORTION):
                portion = torch.from_numpy(np.array(inputs[first : first + _PORTION]))
                x = portion.to(layers[0].weight.dtype) * scale
                draws = _Draws(net, seed, sample, first)
                made[sample, first : first + len(x)] = _outputs(net, layers, x, draws).numpy()
    return made


def _outputs(net: MLP, layers: list[Layer], x: Tensor, draws: _Draws) -> Tensor:
    act = activation(net.activation)
    h = x
    for index, layer in enumerate(layers[:-1]):
        z = draws.sums(index, h, layer)
        if net.noise == "dropout-before":
            z *= draws.mask(index, "before", z.shape, net.noise_strength[index])
        made = draws.noisy(index, hidden_values(z, layer, act))
        h = made + h if net.skips[index] else made
    return torch.addmm(layers[-1].bias, h, layers[-1].weight.t())


class _Draws:
    """The noise of one sample on a portion of examples."""

    def __init__(self, net: MLP, seed: int, sample: int, first: int) -> None:
        self._net, self._seed, self._sample, self._first = net, seed, sample, first

    def _at(self, layer: int, purpose: str, first: int | None = None) -> np.random.Generator:
        place = self._first if first is None else first
        return philox(self._seed, f"sampled {purpose}", layer, self._sample, place)

    def mask(
        self, layer: int, purpose: str, shape: torch.Size, rate: float, first: int | None = None
    ) -> Tensor:
        """0 with probability `rate`, else 1 / (1 - rate)."""
        real = realised_rate(rate)
        drawn = self._at(layer, purpose, first).random(tuple(shape), dtype=np.float32)
        return torch.from_numpy((drawn >= real) / np.float32(1 - real))

    def sums(self, index: int, h: Tensor, layer: Layer) -> Tensor:
        """What a hidden layer's activation is given, of weights that DropConnect leaves."""
        if self._net.noise == "drop-connect-each":
            # One example after the other: masks of all would take N times the weights.
            z = [self._left(index, layer.weight, self._first + n) @ x for n, x in enumerate(h)]
            return shifted(torch.stack(z), layer, self._net.norm)
        if self._net.noise == "drop-connect":  # the same for all examples of a sample
            layer = replace(layer, weight=self._left(index, layer.weight, 0))
        return hidden_sums(h, layer, self._net.norm)

    def _left(self, index: int, weight: Tensor, first: int) -> Tensor:
        """What is left of a layer's weights, drawn by the number of an example."""
        mask = self.mask(index, "weights", weight.shape, self._net.noise_strength[index], first)
        return (weight * mask).to(weight.dtype)

    def noisy(self, index: int, h: Tensor) -> Tensor:
        """What the next layer sees of a layer's values, but for what it adds from below."""
        net = self._net
        if net.noise in ("gaussian", "multiplicative", "uniform"):
            draws = self._at(index, net.noise)
            shape, s = tuple(h.shape), net.noise_strength[index]
            e = draws.random(shape) if net.noise == "uniform" else draws.standard_normal(shape)
            noise = torch.from_numpy(s * e).to(h.dtype)
            h = h * (1 + noise) if net.noise == "multiplicative" else h + noise
        if net.noise == "stochastic-depth" and net.skips[index]:
            h = h * self.mask(index, "depth", h[:, :1].shape, net.noise_strength[index])
        if net.dropout:
            h = h * self.mask(index, "dropout", h.shape, net.dropout[index])
        return h
