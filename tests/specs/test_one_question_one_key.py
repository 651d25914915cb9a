"""One question has one key and two questions have two, however either is written."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.engine.modules.factory import register_module
from mlplab.engine.optimisers.custom import register_optimiser
from mlplab.experiment import Experiment
from mlplab.specs import (
    MLP,
    SGD,
    Adam,
    Custom,
    Fit,
    Fold,
    Holdout,
    Init,
    Module,
    Run,
    Schedule,
    TaskRef,
)
from mlplab.specs.activation import activation_settings
from mlplab.specs.optim import LARS, AdamW, RMSprop


@pytest.fixture(scope="module", autouse=True)
def _registered():
    @register_optimiser("keyed-step", keeps=["m"])
    def keyed_step(weight, gradient, rate, m, beta=0.9, eps=1, power=0.5):
        weight.sub_(rate * gradient)

    @register_module("keyed-net")
    def keyed_net(n_features, n_outputs, width=8, gain=1.0, way="a", wide=False):
        raise AssertionError


numbers = st.floats(0, 10, allow_subnormal=False)
signed = st.floats(-10, 10, allow_subnormal=False)
shares = st.one_of(st.floats(0.01, 0.9), st.integers(1, 99))
words = st.one_of(
    st.sampled_from(["relu", "tanh", "leaky-relu", "elu", "prelu", "prelu:0.25,unit"]),
    numbers.map(lambda slope: f"leaky-relu:{slope!r}"),
    signed.map(lambda slope: f"prelu:{slope!r},layer"),
)
inits = st.one_of(
    st.sampled_from(["he", "zeros", "orthogonal", "uniform:-1,2"]),
    st.floats(1e-6, 2).map(lambda scale: f"normal:{scale!r}"),
    signed.map(lambda value: f"constant:{value!r}"),
    st.builds(Init, kind=st.sampled_from(["he", "constant"]), value=signed, scale=st.just(1)),
)
schedules = st.one_of(
    st.sampled_from(["constant", "cosine", "step:5,0.5", "warmup:2"]),
    st.builds(
        Schedule,
        kind=st.sampled_from(["constant", "exponential", "step", "polynomial", "plateau"]),
        gamma=st.floats(0.1, 1),
        power=st.integers(1, 3),
        patience=st.integers(0, 3),
        warmup=st.integers(0, 2),
    ),
)
settings = st.dictionaries(st.sampled_from(["beta", "eps", "power"]), numbers)
optims = st.one_of(
    st.builds(SGD, lr=st.floats(1e-5, 10), momentum=st.floats(0, 0.9), schedule=schedules),
    st.builds(Adam, betas=st.tuples(st.floats(0, 0.9), st.floats(0, 0.9)), schedule=schedules),
    st.builds(LARS, trust=st.floats(1e-5, 1)),
    st.builds(Custom, name=st.just("keyed-step"), settings=settings),
)
nets = st.one_of(
    st.builds(MLP, hidden=st.sampled_from([(), 8, (8, 4)]), activation=words, init=inits),
    st.builds(
        Module,
        name=st.just("keyed-net"),
        settings=st.fixed_dictionaries(
            {},
            optional={
                "width": st.integers(1, 9),
                "gain": numbers,
                "way": st.sampled_from(["a", "b c"]),
            },
        ),
    ),
)
fits = st.builds(
    Fit,
    epochs=st.integers(1, 9),
    patience=st.integers(0, 2),
    monitor=st.sampled_from(["valid_loss", "valid_accuracy"]),
    loss=st.sampled_from(["auto", "huber"]),
    huber_delta=st.floats(0.5, 2),
    measures=st.lists(st.sampled_from(["a", "b", "grad_norm"])).map(tuple),
)
rows = st.one_of(st.builds(Fold, index=st.integers(0, 4)), st.builds(Holdout, valid=shares))
runs = st.builds(
    Run,
    task=st.one_of(st.none(), st.builds(TaskRef, name=st.just("x"), valid=shares)),
    net=nets,
    optim=optims,
    fit=fits,
    rows=rows,
    seed=st.integers(0, 3),
)


def _rewritten(value):
    """The same plain values, written in another way."""
    if isinstance(value, dict):
        return {name: _rewritten(item) for name, item in reversed(value.items())}
    if isinstance(value, list):
        return tuple(_rewritten(item) for item in value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else np.float64(value)
    return value


@given(runs)
def test_a_runs_text_is_read_back_as_the_same_question(run):
    again = Run.model_validate(json.loads(run.text))
    assert (again.text, again.key) == (run.text, run.key)
    assert Run.model_validate_json(run.model_dump_json()).text == run.text


@given(runs)
def test_whoever_writes_it_otherwise_asks_the_same(run):
    again = Run.model_validate(_rewritten(json.loads(run.text)))
    assert again.text == run.text
    fields = json.loads(run.model_dump_json())
    if run.net.__class__ is not Module:  # its word is a setting's whole value
        assert Run.model_validate(_rewritten(fields)).text == run.text


@given(runs, runs)
def test_equal_specs_and_only_they_have_equal_keys(one, other):
    if one == other:
        assert one.key == other.key
    plain = Run.model_validate(json.loads(one.text)), Run.model_validate(json.loads(other.text))
    assert (plain[0] == plain[1]) == (one.key == other.key)


@given(st.floats(0, 1e30, allow_subnormal=False), st.sampled_from(["leaky-relu", "prelu", "elu"]))
def test_a_number_in_a_word_is_trained_as_it_was_typed(value, kind):
    word = MLP(activation=f"{kind}:{value!r}").activation
    assert next(iter(activation_settings(word)[1].values())) == value


def test_seven_digits_in_words_are_another_question_than_six():
    def key(net):
        return Run(net=net).key

    seven, six = "leaky-relu:0.1234567", "leaky-relu:0.123457"
    assert key(MLP(activation=seven)) != key(MLP(activation=six))
    assert key(MLP(init="normal:0.1234567")) != key(MLP(init="normal:0.123457"))
    assert MLP(activation="leaky-relu:0.20").activation == "leaky-relu:0.2"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"beta": 0.9},
        {"eps": 1.0, "beta": np.float64(0.9)},
        [("beta", 0.9), ("eps", 1)],
        (("power", 0.5), ("beta", 0.9)),
    ],
)
def test_settings_at_their_defaults_ask_what_none_ask(settings):
    plain = Run(optim=Custom(name="keyed-step"))
    assert Run(optim=Custom(name="keyed-step", settings=settings)).key == plain.key
    other = Run(optim=Custom(name="keyed-step", settings={"beta": 0.8, **dict(settings)}))
    assert (other.key == plain.key) == ("beta" in dict(settings))


SAME = [
    (Fit(measures=("b", "a", "b")), Fit(measures=("a", "b"))),
    (Fit(huber_delta=2), Fit()),
    (Fit(monitor="valid_accuracy", restore_best=False), Fit()),
    (Fit(rewind_factor=0.5), Fit()),
    (SGD(momentum=-0.0), SGD()),
    (SGD(schedule=Schedule(gamma=0.5)), SGD()),
    (SGD(schedule="step:2,0.5"), SGD(schedule=Schedule(kind="step", every=2, gamma=0.5, power=3))),
    (MLP(init="uniform:-0.0,1"), MLP(init=Init(kind="uniform", low=0, high=1, scale=3))),
    (MLP(init="constant:-0"), MLP(init="constant:0")),
    (MLP(activation="prelu:-0.0"), MLP(activation="prelu(0,layer)")),
    (MLP(hidden=np.int64(8), dropout=np.float64(0.5)), MLP(hidden=[8], dropout=[0.5])),
    (MLP(hidden=np.array([8, 4])), MLP(hidden=(8.0, 4))),
    (Holdout(valid=20.0), Holdout(valid=np.int64(20))),
    (TaskRef(name="x", valid=0), TaskRef(name="x", valid=0.0)),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_spellings_are_one_question(one, other):
    field = {SGD: "optim", Fit: "fit", MLP: "net", Holdout: "rows", TaskRef: "task"}[type(one)]
    assert Run(**{field: one}).key == Run(**{field: other}).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Fit(loss="huber", huber_delta=2), Fit(loss="huber")),
        (Fit(patience=1, monitor="valid_accuracy"), Fit(patience=1)),
        (SGD(schedule="cosine"), SGD(schedule="cosine:0.1")),
        (SGD(schedule="warmup:2"), SGD()),
        (MLP(init="constant:0.5"), MLP(init="constant:0")),
        (MLP(init="uniform:0,1"), MLP(init="uniform:1")),
    ],
)
def test_what_decides_stays_in_the_key(one, other):
    field = {SGD: "optim", Fit: "fit", MLP: "net"}[type(one)]
    assert Run(**{field: one}).key != Run(**{field: other}).key


def test_minus_zero_is_no_number_of_a_spec():
    spec = Init(kind="constant", value=-0.0)
    assert str(spec.value) == "0.0"


def test_what_decides_nothing_is_no_part_of_the_question():
    linear = Run(net=MLP(hidden=()))
    for idle in ({"activation": "tanh"}, {"norm": "batch"}, {"dropout": 0.5}):
        assert Run(net=MLP(hidden=(), **idle)).key == linear.key
    for make in (SGD, RMSprop, Adam, LARS):
        spared = make(decay_biases=False)
        assert Run(optim=make()).key == Run(optim=spared).key
        assert (
            Run(optim=make(weight_decay=0.1)).key != Run(optim=spared.replace(weight_decay=0.1)).key
        )
    assert Run(optim=AdamW()).key != Run(optim=AdamW(decay_biases=False)).key


@pytest.mark.parametrize("fit", [Fit(epochs=1), Fit(epochs=1, ema=0.5)], ids=["loops", "stacks"])
def test_what_decides_nothing_is_no_part_of_a_key_and_of_no_bit(fit):
    linear = [MLP(hidden=()), MLP(hidden=(), activation="tanh"), MLP(hidden=(), norm="batch")]
    bare = [Adam(l1=0.01, decay_biases=given) for given in (True, False)]
    runs = [Run(net=net, optim=bare[0], fit=fit) for net in linear]
    runs += [Run(net=linear[0], optim=optim, fit=fit) for optim in bare]
    assert len({run.key for run in runs}) == 1
    trained = [Experiment("xor", run, seeds=2).run(":memory:", workers=1) for run in runs]
    first, *others = ([one.history for one in made.outcomes.values()] for made in trained)
    assert all(other == first for other in others)
    assert (
        Run(optim=bare[0].replace(weight_decay=0.1)).key
        != Run(optim=bare[1].replace(weight_decay=0.1)).key
    )
    assert Run(net=linear[1].replace(hidden=(4,))).key != Run(net=MLP(hidden=(4,))).key
