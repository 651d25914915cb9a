"""The source's training along terms, along data, and with as many terms as examples."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_4.polynomial_degree.losses import (
    FEW,
    MANY,
    SIZES,
    SOURCE_TERMS,
    TERMS,
    epochs_for,
)
from mlplab.exercises.section_4_4.polynomial_draws import N, n_draws
from mlplab.exercises.section_4_4.published import AS_PUBLISHED, EPOCHS, FRESH
from mlplab.experiment import Experiment
from mlplab.specs import Own, TaskRef


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train every number of terms, and some of them on more data; each seed has its own draw."""
    n = seeds or n_draws(profile)
    few = seeds or profile.pick(profile.n_seeds, n)
    stride = max(SIZES) + FRESH

    def task(rows: int) -> TaskRef:
        return TaskRef(name="polynomial", params={"n_train": rows})

    grid = [(terms, size, EPOCHS) for size in SIZES for terms in SOURCE_TERMS]
    grid += [(MANY, size, epochs_for(size)) for size in SIZES if size != N]
    return {
        "terms": Experiment(
            task((N + FRESH) * n),
            AS_PUBLISHED.with_value("rows", Own(n=N, valid=FRESH)),
            vary={"net.inputs": TERMS},
            seeds=n,
        ),
        "data": Experiment(
            task(stride * few),
            AS_PUBLISHED,
            arms=[
                {
                    "net.inputs": terms,
                    "rows": Own(n=size, valid=FRESH, stride=stride),
                    "fit.epochs": epochs,
                }
                for terms, size, epochs in grid
            ],
            seeds=few,
        ),
        "tiny": Experiment(
            task((FEW + FRESH) * n),
            AS_PUBLISHED.with_value("rows", Own(n=FEW, valid=FRESH)),
            vary={"net.inputs": [FEW]},
            seeds=n,
        ),
    }
