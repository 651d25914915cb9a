"""An experiment as Python: what it declares is what was declared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mlplab as ml
from mlplab.exercises import PROFILES, list_exercises
from mlplab.experiment import Experiment
from mlplab.experiment.source_code import source_code

WIDE, NARROW = {"net.hidden": (64, 32), "optim": ml.Adam(lr=0.01)}, {"net.hidden": (2,)}
DESIGNS: dict[str, Any] = {
    exercise.id: design
    for exercise in list_exercises()
    if (design := exercise.design(PROFILES["standard"], None))
}


def declared(code: str, **known: Any) -> Experiment:
    """The experiment that the code declares; nothing of it is run."""
    head = code.partition("\nruns = ")[0]
    names: dict[str, Any] = dict(known)
    exec(head, names)
    experiment = names["experiment"]
    assert isinstance(experiment, Experiment)
    return experiment


def assert_same(one: Experiment, other: Experiment) -> None:
    assert [arm.run.text for arm in one.design] == [arm.run.text for arm in other.design]
    assert (one.seeds, one.claims, one.fails) == (other.seeds, other.claims, other.fails)


@pytest.mark.parametrize("name", DESIGNS)
def test_the_exercises_declare_themselves_again(name: str) -> None:
    for experiment in DESIGNS[name].values():
        assert_same(declared(source_code(experiment), task=experiment.task), experiment)


def test_specs_as_levels_single_arms_claims_and_failures() -> None:
    experiment = Experiment(
        ml.load_task("digits", valid=0.2),
        ml.Run(net=ml.MLP(hidden=(16,), init="normal:0.1"), fit=ml.Fit(epochs=2)),
        {"optim": [ml.SGD(lr=0.1), ml.AdamW(weight_decay=0.1)]},
        seeds=[3, 5, 8],
        arms=[WIDE, NARROW],
        claims=[ml.Difference(key="wide", arm=WIDE, baseline=NARROW, expect="higher")],
        fails={"train_accuracy": 0.2},
    )
    code = source_code(experiment)
    assert "ml.load_task('digits', valid=0.2)" in code
    assert_same(declared(code), experiment)


def test_a_task_of_ones_own_is_left_to_the_reader() -> None:
    task = ml.task_from_arrays(np.zeros((20, 2)), np.arange(20) % 2)
    code = source_code(Experiment(task, ml.Run()))
    assert "ml.Experiment(\n    task,\n" in code
    assert_same(declared(code, task=task), Experiment(task, ml.Run()))
