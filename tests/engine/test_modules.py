"""Modules that users bring: equal to the MLPs they write down, alone as among others, resumed."""

from __future__ import annotations

import random
import threading

import numpy as np
import pytest
import torch
from safetensors.torch import load
from tests.engine import made_modules
from tests.engine.population import bits, ended, made_up, of, trained
from tests.engine.test_checkpoints import train_with_stops
from tests.engine.test_memory import held_bytes
from torch import nn
from torch.utils.checkpoint import checkpoint

import mlplab as ml
from mlplab.engine import Checkpointed, plan_cost, predict, train
from mlplab.engine.arrange import slots_of
from mlplab.engine.memory import module_stack_bytes
from mlplab.engine.modules.factory import make_module
from mlplab.engine.modules.noise import keyed_noise
from mlplab.engine.modules.program import TEAM
from mlplab.engine.modules.workshop import ModuleWorkshop
from mlplab.engine.training import Splits, Training
from mlplab.errors import ConfigError, DataError, StoreError
from mlplab.execute import execute
from mlplab.specs import LARS, MLP, SGD, Adam, AdamW, Custom, Fit, Module, RMSprop

CPU = torch.device("cpu")
SMALL = ("two-linear", "normed", "noisy", "counting")


def fit(**fields):
    return Fit(**({"epochs": 3, "batch_size": 16, "test": "epoch"} | fields))


def of_module(task, name, optim=None, seed=0, settings=None, **fields):
    net = Module(name=name, settings=settings or {})
    return of(task, net=net, optim=optim or SGD(), seed=seed, fit=fit(**fields))


def team_of(task, name, **fields):
    return Training.begin(of_module(task, name, **fields), Splits(task)).program.team


@ml.optimiser("signs", keeps=["mean"])
def signs(weight, gradient, rate, mean, beta=0.9):
    mean.mul_(beta).add_((1 - beta) * gradient)
    weight.sub_(rate * mean.sign())


OPTIMISERS = {
    "sgd": SGD(lr=0.2, weight_decay=0.01, schedule="cosine"),
    "momentum": SGD(lr=0.1, momentum=0.9),
    "nesterov": SGD(lr=0.1, momentum=0.8, nesterov=True, weight_decay=0.02),
    "adam": Adam(lr=0.01, schedule="one-cycle"),
    "adamw": AdamW(lr=0.01, weight_decay=0.1, clip_norm=0.5),
    "rmsprop": RMSprop(lr=0.003, clip_value=0.01),
    "lars": LARS(lr=1.0, weight_decay=0.01),
    "custom": Custom(name="signs", lr=0.002),
}


class TestAgainstTheHandWrittenPath:
    """The same first weights, orders and optimisers: only who takes the derivative differs."""

    @pytest.mark.parametrize("optim", OPTIMISERS.values(), ids=OPTIMISERS.keys())
    def test_optimisers_and_metrics(self, optim):
        task = made_up(n=90, features=7, valid=0.2)
        seen = {"dtype": "float64", "measures": ("grad_norm",)}
        hand = of(task, net=MLP(hidden=(24,)), optim=optim, seed=3, fit=fit(**seen))
        user = of_module(task, "twin-mlp", optim, 3, {"seed": 3}, **seen)
        assert_alike(task, hand, user)

    @pytest.mark.parametrize("fields", [
        {"label_smoothing": 0.2}, {"ema": 0.7}, {"patience": 2, "epochs": 8},
        {"loss": "huber", "huber_delta": 0.3}, {"loss": "squared"}, {"last_batch": "keep"},
    ], ids=str)  # fmt: skip
    @pytest.mark.parametrize("weights", ["none", "some"])
    def test_losses_weights_averages_and_ends(self, fields, weights):
        task = made_up(n=90, features=7, valid=0.2, weights=weights)
        seen = {"dtype": "float64"} | fields
        hand = of(task, net=MLP(hidden=(24,)), optim=SGD(lr=0.1), seed=3, fit=fit(**seen))
        user = of_module(task, "twin-mlp", SGD(lr=0.1), 3, {"seed": 3}, **seen)
        assert_alike(task, hand, user)

    @pytest.mark.parametrize("norm", ["batch", "layer"])
    def test_norms_with_their_running_statistics(self, norm):
        task = made_up(n=90, features=7, valid=0.2)
        net, seen = MLP(hidden=(24,), norm=norm), {"dtype": "float64"}
        hand = of(task, net=net, optim=SGD(), seed=3, fit=fit(**seen))
        user = of_module(task, "twin-mlp", SGD(), 3, {"seed": 3, "norm": norm}, **seen)
        # torch's running variance has the factor n / (n - 1), as ours.
        assert_alike(task, hand, user)

    def test_numbers_instead_of_classes(self):
        task = made_up("regression", n=90, features=7, outputs=2)
        hand = of(task, net=MLP(hidden=(24,)), optim=Adam(lr=0.01), seed=1, fit=fit())
        user = of_module(task, "twin-mlp", Adam(lr=0.01), 1, {"seed": 1})
        assert_alike(task, hand, user, tolerance=1e-5)

    @pytest.mark.parametrize("optim", [SGD(lr=0.1), SGD(momentum=0.9), Adam(), AdamW()], ids=str)
    def test_single_precision_on_real_data(self, optim):
        task = ml.load_task("digits", valid=0.1)
        hand = of(task, net=MLP(hidden=(24,)), optim=optim, seed=2, fit=fit(epochs=2))
        user = of_module(task, "twin-mlp", optim, 2, {"seed": 2}, epochs=2)
        assert_alike(task, hand, user, tolerance=1e-5)


