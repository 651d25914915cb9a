"""Activations, initialisations, schedules and optimisers that users bring, here and in workers."""

from __future__ import annotations

import pytest
import torch
from tests.engine import plain
from tests.engine.population import bits, ended, made_up, of, trained
from tests.execute import made_by_users  # noqa: F401  (registers them)
from torch.nn import functional

import mlplab as ml
from mlplab.errors import ConfigError
from mlplab.execute import execute
from mlplab.specs import MLP, SGD, Custom, Fit


def fit(**fields):
    return Fit(**({"epochs": 3, "batch_size": 16, "dtype": "float64"} | fields))


def last_loss(task, **fields):
    run = of(task, fit=fit(), seed=1, **fields)
    return trained([run], task)[run.key].outcome.history["train_loss"]


def test_an_activation_with_and_without_its_derivative():
    task = made_up(n=48)
    ours = last_loss(task, net=MLP(hidden=(9, 5), activation="users-tanh"))
    assert ours == pytest.approx(
        last_loss(task, net=MLP(hidden=(9, 5), activation="tanh")), rel=1e-9
    )
    run = of(task, net=MLP(hidden=(9, 5), activation="users-mish"), fit=fit(), seed=1)
    plain.ACTS["users-mish"] = functional.mish
    reference = plain.train_plainly(run, task)
    done = trained([run], task)[run.key]
    assert done.outcome.history["train_loss"] == pytest.approx(reference.losses, rel=1e-9)
    plain.assert_same_weights(done.weights, reference, rtol=1e-8, atol=1e-9)


def test_an_initialisation():
    task = made_up(n=48, features=400)
    run = of(
        task, net=MLP(hidden=(300,), init="users-laplace"), fit=fit(epochs=1), optim=SGD(lr=1e-9)
    )
    first = plain.unpack_layers(trained([run], task)[run.key].weights)[0].weight
    assert float(first.var()) == pytest.approx(2 / 400, rel=0.05)
    assert float((first**4).mean() / first.var() ** 2) == pytest.approx(6.0, rel=0.2)
    with pytest.raises(ConfigError, match="expected weights of shape"):
        last_loss(task, net=MLP(init="users-wrong"))


def test_a_schedule():
    task = made_up(n=48)
    run = of(task, optim=SGD(schedule="users-root"), net=MLP(hidden=(9,)), fit=fit(), seed=1)
    reference = plain.train_plainly(run, task)
    done = trained([run], task)[run.key]
    plain.assert_same_weights(done.weights, reference, rtol=1e-8, atol=1e-9)


def test_an_optimiser_with_settings_per_run():
    task = made_up(n=48)
    net = MLP(hidden=(9,), norm="batch", activation="prelu")
    for m in (0.9, 0.5):
        own = Custom(name="users-momentum", lr=0.05, settings={"m": m}, weight_decay=0.1)
        ours = last_loss(task, net=net, optim=own)
        torchs = last_loss(task, net=net, optim=SGD(lr=0.05, momentum=m, weight_decay=0.1))
        assert ours == pytest.approx(torchs, rel=1e-9)
    with pytest.raises(ConfigError, match="no setting 'beta'; known: m"):
        Custom(name="users-momentum", settings={"beta": 0.1})


def test_workers_have_them_too():
    task = made_up(n=90)
    runs = [
        of(task, net=MLP(hidden=(hidden,), activation="users-mish", init="users-laplace"),
           optim=Custom(name="users-momentum", schedule="users-root"), seed=seed, fit=fit())
        for hidden in (7, 9) for seed in (0, 1)
    ]  # fmt: skip
    here = ended(execute(runs, task, workers=1, keep_weights=True))
    there = ended(execute(runs, task, workers=2, keep_weights=True))
    assert {key: bits(one) for key, one in there.items()} == {
        key: bits(one) for key, one in here.items()
    }


def test_what_workers_cannot_import_trains_in_this_process():
    task = made_up(n=90)
    runs = [of(task, net=MLP(hidden=(h,), activation="users-square"), fit=fit()) for h in (3, 4)]
    assert len(ended(execute(runs, task, workers=2))) == 2


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MLP(activation="swirl"), "expected one of relu, .*got 'swirl'"),
        (lambda: ml.activation("relu")(torch.relu), "other than relu"),
        (lambda: ml.schedule("Two Words")(lambda e, n: 1.0), "lower-case name"),
        (lambda: ml.Init(kind="bernoulli"), "got 'bernoulli'"),
        (lambda: ml.SGD(schedule="sudden"), "got 'sudden'"),
        (
            lambda: ml.optimiser("odd")(lambda w, g: None),
            "expected the parameters weight, gradient",
        ),
        (lambda: MLP(init="uniform:2,1"), "expected low < high"),
        (lambda: MLP(activation="elu:-1"), "at least 0 as alpha"),
        (lambda: MLP(activation="prelu:0.2,row"), "slope per layer or unit; got 'row'"),
        (lambda: SGD(schedule="cosine:speed=3"), "no setting 'speed'"),
        (lambda: SGD(nesterov=True), "expected a momentum above 0"),
    ],
)
def test_mistakes_get_one_clear_line(make, message):
    with pytest.raises(ConfigError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
