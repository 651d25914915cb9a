"""Whatever word is misspelt, in a spec or on the command line, the one that is meant is named."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mlplab as ml
from mlplab.data import load_task
from mlplab.errors import ConfigError
from mlplab.hints import nearest
from mlplab.search import Search
from mlplab.specs import MLP, OPTIMISERS, Fit, Init, Run, Schedule
from mlplab.specs.activation import ACTIVATION_FORMS
from mlplab.specs.init import INIT_FORMS
from mlplab.specs.schedule import SCHEDULE_FORMS

SOURCE = Path(ml.__file__).parent


def misspell(word: str) -> str:
    """Write a word as a hasty hand would: two of its letters change places, its case is lost."""
    at = len(word) // 2
    return (word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]).upper()


@pytest.mark.parametrize("word", ["relu", "leaky-relu", "cross-entropy", "batch_size", "adam"])
def test_case_dashes_and_swapped_letters_do_not_hide_a_word(word):
    known = ["sgd", word, "momentum"]
    assert nearest(misspell(word), known) == word
    assert nearest(word.replace("-", "_"), known) == word
    assert nearest("quite another", known) is None


def mistakes():
    for word in ACTIVATION_FORMS:
        yield (lambda word=word: MLP(activation=misspell(word))), word
    for word in sorted(set(INIT_FORMS) - {"he"}):  # two letters have no neighbours
        yield (lambda word=word: Init.model_validate(misspell(word))), word
        yield (lambda word=word: Init(kind=misspell(word))), word
    for word in SCHEDULE_FORMS:
        yield (lambda word=word: Schedule.model_validate(misspell(word))), word
    yield (lambda: Schedule.model_validate("cosine:warmpu=2")), "warmup"
    yield (lambda: Schedule(kind="cosin")), "cosine"
    yield (lambda: MLP(norm="batchnorm")), "batch"
    yield (lambda: Fit(loss="mse")), "squared"
    yield (lambda: Fit(last_batch="keeep")), "keep"
    yield (lambda: Fit(monitor="valid_acc")), "valid_accuracy"
    yield (lambda: Fit(epocs=3)), "epochs"
    yield (lambda: Run().with_value("fit.batchsize", 3)), "batch_size"
    yield (lambda: Run().with_value("optim.learning_rate", 3)), "lr"
    yield (lambda: Search("digits", space={"lr": [1]}, strategy="hyper-band")), "hyperband"
    yield (lambda: load_task("spiral")), "spirals"
    yield (lambda: load_task("spirals", n_trian=3)), "n_train"
    yield (lambda: ml.MLPClassifier(optimizer="admw").fit([[0], [1]] * 9, [0, 1] * 9)), "adamw"
    yield (lambda: ml.MLPClassifier(activation="tanhh").fit([[0], [1]] * 9, [0, 1] * 9)), "tanh"


@pytest.mark.parametrize(("make", "word"), list(mistakes()))
def test_what_was_meant_is_named(make, word):
    with pytest.raises((ConfigError, ValueError), match=f"did you mean '{word}'") as caught:
        make()
    assert "\n" not in str(caught.value) or not isinstance(caught.value, ConfigError)


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_swish_is_silu_and_has_one_key(kind):
    swish = Run(net=MLP(activation="swish"), optim=OPTIMISERS[kind]())
    assert swish == swish.with_value("net.activation", "silu")
    assert swish.key == swish.with_value("net.activation", "silu").key
    assert swish.mlp.activation == "silu"


def test_swish_is_not_a_users_to_take():
    with pytest.raises(ConfigError, match=r"other than .*swish; got 'swish'"):
        ml.activation("swish")(abs)


def test_one_function_finds_the_nearest_word():
    users = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and any(name.name == "difflib" for name in node.names)
    }
    assert users == {"hints.py"}
