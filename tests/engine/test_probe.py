"""Probes: what they record, and that nothing else of a run changes."""

from __future__ import annotations

import math

import pytest
from tests.engine import made_modules, plain  # noqa: F401
from tests.engine.population import bits, made_up, of, trained
from tests.engine.test_checkpoints import train_with_stops

import mlplab as ml
from mlplab.data import load_task
from mlplab.engine.measures import PROBED
from mlplab.engine.native.coverage import is_native
from mlplab.engine.probe import probed_steps
from mlplab.errors import ConfigError
from mlplab.specs import MLP, SGD, Adam, AdamW, Fit

pytestmark = pytest.mark.filterwarnings("error::UserWarning")

HIDDEN = (9, 7)
NAMES = {f"{name}_{layer}" for name in PROBED for layer in (1, 2)}
COMPILED = {"net": MLP(hidden=HIDDEN, dropout=0.3), "optim": Adam(lr=0.01)}
KINDS = {
    "compiled": COMPILED,
    "compiled, with patience": COMPILED | {"fit": {"patience": 2}},
    "clipped": {"net": MLP(hidden=HIDDEN), "optim": SGD(lr=0.1, clip_norm=0.5)},
    "batch norm, running means": {
        "net": MLP(hidden=HIDDEN, norm="batch", dropout=0.3),
        "optim": AdamW(lr=0.01),
        "fit": {"ema": 0.9, "label_smoothing": 0.1, "mixup": 0.3},
    },
    "residual, noise": {
        "net": MLP(hidden=(8, 8), residual=True, noise="gaussian", noise_strength=0.2),
        "optim": SGD(lr=0.1, momentum=0.9),
        "fit": {"input_noise": "gaussian", "input_strength": 0.3},
    },
    "layer norm": {"net": MLP(hidden=HIDDEN, norm="layer", noise="drop-connect",
                              noise_strength=0.2), "optim": SGD(lr=0.1)},
}  # fmt: skip

PLAIN = [
    kind
    for kind, fields in KINDS.items()
    if not {"mixup", "input_noise"} & {*fields.get("fit", {})}
]


def run_of(task, kind, probes, seed=3, **fields):
    settings = {"epochs": 4, "batch_size": 16, "last_batch": "keep"} | fields
    rest = {name: value for name, value in KINDS[kind].items() if name != "fit"}
    fit = Fit(**(settings | KINDS[kind].get("fit", {})), probes=probes)
    return of(task, **rest, seed=seed, fit=fit)


def looks(outcome):
    return {name: list(outcome.history[name]) for name in outcome.history if name in NAMES}


