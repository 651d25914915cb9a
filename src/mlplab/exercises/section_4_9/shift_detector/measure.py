"""Accuracies on photographs that were not trained on, and alarms of every test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from mlplab.exercises.measured import Expect, Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_9.cartooned import Array
from mlplab.exercises.section_4_9.shift_detector.design import (
    name_of,
    sources,
    wanted,
)
from mlplab.exercises.section_4_9.shift_detector.two_samples import (
    GROUPED_SIZE,
    SIZES,
    auc_p,
    held_out_aucs,
    largest,
    n_images,
    permuted,
)
from mlplab.experiment import Runs

LEVEL = 0.05
OVERALL, CARTOONS, PHOTOGRAPHS = 0.9568, 0.927, 0.96425
"""The source's accuracies."""
TESTS = ("classifier", "mmd", "energy", "ks")
MIXED = 0.3
_ACCURACY, _ALARMS = "valid accuracy", "share of alarms"


def accuracies(runs: Runs) -> dict[str, Array]:
    """Return accuracies on each held-out fold, (J,), by domain and overall."""
    names = {
        "overall": "valid_accuracy",
        "cartoons": "valid_cartoons_right",
        "photographs": "valid_photographs_right",
    }
    return {name: runs.values(metric)[0] for name, metric in names.items()}


def shared_variance(n_folds: int) -> float:
    """Return held-out over training rows, the part of a variance that more folds do not shrink."""
    return 1 / max(n_folds - 1, 1)


def sizes(profile: Profile) -> tuple[int, ...]:
    """Return the sizes of samples that there are images for."""
    top = largest(sources(profile)[1], wanted(profile))
    return tuple(n for n in SIZES if n <= top)


def at_most(profile: Profile, size: int) -> int:
    """Return this size of samples, or the largest that there are images for."""
    return min(size, max(sizes(profile)))


def p_values(
    runs: Mapping[str, Runs], profile: Profile, share: float, size: int
) -> dict[str, Array]:
    """Return every test's p-values of the same pairs of samples, (R,)."""
    found = runs[name_of(share)]
    arm = next(arm for arm in found.arms if arm.run.value("rows.n") == size)
    aucs = held_out_aucs(found, arm)
    source = sources(profile)[1]
    n = n_images(source, wanted(profile))
    others = permuted(source, n, len(aucs), share, size)
    return {"classifier": auc_p(aucs, size // 2, size // 2), **others}


def alarms(runs: Mapping[str, Runs], profile: Profile, share: float, size: int) -> dict[str, Array]:
    """Return whether each test alarms at the level of 5 %, (R,)."""
    found = p_values(runs, profile, share, size)
    return {name: (p <= LEVEL).astype(float) for name, p in found.items()}


def grouped_alarms(runs: Runs) -> Array:
    """Return whether the classifier's test alarms on squares without a cartoon, (R,)."""
    aucs = held_out_aucs(runs, runs.arms[0])
    half = GROUPED_SIZE // 2
    return (auc_p(aucs, half, half) <= LEVEL).astype(float)


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare accuracies with the source's, and alarms with the level and each other."""
    return (*_detector(runs), *_false_alarms(runs, profile), *_power(runs, profile))


def _detector(runs: Mapping[str, Runs]) -> Sequence[Measured]:
    found = accuracies(runs["detector"])
    pixels = accuracies(runs["pixels"])["overall"]
    shared = shared_variance(len(pixels))

    def fold_claim(key: str, values: Array, matters: float, expect: Expect) -> Measured:
        return measured(key, values, matters, expect, _ACCURACY, shared=shared)

    return (
        fold_claim("overall", found["overall"] - OVERALL, 0.03, "same"),
        fold_claim("cartoon", found["cartoons"] - CARTOONS, 0.03, "same"),
        fold_claim("normal", found["photographs"] - PHOTOGRAPHS, 0.03, "same"),
        fold_claim("easier", found["photographs"] - found["cartoons"], 0.01, "higher"),
        fold_claim("detects", found["overall"] - 0.5, 0.1, "higher"),
        fold_claim("features", found["overall"] - pixels, 0.1, "higher"),
    )


def _false_alarms(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    found = alarms(runs, profile, 0.0, at_most(profile, 40))

    def share(key: str, cases: Array, less: float, matters: float, expect: Expect) -> Measured:
        return measured(key, cases - less, matters, expect, _ALARMS, cases="share", less=less)

    mixed, apart = (grouped_alarms(runs[f"groups {name}"]) for name in ("mixed", "apart"))
    return (
        *(share(f"alarms_{test}", found[test], LEVEL, LEVEL, "same") for test in TESTS),
        share("apart", apart, 0.5, 0.1, "higher"),
        share("mixed", mixed, LEVEL, LEVEL, "same"),
    )


def _power(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    few = alarms(runs, profile, 1.0, at_most(profile, 20))["classifier"]
    some = alarms(runs, profile, MIXED, at_most(profile, 160))
    return (
        measured("power", few - 0.8, 0.1, "higher", _ALARMS, cases="share", less=0.8),
        *(
            measured(
                f"above_{test}",
                np.asarray(some["classifier"] - some[test]),
                0.1,
                "higher",
                _ALARMS,
                cases="difference",
            )
            for test in TESTS[1:]
        ),
    )
