"""The losses' first and second derivatives by a network's outputs."""

from __future__ import annotations

import torch
from torch import Tensor

from mlplab.engine.losses import loss_of


class OutputLoss:
    """The mean loss of each run, and its gradient and Hessian by the outputs.

    The Hessian by one example's outputs is, with p = softmax(z) and O outputs:
    cross-entropy: diag(p) - p p^T; squared: 2 I / O; absolute: 0; huber: I / O where the residual
    is within delta, else 0; log-cosh: diag(1 - tanh(r)^2) / O.
    """

    def __init__(
        self, name: str, outputs: Tensor, target: Tensor, share: Tensor, huber_delta: float = 1.0
    ) -> None:
        """Judge outputs, which are left as they are.

        Args:
            name: of the loss.
            outputs: (R, O, B).
            target: one-hot classes, shares of classes, or numbers, (R, O, B).
            share: of each example in the mean, (R, 1, B).
            huber_delta: of the loss `huber`.
        """
        self._name = name
        self._n_outputs = outputs.shape[1]
        self._share = share.unsqueeze(2)
        loss = loss_of(name, self._n_outputs, outputs.dtype, huber_delta)
        z = outputs.clone()
        judged = loss.judge(z, target)
        self.mean = (judged.loss * share.squeeze(1)).sum(1)
        # Probabilities, or residuals.
        seen = z.clone()
        self.delta = loss.delta(z, target, share)
        if name == "cross-entropy":
            self._factor = seen.unsqueeze(2)
        elif name == "squared":
            self._factor = torch.full((), 2.0 / self._n_outputs, dtype=z.dtype)
        elif name == "log-cosh":
            self._factor = ((1 - torch.tanh(seen) ** 2) / self._n_outputs).unsqueeze(2)
        else:
            within = seen.abs() <= (huber_delta if name == "huber" else -1.0)
            self._factor = (within.to(z.dtype) / self._n_outputs).unsqueeze(2)

    def curve(self, tangent: Tensor) -> Tensor:
        """Return the loss's Hessian by the outputs times their tangents, (R, O, K, B)."""
        out = self._factor * tangent
        if self._name == "cross-entropy":
            out -= self._factor * out.sum(1, keepdim=True)
        return out.mul_(self._share)
