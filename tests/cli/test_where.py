"""What is shown of a stored run can be typed to find it."""

from __future__ import annotations

import json

import click
import pytest

from mlplab.cli.where import read_where
from mlplab.errors import ConfigError
from mlplab.experiment.kept import KeptRun
from mlplab.specs import MLP, SGD, Adam, AdamW, Fit, Run, TaskRef
from mlplab.specs.plain import changed_values, show_plain
from mlplab.store import Row

RUNS = [
    Run(seed=3, net=MLP(hidden=(64, 32), dropout=(0.2, 0.5), init="normal:0.01")),
    Run(net=MLP(hidden=64, activation="leaky-relu:0.1", norm="batch", dropout=0.2)),
    Run(net=MLP(hidden=()), fit=Fit(measures=("grad_norm", "mine"), test="never", epochs=3)),
    Run(optim=SGD(lr=0.3, momentum=0.9, nesterov=True, schedule="step:5,0.5")),
    Run(optim=AdamW(lr=1e-5, betas=(0.8, 0.99), clip_norm=1.0)),
    Run(fit=Fit(patience=3, restore_best=False, loss="huber", huber_delta=2)),
    Run(task=TaskRef(name="digits", content="ab", valid=0.1)),
]


def kept(run: Run | dict) -> KeptRun:
    text = run.text if isinstance(run, Run) else json.dumps(run)
    return KeptRun(Row("k", "p", "finished", 1, text, 0.0), {})


def fits(run, *texts: str, settings=()) -> bool:
    conditions = read_where(texts, lambda: settings)
    return all(any(kept(run).fits(one) for one in some) for some in conditions)


@pytest.mark.parametrize("run", RUNS, ids=repr)
def test_a_run_is_found_by_all_that_is_shown_of_it(run):
    for path, value in changed_values(json.loads(run.text)).items():
        for name in (path, path.rpartition(".")[2]):
            text = f"{name}={show_plain(value)}"
            assert fits(run, text), text
            assert not fits(Run(), text), text


@pytest.mark.parametrize(
    "text",
    [
        "lr=0.1",
        "hidden=256",
        "optimizer=sgd",
        "seed=0",
        "dropout=0",
        "valid=0",
        "net=mlp",
        "schedule=constant",
        "--batch-size=256",
        "fit.test=end",
        "lr=0.3,0.1",
    ],
)
def test_defaults_count_as_given(text):
    assert fits(Run(), text)


def test_defaults_are_those_of_the_runs_own_optimiser():
    rate = show_plain(Adam().lr)
    assert fits(Run(optim=Adam()), f"lr={rate}")
    assert not fits(Run(), f"lr={rate}")
    assert not fits(Run(optim=Adam()), "momentum=0")


def test_several_values_are_alternatives_and_several_conditions_must_hold():
    run = Run(net=MLP(hidden=64), optim=SGD(lr=0.3))
    assert fits(run, "lr=0.1,0.3", "hidden=32,64")
    assert not fits(run, "lr=0.1,0.3", "hidden=64x32,128")


def test_one_rate_of_dropout_stands_for_every_layer():
    run = Run(net=MLP(hidden=(8, 8), dropout=0.2))
    assert fits(run, "dropout=0.2")
    assert not fits(run, "dropout=0.5")
    assert not fits(Run(net=MLP(hidden=(8, 8), dropout=(0.2, 0.5))), "dropout=0.2")
    assert not fits(run, "hidden=8")


def test_an_optimiser_may_be_asked_for_with_its_settings():
    run = Run(optim=Adam(lr=0.01, eps=1e-6))
    assert fits(run, "optimizer=adam")
    assert fits(run, "optimizer=sgd,adam(lr=0.01,eps=1e-6)")
    assert not fits(run, "optimizer=adam(lr=0.1)")


def test_settings_of_users_own_are_known_from_the_store():
    run = {"net": {"kind": "module", "name": "resnet", "settings": [["width", 8]]}}
    assert fits(run, "net=resnet", "width=8", "net.width=8", settings={"width"})
    assert fits(run, "net=resnet(width=8)", settings={"width"})
    assert not fits(run, "width=16", settings={"width"})
    with pytest.raises(ConfigError, match="no factor 'widht'; did you mean 'width'"):
        read_where(["widht=8"], lambda: {"width"})


def test_a_run_whose_text_was_not_kept_fits_nothing():
    assert not KeptRun(Row("k", "p", "finished", 1, None, 0.0), {}).fits({"optim.lr": 0.1})


@pytest.mark.parametrize("text", ["lr", "lr=", "=3", ""])
def test_what_is_no_condition_is_wrong_usage(text):
    with pytest.raises(click.UsageError, match="expected FACTOR=VALUE; got"):
        read_where([text])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("lrr=0.1", "no factor 'lrr'; did you mean 'lr'"),
        ("lr>=0.1", "did you mean 'lr'"),
        ("optim.foo=1", "no factor 'optim.foo'; known: "),
        ("lr=fast", "--where lr: expected .*number.* got 'fast'"),
        ("epochs=3.5", "--where epochs: .*got 3.5"),
        ("hidden=-3", "--where hidden: .*got -3"),
        ("seed=x", "--where seed: .*got 'x'"),
        ("dtype=float16", "got 'float16'; did you mean"),
        ("optimizer=adamm", "got 'adamm'; did you mean 'adam'"),
        ("optimizer=adam(lr", r"expected NAME or NAME\(KEY=VALUE"),
    ],
)
def test_a_wrong_condition_is_one_line_that_names_it(text, says):
    with pytest.raises(ConfigError, match=says) as caught:
        read_where([text])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["task", "experiment", "status", "metric"])
def test_what_has_an_option_of_its_own_is_no_factor(name):
    with pytest.raises(click.UsageError, match=f"--{name} asks for it"):
        read_where([f"{name}=digits"])
