"""Keys: one question, one key, whatever the process, the order of fields or the data's name."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from mlplab.specs import MLP, SGD, Adam, AdamW, Fit, Fold, Run, TaskRef, digest

specs = st.builds(
    Run,
    net=st.builds(
        MLP,
        hidden=st.lists(st.integers(1, 500), max_size=3).map(tuple),
        activation=st.sampled_from(["relu", "tanh", "sigmoid", "identity"]),
        init=st.sampled_from(["he", "xavier", "normal:0.01", "zeros"]),
    ),
    optim=st.one_of(
        st.builds(SGD, lr=st.floats(1e-5, 10), momentum=st.floats(0, 0.99)),
        st.builds(Adam, lr=st.floats(1e-5, 1)),
        st.builds(AdamW, weight_decay=st.floats(0, 1)),
    ),
    fit=st.builds(Fit, epochs=st.integers(1, 99), batch_size=st.integers(1, 512)),
    seed=st.integers(0, 2**63 - 1),
)


@given(specs)
def test_json_round_trip_keeps_spec_and_key(run):
    again = Run.model_validate_json(run.model_dump_json())
    assert again == run
    assert again.key == run.key


@given(specs)
def test_the_order_of_fields_does_not_matter(run):
    fields = json.loads(run.model_dump_json())
    backwards = {
        name: dict(reversed(value.items())) if isinstance(value, dict) else value
        for name, value in reversed(fields.items())
    }
    assert Run.model_validate(backwards).key == run.key


@given(specs, specs)
def test_different_questions_have_different_keys(one, other):
    # Without hidden layers an activation decides nothing: unlike specs, one question.
    assume(one.net.hidden and other.net.hidden)
    assert (one == other) == (one.key == other.key)


def test_whole_numbers_and_floats_ask_the_same_question():
    assert Run(optim=SGD(lr=1)).key == Run(optim=SGD(lr=1.0)).key


def test_the_name_of_the_data_does_not_matter_once_their_content_is_known():
    here = Run(task=TaskRef(name="mine", content="ab" * 32))
    there = Run(task=TaskRef(name="yours", params={"path": "x"}, content="ab" * 32))
    assert here.key == there.key
    assert here.key != Run(task=TaskRef(name="mine", content="cd" * 32)).key
    assert here.key != Run(task=TaskRef(name="mine", content="ab" * 32, valid=0.1)).key


def test_golden_keys():
    """Keys in users' stores: these change only on purpose, with ENGINE_VERSION."""
    assert Run().key == "ab8930e92dc47adf14d6bad28eeb7245"
    run = Run(
        net=MLP(hidden=(256, 128), activation="tanh", dropout=0.2, init="normal:0.01"),
        optim=Adam(lr=0.003, schedule="cosine"),
        fit=Fit(epochs=3, last_batch="keep"),
        rows=Fold(n_folds=5, index=2),
        task=TaskRef(name="digits", content="00" * 32, valid=0.1),
        seed=7,
    )
    assert run.key == "4267adc411405b1f0bec79b4a9e66014"


def test_keys_are_the_same_in_another_process():
    code = "from mlplab.specs import Run, MLP; print(Run(net=MLP(hidden=(7,)), seed=5).key)"
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "12345", "PYTHONPATH": ":".join(sys.path)},
    )
    assert out.stdout.strip() == Run(net=MLP(hidden=(7,)), seed=5).key


def test_digest_of_claims_depends_on_content_only():
    assert digest({"b": [1, 2], "a": {"x": None}}) == digest({"a": {"x": None}, "b": (1, 2)})


@given(specs, specs)
def test_runs_are_hashable_with_all_their_data(one, other):
    data = TaskRef(name="polynomial", params={"n": 50, "w": [1, 2]}, valid=0)
    one, other = one.replace(task=data), other.replace(task=data.replace(valid=0.0))
    assert hash(one) == hash(Run.model_validate_json(one.model_dump_json()))
    assert (one == other) <= (hash(one) == hash(other))
    assert len({one, other}) == 1 + (one != other)


def test_digest_takes_numpys_numbers_as_pythons():
    plain = {"arm": {"hidden": [8, 4], "lr": 0.1, "shift": 0.0}}
    given = {"arm": {"hidden": np.array([8, 4]), "lr": np.float64(0.1), "shift": -0.0}}
    assert digest(given) == digest(plain)
