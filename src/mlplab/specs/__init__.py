"""What a run, a claim and a verdict are. Knows pydantic and numpy's generators, never torch."""

from mlplab.specs.base import Spec, canonical_json, digest
from mlplab.specs.claim import (
    BestArm,
    Chain,
    Claim,
    Difference,
    Interaction,
    Proof,
    Threshold,
    Verdict,
)
from mlplab.specs.fit import Fit
from mlplab.specs.net import MLP, Init
from mlplab.specs.optim import OPTIMISERS, SGD, Adam, AdamW, Optimiser, Schedule
from mlplab.specs.outcome import Outcome, Provenance
from mlplab.specs.paths import get_path, resolve, set_path
from mlplab.specs.rows import First, Fold, Rows, SeedSplit
from mlplab.specs.run import Run, TaskRef

__all__ = [
    "MLP",
    "OPTIMISERS",
    "SGD",
    "Adam",
    "AdamW",
    "BestArm",
    "Chain",
    "Claim",
    "Difference",
    "First",
    "Fit",
    "Fold",
    "Init",
    "Interaction",
    "Optimiser",
    "Outcome",
    "Proof",
    "Provenance",
    "Rows",
    "Run",
    "Schedule",
    "SeedSplit",
    "Spec",
    "TaskRef",
    "Threshold",
    "Verdict",
    "canonical_json",
    "digest",
    "get_path",
    "resolve",
    "set_path",
]
