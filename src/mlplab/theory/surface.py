"""The loss on a plane in the space of a network's weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mlplab.data import Task
from mlplab.errors import ConfigError, DataError
from mlplab.specs import MLP, Run
from mlplab.theory.plane import Plane

if TYPE_CHECKING:
    import pandas as pd
    import torch
    from torch import Tensor

_FLOATS = 2**23  # at once, of a layer's outputs or matrices


@dataclass(frozen=True, eq=False)
class Surface:
    """The loss on a grid of a plane.

    Attributes:
        x, y: the grid's coordinates, (M,) and (N,).
        loss: mean over the rows, (N, M): `loss[j, i]` is at (x[i], y[j]).
        plane: what was looked at.
        n_rows: how many rows the loss is a mean over.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    loss: NDArray[np.float64]
    plane: Plane
    n_rows: int

    def frame(self) -> pd.DataFrame:
        """Return one row per grid point: x, y, loss."""
        import pandas as pd

        x, y = np.meshgrid(self.x, self.y)
        return pd.DataFrame({"x": x.ravel(), "y": y.ravel(), "loss": self.loss.ravel()})


def surface(
    run: Run,
    plane: Plane,
    task: Task,
    *,
    x: ArrayLike | int = 31,
    y: ArrayLike | int = 31,
    n_rows: int = 1024,
    split: str = "train",
) -> Surface:
    """Compute the loss of a run's network at every point of a grid in a plane of weights.

    The loss is the run's own, without label smoothing and dropout, as when it is scored, in the
    run's arithmetic.

    Args:
        run: whose network, loss and rows are taken.
        plane: from `random_plane` or `plane_through`.
        task: the data.
        x, y: coordinates, or how many of them over the plane's window.
        n_rows: how many rows of the split, the first ones.
        split: `train` or `valid`.

    Raises:
        ConfigError: a network with batch norm, whose running statistics hold at its own weights
            only; or a split without rows.
        DataError: weights that do not fit the task.

    Cost: the first layer is linear in the weights, so it takes three products whatever the grid
    (origin, across, up); each further layer takes one product per point, all points of a portion
    at once. Memory: 8 million numbers per layer.

    >>> from mlplab.data import load_task
    >>> from mlplab.specs import MLP
    >>> from mlplab.theory import random_plane
    >>> rng = np.random.default_rng(0)
    >>> linear = {"layers.0.weight": rng.normal(size=(10, 64)), "layers.0.bias": np.zeros(10)}
    >>> run, task = Run(net=MLP(hidden=())), load_task("digits")
    >>> found = surface(run, random_plane(linear), task, x=5, y=3)
    >>> found.loss.shape, bool((found.loss > 0).all())
    ((3, 5), True)
    """
    import torch

    if not isinstance(run.net, MLP):
        raise ConfigError(f"surface: expected an MLP; got the module {run.net.name!r}")
    if run.net.norm == "batch":
        raise ConfigError(
            "surface: batch norm's running statistics hold at a network's own weights only; "
            "try norm='layer' or 'none'"
        )
    rows = getattr(task.split(run.seed, run.rows), split)[:n_rows]
    if not len(rows):
        raise ConfigError(f"surface: {task.name} has no {split} rows for this run")
    across = _coordinates(x, plane.x)
    up = _coordinates(y, plane.y)
    places = torch.from_numpy(np.stack([m.ravel() for m in np.meshgrid(across, up)], axis=1))
    with torch.inference_mode():
        losses = _losses(run, run.net, plane, task, rows, places)
    return Surface(across, up, losses.reshape(len(up), len(across)), plane, len(rows))


