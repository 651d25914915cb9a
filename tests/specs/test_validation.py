"""Specs refuse what does not fit, all at once, and name the value."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.errors import ConfigError, MlplabError
from mlplab.specs import (
    MLP,
    SGD,
    Adam,
    Chain,
    Fit,
    Fold,
    Init,
    Run,
    Schedule,
    Slurm,
    Spec,
    resolve,
)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SGD(lr=-1), ["lr", "greater than 0", "-1"]),
        (lambda: SGD(lr=float("nan")), ["lr", "finite", "nan"]),
        (lambda: SGD(momentum=1.0), ["momentum", "less than 1", "1.0"]),
        (lambda: SGD(momentun=0.9), ["momentun", "did you mean 'momentum'"]),
        (lambda: MLP(hidden=(0,)), ["hidden.0", "greater than or equal to 1", "0"]),
        (lambda: MLP(activation="rellu"), ["activation", "relu", "rellu"]),
        (lambda: MLP(hidden=(3, 4), dropout=(0.1, 0.2, 0.3)), ["dropout", "2 hidden", "0.3"]),
        (lambda: MLP(dropout=1.0), ["dropout", "less than 1", "1.0"]),
        (lambda: MLP(init="glorot"), ["init", "xavier", "glorot"]),
        (lambda: MLP(init="normal:0.1,2"), ["init", "at most 1", "normal:0.1,2"]),
        (lambda: Fit(epochs=0), ["epochs", "greater than or equal to 1"]),
        (lambda: Fit(batch_size="many"), ["batch_size", "integer", "many"]),
        (lambda: Fold(n_folds=5, index=5), ["index", "n_folds=5", "5"]),
        (lambda: Schedule.model_validate("exp:2"), ["exponential", "exp:2"]),
        (lambda: Run(optim={"kind": "adan"}), ["optim", "adan", "sgd"]),
        (lambda: Run().with_value("optim.rate", 1), ["rate", "lr"]),
        (lambda: resolve(Run(), "lrr"), ["lrr", "did you mean 'lr'"]),
    ],
)
def test_a_mistake_is_one_line_that_names_field_value_and_expectation(make, words):
    with pytest.raises((ConfigError, ValueError)) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda: Run(optim={"kind": "adan"}),
         "optim.kind: expected 'sgd', 'rmsprop', 'adam', 'adamw', 'lars', 'lion', 'custom'; "
         "got 'adan'; did you mean 'adam'?"),
        (lambda: Run(optim={"kind": 3}),
         "optim.kind: expected 'sgd', 'rmsprop', 'adam', 'adamw', 'lars', 'lion', 'custom'; got 3"),
        (lambda: Run(optim={}), "optim.kind: a value is required"),
        (lambda: Run(optim=3), "optim: expected dictionary; got 3"),
        (lambda: Slurm(partition="a b"),
         "partition: expected text that matches '^[A-Za-z0-9_][A-Za-z0-9_.,-]*$'; got 'a b'"),
        (lambda: Slurm(time="١:00:00"),
         "time: expected a time such as 30 (minutes), 1:00:00 or 2-12; got '١:00:00'"),
        (lambda: Slurm(time="99999999999999999999-0"),
         "time: expected at most a year, such as 7-0 for a week; got 99999999999999999999-0"),
        (lambda: Slurm(time="9" * 60),
         f"time: expected a time such as 30 (minutes), 1:00:00 or 2-12; got '{'9' * 60}'"),
        (lambda: Fit(huber_delta=1e39), "huber_delta: expected at most 3.4e+38, as float32; "
         "got 1e+39"),
        (lambda: Init(low=-1e39, high=0), "low: expected at least -3.4e+38, as float32; "
         "got -1e+39"),
        (lambda: MLP(activation="prelu:1e39,unit"),
         "activation: prelu: expected a number that float32 holds as slope; got '1e39'"),
        (lambda: MLP(activation="elu:1e39"),
         "activation: elu: expected a number of at least 0 that float32 holds as alpha; "
         "got '1e39'"),
        (lambda: SGD(lr=10**5000),
         "lr: expected number; got a whole number of more than 4300 digits"),
        (lambda: Fit(loss=10**5000),
         "loss: expected 'auto', 'cross-entropy', 'squared', 'absolute', 'huber' or 'log-cosh'; "
         "got a whole number of more than 4300 digits"),
        (lambda: Slurm(spool=""), "spool: expected at least 1 character; got ''"),
        (lambda: Chain(arms=[{}]), "arms: expected at least 2 items; got [{}]"),
        (lambda: Fit(epochs="1" * 5000),
         f"epochs: expected integer of fewer digits; got '{'1' * 299}..."),
        (lambda: Fit(epochs="a"), "epochs: expected integer; got 'a'"),
        (lambda: Fit(epochs=1.5), "epochs: expected integer; got 1.5"),
        (lambda: Fit(mixup="much"), "mixup: expected number; got 'much'"),
        (lambda: MLP(residual="perhaps"), "residual: expected boolean; got 'perhaps'"),
    ],
)  # fmt: skip
def test_what_was_expected_is_said_in_plain_words(make, line):
    with pytest.raises(ConfigError) as caught:
        make()
    assert str(caught.value) == line


def _fields(kind):
    """Class and name of every field that holds one number of that kind, of what makes a run."""
    modules = [f"mlplab.specs.{name}" for name in ("fit", "net", "init", "optim", "schedule")]
    modules += ["mlplab.specs.rows", "mlplab.specs.clusters", "mlplab.specs.run"]
    specs, left = [], [Spec]
    while left:
        subclasses = left.pop().__subclasses__()
        specs += subclasses
        left += subclasses
    return [
        pytest.param(spec, name, id=f"{spec.__name__}-{name}")
        for spec in specs
        if spec.__module__ in modules
        for name, field in spec.model_fields.items()
        if field.annotation in (kind, kind | None) or (kind is int and name == "valid")
    ]


@pytest.mark.parametrize("number", [2**63, 10**30])
@pytest.mark.parametrize(("spec", "name"), _fields(int))
def test_a_whole_number_beyond_64_bits_is_refused(spec, name, number):
    with pytest.raises(ConfigError, match=rf"\b{name}: expected less than .*; got"):
        spec(**{name: number})


@pytest.mark.parametrize("number", [1e39, 1e300])
@pytest.mark.parametrize(("spec", "name"), _fields(float))
def test_a_number_beyond_float32_is_refused(spec, name, number):
    with pytest.raises(ConfigError, match=rf"\b{name}: expected .*; got 1e\+"):
        spec(**{name: number})


def test_every_problem_is_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        Run(net={"hidden": [0], "activation": "foo"}, optim={"kind": "sgd", "lr": -1}, seed=-3)
    text = str(caught.value)
    assert "\n" not in text
    for name in ("hidden.0", "activation", "lr", "seed"):
        assert name in text


def test_mistakes_are_both_ours_and_value_errors():
    assert issubclass(ConfigError, MlplabError)
    assert issubclass(ConfigError, ValueError)


def test_specs_are_frozen_and_hashable():
    run = Run()
    with pytest.raises(Exception, match="frozen"):
        run.seed = 3
    assert len({run, Run(), Run(seed=1)}) == 2


@given(rate=st.floats(0.001, 0.9), depth=st.integers(1, 5))
def test_one_dropout_rate_stands_for_every_layer(rate, depth):
    hidden = (8,) * depth
    assert MLP(hidden=hidden, dropout=rate).dropout == (rate,) * depth
    assert MLP(hidden=hidden, dropout=(rate,)) == MLP(hidden=hidden, dropout=[rate] * depth)
    assert MLP(hidden=hidden, dropout=0.0) == MLP(hidden=hidden)


def test_a_uniform_dropout_follows_a_changed_depth():
    run = Run(net=MLP(hidden=(8, 8), dropout=0.3))
    assert run.with_value("net.hidden", (4,)).net.dropout == (0.3,)


def test_shorthands_equal_the_long_form():
    assert MLP(init="normal:0.01").init == Init(kind="normal", scale=0.01)
    assert MLP(init="normal(0.01)").init == Init(kind="normal", scale=0.01)
    assert Adam(schedule="step:5,0.5").schedule == Schedule(kind="step", every=5, gamma=0.5)


@pytest.mark.parametrize("kind", ["constant", "exponential", "step", "cosine"])
def test_schedules_start_at_one_and_never_rise(kind):
    schedule = Schedule(kind=kind)
    factors = [schedule.factor(epoch, 20) for epoch in range(20)]
    assert factors[0] == 1
    assert all(a >= b for a, b in pairwise(factors))


def test_a_long_value_is_cut() -> None:
    with pytest.raises(ConfigError, match=r"got 'x+\.\.\.$") as caught:
        Fit(epochs="x" * 100_000)
    assert len(str(caught.value)) < 500
