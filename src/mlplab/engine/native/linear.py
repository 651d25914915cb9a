"""How linear models lie in the arrays of the compiled loops: sixteen to a vector, a lane each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.engine.native.arrays import aligned
from mlplab.engine.native.job import LANES
from mlplab.engine.program import Program
from mlplab.engine.training import Training

SCORED = 64  # rows at a time: their outputs stay in the cache


class LinearLayout:
    """A row of weights for each output, the bias at its end.

    Args:
        program: what the models have in common.
        members: best sorted by how many inputs they see.
        places: of the members, 16 to a vector.
        n_vectors: of all.

    Attributes:
        shape: of a run's weights.
        fields: the models, as `kernel/job.h` names what they are.
    """

    def __init__(
        self, program: Program, members: Sequence[Training], places: Sequence[int], n_vectors: int
    ) -> None:
        self._program = program
        n_in, n_out = program.widths
        self.shape = (n_out, n_in + 1)
        self._seen = [training.run.mlp.inputs or n_in for training in members]
        seen = np.zeros((n_vectors, LANES), np.int64)
        seen.reshape(-1)[places] = self._seen
        most = seen.max(1)
        least = np.where(seen > 0, seen, most[:, None]).min(1)
        mask = None
        if (least < most).any():
            mask = aligned((n_vectors, n_in + 1, LANES), program.dtype)
            mask[:] = np.arange(n_in + 1)[:, None] < seen[:, None]
        self.fields: dict[str, Any] = {
            "n_layers": 1,
            "curve": -1,
            "alpha": 0.0,
            "row": 0,
            "scored": max(SCORED, *program.batch_sizes),
            "least": least,
            "most": most,
            "mask": mask,
        }

    def scratch(self) -> dict[str, Any]:
        """Make the arrays that one call works in."""
        (n_in, n_out), dtype, n_rows = (
            self._program.widths,
            self._program.dtype,
            self.fields["scored"],
        )
        return {
            "h": aligned((n_out, n_rows, LANES), dtype),
            "g": aligned((n_in + 1, LANES), dtype),
            "shares": np.empty(n_rows, dtype),
        }

    def weights(self, member: int, rows: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return a member's weights and biases as views of what lies in `shape`."""
        return {"weight.0": rows[:, : self._seen[member]], "bias.0": rows[:, -1]}
