"""The source's noise taken apart; then every kind of noise at the strength that suits it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_6.falling_rate import falling
from mlplab.exercises.section_4_6.other_noise.kinds import KINDS, RIVALS, Arm, tune
from mlplab.exercises.section_4_6.setting import CHAPTER_RATES, base
from mlplab.exercises.source_setting import FASHION
from mlplab.exercises.tuned import TUNING_SEEDS
from mlplab.experiment import Experiment, Runs
from mlplab.specs import BestArm, Difference, Init, TaskRef

KEEPS = ("source",)

WIDTH, WIDER = 0.1, 0.3
"""Of the source's noise s U(0, 1), and of one whose mean is three times as large."""
LONGER = 2
"""Times as many epochs, in which stronger noise may pay."""
AVERAGING = {"quick": 0.97, "standard": 0.99, "full": 0.99}
"""Decay of the running mean of the weights: it looks back over about half an epoch of steps."""
_TASK = TaskRef(name=FASHION, valid=0.1)
# Uniform between -1/sqrt(I) and 1/sqrt(I), as PyTorch draws weights; biases start at 0 here.
OWN_START: Arm = {"net.init": Init(kind="he-uniform", scale=1 / math.sqrt(6))}


def uniform(width: float) -> Arm:
    """Return the source's noise."""
    return KINDS["uniform"].arm(width)


def centred(width: float) -> Arm:
    """Return Gaussian noise of mean 0 and the variance of the source's."""
    return KINDS["gaussian"].arm(width / math.sqrt(12))


def _difference(key: str, arm: Arm, baseline: Arm, expect: str = "higher") -> Difference:
    return Difference(key=key, arm=arm, baseline=baseline, expect=expect)


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare the source's noise with dropout and centred noise, and tune every kind."""
    dropout: Arm = {"net.dropout": CHAPTER_RATES}
    published = {**uniform(WIDTH), **OWN_START}
    wide = [uniform(WIDER), centred(WIDER)]
    tried = [kind.arm(strength) for kind in KINDS.values() for strength in kind.strengths]
    return {
        "source": Experiment(
            _TASK,
            base(profile),
            arms=[{}, dropout, uniform(WIDTH), centred(WIDTH), *wide, OWN_START, published],
            seeds=seeds or profile.n_seeds,
            claims=(
                _difference("published", published, dropout),
                _difference("same_start", uniform(WIDTH), dropout),
                _difference("start", OWN_START, {}),
                _difference("noise_helps", uniform(WIDTH), {}),
                _difference("centred", uniform(WIDTH), centred(WIDTH), "same"),
                _difference("wider", uniform(WIDER), centred(WIDER), "lower"),
            ),
        ),
        "strengths": Experiment(
            _TASK,
            falling(base(profile)).with_value("fit.test", "never"),
            arms=[{}, *tried],
            seeds=TUNING_SEEDS[: profile.pick(1, 2)],
        ),
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Compare the kinds, each at its own strength; the best at a constant rate, and longer."""
    tuned = tune(runs["strengths"])
    own = {name: tuned.arm(name) for name in KINDS}
    first, second = tuned.pair
    both = {**own[first], **own[second]}
    stronger = KINDS["dropout"].arm(KINDS["dropout"].stronger(tuned.strengths["dropout"]))
    dropout, rival = own["dropout"], own[tuned.rival]
    setting = falling(base(profile))
    mean: Arm = {"fit.ema": AVERAGING[profile.name]}
    return {
        "kinds": Experiment(
            _TASK,
            setting,
            arms=[{}, *own.values(), both],
            seeds=seeds or profile.n_seeds,
            claims=(
                *(_difference(beats(name), own[name], dropout) for name in RIVALS),
                _difference("dropout_helps", dropout, {}),
                _difference("together", both, own[first]),
                BestArm(key="best", arm=own[tuned.best], arms=tuple(own.values())),
            ),
        ),
        "constant": Experiment(
            _TASK,
            base(profile),
            arms=[{}, dropout, rival, mean],
            seeds=seeds or profile.n_seeds,
            claims=(
                _difference("averaging", mean, dropout),
                _difference("dropout_constant", dropout, {}),
                _difference("rival_constant", rival, dropout),
            ),
        ),
        "longer": Experiment(
            _TASK,
            setting.with_value("fit.epochs", LONGER * setting.fit.epochs),
            arms=[dropout, stronger, rival],
            seeds=seeds or profile.n_seeds,
            claims=(
                _difference("longer", rival, dropout),
                _difference("stronger", stronger, dropout),
            ),
        ),
    }


def beats(kind: str) -> str:
    """Return the key of the claim that a kind beats dropout."""
    return f"beats_{kind.replace('-', '_')}"
