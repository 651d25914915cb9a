"""A hidden layer at fixed weights, but for its product: what tangents and deltas become of it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from mlplab.engine.activations import activation
from mlplab.engine.curvature.second_derivatives import first_derivative, second_derivative
from mlplab.engine.norms import EPS
from mlplab.specs import MLP

Pieces = dict[str, Tensor]
"""By the names of a layer's own numbers (bias, gain, slope): (R, U), of K directions (R, U, K)."""


class CurvedHidden:
    """h = f(y), y = norm(z) + bias, with all that second derivatives need of it.

    Values are (R, U, B); what belongs to K directions is (R, U, K, B). `t_z` is the tangent of z
    along a direction (R{z} in the source), `t_d` that of the loss's gradient d. Batch norm keeps
    its running statistics, as when it is scored.

    Source: Pearlmutter (1994), Fast Exact Multiplication by the Hessian, Neural Computation 6.
    """

    def __init__(self, net: MLP, own: Mapping[str, Tensor]) -> None:
        self._net = net
        self._own = own
        self._act = activation(net.activation)
        self._second = None if self._act.slopes else second_derivative(net.activation)

    def forward(self, z: Tensor) -> Tensor:
        """Return h of the product z; all that does not depend on directions is kept."""
        own = self._own
        if self._net.norm == "none":
            y = z + own["bias"].unsqueeze(2)
        else:
            if self._net.norm == "batch":
                mean, variance = own["mean"].unsqueeze(2), own["variance"].unsqueeze(2)
            else:
                mean = z.mean(1, keepdim=True)
                variance = (z - mean).square().mean(1, keepdim=True)
            self._inverse = torch.rsqrt(variance + EPS)
            self._normal = (z - mean) * self._inverse
            y = self._normal * own["gain"].unsqueeze(2) + own["bias"].unsqueeze(2)
        if self._act.slopes:
            slope = own["slope"].unsqueeze(2)
            self._below = y.clamp(max=0.0)
            self._slope = torch.where(y > 0, torch.ones_like(y), slope)
            return y.clamp(min=0.0) + slope * self._below
        self._slope = first_derivative(self._net.activation, y)
        self._bend = None if self._second is None else self._second(y)
        h = y.clone()
        self._act.forward(h)
        return h

    def backward(self, d: Tensor) -> tuple[Tensor, Pieces]:
        """Return the gradient by z, from that by h, and those by the layer's own numbers."""
        self._d = d
        self._e = e = d * self._slope
        pieces = {"bias": e.sum(2)}
        if self._act.slopes:
            pieces["slope"] = self._per_slope((d * self._below).sum(2))
        if self._net.norm == "none":
            return e, pieces
        pieces["gain"] = (e * self._normal).sum(2)
        g = e * self._own["gain"].unsqueeze(2)
        if self._net.norm == "batch":
            return g * self._inverse, pieces
        self._along = (g * self._normal).mean(1, keepdim=True)
        self._g = g
        centred = g - g.mean(1, keepdim=True)
        self._delta = self._inverse * (centred - self._normal * self._along)
        return self._delta, pieces

    def tangent(self, t_z: Tensor, direction: Mapping[str, Tensor]) -> Tensor:
        """Return the tangent of h from that of z, (R, U, K, B), and keep what leads back."""
        own = self._own
        t_y = t_z
        if self._net.norm != "none":
            inverse, normal = self._inverse.unsqueeze(2), self._normal.unsqueeze(2)
            if self._net.norm == "layer":
                # n has mean 0, so the tangent of its own scale is that along n.
                self._t_along = (normal * t_z).mean(1, keepdim=True)
                t_z = t_z - t_z.mean(1, keepdim=True) - normal * self._t_along
            self._t_normal = t_z * inverse
            gain = own["gain"][:, :, None, None]
            t_y = self._t_normal * gain + normal * direction["gain"].unsqueeze(3)
        t_y = t_y + direction["bias"].unsqueeze(3)
        self._t_y = t_y
        t_h = t_y * self._slope.unsqueeze(2)
        if self._act.slopes:
            t_h += direction["slope"].unsqueeze(3) * self._below.unsqueeze(2)
        return t_h

    def cotangent(
        self, t_d: Tensor, direction: Mapping[str, Tensor], *, curved: bool
    ) -> tuple[Tensor, Pieces]:
        """Return what comes of the tangent of the gradient by h, on its way back.

        Args:
            t_d: (R, U, K, B).
            direction: of the layer's own numbers.
            curved: whether the network's own second derivatives count (Hessian), or its first
                alone (Gauss-Newton).

        Returns:
            The same by z, and the products by the layer's own numbers.
        """
        t_e = t_d * self._slope.unsqueeze(2)
        pieces: Pieces = {}
        if self._act.slopes:
            by_slope = t_d * self._below.unsqueeze(2)
            if curved:
                # What is learned times what it multiplies: their mixed derivative is 1.
                under = (self._d * (self._below < 0)).unsqueeze(2)
                t_e += under * direction["slope"].unsqueeze(3)
                by_slope += under * self._t_y
            pieces["slope"] = self._per_slope(by_slope.sum(3))
        elif curved and self._bend is not None:
            t_e += (self._d * self._bend).unsqueeze(2) * self._t_y
        pieces["bias"] = t_e.sum(3)
        if self._net.norm == "none":
            return t_e, pieces
        normal, inverse = self._normal.unsqueeze(2), self._inverse.unsqueeze(2)
        by_gain = t_e * normal
        t_g = t_e * self._own["gain"][:, :, None, None]
        if curved:
            e = self._e.unsqueeze(2)
            by_gain += e * self._t_normal
            t_g += e * direction["gain"].unsqueeze(3)
        pieces["gain"] = by_gain.sum(3)
        if self._net.norm == "batch":
            return t_g * inverse, pieces
        along = (t_g * normal).mean(1, keepdim=True)
        if curved:
            along += (self._g.unsqueeze(2) * self._t_normal).mean(1, keepdim=True)
        t_delta = t_g - t_g.mean(1, keepdim=True) - normal * along
        if curved:
            t_delta -= self._t_normal * self._along.unsqueeze(2)
            # The tangent of the inverse deviation is -inverse^2 times that along n.
            t_delta -= self._delta.unsqueeze(2) * self._t_along
        return t_delta * inverse, pieces

    def _per_slope(self, by_unit: Tensor) -> Tensor:
        per_layer = self._own["slope"].shape[1] == 1
        return by_unit.sum(1, keepdim=True) if per_layer else by_unit
