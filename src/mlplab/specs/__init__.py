"""What a run, a claim and a verdict are. Knows pydantic and numpy's generators, never torch."""

from mlplab.specs.base import Spec, canonical_json, digest
from mlplab.specs.claim import (
    BestArm,
    Chain,
    Claim,
    Difference,
    FailureDifference,
    Interaction,
    Proof,
    Threshold,
    Verdict,
    Verdicts,
)
from mlplab.specs.clusters import Cluster, Ray, Slurm
from mlplab.specs.fit import Fit
from mlplab.specs.init import Init
from mlplab.specs.module import Module
from mlplab.specs.net import MLP
from mlplab.specs.optim import (
    LARS,
    OPTIMISERS,
    SGD,
    Adam,
    AdamW,
    Custom,
    Lion,
    Optimiser,
    RMSprop,
    optimiser_spec,
)
from mlplab.specs.outcome import Outcome, Provenance
from mlplab.specs.paths import get_path, resolve, set_fields, set_path
from mlplab.specs.rows import (
    Block,
    First,
    Fold,
    Holdout,
    Joined,
    Own,
    Relabelled,
    Rows,
    SeedSplit,
    holds_out,
)
from mlplab.specs.run import Run, TaskRef
from mlplab.specs.schedule import Schedule, schedule

__all__ = [
    "LARS",
    "MLP",
    "OPTIMISERS",
    "SGD",
    "Adam",
    "AdamW",
    "BestArm",
    "Block",
    "Chain",
    "Claim",
    "Cluster",
    "Custom",
    "Difference",
    "FailureDifference",
    "First",
    "Fit",
    "Fold",
    "Holdout",
    "Init",
    "Interaction",
    "Joined",
    "Lion",
    "Module",
    "Optimiser",
    "Outcome",
    "Own",
    "Proof",
    "Provenance",
    "RMSprop",
    "Ray",
    "Relabelled",
    "Rows",
    "Run",
    "Schedule",
    "SeedSplit",
    "Slurm",
    "Spec",
    "TaskRef",
    "Threshold",
    "Verdict",
    "Verdicts",
    "canonical_json",
    "digest",
    "get_path",
    "holds_out",
    "optimiser_spec",
    "resolve",
    "schedule",
    "set_fields",
    "set_path",
]
