"""The second-order model of a stack's losses at fixed weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import torch
from torch import Tensor

from mlplab.engine.curvature.hidden import CurvedHidden
from mlplab.engine.curvature.output_loss import OutputLoss
from mlplab.specs import MLP

STATISTICS = ("mean", "variance")
"""Of batch norm: kept by a run, and not learned."""


@dataclass(frozen=True)
class Batch:
    """What the loss is a mean over.

    Attributes:
        inputs: (R, B, I), or (1, B, I) where all runs share them.
        target: (R, O, B) or (1, O, B): one-hot classes, shares of classes, or numbers.
        share: of each example in the mean, (R, 1, B) or (1, 1, B).
    """

    inputs: Tensor
    target: Tensor
    share: Tensor


class SecondOrder:
    """Loss, gradient, and Hessian and Gauss-Newton products of R runs, by hand.

    Numbers of a run stand in one vector of length P: layer by layer `layers.0.weight`,
    `layers.0.bias`, then gains and slopes where there are any. Values of layer l are (R, U, B);
    those of K directions (R, U, K, B), so that each matrix product is one call for all of them.

    With the loss as when it is scored: without label smoothing, noise and dropout, batch norm with
    its running statistics. Weight decay is no part of it: decay c adds c to each eigenvalue.

    Source: Pearlmutter (1994), Neural Computation 6; Schraudolph (2002), Neural Computation 14.
    """

    def __init__(
        self,
        net: MLP,
        loss: str,
        weights: Mapping[str, Tensor],
        batch: Batch,
        huber_delta: float = 1.0,
    ) -> None:
        """Send a batch through the networks and back, and keep what products need.

        Args:
            net: the network that all runs have; its rates of dropout and noise do not count.
            loss: its name.
            weights: by the names that `engine.weights` gives them, each (R, ...).
            batch: the examples.
            huber_delta: of the loss `huber`.

        Cost: a forward and a backward pass; keeps about 6 numbers per run, unit and example.
        """
        self._weights = {n: w for n, w in weights.items() if n.rsplit(".", 1)[1] not in STATISTICS}
        self.shapes = {name: tuple(w.shape[1:]) for name, w in self._weights.items()}
        first = weights["layers.0.weight"]
        self.n_runs = first.shape[0]
        n_layers = sum(name.endswith(".weight") for name in weights)
        self._matrices = [weights[f"layers.{i}.weight"] for i in range(n_layers)]
        self._skips = net.skips
        own = [_of_layer(weights, i) for i in range(n_layers)]
        self._hidden = [CurvedHidden(net, one) for one in own[:-1]]
        h = batch.inputs.transpose(1, 2).expand(self.n_runs, -1, -1)
        self._seen = [h]
        for i, hidden in enumerate(self._hidden):
            made = hidden.forward(torch.bmm(self._matrices[i], h))
            h = made + h if self._skips[i] else made
            self._seen.append(h)
        outputs = torch.bmm(self._matrices[-1], h).add_(own[-1]["bias"].unsqueeze(2))
        target = batch.target.expand(self.n_runs, -1, -1)
        share = batch.share.expand(self.n_runs, -1, -1)
        self._loss = OutputLoss(loss, outputs, target, share, huber_delta)
        self._deltas: list[Tensor] = [self._loss.delta]
        self._vectors = {f"layers.{n_layers - 1}.bias": self._loss.delta.sum(2)}
        d: Tensor | None = None
        for i in range(n_layers - 2, -1, -1):
            passed = d if i + 1 < len(self._hidden) and self._skips[i + 1] else None
            d = torch.bmm(self._matrices[i + 1].transpose(1, 2), self._deltas[0])
            if passed is not None:
                d += passed
            delta, pieces = self._hidden[i].backward(d)
            self._deltas.insert(0, delta)
            self._vectors |= {f"layers.{i}.{name}": piece for name, piece in pieces.items()}

    @cached_property
    def n_params(self) -> int:
        """Numbers that one run learns: P."""
        return sum(map(prod, self.shapes.values()))

    @property
    def loss(self) -> Tensor:
        """Each run's mean loss, (R,)."""
        return self._loss.mean

    @property
    def n_values(self) -> int:
        """Values of all layers, of all examples of one run."""
        return sum(h.shape[1] * h.shape[2] for h in self._seen[1:]) + self._deltas[-1][0].numel()

    @property
    def product_flop(self) -> float:
        """Multiplications and additions of one Hessian product of all runs, about."""
        return 12.0 * sum(matrix.numel() for matrix in self._matrices) * self._seen[0].shape[2]

    def gradient(self) -> Tensor:
        """Return the loss's gradient, (R, P).

        Cost: one product for each weight matrix, on top of the passes that are kept.
        """
        pieces = dict(self._vectors)
        for i, (delta, h) in enumerate(zip(self._deltas, self._seen, strict=True)):
            pieces[f"layers.{i}.weight"] = torch.bmm(delta, h.transpose(1, 2))
        return torch.cat([pieces[name].flatten(1) for name in self.shapes], dim=1)

    def hessian_product(self, vectors: Tensor) -> Tensor:
        """Return the Hessian times each of K vectors, (R, K, P); or (R, P), one of each run.

        Cost: six matrix products for each weight matrix and vector, two in the first layer, where
        the gradient with its forward pass takes three and two. Memory: about 4 numbers per run,
        vector, unit and example.
        """
        return self._product(vectors, curved=True)

    def gauss_newton_product(self, vectors: Tensor) -> Tensor:
        """Return J^T H_L J times each of K vectors, (R, K, P); or (R, P), one of each run.

        J is the derivative of the outputs, H_L the loss's Hessian by them: the Hessian without the
        network's own second derivatives. With cross-entropy it is the Fisher information.

        Cost: four matrix products for each weight matrix and vector, two in the first layer.
        """
        return self._product(vectors, curved=False)

    def _product(self, vectors: Tensor, *, curved: bool) -> Tensor:
        if vectors.ndim == 2:
            return self._product(vectors.unsqueeze(1), curved=curved).squeeze(1)
        n_runs, k, _ = vectors.shape
        directions = self._split(vectors)
        tangents = self._tangents(directions, k)
        t_delta = self._loss.curve(tangents.pop())
        last = len(self._matrices) - 1
        out: dict[str, Tensor] = {f"layers.{last}.bias": t_delta.sum(3)}
        t_d: Tensor | None = None
        for i in range(last, -1, -1):
            direction, matrix, delta = directions[i]["weight"], self._matrices[i], self._deltas[i]
            n_out, n_in = matrix.shape[1:]
            h = self._seen[i]
            # (R, O K, B) (R, B, I): all directions in one call.
            weight = torch.bmm(t_delta.reshape(n_runs, n_out * k, -1), h.transpose(1, 2))
            weight = weight.view(n_runs, n_out, k, n_in)
            if i and curved:
                t_h = tangents[i - 1].reshape(n_runs, n_in * k, -1)
                more = torch.bmm(delta, t_h.transpose(1, 2)).view(n_runs, n_out, n_in, k)
                weight += more.transpose(2, 3)
            out[f"layers.{i}.weight"] = weight
            if not i:
                break
            passed = t_d if i < last and self._skips[i] else None
            below = torch.bmm(matrix.transpose(1, 2), t_delta.reshape(n_runs, n_out, -1))
            t_d = below.view(n_runs, n_in, k, -1)
            if curved:
                across = direction.reshape(n_runs, n_out, k * n_in).transpose(1, 2)
                t_d += torch.bmm(across, delta).view(n_runs, k, n_in, -1).transpose(1, 2)
            if passed is not None:
                t_d += passed
            t_delta, pieces = self._hidden[i - 1].cotangent(t_d, directions[i - 1], curved=curved)
            out |= {f"layers.{i - 1}.{name}": piece for name, piece in pieces.items()}
        return self._join(out)

    def _tangents(self, directions: Sequence[Mapping[str, Tensor]], k: int) -> list[Tensor]:
        """The tangent of what each hidden layer gives, and of the outputs, (R, U, K, B)."""
        tangents: list[Tensor] = []
        for i, (matrix, h) in enumerate(zip(self._matrices, self._seen, strict=True)):
            n_runs, n_out, n_in = matrix.shape
            across = directions[i]["weight"].reshape(n_runs, n_out * k, n_in)
            t_z = torch.bmm(across, h).view(n_runs, n_out, k, -1)
            if i:  # inputs have no tangent
                below = tangents[-1].reshape(n_runs, n_in, -1)
                t_z = torch.baddbmm(t_z.view(n_runs, n_out, -1), matrix, below).view(t_z.shape)
            if i == len(self._hidden):
                tangents.append(t_z.add_(directions[i]["bias"].unsqueeze(3)))
                continue
            t_h = self._hidden[i].tangent(t_z, directions[i])
            tangents.append(t_h + tangents[-1] if self._skips[i] else t_h)
        return tangents

    def _split(self, vectors: Tensor) -> list[dict[str, Tensor]]:
        """Cut (R, K, P) into what each layer takes: (R, O, K, I) and (R, U, K)."""
        sizes = [prod(shape) for shape in self.shapes.values()]
        parts = torch.split(vectors, sizes, dim=2)
        layers: list[dict[str, Tensor]] = [{} for _ in self._matrices]
        for (name, shape), part in zip(self.shapes.items(), parts, strict=True):
            _, layer, kind = name.split(".")
            layers[int(layer)][kind] = part.reshape(*part.shape[:2], *shape).transpose(1, 2)
        return layers

    def _join(self, pieces: Mapping[str, Tensor]) -> Tensor:
        """Put (R, O, K, I) and (R, U, K) together again: (R, K, P)."""
        return torch.cat([pieces[n].transpose(1, 2).flatten(2) for n in self.shapes], dim=2)


def _of_layer(weights: Mapping[str, Tensor], layer: int) -> dict[str, Tensor]:
    start = f"layers.{layer}."
    return {name.removeprefix(start): w for name, w in weights.items() if name.startswith(start)}
