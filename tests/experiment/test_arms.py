from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.engine.modules.factory import register_module
from mlplab.errors import ConfigError
from mlplab.experiment import Experiment, folds
from mlplab.experiment.arms import ArmIndex, apply_factors, make_arms, product
from mlplab.specs import MLP, SGD, Adam, BestArm, Fit, Module, Run

values = st.lists(st.floats(0.001, 10, allow_nan=False), min_size=1, max_size=4, unique=True)


@settings(max_examples=15, deadline=None)
@given(rates=values, widths=st.lists(st.integers(1, 50), min_size=1, max_size=3, unique=True))
def test_the_design_is_the_product(rates: list[float], widths: list[int]) -> None:
    experiment = Experiment("digits", vary={"lr": rates, "hidden": widths})
    found = [(arm.run.optim.lr, arm.run.net.hidden) for arm in experiment.design]
    assert found == [(rate, (width,)) for rate in rates for width in widths]
    assert len({arm.label for arm in experiment.design}) == len(found)


@settings(max_examples=15, deadline=None)
@given(rates=values)
def test_permuting_the_levels_permutes_the_arms(rates: list[float]) -> None:
    forward = Experiment("digits", vary={"lr": rates}).design
    backward = Experiment("digits", vary={"lr": rates[::-1]}).design
    assert forward == backward[::-1]


def test_short_names_paths_and_whole_specs_mean_the_same_runs() -> None:
    short = Experiment("digits", vary={"lr": [0.2, 0.3]})
    path = Experiment("digits", vary={"optim.lr": [0.2, 0.3]})
    whole = Experiment("digits", vary={"optim": [SGD(lr=0.2), SGD(lr=0.3)]})
    assert short.design == path.design
    assert [arm.run for arm in whole.design] == [arm.run for arm in short.design]
    assert [arm.label for arm in whole.design] == ["optim=sgd(lr=0.2)", "optim=sgd(lr=0.3)"]


def test_a_whole_spec_may_be_varied_beside_a_field_inside_it() -> None:
    experiment = Experiment("digits", vary={"lr": [0.2, 0.3], "optim": [SGD(), Adam()]})
    assert [(arm.run.optim.kind, arm.run.optim.lr) for arm in experiment.design] == [
        ("sgd", 0.2),
        ("adam", 0.2),
        ("sgd", 0.3),
        ("adam", 0.3),
    ]


def test_layers_and_rates_of_dropout_may_change_together() -> None:
    base = Run(net=MLP(hidden=(8, 8), dropout=(0.1, 0.5)))
    run = apply_factors(base, {"net.dropout": (0.1, 0.2, 0.3), "net.hidden": (4, 4, 4)})
    assert run.net == MLP(hidden=(4, 4, 4), dropout=(0.1, 0.2, 0.3))


def test_an_order_of_factors_does_not_matter_for_the_run() -> None:
    row = {"net.hidden": (4, 4), "net.dropout": 0.2, "optim": Adam(), "optim.lr": 0.5}
    backward = dict(reversed(row.items()))
    assert apply_factors(Run(), row) == apply_factors(Run(), backward)


def test_single_arms_join_the_product_and_take_the_base_where_they_are_silent() -> None:
    experiment = Experiment(
        "digits", vary={"lr": [0.2, 0.3]}, arms=[{"lr": 0.2, "fit.last_batch": "keep"}]
    )
    assert [arm.label for arm in experiment.design] == [
        "lr=0.2 last_batch=drop",
        "lr=0.3 last_batch=drop",
        "lr=0.2 last_batch=keep",
    ]
    alone = Experiment("digits", arms=[{"lr": 0.2}, {"hidden": 8}])
    assert [arm.label for arm in alone.design] == ["lr=0.2 hidden=256", "lr=0.1 hidden=8"]


def test_without_factors_the_base_is_the_only_arm() -> None:
    (arm,) = Experiment("digits", Run(seed=5)).design
    assert (arm.label, arm.factors, arm.run) == ("base", {}, Run())


def test_equal_last_names_are_told_apart_by_their_paths() -> None:
    arms = make_arms(Run(), [{"net.init.kind": "he", "optim.schedule.kind": "cosine"}])
    assert arms[0].label == "net.init.kind=he optim.schedule.kind=cosine"


def test_folds_are_a_factor() -> None:
    experiment = Experiment("digits", vary={"rows": folds(3)}, seeds=2)
    assert [arm.run.rows.index for arm in experiment.design] == [0, 1, 2]
    assert len({arm.label for arm in experiment.design}) == 3


