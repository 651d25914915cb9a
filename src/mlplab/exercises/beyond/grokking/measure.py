"""When networks fit their pairs, when they know the others, and what their weights look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlplab.exercises.beyond.grokking.design import FAST, MODULUS, SLOW
from mlplab.exercises.measured import Expect, Measured, measured
from mlplab.exercises.profile import Profile
from mlplab.experiment import Runs

Array = NDArray[np.float64]
REACHED = 0.95
TIMES_LATER = 10
_MAJORITY = 0.5


def measure(runs: Mapping[str, Runs], profile: Profile) -> Sequence[Measured]:
    """Compare epochs and frequencies seed by seed."""
    squared, entropy = runs["squared"], runs["cross-entropy"]
    slow, fast, none = (passed(squared, decay) for decay in (SLOW, FAST, 0.0))
    later = slow >= TIMES_LATER * passed(squared, SLOW, "train_accuracy")
    concentrated = concentration(squared, FAST) - concentration(squared, 0.0)
    return (
        measured(
            "delay",
            (later & np.isfinite(slow)) - _MAJORITY,
            0.1,
            "higher",
            "share of seeds",
            cases="share",
            less=_MAJORITY,
        ),
        _more("decay", slow, none),
        _more("entropy_decay", passed(entropy, FAST), passed(entropy, 0.0)),
        _decades("sooner", fast, slow, "lower"),
        _decades("fewer_pairs", passed(runs["half"], FAST), fast, "higher"),
        measured("frequencies", concentrated, 0.1, "higher", "share of the power"),
    )


def passed(runs: Runs, decay: float, metric: str = "valid_accuracy") -> Array:
    """Return the first epoch at which each seed's accuracy reaches 95 %, or infinity, (seeds,)."""
    frame = runs.frame()
    frame = frame[frame["optim.weight_decay"] == decay]
    first = frame[frame[metric] >= REACHED].groupby("seed")["epoch"].min().astype(float)
    seeds = list(runs.experiment.seeds)
    return np.asarray(first.reindex(seeds, fill_value=np.inf), dtype=np.float64)


def concentration(runs: Runs, decay: float) -> Array:
    """Return how much of the first layer's power lies at each unit's strongest frequency, (seeds,).

    A unit's weights on a = 0, ..., p - 1 are a signal along a circle, and so are those on b; the
    power at a frequency is the sum of both, and the constant is left out.
    """
    return np.array(
        [
            power_share(
                runs.weights({"optim.weight_decay": decay}, seed, progress=False)["layers.0.weight"]
            )
            for seed in runs.experiment.seeds
        ]
    )


def power_share(weight: NDArray[np.floating]) -> float:
    """Return the share of the power of weights, (U, 2 p), at the strongest frequencies of units."""
    waves = np.fft.rfft(weight.reshape(len(weight), 2, MODULUS).astype(np.float64), axis=2)
    power = (np.abs(waves[:, :, 1:]) ** 2).sum(axis=1)
    return float(power.max(axis=1).sum() / power.sum())


def _more(key: str, one: Array, other: Array) -> Measured:
    """Claim that more seeds reach the accuracy in one than in the other."""
    difference = np.isfinite(one).astype(float) - np.isfinite(other)
    return measured(key, difference, 0.1, "higher", "share of seeds", cases="difference")


def _decades(key: str, one: Array, other: Array, expect: Expect) -> Measured:
    """Claim of the ratio of epochs; seeds that reach the accuracy in neither are left out."""
    known = np.isfinite(one) | np.isfinite(other)
    values = np.log10(one[known]) - np.log10(other[known])
    lost = int((~known).sum())
    return measured(key, values, 0.1, expect, "log10 of epochs", all_failed=lost)