def assert_alike(task, hand, user, tolerance=1e-9):
    done = trained([hand, user], task)
    ours, theirs = done[hand.key].outcome, done[user.key].outcome
    assert (ours.n_params, ours.epochs, ours.best_epoch) == (
        theirs.n_params, theirs.epochs, theirs.best_epoch,
    )  # fmt: skip
    assert ours.history.keys() == theirs.history.keys()
    for name, values in ours.history.items():
        assert theirs.history[name] == pytest.approx(values, abs=tolerance, nan_ok=True), name
    assert ours.correct == theirs.correct


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_alone_as_among_others_bit_for_bit(name, dtype):
    task = made_up(n=70, features=5, valid=0.2)
    runs = [
        of_module(task, name, Adam(lr=0.01 * (1 + arm)), seed, dtype=dtype, epochs=1 + arm,
                  last_batch="keep")
        for seed in range(5) for arm in range(3)
    ]  # fmt: skip
    among = trained(runs, task)
    backwards = trained(runs[::-1], task, slots=4)
    assert team_of(task, name) == (1 if name == "noisy" else TEAM)
    for run in runs[::4]:
        alone = bits(trained([run], task)[run.key])
        assert bits(among[run.key]) == alone
        assert bits(backwards[run.key]) == alone


def test_the_seeds_of_an_arm_fill_a_team():
    task = made_up(n=40)
    trainings = [Training.begin(of_module(task, "two-linear", seed=s), Splits(task))
                 for s in range(TEAM)]  # fmt: skip
    assert {t.program.seat(t.run) for t in trainings} == set(range(TEAM))


@pytest.mark.parametrize(("name", "optim", "least"), [
    ("digit-conv", Adam(lr=0.01), 0.9),
    ("digit-attention", Adam(lr=0.03), 0.8),
    ("digit-gru", Adam(lr=0.02), 0.8),
])  # fmt: skip
def test_convolution_attention_and_recurrence_learn_digits(name, optim, least):
    task = ml.load_task("digits", valid=0.1)
    runs = [of_module(task, name, optim, seed, epochs=8, batch_size=32) for seed in range(2)]
    done = trained(runs, task)
    for one in done.values():
        assert one.outcome.last("test_accuracy") > least
    assert bits(trained(runs[:1], task)[runs[0].key]) == bits(done[runs[0].key])


@pytest.mark.usefixtures("every_step")
@pytest.mark.parametrize("name", SMALL)
def test_stopped_and_resumed_ends_with_the_same_bits(name):
    task = made_up(n=60, features=5, valid=0.2)
    runs = [of_module(task, name, optim, seed, patience=2, epochs=4, ema=0.5)
            for optim in (SGD(momentum=0.9), Adam()) for seed in (0, 1)]  # fmt: skip
    whole = trained(runs, task)
    parts = train_with_stops(runs, task, [2, 5, 3, 1], [None, 1, 3, None, 2])
    assert {key: bits(one) for key, one in parts.items()} == {
        key: bits(one) for key, one in whole.items()
    }