@pytest.mark.parametrize(
    "wanted", [{"lr": 0.3}, {"optim.lr": 0.3}, {"optim": SGD(lr=0.3)}, "lr=0.3", {"hidden": 256}]
)
def test_an_arm_is_found_by_whatever_makes_its_run(wanted: object) -> None:
    base = Run(optim=SGD(lr=0.3))
    arms = make_arms(base, product({"optim.lr": [0.2, 0.3]}))
    assert ArmIndex(arms, base).find(wanted) is arms[1]
    assert ArmIndex(arms, base).find(arms[1]) is arms[1]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"lr": 0.7}, r"arm 'optim.lr=0.7' is not in the design .*; arms: lr=0.2; lr=0.3"),
        ({}, "arm 'base' is not in the design"),
        ("lr=9", "arm 'lr=9' is not in the design"),
        ({"lrr": 0.2}, "no field 'lrr' in this run; did you mean 'lr'"),
        ({"lr": -1}, "lr: expected greater than 0; got -1"),
    ],
)
def test_an_arm_outside_the_design_is_refused(wanted: object, message: str) -> None:
    arms = make_arms(Run(), product({"optim.lr": [0.2, 0.3]}))
    with pytest.raises(ConfigError, match=message):
        ArmIndex(arms, Run()).find(wanted)


def test_every_arm_that_does_not_fit_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        Experiment("digits", vary={"lr": [-1, 0.1, -2]})
    assert "arm lr=-1: lr:" in str(caught.value)
    assert "arm lr=-2: lr:" in str(caught.value)


def test_arms_that_make_the_same_run_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"two arms are the same run: 'lr=0\.1' and 'lr=0\.1'"):
        Experiment("digits", vary={"lr": [0.1, 0.2, 0.1]})
    with pytest.raises(ConfigError, match="two arms are the same run: 'hidden=8'"):
        Experiment("digits", vary={"hidden": [8, (8,)]})
    with pytest.raises(ConfigError, match="two arms are the same run: 'epochs=10' and"):
        Experiment("digits", Run(fit=Fit(epochs=10)), {"epochs": [10, 20]}, arms=[{}])


@pytest.fixture
def worded() -> str:
    @register_module("worded-net")
    def worded_net(n_features, n_outputs, way="a", gain=1.0):
        raise AssertionError

    return "worded-net"


WAYS = ["a b", "ab", "a  b", "'a b'", "a,gain=2.0", "", "none", "a)", "(a"]


def test_words_that_differ_in_blanks_alone_are_different_arms(worded, fake, task) -> None:
    nets = [Module(name=worded, settings={"way": way}) for way in WAYS]
    for vary in ({"net": nets}, {"net.settings.way": WAYS}):
        base = Run(net=nets[0], fit=Fit(epochs=1, batch_size=8))
        experiment = Experiment(task, base, vary=vary, seeds=5)
        assert len({arm.label for arm in experiment.design}) == len(WAYS)
        fake.score = lambda run: WAYS.index(run.net.setting("way")) + run.seed / 10
        runs = experiment.run(":memory:", backend=fake.backend)
        values = runs.values("valid_accuracy")
        assert values.tolist() == [[place + seed / 10 for seed in range(5)] for place in range(9)]
        assert len(runs.failures()) == len(runs.summary("valid_accuracy")) == len(WAYS)
        frame = runs.frame(last=True)
        for name in ("arm", next(iter(vary))):
            assert frame.groupby(name)["valid_accuracy"].mean().nunique() == len(WAYS)
        effects = [v.effect for v in runs.compare(next(iter(vary)), "valid_accuracy")]
        assert effects == pytest.approx(list(range(1, 9)))
        assert runs.best("valid_accuracy").arm == experiment.design[-1]


def test_values_of_a_float_and_settings_as_mappings_keep_arms_apart() -> None:
    rates = [0.1234567, 0.12345671, 0.1 + 0.2, 0.3]
    experiment = Experiment("digits", vary={"lr": rates, "hidden": [np.int64(8), (8, 8)]})
    assert len({arm.label for arm in experiment.design}) == 8
    settings = [{"scale": 0.5, "kind": "normal"}, {"kind": "normal"}]
    labels = [arm.label for arm in Experiment("digits", vary={"init": settings}).design]
    assert labels == ["init=kind=normal,scale=0.5", "init=kind=normal"]


def test_two_arms_that_train_the_same_are_refused_however_they_are_written() -> None:
    for vary in ({"lr": [1, 1.0]}, {"hidden": [(8,), 8]}, {"fit.huber_delta": [1.0, 2.0]}):
        with pytest.raises(ConfigError, match="two arms are the same run"):
            Experiment("digits", vary=vary)


@pytest.mark.parametrize("n", [10, 40])
def test_declaring_and_finding_compare_no_two_arms(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    equal = Run.__eq__
    monkeypatch.setattr(Run, "__eq__", lambda a, b: compared.append(1) or equal(a, b))
    rates = [0.001 * (place + 1) for place in range(n)]
    best = BestArm(says="best", arm={"lr": rates[0]}, arms=tuple({"lr": rate} for rate in rates))
    experiment = Experiment("digits", vary={"lr": rates}, claims=[best])
    assert experiment.find({"lr": rates[-1]}) is experiment.design[-1]
    assert len(compared) <= 4 * n


def test_specs_that_many_arms_share_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    init = MLP.__init__
    monkeypatch.setattr(MLP, "__init__", lambda net, **data: (made.append(1), init(net, **data))[0])
    make_arms(Run(), product({"net.hidden": [4, 8], "optim.lr": [0.1 * k for k in range(1, 51)]}))
    assert len(made) == 2
