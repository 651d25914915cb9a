"""The chapter's linear model on features as they are and standardised, by several optimisers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_10.folds import n_repeats
from mlplab.exercises.section_4_10.linear import LINEAR, on_folds
from mlplab.experiment import Experiment
from mlplab.specs import LARS, SGD, Adam, RMSprop, Schedule

_FALLING = Schedule(kind="cosine")
RAW: Mapping[str, Mapping[str, Any]] = {
    "Adam 5": {},
    "Adam 5, falling": {"optim": Adam(lr=5.0, schedule=_FALLING)},
    "Adam 5, Huber": {"fit.loss": "huber", "fit.huber_delta": 10_000.0},
    "Adam 5, absolute": {"fit.loss": "absolute"},
    "SGD 1e-9": {"optim": SGD(lr=1e-9)},
    "SGD 1e-8": {"optim": SGD(lr=1e-8)},
    "Adam 0.5": {"optim": Adam(lr=0.5)},
    "Adam 0.05": {"optim": Adam(lr=0.05)},
    "RMSprop 1": {"optim": RMSprop(lr=1.0)},
    "RMSprop 1, falling": {"optim": RMSprop(lr=1.0, schedule=_FALLING)},
    "momentum 0.9, SGD 1e-9": {"optim": SGD(lr=1e-9, momentum=0.9)},
    "SGD 3, clipped": {"optim": SGD(lr=3.0, clip_norm=1.0)},
    "SGD 1e-4, absolute": {"optim": SGD(lr=1e-4), "fit.loss": "absolute"},
    "LARS": {"optim": LARS(lr=1.0)},
}
"""What is tried on features as they are; the first six in every profile."""
STANDARDISED: Mapping[str, Mapping[str, Any]] = {
    "Adam 5": {},
    "SGD 0.01": {"optim": SGD(lr=0.01)},
    "Adam 5, absolute": {"fit.loss": "absolute"},
    "RMSprop 5": {"optim": RMSprop(lr=5.0)},
}


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train every way on the same folds."""
    n = n_repeats(profile.n_seeds, seeds)
    raw = list(RAW.values())[: profile.pick(6, len(RAW))]
    standardised = list(STANDARDISED.values())
    return {
        "raw": on_folds(LINEAR, n, "raw", "price", arms=raw),
        "standardised": on_folds(LINEAR, n, "standardised", "price", arms=standardised),
    }
