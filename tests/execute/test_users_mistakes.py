"""What fails in a user's function is one line that names it, wherever it is called."""

from __future__ import annotations

import pytest
from tests.engine.population import made_up, of
from tests.execute import made_by_users  # noqa: F401  (registers them)

import mlplab as ml
from mlplab.engine import train
from mlplab.errors import ConfigError
from mlplab.execute import execute
from mlplab.specs import MLP, SGD, Custom, Fit, Module

FIT = Fit(epochs=3, batch_size=16)
MISTAKES = {
    "schedule 'users-late-mistake' failed with ZeroDivisionError: ": {
        "optim": SGD(schedule="users-late-mistake")
    },
    "schedule 'users-no-number': expected a finite factor in epoch 1 of 3; got nan": {
        "optim": SGD(schedule="users-no-number")
    },
    "activation 'users-mistake' failed with AttributeError: ": {
        "net": MLP(hidden=(4,), activation="users-mistake")
    },
    "activation 'users-other-shape': expected a tensor of its argument's shape ": {
        "net": MLP(hidden=(4,), activation="users-other-shape")
    },
    "derivative of activation 'users-detached' failed with RuntimeError: ": {
        "net": MLP(hidden=(4,), activation="users-detached")
    },
    "derivative of activation 'users-wrong-slope' failed with ZeroDivisionError: ": {
        "net": MLP(hidden=(4,), activation="users-wrong-slope")
    },
    "init 'users-bad-draw' failed with IndexError: ": {
        "net": MLP(hidden=(4,), init="users-bad-draw")
    },
    "optimiser 'users-typo' failed with TypeError: ": {"optim": Custom(name="users-typo")},
    "module 'users-late-failure' failed with KeyError: 'missing": {
        "net": Module(name="users-late-failure")
    },
    "module 'users-failing-score' failed with AssertionError: only trained": {
        "net": Module(name="users-failing-score")
    },
    "module 'users-backward' failed with LookupError: no way back": {
        "net": Module(name="users-backward")
    },
    "metric 'users_bad_metric' failed with ValueError: two": {
        "fit": FIT.replace(measures=("users_bad_metric",))
    },
}
KNOWN_LATE = ("optimiser", "users-late-failure", "metric")


def failure(events) -> str:
    with pytest.raises(ConfigError) as caught:
        list(events)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("said", MISTAKES)
@pytest.mark.parametrize("hidden", [(), (4,)])
def test_in_this_process(said, hidden):
    task = made_up(n=48)
    fields = {"net": MLP(hidden=hidden), "fit": FIT} | MISTAKES[said]
    assert failure(train([of(task, **fields)], task)).startswith(said)


def test_before_anything_is_trained():
    task = made_up(n=48)
    fine = [of(task, net=MLP(hidden=(h,), norm="layer"), fit=FIT) for h in (3, 5)]
    for said, fields in MISTAKES.items():
        if not any(kind in said for kind in KNOWN_LATE):
            wrong = of(task, **({"fit": FIT} | fields))
            events = train([*fine, wrong], task)
            assert failure(next(events) for _ in range(1)).startswith(said)


def test_in_workers_it_is_the_line_that_it_is_here():
    task, optim = made_up(n=90), Custom(name="users-typo")
    runs = [of(task, net=MLP(hidden=(4,)), optim=optim, fit=FIT, seed=s) for s in range(4)]
    here, there = (failure(execute(runs, task, workers=workers)) for workers in (1, 2))
    assert here == there


def test_in_estimators():
    task = made_up(n=48)
    X, y = task.inputs[:48], task.targets[:48]
    for given, said in (
        ({"activation": "users-mistake"}, "activation 'users-mistake' failed with AttributeError"),
        ({"init": "users-bad-draw"}, "init 'users-bad-draw' failed with IndexError"),
        ({"schedule": "users-late-mistake"}, "schedule 'users-late-mistake' failed with Zero"),
    ):
        with pytest.raises(ConfigError, match=said):
            ml.MLPClassifier(epochs=3, batch_size=16, **given).fit(X, y)
