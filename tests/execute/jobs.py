"""Jobs for every place where runs are trained, and what holds wherever they are."""

from __future__ import annotations

import os
import signal
from typing import NamedTuple

import pytest
from tests.engine.population import bits, ended, made_up, of

import mlplab as ml
from mlplab.engine import Checkpointed
from mlplab.errors import ConfigError
from mlplab.execute import execute
from mlplab.specs import MLP, SGD, Adam, Fit, Fold

KEEP = {"keep_weights": True, "keep_correct": True}
HERE = {"workers": 1, **KEEP}


def mixed_population():
    """Several programs, so that there are several chunks; one run diverges."""
    task = made_up(n=90, features=9, valid=0.2, weights="some")
    runs = [
        of(
            task,
            net=MLP(hidden=hidden, dropout=0.2, activation=activation, norm="layer"),
            optim=optim,
            rows=rows,
            seed=seed,
            fit=Fit(epochs=2 + seed, batch_size=16, last_batch="keep", test="epoch"),
        )
        for hidden, activation in (((7, 3), "tanh"), ((17,), "sigmoid"))
        for optim in (SGD(lr=0.1), SGD(lr=1e30), Adam(lr=0.01))
        for rows in ({"kind": "seed"}, Fold(n_folds=4, index=1))
        for seed in (0, 1)
    ]
    return task, runs


def long_population(epochs: int = 1000):
    """Two programs that take a worker seconds each."""
    task = made_up(n=1000, features=20)
    return task, [
        of(
            task,
            # Not what compiled loops train, on threads of this process.
            net=MLP(hidden=(hidden,), norm="layer"),
            seed=s,
            fit=Fit(epochs=epochs, batch_size=16),
        )
        for hidden in (20, 24)
        for s in range(2)
    ]


class Blob(NamedTuple):
    """A stored checkpoint."""

    blob: bytes


def all_bits(events):
    return {key: bits(one) for key, one in ended(events).items()}


def check_what_a_module_brings(there):
    """Functions of a user's module make the bits there that they make here."""
    task = made_up(n=90, features=5, valid=0.2)
    net = MLP(hidden=(7,), activation="users-mish", init="users-laplace")
    runs = [of(task, net=net, fit=Fit(epochs=2, batch_size=16), seed=s) for s in range(4)]
    expected = all_bits(execute(runs, task, **HERE))
    assert all_bits(there(runs, task, **KEEP)) == expected


def check_a_mistake(there, **settings):
    """What is wrong with a run is said there in the line that says it here."""
    task = made_up(n=90, features=5, valid=0.2)
    runs = [of(task, fit=Fit(epochs=2, batch_size=16), **settings)]
    with pytest.raises(ConfigError) as here:
        list(execute(runs, task, workers=1))
    with pytest.raises(ConfigError) as away:
        list(there(runs, task))
    assert str(away.value) == str(here.value)


def check_frames(on, file):
    """An experiment gives one frame there, here, and from the store."""
    experiment = ml.Experiment(
        "digits", ml.Run(fit=Fit(epochs=2)), vary={"lr": [0.1, 0.3]}, seeds=4
    )
    here = experiment.run(":memory:", progress=False)
    away = experiment.run(file, on=on, progress=False)
    assert here.frame().equals(away.frame())
    again = experiment.run(file, on=on, progress=False)
    assert again.from_store == 8
    assert here.frame().equals(again.frame())


def killing_all(now, killed):
    """Return what kills every process that `now` names, once each, as a checkpoint comes."""

    def hear(event):
        if isinstance(event, Checkpointed):
            for pid in now() - killed:
                killed.add(pid)
                os.kill(pid, signal.SIGKILL)

    return hear
