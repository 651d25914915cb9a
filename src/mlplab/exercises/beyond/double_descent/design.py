"""Networks from far too narrow to far too wide, trained until they fit wrong classes too."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.experiment import Experiment
from mlplab.specs import MLP, Adam, Difference, First, Fit, Run, TaskRef

NOISES = {"none": 0.0, "some": 0.1, "many": 0.2}
"""Share of the training classes that are replaced, by the name of its experiment."""

NARROWEST, NARROW, THRESHOLD, WIDE = 6, 8, 32, 128
"""Hidden units of the claims: two below, one at and one beyond the width that just fits."""

_QUICK = (NARROWEST, NARROW, 16, THRESHOLD, WIDE)
_ALL = (6, 8, 12, 16, 24, 32, 48, 64, 128, 256, 512)
_FIRST_SEED = 300  # lower ones showed where the peak lies


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Vary the width at each share of replaced classes, and train one width for long."""
    base = Run(
        net=MLP(hidden=(WIDE,)),
        optim=Adam(lr=0.002),
        fit=Fit(epochs=300, batch_size=50, test="epoch"),
        rows=First(n=1000),
    )
    n_test = profile.pick(1000, 5000)
    n_seeds = seeds or profile.pick(12, 16, profile.n_seeds)
    drawn = range(_FIRST_SEED, _FIRST_SEED + n_seeds)
    tasks = {
        name: TaskRef(name="small-fashion-mnist", params={"label_noise": rate, "n_test": n_test})
        for name, rate in NOISES.items()
    }
    widths = {"net.hidden": profile.pick(_QUICK, _ALL)}
    return {
        name: Experiment(tasks[name], base, vary=widths, seeds=drawn, claims=_claims(name))
        for name in profile.pick(("none", "many"), tuple(NOISES))
    } | {
        "long": Experiment(tasks["many"], base.with_value("fit.epochs", 800), seeds=drawn[:10]),
    }


def _claims(name: str) -> tuple[Difference, ...]:
    """Say that the error falls (of many replaced classes), rises and falls; of some say nothing."""
    return {
        "none": (_worse("none_rise", NARROW), _worse("none_fall", WIDE)),
        "some": (),
        "many": (
            Difference(
                key="many_first",
                arm={"net.hidden": NARROW},
                baseline={"net.hidden": NARROWEST},
                expect="higher",
            ),
            _worse("many_rise", NARROW),
            _worse("many_fall", WIDE),
        ),
    }[name]


def _worse(key: str, width: int) -> Difference:
    """Claim that the threshold's width does worse than another."""
    return Difference(
        key=key, arm={"net.hidden": THRESHOLD}, baseline={"net.hidden": width}, expect="lower"
    )
