"""Every option of `train` and `sweep`, in every mode: honoured, or a usage error that names it."""

from __future__ import annotations

from functools import lru_cache

import click
import pytest

import mlplab as ml
from mlplab.cli.commands.sweep import sweep
from mlplab.cli.commands.train import train
from mlplab.data import load_task
from mlplab.specs.strategies import STRATEGY_NAMES

VALUES = {
    # an option without a value here is a new one: say what it is tried with
    "params": "n_train=300", "n_seeds": "3", "seed": "7", "store_place": "other.sqlite",
    "device": "cuda", "workers": "3", "keep_weights": None, "plan_only": None, "as_json": None,
    "quiet": None, "vary": "hidden=8,16", "search": "halving", "budget": "77",
    "trial_seeds": "2", "finalists": "2", "search_seed": "5", "study": "study.db",
    "better": "lower", "metric": "valid_loss", "matters": "0.01", "score_test": None,
    "hidden": "9", "activation": "tanh", "norm": "layer", "init": "xavier", "inputs": "1",
    "residual": "true", "noise": "gaussian", "noise_strength": "0.1", "input_noise": "dropout",
    "input_strength": "0.1", "mixup": "0.2", "shift": "1", "flip": "true", "label_noise": "0.1",
    "dropout": "0.5", "optimizer": "adam", "lr": "0.7", "momentum": "0.5", "nesterov": "true",
    "alpha": "0.5", "eps": "1e-4", "betas": "0.5,0.5", "trust": "0.1", "weight_decay": "0.1",
    "decay_biases": "false", "l1": "0.1", "clip_norm": "1", "clip_value": "1",
    "schedule": "cosine", "epochs": "3", "batch_size": "16", "last_batch": "keep",
    "loss": "squared", "label_smoothing": "0.1", "huber_delta": "2", "ema": "0.5",
    "patience": "2", "monitor": "valid_accuracy", "restore_best": "false", "test": "end",
    "measures": "grad_norm", "probes": "2", "rewinds": "2", "rewind_factor": "0.5",
    "dtype": "float64", "valid": "0.3", "net": "one-layer",
    "out": "pages", "destinations": "tensorboard=events",
    "on": "slurm", "partition": "short", "time": "5", "cpus": "2", "gpus": "1", "tasks": "3",
    "spool": "spool",
}  # fmt: skip


@ml.module("one-layer")
def one_layer(n_features, n_outputs):
    from torch.nn import Linear

    return Linear(n_features, n_outputs)


OTHERWISE = {("train", "test"): "epoch"}
SWEEP = ("sweep", "xor", "--vary", "lr=0.1,0.2")
MODES = {
    "train": ("train", "xor"),
    "train, plan": ("train", "xor", "--plan"),
    "grid": SWEEP,
    "grid, plan": (*SWEEP, "--plan"),
    "grid, score": (*SWEEP, "--score-test"),
    "grid, nothing chooses": (*SWEEP, "--valid", "0"),
    **{name: (*SWEEP, "--search", name) for name in STRATEGY_NAMES[1:]},
    "random, score and study": (*SWEEP, *["--search", "random", "--score-test", "--study", "s.db"]),
}
COMMANDS = {"train": train, "sweep": sweep}
IGNORES = {
    # What changes neither what is trained nor what is shown has nothing to be honoured in.
    "grid, plan": {"matters", "metric", "quiet"},
    "train, plan": {"quiet"},
}


@pytest.fixture
def trained(monkeypatch):
    """What the commands hand to what trains and shows, while nothing is trained."""
    import mlplab.cli.commands.sweep as sweeping
    import mlplab.cli.commands.train as training
    import mlplab.cli.plans as plans
    import mlplab.cli.sweep_choice as choice
    import mlplab.cli.sweep_search as searching
    from mlplab.experiment import Experiment
    from mlplab.experiment.plan import Plan
    from mlplab.search import Search

    seen: list[object] = []

    def take(place, name, answer="an answer"):
        def record(*args, **settings):
            seen.append((name, [*map(text, args)], {k: text(v) for k, v in settings.items()}))
            return answer(*args, **settings) if callable(answer) else answer

        monkeypatch.setattr(place, name, record)

    take(Experiment, "run")
    take(Experiment, "plan", Experiment.plan)
    take(Plan, "cost", Plan.cost)
    take(Search, "run")
    take(training, "_show")
    for command in (training, sweeping):
        take(command, "write_report")
    take(plans, "write_plans")
    for name in ("choose", "score", "show"):
        take(choice, name)
    for name in ("check_study", "write_study", "score", "show_search"):
        take(searching, name)
    monkeypatch.setattr("mlplab.data.load_task", lru_cache(load_task))
    return seen


def text(value) -> str:
    """A value in full, without places in memory."""
    from mlplab.experiment import Experiment
    from mlplab.search import Search
    from mlplab.store import Store

    if isinstance(value, Experiment | Search):
        fields = {**vars(value), "task": value.task.spec()}
        return str({k: v for k, v in fields.items() if k not in ("design", "data")})
    if isinstance(value, Store):
        return value.where
    return "" if callable(value) else str(value)


def told(invoke, trained, words):
    """Return what a command did, or its mistake."""
    trained.clear()
    result = invoke(*words)
    assert result.exit_code in (0, 2), result.output
    return str(trained) if result.exit_code == 0 else None, result.stderr