@pytest.mark.usefixtures("every_step")
def test_a_checkpoint_of_another_module_is_refused():
    task = made_up(n=60)
    events = train([of_module(task, "normed")], task, checkpoint_seconds=0)
    blob = next(event.blob for event in events if isinstance(event, Checkpointed))
    other = of_module(task, "two-linear")
    with pytest.raises(StoreError, match=f"checkpoint of run {other.key}"):
        list(train([other], task, resume={other.key: blob}))


@pytest.mark.parametrize("name", SMALL)
def test_a_diverged_run_hurts_nobody(name):
    task = made_up(n=60)
    calm = [of_module(task, name, seed=s, epochs=5) for s in range(3)]
    wild = of_module(task, name, SGD(lr=1e30), seed=1, epochs=5)
    done = trained([*calm, wild], task)
    assert (done[wild.key].outcome.status, done[wild.key].weights) == ("diverged", None)
    for run in calm:
        assert bits(done[run.key]) == bits(trained([run], task)[run.key])


@pytest.mark.parametrize("name", SMALL)
def test_weights_predict_what_was_scored(name):
    task = made_up(n=60, features=5)
    run = of_module(task, name, Adam(lr=0.01))
    done = trained([run], task)[run.key]
    rows = task.test_rows("test")
    outputs = predict(run, done.weights, task.inputs[rows])
    right = outputs.argmax(1) == task.targets[rows]
    assert right.mean() == done.outcome.last("test_accuracy")
    stored = np.unpackbits(np.frombuffer(done.outcome.correct["test"], "u1"))[: len(rows)]
    assert (stored == right).all()
    assert predict(run, done.weights, task.inputs[rows][:0]).shape == (0, 3)
    with pytest.raises(DataError, match="4 features make another"):
        predict(run, done.weights, task.inputs[rows][:, :4])


