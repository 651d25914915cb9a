"""How one network with hidden layers lies in the arrays of the compiled loops."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.engine.native.arrays import aligned
from mlplab.engine.native.coverage import CURVES
from mlplab.engine.native.job import LANES
from mlplab.engine.noise import realised_rate, threshold
from mlplab.engine.program import Program, padded
from mlplab.engine.training import Training
from mlplab.specs.activation import activation_settings
from mlplab.specs.keyed import philox_key

SCORED = 256  # rows at a time


class NetworkLayout:
    """Layers one after another, each with its rows of weights and then its biases.

    Attributes:
        shape: of a run's weights.
        fields: the layers, what lies between them, and its noise, as `kernel/job.h` names them.
    """

    def __init__(self, program: Program, training: Training) -> None:
        self._program = program
        row = padded(max(program.batch_sizes))
        net = training.run.mlp
        kind, given = activation_settings(net.activation)
        slope = {"identity": 1.0}.get(kind, given.get("slope", given.get("alpha", 0.0)))
        rates = np.array([realised_rate(rate) for rate in net.dropout])
        drops = program.has_dropout
        self._plan = plan_of(program, row)
        self.fields: dict[str, Any] = {
            "plan": self._plan,
            "score_plan": plan_of(program, SCORED),
            "n_layers": program.n_layers,
            "row": row,
            "scored": SCORED,
            "curve": CURVES.index(kind) if kind in CURVES else -1,
            "alpha": slope,
            "noise_key": philox_key(training.run.seed, "dropout", 2),
            "edges": threshold(rates).astype(np.int64) if drops else None,
            "ups": (1 / (1 - rates)).astype(program.dtype) if drops else None,
        }
        n_out, bias = self._plan[-1, [1, 4]].tolist()
        self.shape = (bias + padded(n_out),)

    def scratch(self) -> dict[str, Any]:
        """Make the arrays that one call works in."""
        program, row, widths = self._program, self.fields["row"], self._program.widths
        dtype, gap, n_rows = program.dtype, int(self._plan[:, 2].max()), max(row, SCORED)
        n_values, n_scored = row * sum(widths[1:]), SCORED * sum(widths[1:])
        units = max(*widths[1:], LANES)
        sizes = {
            "h": max(n_values, n_scored),
            "d": n_values,
            "g": max(LANES * gap, padded(units)),
            "batch": n_rows * int(self._plan[0, 2]),
            "inputs": n_rows * widths[0],
            "turned": row * gap,
        }
        if self.fields["curve"] >= 0:
            sizes["slopes"] = max(n_values, n_scored)
        if program.has_dropout:
            sizes["keep"] = n_values
        scratch = {name: aligned((size,), dtype) for name, size in sizes.items()}
        if program.has_dropout:
            scratch["noise"] = np.empty(units * row // 4, np.uint64)
        return {**scratch, "shares": np.empty(n_rows, dtype)}

    def weights(self, member: int, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return the weights and biases of each layer as views of what lies in `shape`."""
        out = {}
        for layer, (n_in, n_out, gap, weight, bias, _) in enumerate(self._plan.tolist()):
            rows = flat[weight : weight + n_out * gap].reshape(n_out, gap)
            out[f"weight.{layer}"] = rows[:, :n_in]
            out[f"bias.{layer}"] = flat[bias : bias + n_out]
        return out


def plan_of(program: Program, row: int) -> NDArray[np.int64]:
    """Return where layers lie in flat arrays, with `row` places for a unit's values, (L, 6).

    Rows of weights begin at whole lines; for the columns see `Layer` in `kernel/job.h`.
    """
    rows: list[Any] = []
    at = values = 0
    for n_in, n_out in pairwise(program.widths):
        gap = padded(n_in)
        rows.append((n_in, n_out, gap, at, at + n_out * gap, values))
        at += n_out * gap + padded(n_out)
        values += n_out * row
    return np.array(rows, dtype=np.int64)
