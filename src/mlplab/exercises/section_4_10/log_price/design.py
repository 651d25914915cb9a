"""Linear models of log prices: with the clamp of the source, and with log price as the target."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_10.folds import n_repeats
from mlplab.exercises.section_4_10.linear import LINEAR, on_folds
from mlplab.experiment import Experiment
from mlplab.specs import Run

BOUNDED: Mapping[str, object] = {"scale": "smooth-clip", "log_skew": 0.75}
"""A preparation under which no single number is far from the others."""
START = 180_000.0
"""A usual price, in round numbers."""


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train each model on the same folds."""
    import mlplab.exercises.section_4_10.log_price.clamped_log  # noqa: F401  # registers a module
    from mlplab.specs import Module

    n = n_repeats(profile.n_seeds, seeds)

    def experiment(features: str, target: str, base: Run, **more: Any) -> Experiment:
        preparation = BOUNDED if features == "plain" else None
        return on_folds(base, n, features, target, preparation, **more)

    clamped = LINEAR.replace(net=Module(name="house-clamped-log"))
    clamped = clamped.with_value("fit.measures", ("house_double_log", "house_stuck"))
    alive = Module(name="house-clamped-log", settings={"start": START})
    logs = LINEAR.with_value("fit.measures", ()).with_value("optim.lr", 0.01)
    prices = {"vary": {"optim.lr": [5.0, 15.0]}}
    rates = [0.001, 0.003, 0.01, 0.03, 0.1, 5.0]
    return {
        "clamp": experiment("standardised", "log price", clamped, arms=[{}, {"net": alive}]),
        "price": experiment("standardised", "price", LINEAR, **prices),
        "log price": experiment("standardised", "log price", logs, vary={"optim.lr": rates}),
        "bounded price": experiment("plain", "price", LINEAR, **prices),
        "bounded log price": experiment(
            "plain", "log price", logs, vary={"optim.lr": [0.003, 0.01]}
        ),
    }