def test_buffers_that_are_replaced_and_weights_that_are_frozen_or_tied():
    task = made_up(n=64, features=5)
    run = of_module(task, "counting", epochs=2)
    done = trained([run], task)[run.key]
    kept = load(done.weights)
    first = make_module(run.net, 5, 3, torch.float32, run.seed)
    assert float(kept["calls"]) == 2 * (64 // 16)
    assert torch.equal(kept["fixed.weight"], first.fixed.weight)
    assert not torch.equal(kept["down.weight"], first.down.weight)
    assert "again.weight" not in kept
    assert done.outcome.n_params == 5 * 6 + 6 * 3 + 3
    first.load_state_dict(kept, strict=False)
    inputs = torch.from_numpy(task.inputs[:4])
    expected = predict(run, done.weights, task.inputs[:4])
    assert first.eval()(inputs).detach().numpy() == pytest.approx(expected, abs=1e-6)


def test_dropout_is_keyed_by_seed_and_step_and_absent_in_scores():
    task = made_up(n=60)
    one, same = (of_module(task, "noisy", settings={"p": p}, seed=4) for p in (0.0, 1e-12))
    much = of_module(task, "noisy", settings={"p": 0.8}, seed=4)
    done = trained([one, same, much], task)
    history = {run: done[run.key].outcome.history for run in (one, same, much)}
    assert history[same]["train_loss"] == pytest.approx(history[one]["train_loss"], abs=1e-6)
    assert history[much]["train_loss"] != history[one]["train_loss"]
    scores = [predict(much, done[much.key].weights, task.inputs[:5]) for _ in range(2)]
    assert (scores[0] == scores[1]).all()


def test_the_global_state_is_neither_read_nor_changed():
    task = made_up(n=60)
    runs = [of_module(task, name, seed=1) for name in SMALL]
    torch.manual_seed(11)
    first = {key: bits(one) for key, one in trained(runs, task).items()}
    states = torch.get_rng_state(), legacy_state(), random.getstate()
    torch.manual_seed(12)
    torch.rand(7)
    again = {key: bits(one) for key, one in trained(runs, task).items()}
    assert first == again
    torch.manual_seed(11)
    trained(runs, task)
    assert torch.equal(torch.get_rng_state(), states[0])
    assert legacy_state() == states[1]
    assert random.getstate() == states[2]
    assert not torch.is_inference_mode_enabled()


def test_noise_depends_on_every_part_of_its_key():
    def drawn(*key):
        with keyed_noise("any", CPU, *key):
            return float(torch.rand(()))

    keys = [(0, "a"), (1, "a"), (0, "b"), (0, "a", 0), (0, "a", 1), (0, "a", 0, 1)]
    assert len({drawn(*key) for key in keys}) == len(keys)
    assert drawn(*keys[0]) == drawn(*keys[0])


def test_workers_compute_the_same_bits():
    task = made_up(n=60)
    runs = [of_module(task, name, seed=s) for name in ("two-linear", "noisy") for s in (0, 1)]
    here = ended(execute(runs, task, workers=1, keep_weights=True))
    there = ended(execute(runs, task, workers=2, keep_weights=True))
    assert {k: bits(v) for k, v in here.items()} == {k: bits(v) for k, v in there.items()}


def test_measures_of_the_user_see_the_outputs():
    @ml.metric("share_of_first")
    def share_of_first(targets, outputs):
        return float((outputs.argmax(1) == 0).mean())

    task = made_up(n=60)
    run = of_module(task, "two-linear", measures=("share_of_first",))
    done = trained([run], task)[run.key]
    outputs = predict(run, done.weights, task.inputs[task.test_rows("test")])
    assert done.outcome.last("test_share_of_first") == float((outputs.argmax(1) == 0).mean())


def test_what_it_costs_is_known_before():
    task = made_up(n=1000, features=20, n_test=0)
    run = of_module(task, "two-linear", settings={"width": 50}, epochs=10, batch_size=100)
    cost = plan_cost([run], task)
    assert cost.flop == 10 * 1000 * 6 * (20 * 50 + 50 * 3)
    many = plan_cost([run.replace(seed=s) for s in range(40)], task)
    assert cost.seconds < many.seconds
    assert cost.bytes < many.bytes


@pytest.mark.parametrize("optim", [SGD(), SGD(momentum=0.9), Adam(), RMSprop()], ids=str)
def test_memory_is_what_was_predicted(optim):
    task = made_up(n=64, features=30)
    runs = [of_module(task, "two-linear", optim, s, {"width": 500}) for s in range(2 * TEAM)]
    begun = [Training.begin(run, Splits(task)) for run in runs]
    program = begun[0].program
    workshop = ModuleWorkshop(program, task, CPU)
    seats, groups = workshop.arrange(begun)
    stack = workshop.stack(slots_of(program, seats), groups)
    stack.begin_epoch([torch.arange(64) for _ in groups])
    stack.step(0)
    # What a step makes in passing comes on top: here the activations, and gradients of a team.
    look = program.blueprint
    passing = 4 * TEAM * (16 * 2 * look.kept_per_example + look.n_params)
    predicted = module_stack_bytes(program, 2) - passing
    assert held_bytes(stack) == pytest.approx(predicted, rel=0.2)


class TestMistakes:
    @pytest.mark.parametrize(("make", "message"), [
        (lambda n_features, n_outputs: 7, "to return a torch.nn.Module; got int"),
        (lambda n_features, n_outputs: nn.Linear(n_features, 2),
         r"expected outputs of shape \(2, 3\) for inputs \(2, 5\); got \(2, 2\)"),
        (lambda n_features, n_outputs: nn.Linear(n_features + 1, 3), "failed with RuntimeError"),
        (lambda n_features, n_outputs: nn.Linear(-1, "a"), "failed with "),
        (lambda n_features, n_outputs: nn.Identity(), "has no parameters to learn"),
        (lambda n_features, n_outputs: Unused(n_features), "do not depend on its parameters"),
        (lambda n_features, n_outputs: from_numpy(n_features, n_outputs), "made twice from one"),
    ])  # fmt: skip
    def test_of_the_module(self, make, message):
        ml.module("odd")(make)
        task = made_up(n=60, features=5, outputs=3)
        with pytest.raises(ConfigError, match=message) as caught:
            trained([of_module(task, "odd")], task)
        assert "\n" not in str(caught.value)
        assert "'odd'" in str(caught.value)

    @pytest.mark.parametrize(("noise", "message"), [
        (lambda h: h * np.random.rand(), "draws from numpy's own generator"),  # noqa: NPY002
        (lambda h: h * random.random(), "draws from Python's own generator"),
        (lambda h: h + torch.rand(1, generator=torch.Generator()), "from a generator of its own"),
        (lambda h: checkpoint(nn.functional.dropout, h, use_reentrant=False), "on its way back"),
    ])  # fmt: skip
    def test_noise_that_cannot_be_kept_apart_is_refused(self, noise, message):
        ml.module("odd")(lambda n_features, n_outputs: Noisy(n_features, n_outputs, noise))
        before = legacy_state(), random.getstate(), torch.get_rng_state().tolist()
        with pytest.raises(ConfigError, match=message) as caught:
            trained([of_module(made_up(n=60), "odd")], made_up(n=60))
        assert "\n" not in str(caught.value)
        assert (legacy_state(), random.getstate(), torch.get_rng_state().tolist()) == before

    @pytest.mark.parametrize("threads", [False, True])
    def test_a_seed_inside_a_factory_changes_nothing(self, threads):
        def seeded(n_features, n_outputs):
            torch.manual_seed(0)
            return nn.Linear(n_features, n_outputs)

        ml.module("odd")(seeded)
        torch.manual_seed(0)
        torch.rand(3)
        before = torch.get_rng_state().tolist()
        task = made_up(n=60)
        runs = [of_module(task, "odd", SGD(lr=1e-30), s) for s in (0, 1)]
        done = threading.Event()
        idle = threading.Thread(target=done.wait)
        if threads:  # as every notebook has
            idle.start()
        try:
            ended = trained(runs, task)
        finally:
            done.set()
        assert len({one.weights for one in ended.values()}) == 2
        assert torch.get_rng_state().tolist() == before

    @pytest.mark.parametrize(("make", "message"), [
        (lambda: Module(name="nowhere"), "no 'nowhere' is registered here; registered: .*normed"),
        (lambda: Module(name="normed", settings={"width": 2}), "no setting 'width'; known: none"),
        (lambda: Module(name="two-linear", settings={"width": "x"}), "expected int.*got 'x'"),
        (lambda: Module(name="two-linear", settings={"width": 2.5}), "expected int.*got 2.5"),
        (lambda: ml.module("mlp")(made_modules.normed), "other than mlp"),
        (lambda: ml.module("x")(lambda inputs, outputs: None), "expected the parameters n_feat"),
        (lambda: ml.module("x")(lambda n_features, n_outputs, sizes=(1, 2): None),
         "a word, True or False as default of sizes"),
    ])  # fmt: skip
    def test_of_the_spec(self, make, message):
        with pytest.raises(ConfigError, match=message) as caught:
            make()
        assert "\n" not in str(caught.value)

    def test_batch_norm_of_one_example_is_told_in_one_line(self):
        task = made_up(n=20)
        with pytest.raises(ConfigError, match="more than 1 value per channel") as caught:
            trained([of_module(task, "normed", batch_size=1)], task)
        assert "\n" not in str(caught.value)

    def test_what_only_an_mlp_has(self):
        run = of_module(made_up(n=20), "normed")
        with pytest.raises(ConfigError, match="expected an MLP here; got the module 'normed'"):
            _ = run.mlp.hidden
        with pytest.raises(ConfigError, match="no field 'hidden'"):
            run.with_value("net.hidden", (3,))


class Noisy(nn.Module):
    """A linear layer and what it does to its outputs."""

    def __init__(self, n_features: int, n_outputs: int, noise) -> None:
        super().__init__()
        self.linear = nn.Linear(n_features, n_outputs)
        self.noise = noise

    def forward(self, x):
        return self.noise(self.linear(x))


class Unused(nn.Module):
    def __init__(self, n_features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_features, 3)

    def forward(self, x):
        return torch.zeros(len(x), 3)


def from_numpy(n_features, n_outputs):
    made = nn.Linear(n_features, n_outputs)
    made.weight.data.mul_(float(np.random.default_rng().random()))
    return made


def legacy_state():
    return np.random.get_state()[1].tolist()  # noqa: NPY002
