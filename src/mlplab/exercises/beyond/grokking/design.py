"""Addition modulo 31 by one hidden layer, at several strengths of decay, losses and shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlplab.exercises.profile import Profile
from mlplab.experiment import Experiment
from mlplab.specs import MLP, AdamW, Fit, Run, TaskRef

KEEPS = ("squared",)
"""Whose weights are kept, for their frequencies."""

MODULUS = 31
SLOW, FAST = 0.2, 1.0
"""Decays of the claims."""

_FIRST_SEED = 200  # lower ones showed which settings are late


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Vary the decay under squared error and cross-entropy, and train on fewer pairs."""
    n_epochs = profile.pick(1500, 3000)
    drawn = range(_FIRST_SEED, _FIRST_SEED + (seeds or profile.n_seeds))

    def experiment(valid: float, batch_size: int, loss: str, decays: Sequence[float]) -> Experiment:
        # Two equal batches an epoch.
        fit = Fit(epochs=n_epochs, batch_size=batch_size, loss=loss)
        return Experiment(
            TaskRef(name="modular-addition", params={"modulus": MODULUS}, valid=valid),
            Run(net=MLP(hidden=(128,)), optim=AdamW(lr=0.01), fit=fit),
            vary={"optim.weight_decay": decays},
            seeds=drawn,
        )

    decays = profile.pick((0.0, SLOW, FAST), (0.0, 0.1, SLOW, 0.5, FAST, 3.0, 10.0))
    return {
        "squared": experiment(0.4, 288, "squared", decays),
        "half": experiment(0.5, 240, "squared", (FAST,)),
        "cross-entropy": experiment(
            0.3, 336, "cross-entropy", profile.pick((0.0, FAST), (0.0, 0.3, FAST))
        ),
    }
