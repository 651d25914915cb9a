"""A run's text, read without making specs, says what the run says."""

from __future__ import annotations

import json

import pytest

from mlplab.specs import (
    MLP,
    OPTIMISERS,
    SGD,
    AdamW,
    Block,
    Custom,
    First,
    Fit,
    Module,
    Run,
    TaskRef,
    canonical_json,
)
from mlplab.specs.plain import ABSENT, changed_values, show_plain, value_at

RUNS = [
    Run(),
    Run(seed=7, net=MLP(hidden=(64, 32), dropout=0.2, init="normal:0.01")),
    Run(net=MLP(hidden=(), inputs=3), fit=Fit(measures=("grad_norm",), test="never")),
    Run(optim=SGD(momentum=0.9, nesterov=True, schedule="step:5,0.5")),
    Run(optim=AdamW(lr=0.01, betas=(0.8, 0.99)), rows=Block(n=4, valid=2)),
    Run(rows=First(n=10), task=TaskRef(name="digits", content="ab", valid=0.1)),
    *(Run(optim=kind()) for kind in OPTIMISERS.values()),
]


def plain(value):
    return json.loads(canonical_json(value))


@pytest.mark.parametrize("run", RUNS, ids=repr)
def test_every_field_has_the_value_of_the_spec(run):
    read = json.loads(run.text)
    for section in ("net", "optim", "fit"):
        spec = getattr(run, section)
        for field in type(spec).model_fields:
            # What decides nothing is not part of the text.
            if field != "kind" and field not in spec._idle():
                path = f"{section}.{field}"
                assert value_at(read, path) == plain(run.value(path)), path
    assert value_at(read, "seed") == run.seed
    assert value_at(read, "optim") == run.optim.kind
    assert value_at(read, "rows") == plain(run.rows)
    assert value_at(read, "task.valid") == (run.task.valid if run.task else 0.0)


@pytest.mark.parametrize("run", RUNS, ids=repr)
def test_what_is_changed_is_what_differs_from_a_run_of_defaults(run):
    changed, read = changed_values(json.loads(run.text)), json.loads(run.text)
    assert all(
        value == value_at(read, path) != value_at({}, path) for path, value in changed.items()
    )
    parts = {
        section: {
            path.removeprefix(f"{section}."): value
            for path, value in changed.items()
            if path.startswith(f"{section}.")
        }
        for section in ("net", "fit")
    }
    again = Run(**parts)
    assert (again.net, again.fit) == (run.net, run.fit)


def test_users_own_optimisers_and_modules_need_not_be_registered():
    text = {
        "net": {"kind": "module", "name": "nowhere", "settings": [["width", 8]]},
        "optim": {"kind": "custom", "name": "mine", "lr": 0.3, "settings": [["beta", 0.5]]},
    }
    assert changed_values(text) == {
        "net": "nowhere",
        "net.settings.width": 8,
        "optim": "mine",
        "optim.lr": 0.3,
        "optim.settings.beta": 0.5,
    }
    assert value_at(text, "optim.settings.beta") == 0.5
    assert value_at(text, "optim.settings.gamma") is ABSENT
    assert value_at(text, "net.hidden") is ABSENT
    assert {"module", "custom"} == {spec.model_fields["kind"].default for spec in (Module, Custom)}


def test_fields_of_another_version_are_read_as_they_stand():
    text = {"optim": {"kind": "adam-of-old", "warmth": 3}, "fit": {"pace": [1, 2]}}
    assert changed_values(text) == {"optim": "adam-of-old", "optim.warmth": 3, "fit.pace": [1, 2]}
    assert value_at(text, "optim.lr") is ABSENT


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.1, "0.1"),
        (0.1234567, "0.1234567"),
        (1e-05, "1e-05"),
        (True, "true"),
        (3, "3"),
        (["a", "b"], "a+b"),
        ([0.5], "0.5"),
        ({"kind": "cosine"}, "cosine"),
        (2.0, "2"),
    ],
)
def test_plain_values_read_as_people_type_them(value, shown):
    assert show_plain(value) == shown
