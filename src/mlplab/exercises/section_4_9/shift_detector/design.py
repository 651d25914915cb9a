"""A linear layer on pretrained features that tells photographs from cartoons, and its test."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_9.cartooned import FASHION, SQUARES, packages
from mlplab.exercises.section_4_9.shift_detector.domains import domains, folds, own_rows
from mlplab.exercises.section_4_9.shift_detector.two_samples import (
    GROUPED_SIZE,
    SIZES,
    groups_of_squares,
    largest,
    n_images,
    samples,
)
from mlplab.experiment import Experiment
from mlplab.specs import MLP, Adam, Fit, Own, Run

NEEDS = packages
IMAGES = True
"""Takes the user's own folder of images."""

SHARES = (0.0, 0.1, 0.3, 1.0)
"""Of cartoons among the new images."""
PAIRS: Mapping[float, tuple[int, int, int]] = {
    0.0: (60, 600, 2000),
    0.1: (30, 200, 1000),
    0.3: (30, 200, 1000),
    1.0: (30, 300, 1000),
}
"""Of samples, by share and profile; what is rare needs more."""
BASE = Run(
    net=MLP(hidden=()),
    optim=Adam(lr=0.001),
    fit=Fit(
        epochs=30,
        batch_size=32,
        test="never",
        measures=("cartoons_right", "photographs_right"),
    ),
)
"""The source's detector: one layer with weights and biases on a pretrained network's features."""
TEST = BASE.replace(
    optim=Adam(lr=0.01),
    fit=Fit(epochs=30, batch_size=10, test="never"),
)
"""The same layer on 64 principal components, for few rows."""


KEEPS = (*(f"share {share:g}" for share in SHARES), "groups apart", "groups mixed")
"""Held-out images are scored by these weights."""


def sources(profile: Profile) -> tuple[str, str]:
    """Return which images the detector tells apart, and which its test compares."""
    folder = profile.images
    return (folder, folder) if folder else (SQUARES, FASHION)


def per_fold(profile: Profile) -> int:
    """Return the images of each fold, which has their cartoons too."""
    return profile.pick(6, 24)


def wanted(profile: Profile) -> int:
    """Return how many images the test's samples are drawn from, where there are so many."""
    return profile.pick(200, 1000)


def n_pairs(profile: Profile, share: float, seeds: int | None = None) -> int:
    """Return how many pairs of samples are compared; false alarms are rarer and need more."""
    return seeds or profile.pick(*PAIRS[share])


def name_of(share: float) -> str:
    """Return the name of the experiment with a share of cartoons.

    >>> name_of(0.3)
    'share 0.3'
    """
    return f"share {share:g}"


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train the detector on all but one photograph, and a small one for every pair of samples."""
    where, compared = sources(profile)
    each = per_fold(profile)
    n_folds = min(len(folds(where, each)), seeds or len(folds(where, each)))
    rows = own_rows(where, each)
    experiments = {
        name: Experiment(
            domains(where, each, n_folds, pixels), BASE.replace(rows=rows), seeds=n_folds
        )
        for name, pixels in (("detector", False), ("pixels", True))
    }
    n, top = n_images(compared, wanted(profile)), largest(compared, wanted(profile))
    arms = [{"rows": Own(n=k, stride=2 * top, valid=k)} for k in SIZES if k <= top]
    for share in SHARES:
        pairs = n_pairs(profile, share, seeds)
        experiments[name_of(share)] = Experiment(
            samples(compared, n, pairs, share, top), TEST, arms=arms, seeds=pairs
        )
    pairs = seeds or profile.pick(*PAIRS[0.0])
    one = Own(n=GROUPED_SIZE, valid=GROUPED_SIZE)
    for name, apart in (("groups apart", True), ("groups mixed", False)):
        experiments[name] = Experiment(
            groups_of_squares(pairs, apart), TEST.replace(rows=one), seeds=pairs
        )
    return experiments
