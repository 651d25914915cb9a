"""The chapter's network with dropout, from several seeds, and its weights."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES, base
from mlplab.exercises.source_setting import FASHION
from mlplab.experiment import Experiment
from mlplab.specs import TaskRef

KEEPS = ("dropout",)


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train the network at the chapter's rates; how it predicts is measured afterwards."""
    return {
        "dropout": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            base(profile).with_value("net.dropout", CHAPTER_RATES),
            seeds=seeds or profile.n_seeds,
        )
    }
