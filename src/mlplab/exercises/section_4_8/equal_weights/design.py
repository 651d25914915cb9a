"""Linear and softmax regression and a hidden layer, from equal weights and from drawn ones."""

from __future__ import annotations

from collections.abc import Mapping

from mlplab.exercises import source_setting
from mlplab.exercises.profile import Profile
from mlplab.exercises.source_setting import AS_PUBLISHED, FASHION
from mlplab.experiment import Experiment
from mlplab.specs import MLP, SGD, Difference, First, Fit, Run, TaskRef

LINEAR = ("constant:1", "zeros", "normal:1")
SOFTMAX = ("constant:0.01", "zeros", "normal:0.01")
EQUAL, DRAWN = {"net.init": "constant:0.01"}, {"net.init": "normal:0.01"}


def design(profile: Profile, seeds: int | None) -> Mapping[str, Experiment]:
    """Train each from equal weights, from 0 and from drawn ones, on the same seeds."""
    n_seeds = seeds or profile.n_seeds
    images = AS_PUBLISHED.replace(
        fit=Fit(epochs=profile.pick(4, 10), batch_size=256), rows=First(n=source_setting.QUICK_ROWS)
    )
    straight = Run(
        net=MLP(hidden=()),
        optim=SGD(lr=0.05),
        fit=Fit(epochs=profile.pick(100, 200), batch_size=10),
    )
    equal, zero, drawn = ({"net.init": init} for init in LINEAR)
    return {
        "linear": Experiment(
            TaskRef(name="polynomial", params={"n_terms": 4}),
            straight,
            vary={"net.init": LINEAR},
            seeds=n_seeds,
            claims=[
                Difference(
                    key="linear", arm=equal, baseline=drawn, metric="train_loss", expect="higher",
                    matters=0.001,
                )
            ],
        ),
        "surplus": Experiment(
            TaskRef(name="sparse-linear"),
            straight.with_value("optim.lr", 0.01).with_value("fit.batch_size", 4),
            vary={"net.init": LINEAR[1:]},
            seeds=n_seeds,
            claims=[
                Difference(
                    key="surplus_train", arm=drawn, baseline=zero, metric="train_loss",
                    expect="same", matters=0.001,
                ),
                Difference(
                    key="surplus_test", arm=drawn, baseline=zero, metric="test_rmse",
                    expect="higher", matters=0.1,
                ),
            ],
        ),
        "softmax": Experiment(
            TaskRef(name=FASHION),
            images.with_value("net.hidden", ()),
            vary={"net.init": SOFTMAX},
            seeds=n_seeds,
            claims=[
                Difference(
                    key="softmax_loss", arm=EQUAL, baseline=DRAWN, metric="train_loss",
                    expect="higher", matters=0.01,
                ),
                Difference(key="softmax", arm=EQUAL, baseline=DRAWN, expect="lower"),
            ],
        ),
        "hidden layer": Experiment(
            TaskRef(name=FASHION),
            images,
            vary={"net.init": (SOFTMAX[0], SOFTMAX[2])},
            seeds=n_seeds,
            claims=[Difference(key="hidden", arm=EQUAL, baseline=DRAWN, expect="lower")],
        ),
    }  # fmt: skip
