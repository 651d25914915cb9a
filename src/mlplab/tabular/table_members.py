"""Members of a table model: networks of every fold, of one configuration."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mlplab.errors import DataError
from mlplab.specs import Run
from mlplab.tabular.model_inputs import Encoder
from mlplab.tabular.scikit_members import ScikitModels

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]
Tensors = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Encoding:
    """How each fold sees a table.

    Attributes:
        encoders: one per fold.
        width: of the inputs; fewer features are filled up with zeros.
        means, deviations: of the targets that each fold's networks learn, (K,).
    """

    encoders: tuple[Encoder, ...]
    width: int
    means: Array
    deviations: Array

    def inputs(self, fold: int, features: pd.DataFrame) -> Array:
        """Return rows as the networks of a fold see them, (N, width)."""
        values = self.encoders[fold].transform(features)
        out = np.zeros((len(values), self.width))
        out[:, : values.shape[1]] = values
        return out


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks of one configuration, a list of weights per fold; they predict by their mean.

    Attributes:
        words: the settings in words.
        encoding: place of the encoding among the model's.
        run: how they were trained, but for seed and rows.
        weights: safetensors bytes, by fold and seed.
    """

    words: str
    encoding: int
    run: Run
    weights: tuple[tuple[bytes, ...], ...]

    @property
    def kind(self) -> str:
        """What the member is."""
        return "mlp"

    @property
    def n_folds(self) -> int:
        """Number of folds, K."""
        return len(self.weights)

    def outputs(
        self, fold: int, inputs: Array, n_classes: int, mean: float, deviation: float
    ) -> Array:
        """Return numbers (N,) as they are learnt, or probabilities (N, C), of a fold's networks.

        Args:
            fold: whose networks.
            inputs: rows as they see them, (N, F).
            n_classes: C; 0 for numbers.
            mean, deviation: of the fold's targets.
        """
        return network_outputs(self.run, self.weights[fold], inputs, n_classes, mean, deviation)

    def note(self) -> tuple[dict[str, Any], Tensors]:
        """Return what a file holds of it: JSON values, and arrays by name."""
        from safetensors.numpy import load

        tensors = {
            f"{fold}.{seed}.{name}": _short(tensor)
            for fold, blobs in enumerate(self.weights)
            for seed, blob in enumerate(blobs)
            for name, tensor in load(blob).items()
        }
        said = {"words": self.words, "encoding": self.encoding, "run": self.run.canonical()}
        return said | {"n_seeds": [len(blobs) for blobs in self.weights]}, tensors

    @classmethod
    def restore(cls, said: dict[str, Any], tensors: Tensors) -> Networks:
        """Read what `note` returned."""
        from safetensors.numpy import save

        run = Run(**said["run"])
        n_layers = len(run.mlp.hidden) + 1
        names = [f"layers.{i}.{kind}" for i in range(n_layers) for kind in ("weight", "bias")]
        weights = tuple(
            tuple(
                save({n: _long(tensors[f"{fold}.{seed}.{n}"]) for n in names})
                for seed in range(count)
            )
            for fold, count in enumerate(said["n_seeds"])
        )
        return cls(str(said["words"]), int(said["encoding"]), run, weights)

    def check(self, width: int, n_classes: int) -> None:
        """Refuse weights that do not fit the network."""
        from safetensors.numpy import load

        widths = (width, *self.run.mlp.hidden, n_classes or 1)
        if not all(self.weights):
            raise DataError("parts: expected networks for every fold")
        for blob in (blob for blobs in self.weights for blob in blobs):
            tensors = load(blob)
            for layer, (n_in, n_out) in enumerate(pairwise(widths)):
                shapes = {"weight": (n_out, n_in), "bias": (n_out,)}
                for name, shape in shapes.items():
                    found = tensors[f"layers.{layer}.{name}"]
                    if found.shape != shape or found.dtype != np.float32:
                        raise DataError(f"layers.{layer}.{name}: expected {shape}, float32")


Part = Networks | ScikitModels
PARTS: dict[str, type[Networks] | type[ScikitModels]] = {
    "mlp": Networks,
    "scikit-learn": ScikitModels,
}


def rounded(blob: bytes) -> bytes:
    """Round a network's weights to half precision, in which a model's file is half as large.

    It is done before the network predicts anything, so that scores are those of the file. Eleven
    bits move outputs by about a ten-thousandth of the target's deviation. Weights beyond half
    precision (above 65,504) are left as they are.
    """
    from safetensors.numpy import load, save

    out = {}
    for name, tensor in load(blob).items():
        half = _half(tensor)
        out[name] = half.astype(tensor.dtype) if np.isfinite(half).all() else tensor
    return bytes(save(out))


def _short(tensor: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return numbers in half precision, where that changes none of them."""
    half = _half(tensor)
    return half if (half.astype(tensor.dtype) == tensor).all() else tensor


def _half(tensor: npt.NDArray[Any]) -> npt.NDArray[np.float16]:
    """Return numbers in half precision, infinite where they are too large for it."""
    with np.errstate(over="ignore"):
        return tensor.astype(np.float16)


def _long(tensor: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return tensor.astype(np.float32) if tensor.dtype == np.float16 else tensor


def network_outputs(
    run: Run, weights: Any, inputs: Array, n_classes: int, mean: float, deviation: float
) -> Array:
    """Return the mean of networks: numbers (N,) as they are learnt, or probabilities (N, C)."""
    from scipy.special import softmax

    from mlplab.engine import predict

    total: Any = 0.0
    for blob in weights:
        raw = np.asarray(predict(run, blob, np.ascontiguousarray(inputs, np.float32)), np.float64)
        if n_classes:
            total = total + softmax(raw, axis=1)
        else:
            total = total + raw[:, 0] * deviation + mean
    return np.asarray(total / len(weights))
