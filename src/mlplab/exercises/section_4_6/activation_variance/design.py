"""The chapter's network with its dropout and without, its hidden layers looked at in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES, base
from mlplab.exercises.source_setting import FASHION
from mlplab.experiment import Experiment
from mlplab.specs import TaskRef

KEEPS = ("layers",)
PROBES = 10
"""Steps of each epoch at which hidden layers are looked at."""
WITHOUT: Mapping[str, Any] = {"net.dropout": ()}
WITH: Mapping[str, Any] = {"net.dropout": CHAPTER_RATES}


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train both networks; what is claimed of them is measured from the probes."""
    return {
        "layers": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            base(profile).with_value("fit.probes", PROBES),
            arms=[dict(WITHOUT), dict(WITH)],
            seeds=seeds or profile.n_seeds,
        )
    }
