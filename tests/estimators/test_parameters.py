"""Parameters are described once, for whoever has them; `"auto"` means what it says."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab import MLPClassifier, MLPRegressor
from mlplab.errors import ConfigError
from mlplab.estimators.parameters import PARAMETERS
from mlplab.estimators.settings import run_of

KINDS = [MLPClassifier, MLPRegressor]


@pytest.mark.parametrize("kind", KINDS)
def test_help_names_every_parameter_with_its_default(kind):
    text = " ".join(kind.__doc__.split())
    for name, parameter in inspect.signature(kind).parameters.items():
        assert f"{name}: {PARAMETERS[name]} Default: {parameter.default!r}." in text
    assert "{parameters}" not in kind.__doc__
    assert max(map(len, kind.__doc__.splitlines())) <= 100


def test_nothing_is_described_that_nobody_has():
    assert set(PARAMETERS) == {name for kind in KINDS for name in kind().get_params()}


@given(kind=st.sampled_from(KINDS), lr=st.floats(1e-6, 1.0))
def test_auto_shrinks_weights_alike_at_any_rate(kind, lr):
    usual = run_of(kind().get_params(), 100).optim
    other = run_of(kind(lr=lr).get_params(), 100).optim
    assert other.lr * other.weight_decay == pytest.approx(usual.lr * usual.weight_decay)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "lars", "lion"])
def test_auto_penalises_nothing_where_decay_is_a_penalty(kind, optimizer):
    assert run_of(kind(optimizer=optimizer).get_params(), 100).optim.weight_decay == 0
    given_one = kind(optimizer=optimizer, weight_decay=np.float64(0.1)).get_params()
    assert run_of(given_one, 100).optim.weight_decay == 0.1


def test_another_word_is_refused():
    with pytest.raises(ConfigError, match="weight_decay: expected 'auto' or a number from 0"):
        MLPRegressor(weight_decay="much").fit([[0.0], [1.0]], [0.0, 1.0])
    with pytest.raises(ConfigError, match="lr"):
        MLPRegressor(lr=0.0).fit([[0.0], [1.0]], [0.0, 1.0])
    with pytest.raises(ConfigError, match="lr"):
        MLPRegressor(lr="fast").fit([[0.0], [1.0]], [0.0, 1.0])
