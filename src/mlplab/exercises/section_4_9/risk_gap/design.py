"""One cause varied at a time; every seed has its own draw of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlplab.exercises.profile import Profile
from mlplab.exercises.section_4_9.risk_gap.problem import N, Sampling, task
from mlplab.experiment import Experiment
from mlplab.specs import MLP, Adam, Fit, Own, Run

SIZES = (50, 100, 200, 400, 800, 1600, 3200)
WIDTHS = (1, 2, 4, 8, 16, 32, 64, 256)
WIDTH = 32
INPUTS = (1, 2, 4, 8, 16, 32)
NOISES = (0.25, 0.5, 1.0, 2.0)
OUTLIERS = (0.0, 0.05, 0.1, 0.2)
SELECTIONS = (0.0, 1.0, 2.0, 4.0)
MISSING = (0.0, 0.1, 0.2, 0.4)
BATCH_SIZE, STEPS = 50, 2048
LONGER = (1, 4, 16)
"""Times as many steps, on the most rows."""
SAMPLINGS: Mapping[str, Mapping[float, Sampling]] = {
    "noise": {value: Sampling(noise=value) for value in NOISES},
    "outliers": {value: Sampling(outliers=value) for value in OUTLIERS},
    "selection": {value: Sampling(selection=value) for value in SELECTIONS},
    "missing": {value: Sampling(missing=value) for value in MISSING},
}
"""Cause -> strength -> how the training rows come to be."""
WIDE = Sampling(n_inputs=max(INPUTS))
SEEDS = (12, 60, 200)
"""Draws of the data by profile."""


def name_of(cause: str, strength: float) -> str:
    """Return the name of the experiment with a cause at a strength.

    >>> name_of("noise", 2.0), name_of("outliers", 0.0)
    ('noise 2', 'width')
    """
    # Where nothing is wrong, every cause has the same runs.
    good = SAMPLINGS[cause][strength] == Sampling()
    return "width" if good else f"{cause} {strength:g}"


KEEPS = (
    "size",
    "width",
    "inputs",
    *(
        name_of(cause, strength)
        for cause, strengths in SAMPLINGS.items()
        for strength in strengths
        if name_of(cause, strength) != "width"
    ),
)


def epochs_for(n: int) -> int:
    """Return the epochs that take 2,048 steps on n rows.

    >>> epochs_for(50), epochs_for(3200)
    (2048, 32)
    """
    return STEPS * BATCH_SIZE // n


BASE = Run(
    net=MLP(hidden=(WIDTH,)),
    # The rate falls to 0, so that the weights come to rest wherever batches lead them.
    optim=Adam(lr=0.01, schedule="cosine"),
    fit=Fit(loss="squared", batch_size=BATCH_SIZE, epochs=epochs_for(N), test="never"),
    rows=Own(n=N),
)


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Vary rows, width and inputs on good samples, then how the samples come to be."""
    n = seeds or profile.pick(*SEEDS)
    stride = max(SIZES)
    most = epochs_for(stride)
    sizes: list[dict[str, Any]] = [
        {"rows": Own(n=k, stride=stride), "fit.epochs": epochs_for(k)} for k in SIZES
    ]
    sizes += [{"rows": Own(n=stride, stride=stride), "fit.epochs": k * most} for k in LONGER[1:]]
    widths: list[dict[str, Any]] = [{"net.hidden": ()}, *({"net.hidden": (k,)} for k in WIDTHS)]
    experiments = {
        "size": Experiment(task(n, stride, Sampling()), BASE, arms=sizes, seeds=n),
        "width": Experiment(
            task(n, N, Sampling()), BASE, arms=[*widths, {"fit.loss": "huber"}], seeds=n
        ),
        "inputs": Experiment(task(n, N, WIDE), BASE, vary={"net.inputs": INPUTS}, seeds=n),
    }
    for cause, strengths in SAMPLINGS.items():
        losses = ["squared", "huber"] if cause == "outliers" else ["squared"]
        for strength, how in strengths.items():
            name = name_of(cause, strength)
            if name not in experiments:
                experiments[name] = Experiment(
                    task(n, N, how), BASE, vary={"fit.loss": losses}, seeds=n
                )
    return experiments