class TestValues:
    @pytest.mark.parametrize("probes", [1, 3])
    @pytest.mark.parametrize("kind", PLAIN)
    def test_are_those_of_autograd(self, kind, probes):
        task = made_up(n=53, features=6, valid=10)
        run = run_of(task, kind, probes, dtype="float64")
        found = looks(trained([run], task)[run.key].outcome)
        assert set(found) == NAMES
        reference = plain.train_plainly(run, task)
        n_steps = -(-43 // 16)
        for name, by_epoch in reference.looks.items():
            steps = probed_steps(probes, n_steps)
            means = [math.fsum(of_one[s] for s in steps) / len(steps) for of_one in by_epoch]
            assert found[name] == pytest.approx(means[: len(found[name])], rel=1e-9, abs=1e-10)

    def test_a_dead_layer_is_told(self):
        task = made_up(n=40, features=6)
        net = MLP(hidden=HIDDEN, init="zeros")
        run = of(task, net=net, fit=Fit(epochs=2, batch_size=16, probes=1))
        outcome = trained([run], task)[run.key].outcome
        assert list(outcome.history["dead_share_1"]) == [1.0, 1.0]
        assert list(outcome.history["activation_variance_1"]) == [0.0, 0.0]
        assert outcome.history["grad_norm_1"][0] == 0.0


class TestNothingElseChanges:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_run_has_the_bits_that_it_has_without(self, kind, dtype):
        task = made_up(n=53, features=6, valid=10)
        bare = run_of(task, kind, 0, dtype=dtype)
        without = bits(trained([bare], task)[bare.key])
        for probes in (1, 2, 99):
            run = run_of(task, kind, probes, dtype=dtype)
            assert is_native(run, task) == is_native(bare, task)
            assert run.key != bare.key
            one = bits(trained([run], task)[run.key])
            seen = {name for name in one["history"] if name in NAMES}
            assert seen == NAMES
            one["history"] = {n: v for n, v in one["history"].items() if n not in NAMES}
            assert one == without

    @pytest.mark.parametrize("kind", KINDS)
    def test_alone_is_among_others(self, kind):
        task = made_up(n=53, features=6, valid=10)
        runs = [run_of(task, kind, seed % 3, seed) for seed in range(23)]
        among = trained(runs, task)
        for run in runs[:4]:
            assert bits(trained([run], task)[run.key]) == bits(among[run.key])

    @pytest.mark.usefixtures("every_step")
    @pytest.mark.parametrize("kind", KINDS)
    def test_stopped_and_resumed_is_never_stopped(self, kind):
        task = made_up(n=53, features=6, valid=10)
        runs = [run_of(task, kind, seed % 4, seed) for seed in range(5)]
        whole = trained(runs, task)
        parts = train_with_stops(runs, task, [3, 1, 4, 2], [None, 2, 1, 3, None])
        assert {key: bits(one) for key, one in whole.items()} == {
            key: bits(one) for key, one in parts.items()
        }

    def test_a_run_that_diverges_has_looks_up_to_its_end(self):
        task = made_up(n=53, features=6)
        for net in (MLP(hidden=HIDDEN), MLP(hidden=HIDDEN, norm="layer")):
            run = of(task, net=net, optim=SGD(lr=1e30),
                     fit=Fit(epochs=5, batch_size=16, probes=2))  # fmt: skip
            outcome = trained([run], task)[run.key].outcome
            lengths = {len(outcome.history[name]) for name in outcome.history}
            assert lengths == {outcome.epochs}


class TestWhere:
    def test_a_linear_model_has_no_hidden_layers_to_look_at(self):
        task = made_up(n=40, features=6)
        for optim in (SGD(), SGD(clip_norm=1.0)):
            run = of(task, net=MLP(hidden=()), optim=optim, fit=Fit(epochs=2, probes=3,
                                                                    batch_size=16))  # fmt: skip
            history = trained([run], task)[run.key].outcome.history
            assert not any(name.startswith(PROBED) for name in history)

    def test_a_module_is_refused(self):
        task = made_up(n=40, features=6)
        run = of(task, net=ml.Module(name="twin-mlp"), fit=Fit(batch_size=16, probes=2))
        with pytest.raises(ConfigError, match=r"probes=2.*'twin-mlp'.*not known"):
            trained([run], task)

    def test_claims_may_be_about_them_and_frames_hold_them(self):
        task, vary = load_task("digits", valid=0.2), {"net.dropout": [0.0, 0.5]}
        base = ml.Run(net=MLP(hidden=(8, 8)), fit=Fit(epochs=2, probes=1))
        claim = ml.Difference(
            arm={"net.dropout": 0.5},
            baseline={"net.dropout": 0.0},
            metric="activation_variance_2",
            expect="higher",
            matters=1e-6,
        )
        experiment = ml.Experiment(task, base, vary=vary, seeds=3, claims=[claim])
        runs = experiment.run(store=":memory:", progress=False)
        assert set(runs.frame()) >= NAMES
        assert len(runs.verdicts()) == 1
        with pytest.raises(ConfigError, match="expected the key of a declared claim"):
            runs.verdict(claim)
        with pytest.raises(ConfigError, match="dead_share_3"):
            ml.Experiment(task, base, vary=vary, claims=[claim.replace(metric="dead_share_3")])


def test_steps_are_spread_from_the_first_one():
    assert probed_steps(4, 100) == (0, 25, 50, 75)
    assert probed_steps(7, 3) == (0, 1, 2)
