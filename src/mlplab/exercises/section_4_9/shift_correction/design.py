"""The source's arms with the control that they lack, weightings over a grid, and a known shift."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_9.cartooned import FASHION, packages
from mlplab.exercises.section_4_9.shift_correction import known_shift
from mlplab.exercises.section_4_9.shift_correction.images import (
    VALID,
    WEIGHTINGS,
    parts,
    source_mean,
    task,
    weights,
)
from mlplab.experiment import Experiment, Runs
from mlplab.specs import MLP, SGD, Adam, First, Fit, Own, Run

NEEDS = packages
IMAGES = True
"""Takes the user's own folder of images."""

RATE, FACTOR = 0.005, 25.0
"""Rate of the arms without a factor, and the source's factor."""
RATES = (RATE / 5, RATE, 5 * RATE, FACTOR * RATE, 125 * RATE)
BASE = Run(
    net=MLP(hidden=()),
    optim=SGD(lr=RATE),
    fit=Fit(epochs=10, batch_size=32),
)
"""One layer on pretrained features, ten epochs, batches of 32, as in the source."""
LINE = Run(
    net=MLP(hidden=()),
    # The rate falls to 0, so that the weights come to rest wherever batches lead them.
    optim=Adam(lr=0.05, schedule="cosine"),
    fit=Fit(loss="squared", epochs=500, batch_size=known_shift.N),
    rows=Own(n=known_shift.N),
)
NETWORK = {"net.hidden": (32,), "optim.lr": 0.01, "fit.epochs": 2000}
MODELS = ("line", "network")


def source_of(profile: Profile) -> str:
    """Return where the images are from."""
    return profile.images or FASHION


def pool_size(profile: Profile) -> int:
    """Return how many photographs are trained and validated on, where there are so many."""
    return profile.pick(400, 1600)


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train with each weighting over a grid of rates, and on the known shift."""
    n, draws = seeds or profile.n_seeds, seeds or profile.pick(12, 40, 100)
    source, n_pool = source_of(profile), pool_size(profile)
    images = {
        how: Experiment(task(source, n_pool, how), BASE, vary={"optim.lr": RATES}, seeds=n)
        for how in WEIGHTINGS
    }
    known = {
        f"known {how}": Experiment(
            known_shift.task(draws, how), LINE, arms=[{}, NETWORK], seeds=draws
        )
        for how in known_shift.WEIGHTINGS
    }
    return {**images, **known}


def then(runs: Mapping[str, Runs], profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train the source's arms, whose weights' mean slows training down, and few plain rows.

    These are as many as the weights leave effective, for as many steps.
    """
    from mlplab.shift import effective_rows

    n, source, n_pool = seeds or profile.n_seeds, source_of(profile), pool_size(profile)
    slowed = RATE * source_mean(source, n_pool)
    batch, n_train = BASE.fit.batch_size, round((1 - VALID) * len(parts(source, n_pool).pool))
    few = max(batch, round((1 - VALID) * effective_rows(weights(source, n_pool, "source"))))
    epochs = round(BASE.fit.epochs * (n_train // batch) / (few // batch))
    return {
        "weights": Experiment(
            task(source, n_pool, "source"),
            BASE,
            vary={"optim.lr": (slowed, FACTOR * slowed)},
            seeds=n,
        ),
        "matched": Experiment(
            task(source, n_pool, "none"), BASE.with_value("optim.lr", FACTOR * slowed), seeds=n
        ),
        "few": Experiment(
            task(source, n_pool, "none"),
            BASE.with_value("rows", First(n=few)).with_value("fit.epochs", epochs),
            vary={"optim.lr": RATES},
            seeds=n,
        ),
    }
