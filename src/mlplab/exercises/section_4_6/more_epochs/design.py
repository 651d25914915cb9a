"""Fifty epochs with and without dropout, at the chapter's learning rate and at a smaller one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES, PLAIN, base
from mlplab.exercises.source_setting import FASHION
from mlplab.experiment import Experiment
from mlplab.specs import Difference, TaskRef

EPOCHS = 50
RATE, SMALL_RATE = PLAIN.optim.lr, 0.1
"""The chapter's learning rate, which the source suspects of being too high, and a smaller one."""
CLIP = 1.0
"""The longest gradient that is followed as it is, where gradients are clipped."""


def arm(rate: float, dropout: bool, *, clip: bool = False) -> dict[str, Any]:
    """Return the arm of a learning rate, with the chapter's dropout or without any."""
    return {
        "optim.lr": rate,
        "net.dropout": CHAPTER_RATES if dropout else (),
        "optim.clip_norm": CLIP if clip else 0.0,
    }


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train with and without dropout at both rates, and at the chapter's with clipped gradients.

    The quick profile keeps all epochs: they are what is asked.
    """
    pairs = {
        "": [arm(RATE, dropout) for dropout in (False, True)],
        "_small": [arm(SMALL_RATE, dropout) for dropout in (False, True)],
        "_clipped": [arm(RATE, dropout, clip=True) for dropout in (False, True)],
    }
    better = [
        Difference(key=f"better{name}", arm=within, baseline=without, expect="higher")
        for name, (without, within) in pairs.items()
    ]
    without, within = pairs["_clipped"]
    held = Difference(
        key="held",
        arm=within,
        baseline=without,
        metric="valid_loss",
        expect="lower",
        matters=0.01,
    )
    return {
        "epochs": Experiment(
            TaskRef(name=FASHION, valid=0.1),
            base(profile).with_value("fit.epochs", EPOCHS),
            arms=[one for pair in pairs.values() for one in pair],
            seeds=seeds or profile.n_seeds,
            claims=(*better, held),
        )
    }
