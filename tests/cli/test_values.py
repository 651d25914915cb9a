"""Values as people type them, and the flags that the specs feed."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlplab.cli.base_run import read_flags
from mlplab.cli.commands.sweep import read_vary, sweep
from mlplab.cli.commands.train import train
from mlplab.cli.flags import SpecOption, default_of, shown
from mlplab.cli.values import field_at, field_path, read_field, read_optimiser, split_values
from mlplab.data import available
from mlplab.errors import ConfigError
from mlplab.specs import MLP, OPTIMISERS, SGD, Adam, AdamW, Fit, Init, Run, Schedule, TaskRef

NOTHING = {
    name: None
    for spec in (MLP, Fit, *OPTIMISERS.values())
    for name in spec.model_fields
    if name != "kind"
} | {"optimizer": None, "valid": None}

FIELDS = {
    **{("net", name): field for name, field in MLP.model_fields.items()},
    **{("fit", name): field for name, field in Fit.model_fields.items()},
    ("task", "valid"): TaskRef.model_fields["valid"],
}


def flag(command: click.Command, name: str) -> SpecOption:
    (found,) = [param for param in command.params if param.name == name]
    assert isinstance(found, SpecOption)
    return found


@pytest.mark.parametrize(("part", "name"), FIELDS)
def test_a_flag_says_what_its_field_says(part, name):
    field = FIELDS[part, name]
    option = flag(train, name)
    assert option.opts == [f"--{name.replace('_', '-')}"]
    assert field.description in option.help
    assert f"[default: {shown(default_of(field))}]" in option.help


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_a_flag_of_optimisers_tells_each_ones_default(kind):
    for name, field in OPTIMISERS[kind].model_fields.items():
        if name == "kind":
            continue
        says = flag(train, name).help
        assert field.description in says
        assert shown(default_of(field)) in says.partition("[default:")[2]
        lacking = {k for k, spec in OPTIMISERS.items() if name not in spec.model_fields}
        assert ("Only" in says) == bool(lacking)


@pytest.mark.parametrize("kind", OPTIMISERS)
def test_typing_every_default_changes_nothing(kind):
    fields = MLP.model_fields | Fit.model_fields | OPTIMISERS[kind].model_fields
    texts = {name: shown(default_of(field)) for name, field in fields.items() if name != "kind"}
    typed = read_flags(NOTHING | texts | {"optimizer": kind})
    assert typed.base == Run(optim=OPTIMISERS[kind]())
    assert typed.base.key == read_flags(NOTHING | {"optimizer": kind}).base.key


def test_typed_values_become_the_run_that_python_would_make():
    texts = {
        "hidden": "256x128",
        "activation": "tanh",
        "init": "normal:0.01",
        "dropout": "0.2,0.5",
        "optimizer": "adamw",
        "lr": "1e-2",
        "betas": "0.8,0.99",
        "schedule": "step:5,0.5",
        "epochs": "3",
        "last_batch": "keep",
        "measures": "grad_norm",
        "valid": "500",
    }
    described = read_flags(NOTHING | texts)
    assert described.base == Run(
        net=MLP(
            hidden=(256, 128),
            activation="tanh",
            init=Init(kind="normal", scale=0.01),
            dropout=(0.2, 0.5),
        ),
        optim=AdamW(lr=0.01, betas=(0.8, 0.99), schedule=Schedule(kind="step", every=5, gamma=0.5)),
        fit=Fit(epochs=3, last_batch="keep", measures=("grad_norm",)),
    )
    assert described.valid == 500
    assert isinstance(described.valid, int)


@given(st.lists(st.integers(1, 10_000), max_size=5), st.sampled_from(",x"))
def test_layers_are_separated_by_commas_or_crosses(widths, separator):
    text = separator.join(map(str, widths)) or "none"
    assert read_field(MLP.model_fields["hidden"].annotation, text) == tuple(widths)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_exactly(number):
    assert read_field(float, repr(number)) == number


@given(st.lists(st.tuples(st.sampled_from(["sgd", "adam"]), st.booleans()), min_size=1))
def test_values_are_split_outside_brackets_only(kinds):
    parts = [f"{kind}(lr=0.1,weight_decay=0)" if more else kind for kind, more in kinds]
    assert split_values(",".join(parts)) == parts


def test_every_problem_is_told_at_once_with_its_value():
    texts = {"lr": "-1", "batch_size": "0", "activation": "swirl", "hidden": "8,b"}
    with pytest.raises(ConfigError) as told:
        read_flags(NOTHING | texts)
    for part in ("lr: ", "-1", "batch_size: ", "swirl", "hidden.1: ", "'b'"):
        assert part in str(told.value)


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"optimizer": "adam", "momentum": "0.9"}, "--momentum: adam has no .* belongs to sgd"),
        ({"betas": "0.9,0.99"}, "--betas: sgd has no .* belongs to adam and adamw"),
    ],
)
def test_a_setting_that_the_optimiser_lacks_is_a_usage_error(texts, says):
    with pytest.raises(click.UsageError, match=says):
        read_flags(NOTHING | texts)


def test_vary_reads_values_by_the_type_of_their_field():
    described, factors = read_vary(
        ["lr=0.01,0.1", "hidden=64,256x128,none", "dropout=0,0.2x0.5", "batch-size=32", "test=end"],
        dict(NOTHING),
    )
    assert described.base == Run()
    assert factors == {
        "optim.lr": [0.01, 0.1],
        "net.hidden": [(64,), (256, 128), ()],
        "net.dropout": [(0,), (0.2, 0.5)],
        "fit.batch_size": [32],
        "fit.test": ["end"],
    }


def test_vary_of_the_optimiser_gives_each_the_settings_of_the_flags():
    described, factors = read_vary(
        ["optimizer=sgd,adam(eps=1e-6,betas=0.8x0.9)"], NOTHING | {"lr": "0.2"}
    )
    assert described.base.optim == SGD(lr=0.2)
    assert factors == {"optim": [SGD(lr=0.2), Adam(lr=0.2, eps=1e-6, betas=(0.8, 0.9))]}
    with pytest.raises(click.UsageError, match="adam has no such setting"):
        read_vary(["optimizer=sgd,adam"], NOTHING | {"momentum": "0.9"})


def test_forms_with_commas_of_their_own_are_written_with_a_cross_or_brackets():
    _, factors = read_vary(["schedule=constant,step:5x0.5,step(5,0.5)"], dict(NOTHING))
    constant, crossed, bracketed = [Schedule.model_validate(v) for v in factors["optim.schedule"]]
    assert constant == Schedule()
    assert crossed == bracketed == Schedule(kind="step", every=5, gamma=0.5)


@pytest.mark.parametrize(
    ("vary", "says"),
    [
        ("lr", "expected FIELD=VALUE"),
        ("lr=", "expected FIELD=VALUE"),
        ("=0.1", "expected FIELD=VALUE"),
    ],
)
def test_vary_needs_a_field_and_values(vary, says):
    with pytest.raises(click.UsageError, match=says):
        read_vary([vary], dict(NOTHING))


def test_a_field_can_be_varied_once():
    with pytest.raises(click.UsageError, match=r"optim\.lr.* twice"):
        read_vary(["lr=0.1", "optim.lr=0.2"], dict(NOTHING))


@pytest.mark.parametrize("text", ["sgdx", "adam(lr)", "adam(momentum=0.9)", "adam(lr=-1)"])
def test_an_optimiser_that_cannot_be_made_is_refused_by_name(text):
    with pytest.raises(ConfigError, match=r"optimizer|momentum|lr"):
        read_optimiser(text, {})


def test_paths_and_types_of_fields():
    assert field_path(Run(), "--batch-size") == "fit.batch_size"
    assert field_path(Run(), "net.init.scale") == "net.init.scale"
    assert field_at(Run(), "net.init.scale") is float
    with pytest.raises(ConfigError, match="did you mean 'epochs'"):
        field_path(Run(), "epoch")


def test_a_sweep_leaves_the_test_split_alone_and_holds_rows_out():
    assert flag(sweep, "test").default == "never"
    assert flag(sweep, "valid").default is None
    assert all(info.valid > 0 for info in available())
