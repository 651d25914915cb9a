"""What a search on a table has trained so far of one configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mlplab.tabular.candidates import Candidate
from mlplab.tabular.model_inputs import Inputs
from mlplab.tabular.scikit_forms import Form
from mlplab.tabular.scikit_members import ScikitModels
from mlplab.tabular.table_members import Networks, Part

Array = npt.NDArray[np.float64]


@dataclass(eq=False)
class Tried:
    """A configuration with what was trained of it.

    Attributes:
        words: the settings in words.
        inputs: what it is given.
        candidate: the configuration of a network; None for a scikit-learn model.
        run: how networks were trained.
        networks: their weights by seed, then fold.
        models: of scikit-learn, one per fold.
        outputs: out-of-fold predictions by seed, as they are learnt, (N,) or (N, C) each.
        seconds: that a seed took.
    """

    words: str
    inputs: Inputs
    candidate: Candidate | None = None
    run: Any = None
    networks: list[list[bytes]] = field(default_factory=list)
    models: list[Form] = field(default_factory=list)
    outputs: list[Array] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def kind(self) -> str:
        """`mlp` or `scikit-learn`."""
        return "scikit-learn" if self.candidate is None else "mlp"

    @property
    def mean(self) -> Array:
        """Out-of-fold predictions of all seeds together."""
        return np.asarray(np.mean(self.outputs, axis=0))

    def part(self, encoding: int) -> Part:
        """Return it as a member of a model whose encoding is at that place."""
        if self.candidate is None:
            return ScikitModels(self.words, encoding, tuple(self.models))
        by_fold = tuple(zip(*self.networks, strict=True))
        return Networks(self.words, encoding, self.run, by_fold)
