"""Five kinds of units that start equal, as torch draws them, or equal with noise or dropout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_8.other_symmetries.networks import AXES
from mlplab.experiment import Experiment
from mlplab.specs import SGD, Difference, Fit, Module, Run, TaskRef

KEEPS = ("units", "rounding")
NOISE, DROPOUT = 1e-3, 0.2
N_UNITS, ODD = 8, 7
STARTS: Mapping[str, Mapping[str, Any]] = {
    "equal": {},
    "noise": {"noise": NOISE},
    "dropout": {"dropout": DROPOUT},
    "drawn": {"equal": False},
}
# Whose differences by rounding are followed through training.
FOLLOWED = ("hidden units", "recurrent units", "experts")


def net(kind: str, **settings: Any) -> dict[str, Any]:
    """Return the arm with a network of these units."""
    settings = {"equal": True, "noise": 0.0, "dropout": 0.0, **settings, "kind": kind}
    return {f"net.settings.{name}": value for name, value in settings.items()}


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train every kind from every start, and seven equal units for 1 to 10 epochs."""
    epochs = profile.pick(5, 10)
    base = Run(
        net=Module(name="exchangeable-units"),
        optim=SGD(lr=0.05, momentum=0.9),
        fit=Fit(epochs=epochs, batch_size=32),
    )
    arms = {(kind, start): net(kind, **STARTS[start]) for kind in AXES for start in STARTS}
    claims = [
        Difference(
            key=f"{key}_{_KEYS[kind]}",
            arm=arms[kind, arm],
            baseline=arms[kind, baseline],
            expect="lower" if key == "cost" else "higher",
        )
        for key, arm, baseline in (("cost", "equal", "drawn"), ("gain", "dropout", "equal"))
        for kind in AXES
    ]
    followed = [one for one in (1, 2, 3, 5, 7, 10) if one <= epochs]
    return {
        "units": Experiment(
            TaskRef(name="digits"),
            base,
            arms=list(arms.values()),
            seeds=seeds or profile.n_seeds,
            claims=claims,
        ),
        "rounding": Experiment(
            TaskRef(name="digits"),
            base.with_value("fit.test", "never"),
            arms=[
                {**net(kind, n_units=ODD), "fit.epochs": n} for kind in FOLLOWED for n in followed
            ],
            seeds=seeds or profile.n_seeds,
        ),
    }


_KEYS = {
    "hidden units": "hidden",
    "channels": "channels",
    "heads": "heads",
    "recurrent units": "recurrent",
    "experts": "experts",
}