def _losses(
    run: Run, net: MLP, plane: Plane, task: Task, rows: NDArray[Any], places: Tensor
) -> NDArray[np.float64]:
    """The mean loss at each of the places, (P, 2) -> (P,)."""
    import torch

    from mlplab.engine.losses import loss_of
    from mlplab.engine.program import Program, program_of
    from mlplab.engine.tensors import TaskTensors

    split = task.split(run.seed, run.rows)
    program = program_of(run, task, len(split.train), len(split.valid))
    assert isinstance(program, Program)
    dtype = getattr(torch, run.fit.dtype)
    data = TaskTensors(task, dtype, task.n_features, torch.device("cpu"))
    picked = torch.from_numpy(np.array(rows))
    inputs = torch.zeros(len(rows), task.n_features, dtype=dtype)
    target = torch.zeros(task.n_outputs, len(rows), dtype=dtype)
    data.inputs(picked, inputs)
    data.targets(picked, target)
    basis = _Basis(plane, dtype)
    n_layers = len(net.hidden) + 1
    shapes = [basis.shape(f"layers.{layer}.weight") for layer in range(n_layers)]
    if [shape[1] for shape in shapes] + [shapes[-1][0]] != list(program.widths):
        raise DataError(
            f"surface: expected weights for widths {program.widths}; got matrices {shapes}"
        )
    # Three products serve the whole grid: W x = W0 x + a (W1 x) + b (W2 x).
    first = basis.parts("layers.0.weight") @ inputs.t()
    loss = loss_of(program.loss, task.n_outputs, dtype, program.huber_delta)
    # A point takes its outputs, and its own copy of every matrix but the first.
    per_point = max(len(rows) * max(program.widths[1:]), *(o * i for o, i in shapes[1:]), 1)
    size = max(1, _FLOATS // per_point)
    parts = []
    for start in range(0, len(places), size):
        portion = places[start : start + size].to(dtype)
        z = _outputs(basis, portion, net, first)
        parts.append(loss.judge(z, target.expand_as(z)).loss.mean(1, dtype=torch.float64))
    return np.asarray(torch.cat(parts).numpy())


def _outputs(basis: _Basis, places: Tensor, net: MLP, first: Tensor) -> Tensor:
    """Outputs at each place, (P, O, N)."""
    import torch

    from mlplab.engine.activations import activation
    from mlplab.engine.norms import EPS

    act = activation(net.activation)
    n_hidden = len(net.hidden)
    z = torch.einsum("pk,kon->pon", basis.shares(places), first)
    below = z  # of no layer: the first one never skips
    for layer in range(n_hidden + 1):
        bias = basis.at(f"layers.{layer}.bias", places).unsqueeze(2)
        if layer == n_hidden:
            return z.add_(bias)
        if net.norm == "layer":
            z -= z.mean(1, keepdim=True)
            z *= torch.rsqrt(z.square().mean(1, keepdim=True) + EPS)
            z *= basis.at(f"layers.{layer}.gain", places).unsqueeze(2)
        z += bias
        if act.slopes:
            slope = basis.at(f"layers.{layer}.slope", places).unsqueeze(2)
            z = z.clamp(min=0) + slope * z.clamp(max=0)
        else:
            act.forward(z)
        if net.skips[layer]:
            z += below
        below = z
        z = basis.at(f"layers.{layer + 1}.weight", places) @ z
    return z


class _Basis:
    """A plane's origin and directions as tensors, stacked by name."""

    def __init__(self, plane: Plane, dtype: torch.dtype) -> None:
        import torch

        self._parts = {}
        for name, value in plane.origin.items():
            three = [np.asarray(v) for v in (value, plane.across[name], plane.up[name])]
            self._parts[name] = torch.from_numpy(np.stack(three)).to(dtype)

    def parts(self, name: str) -> Tensor:
        """Origin, across and up, (3, ...)."""
        if name not in self._parts:
            raise DataError(f"surface: expected {name!r} among the weights; got {[*self._parts]}")
        return self._parts[name]

    def shape(self, name: str) -> Sequence[int]:
        """The shape of one of them."""
        return tuple(self.parts(name).shape[1:])

    def shares(self, places: Tensor) -> Tensor:
        """How much of each of the three, (P, 3)."""
        import torch

        return torch.cat([torch.ones_like(places[:, :1]), places], dim=1)

    def at(self, name: str, places: Tensor) -> Tensor:
        """The numbers of that name at each place, (P, ...)."""
        import torch

        out: Tensor = torch.tensordot(self.shares(places), self.parts(name), dims=1)
        return out


def _coordinates(wanted: ArrayLike | int, window: tuple[float, float]) -> NDArray[np.float64]:
    if isinstance(wanted, int):
        return np.linspace(*window, wanted)
    return np.atleast_1d(np.asarray(wanted, dtype=np.float64))