@pytest.mark.parametrize("mode", MODES)
def test_every_option_is_honoured_or_refused_by_name(mode, invoke, trained):
    words = MODES[mode]
    plain, complaint = told(invoke, trained, words)
    assert plain is not None, complaint
    for option in COMMANDS[words[0]].params:
        if not isinstance(option, click.Option) or option.is_eager:
            continue  # --help and --import are dealt with before the command is
        if any(flag in words for flag in option.opts) and not option.multiple:
            continue
        value = OTHERWISE.get((words[0], option.name), VALUES[option.name])
        given = [option.opts[0]] if value is None else [option.opts[0], value]
        done, complaint = told(invoke, trained, [*words, *given])
        if done is None:
            assert option.opts[0] in complaint or option.name in complaint, (option, complaint)
        elif option.name not in IGNORES.get(mode, ()):
            assert done != plain, f"{option.opts[0]} is ignored in silence"


def test_a_flag_that_is_varied_too_is_said_to_have_no_effect(invoke, trained):
    for flag, value, vary in (("--epochs", "3", "1,2"), ("--optimizer", "sgd", "adam,lars")):
        words = [*SWEEP, "--vary", f"{flag[2:]}={vary}"]
        for more, said in (((), False), ((flag, value), True)):
            done, notes = told(invoke, trained, [*words, *more])
            assert done is not None
            assert (f"{flag} has no effect" in notes) == said


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        ((*SWEEP, "--budget", "40"), "--budget"),
        ((*SWEEP, "--study", "x.db"), "--study"),
        ((*SWEEP, "--finalists", "2"), "--finalists"),
        ((*SWEEP, "--trial-seeds", "2"), "--trial-seeds"),
        ((*SWEEP, "--search", "tpe", "--seed", "7"), "--seed"),
        ((*SWEEP, "--search", "racing", "--trial-seeds", "2"), "--trial-seeds"),
        ((*SWEEP, "--search", "random", "--test", "epoch"), "--test"),
        ((*SWEEP, "--valid", "0", "--matters", "0.1"), "--matters"),
        (("train", "xor", "--optimizer", "adam(lr=0.1)", "--lr", "0.2"), "--lr"),
        (("train", "xor", "--decay-biases", "false"), "--decay-biases"),
        (("train", "xor", "--net", "mlp(width=3)"), "--hidden"),
        (("train", "xor", "--monitor", "valid_accuracy"), "--monitor"),
        (("train", "xor", "--hidden", "none", "--dropout", "0.5"), "--dropout"),
        (("train", "xor", "--noise-strength", "0.5"), "--noise-strength"),
        (("train", "xor", "--input-strength", "0.5"), "--input-strength"),
    ],
)
def test_what_has_no_use_is_refused_with_where_it_has(words, refused, invoke):
    result = invoke(*words, "--quiet")
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert refused in line
    assert "works with" in line or "--" in line.replace(refused, "")


@pytest.mark.parametrize(
    "words",
    [
        (*SWEEP, "--vary", "patience=0,2", "--monitor", "valid_accuracy"),
        (*SWEEP, "--vary", "loss=huber,squared", "--huber-delta", "2"),
        (*SWEEP, "--vary", "hidden=none,8", "--dropout", "0.5"),
        ("train", "xor", "--loss", "huber", "--huber-delta", "2"),
        ("train", "xor", "--valid", "0.2", "--patience", "2", "--restore-best", "false"),
    ],
)
def test_what_one_configuration_uses_is_taken(words, invoke, trained):
    done, complaint = told(invoke, trained, words)
    assert done is not None, complaint


OPTIMISERS = {
    "sgd": ("momentum=0,0.9", "l1=0,0.001", "schedule=constant,step:5x0.5"),
    "rmsprop": ("alpha=0.9,0.99", "eps=1e-8,1e-4"),
    "adam": ("betas=0.9x0.999,0.8x0.99", "eps=1e-8,1e-4", "optim.eps=1e-8,1e-4"),
    "adamw": ("weight-decay=0.01,0.1", "betas=0.9x0.999,0.8x0.99"),
    "lion": ("betas=0.9x0.99,0.8x0.9",),
    "lars": ("trust=0.01,0.001", "momentum=0,0.9"),
}


@pytest.mark.parametrize("kind", OPTIMISERS)
@pytest.mark.parametrize("whole", [False, True])
def test_fields_are_those_of_the_optimiser_that_runs(kind, whole, invoke, trained):
    for vary in OPTIMISERS[kind]:
        chosen = ("--vary", f"optimizer={kind}") if whole else ("--optimizer", kind)
        words = (*SWEEP[:2], *chosen, "--vary", vary)
        done, complaint = told(invoke, trained, words)
        assert done is not None, complaint
        assert f"optim.{vary.partition('=')[0].replace('-', '_').removeprefix('optim.')}" in done


@pytest.mark.parametrize("vary", ["optimizer=sgd,adam", "optimizer=adam,sgd"])
def test_a_field_that_one_of_the_optimisers_lacks_is_refused(vary, invoke):
    result = invoke(*SWEEP, "--vary", vary, "--vary", "eps=1e-8,1e-4")
    assert result.exit_code == 2
    assert "sgd has no setting 'eps'; it belongs to rmsprop and adam and adamw" in result.stderr


def test_settings_inside_an_activation_are_crossed(invoke, trained):
    done, complaint = told(invoke, trained, (*SWEEP, "--vary", "activation=prelu:0.25xunit,elu:2"))
    assert done is not None, complaint
    assert "prelu:0.25,unit" in done
    assert "elu:2" in done
