"""Powers with and without 1/i!, ways to train the latter, and other features."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_4.feature_scaling.features import (
    MOST,
    RATES,
    REMEDIES,
    TERMS,
    TINY_RATES,
    remedy_arms,
    remedy_task,
)
from mlplab.exercises.section_4_4.polynomial_draws import N, n_draws
from mlplab.exercises.section_4_4.published import AS_PUBLISHED, FRESH
from mlplab.experiment import Experiment, Runs
from mlplab.specs import SGD, Adam, Init, Own, TaskRef


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train on powers with and without 1/i!, and try to train the latter otherwise."""
    n = seeds or n_draws(profile)
    base = AS_PUBLISHED.with_value("rows", Own(n=N, valid=FRESH))
    pool = (N + FRESH) * n
    raw = TaskRef(name="polynomial", params={"n_train": pool, "scaled": False})
    tries = [SGD(lr=rate) for rate in TINY_RATES]
    return {
        "raw": Experiment(raw, base, vary={"net.inputs": TERMS}, seeds=n),
        "scaled": Experiment(
            TaskRef(name="polynomial", params={"n_train": pool}),
            base,
            arms=[
                *({"net.inputs": k, "optim.lr": base.optim.lr} for k in TERMS),
                *({"net.inputs": MOST, "optim.lr": r} for r in RATES if r != base.optim.lr),
            ],
            seeds=n,
        ),
        "rescue": Experiment(
            raw,
            base.with_value("net.init", Init(kind="zeros")).with_value("net.inputs", MOST),
            vary={"optim": [*tries, Adam(lr=0.001), Adam(lr=0.01), SGD(lr=0.01, clip_norm=1.0)]},
            seeds=n,
        ),
    }


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train on other features of the same data."""
    raw = runs["raw"].experiment
    return {
        name: Experiment(remedy_task(raw.data, name), raw.base, arms=remedy_arms(), seeds=raw.seeds)
        for name in REMEDIES
    }
