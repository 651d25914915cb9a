"""A run's text and key, written once for many seeds."""

from __future__ import annotations

import pickle

import pytest

from mlplab.specs import MLP, SGD, Adam, Fold, Own, Run, TaskRef, canonical_json, digest
from mlplab.version import ENGINE_VERSION

RUNS = [
    Run(),
    Run(net=MLP(hidden=(3,)), optim=Adam(lr=0.2), task=TaskRef(name="x", content="ab", valid=0.1)),
    Run(task=TaskRef(name="ü", params={"n": 3}), rows=Own(n=5), seed=4),
    Run(rows=Fold(index=2), optim=SGD(schedule="cosine")),
]


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_a_run_with_another_seed_is_the_replaced_one(run: Run, seed: int):
    expected: Run = run.replace(seed=seed)
    (made,) = run.with_seeds([seed])
    assert made == expected
    assert hash(made) == hash(expected)
    assert repr(made) == repr(expected)
    assert made.model_dump() == expected.model_dump()
    assert made.model_fields_set == expected.model_fields_set
    assert made.text == expected.text == canonical_json(expected)
    assert made.key == expected.key == digest({"engine": ENGINE_VERSION, "run": expected})
    assert made.replace(seed=7).key == run.replace(seed=7).key
    assert made.with_value("optim.lr", 0.5).key == expected.with_value("optim.lr", 0.5).key
    assert pickle.loads(pickle.dumps(made)).key == expected.key
