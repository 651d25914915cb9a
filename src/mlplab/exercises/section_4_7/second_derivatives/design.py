"""Full-batch descent on digits: the same runs of many lengths, whose sharpness is looked at."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.data import load_task
from mlplab.exercises.profile import Profile
from mlplab.experiment import Experiment
from mlplab.specs import MLP, SGD, Fit, Run

KEEPS = ("descent",)
RATES = (0.8, 1.6)
_TASK = "digits"


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train with squared error on all rows at once, for longer and longer."""
    epochs = profile.pick((1, 30, 100, 300, 1000), (1, 30, 100, 300, 1000, 3000))
    return {
        "descent": Experiment(
            _TASK,
            Run(
                # Small first weights: the loss is flat where descent begins.
                net=MLP(hidden=(16, 16), activation="tanh", init="normal:0.1"),
                optim=SGD(),
                fit=Fit(batch_size=load_task(_TASK).n_pool, loss="squared", test="never"),
            ),
            vary={"optim.lr": RATES, "fit.epochs": epochs},
            seeds=seeds or profile.n_seeds,
        )
    }
