"""Noise on hidden layers: its formula, autograd with the same draws, its mean and variance."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from tests.engine import plain
from tests.engine.population import bits, made_up, of, trained

from mlplab.data import load_task, task_from_arrays
from mlplab.engine import drop_connect_each, plan_cost
from mlplab.engine.drop_connect_each import DropConnectEach
from mlplab.engine.dropout import Dropout
from mlplab.engine.feed import Feed
from mlplab.engine.hidden_noise import HiddenNoise
from mlplab.engine.kernels import products
from mlplab.engine.native.coverage import is_available, is_native, outside
from mlplab.engine.noise import KeyedNoise
from mlplab.engine.order import order
from mlplab.engine.program import program_of
from mlplab.engine.sharing import Group, Spread
from mlplab.engine.tensors import TaskTensors
from mlplab.errors import ConfigError
from mlplab.specs import MLP, SGD, Adam, Fit

NOISES = ("gaussian", "uniform", "multiplicative", "dropout-before", "drop-connect",
          "drop-connect-each")  # fmt: skip
NORMS = ("none", "batch", "layer")
DOUBLE = {"epochs": 3, "batch_size": 16, "dtype": "float64", "last_batch": "keep"}


def noisy(noise, strength=0.3, hidden=(9, 7), **fields):
    return MLP(hidden=hidden, noise=noise, noise_strength=strength, **fields)


class TestAgainstAutograd:
    @pytest.mark.parametrize("norm", NORMS)
    @pytest.mark.parametrize("noise", NOISES)
    @pytest.mark.parametrize("activation", ["relu", "gelu", "prelu:0.1,unit"])
    def test_a_training_with_the_same_draws_is_the_same(self, noise, norm, activation):
        task = made_up(n=53, features=6)
        net = noisy(noise, (0.2, 0.6), norm=norm, activation=activation)
        run = of(task, net=net, optim=SGD(lr=0.1), seed=3, fit=Fit(**DOUBLE))
        assert_as_plain(run, task)

    @pytest.mark.parametrize("noise", NOISES)
    def test_dropout_comes_after_it(self, noise):
        task = made_up(n=53, features=6)
        net = noisy(noise, dropout=0.4, activation="tanh")
        assert_as_plain(of(task, net=net, optim=Adam(lr=0.01), seed=3, fit=Fit(**DOUBLE)), task)

    @pytest.mark.parametrize("noise", NOISES)
    def test_in_single_precision(self, noise):
        task = made_up(n=53, features=6)
        fit = Fit(**(DOUBLE | {"dtype": "float32"}))
        run = of(task, net=noisy(noise), optim=SGD(lr=0.1), seed=3, fit=fit)
        assert_as_plain(run, task, rtol=1e-3, atol=1e-4)


def assert_as_plain(run, task, rtol=1e-9, atol=1e-10):
    done = trained([run], task)[run.key]
    reference = plain.train_plainly(run, task)
    history = done.outcome.history
    assert history["train_loss"] == pytest.approx(reference.losses, rel=rtol, abs=atol)
    plain.assert_same_weights(done.weights, reference, rtol=rtol, atol=atol)


class TestMoments:
    """By simulation, within five standard errors of a fixed seed's draws."""

    N_STEPS, WIDTH = 60, 50

    def outputs(self, noise, h, strength):
        """What the next layer sees of a constant h, over steps, units and examples."""
        task = made_up(n=256, features=4)
        net = noisy(noise, strength, hidden=(self.WIDTH,))
        run = of(task, net=net, fit=Fit(batch_size=256, dtype="float64"))
        program = program_of(run, task, 256)
        made = HiddenNoise(program, 1, Spread([Group(0, 1, 5)], 1))
        made.begin_epoch([run], {5})
        values = torch.full((1, self.WIDTH, program.lanes), h, dtype=torch.float64)
        steps = range(self.N_STEPS)
        return torch.cat([made.forward(0, values, [(5, step)]).flatten().clone() for step in steps])

    @pytest.mark.parametrize(
        ("noise", "mean", "variance"),
        [
            ("gaussian", 2.0, 0.25),
            ("uniform", 2.25, 0.25 / 12),
            ("multiplicative", 2.0, 0.25 * 4),
        ],
    )
    def test_are_those_of_the_formula(self, noise, mean, variance):
        seen = self.outputs(noise, 2.0, 0.5)
        n = len(seen)
        assert abs(float(seen.mean()) - mean) < 5 * math.sqrt(variance / n)
        # A normal sample's variance has the largest standard error of the three.
        assert abs(float(seen.var()) - variance) < 5 * variance * math.sqrt(2 / n)

    def test_a_rate_of_dropout_has_its_multiplicative_twin(self):
        rate = 0.2
        seen = self.outputs("multiplicative", 1.0, math.sqrt(rate / (1 - rate)))
        mask = plain.dropout_mask(5, 0, 0, (64_000, 8), rate)
        assert float(seen.var()) == pytest.approx(float(mask.var()), rel=0.02)


@pytest.mark.skipif(not is_available(), reason="no compiled loops")
class TestCompiled:
    """What stacks take from the compiled loops has the bits of numpy and torch."""

    @pytest.mark.parametrize("places", [[(5, 0)], [(2**70, 3), (-1, 3), (5, 9)], [(5, 2, 7)]])
    def test_words_are_those_of_numpy(self, places):
        ours, numpys = KeyedNoise(), KeyedNoise()
        numpys._compiled = None
        assert ours._compiled is not None
        drawn = [one.draw(places, 2, 9, 48).clone() for one in (ours, numpys)]
        assert torch.equal(*drawn)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("before", [True, False])
    def test_masks_and_products_are_those_of_torch(self, before, dtype):
        task = made_up(n=61, features=6)
        rates = [(0.0,), (0.2,), (0.999999,), (0.5,), (0.3,)]
        name = {"noise": "dropout-before", "noise_strength": 0.1} if before else {"dropout": 0.1}
        runs = [
            of(task, net=MLP(hidden=(37,), **name), fit=Fit(batch_size=61, dtype=dtype))
            for _ in rates
        ]
        field = "noise_strength" if before else "dropout"
        runs = [run.with_value(f"net.{field}", p) if p[0] else None
                for run, p in zip(runs, rates, strict=True)]  # fmt: skip
        program = program_of(runs[1], task, 61)
        groups = [Group(0, 2, 5), Group(2, 5, 6)]
        found = []
        for compiled in (True, False):
            kept = torch.float64
            made = Dropout(program, 5, Spread(groups, 5), kept, before=before)
            made._compiled = made._compiled if compiled else None
            made.begin_epoch(runs, {5, 6})
            h = torch.linspace(-1, 2, 5 * 37 * 64, dtype=kept).view(5, 37, 64).to(made._dtype)
            found.append((made.forward(0, h, [(5, 1), (6, 1)]), made._masks[0]))
        for one, other in zip(*found, strict=True):
            assert torch.equal(one, other)
            assert torch.equal(one.signbit(), other.signbit())


class TestDropConnectForEachExample:
    def one_step(self, task, noise, n, lr=0.1, **fields):
        """A run of a single step on n examples."""
        fit = Fit(epochs=1, batch_size=n, dtype="float64", test="never", last_batch="keep")
        net = noisy(noise, (0.2, 0.6), activation="tanh", **fields)
        return of(task, net=net, optim=SGD(lr=lr), seed=3, fit=fit)

    def test_products_have_the_moments_of_the_formula_apart_for_each_example(self):
        """Sums of one layer over many steps, for a batch whose examples are all the same."""
        rate, n_steps, n = 0.3, 300, 16
        rng = np.random.default_rng(0)
        task = task_from_arrays(np.repeat(rng.normal(size=(1, 5)), n, 0), np.zeros(n))
        fit = Fit(epochs=1, batch_size=n, dtype="float64")
        net = MLP(hidden=(4,), noise="drop-connect-each", noise_strength=rate)
        run = of(task, net=net, fit=fit)
        program = program_of(run, task, n)
        weight = torch.zeros(1, 4, program.padded_widths[0], dtype=torch.float64)
        weight[0, :, :5] = torch.from_numpy(rng.normal(size=(4, 5)))
        made = products("loop")
        groups = [Group(0, 1, 7)]
        data = TaskTensors(task, torch.float64, program.padded_widths[0], torch.device("cpu"))
        feed = Feed(program, 1, 0, data, torch.float64)
        feed.begin_epoch([torch.arange(n)], 0)
        feed.take(n)
        each = DropConnectEach(program, [weight, torch.zeros(1)], groups, feed, made, torch.float64)
        each.begin_epoch([run], {7})
        sums = torch.zeros(n_steps, 4, n, dtype=torch.float64)
        for step in range(n_steps):
            each.begin_step([(7, step)])
            each.forward(0, None, sums[step : step + 1], n)
        x = torch.from_numpy(np.float64(task.inputs[0]))
        mean = weight[0, :, :5] @ x
        variance = rate / (1 - rate) * (weight[0, :, :5] ** 2) @ (x**2)
        drawn = sums.transpose(1, 2).flatten(0, 1)
        error = (drawn.mean(0) - mean).abs() / (variance / len(drawn)).sqrt()
        assert error.max() < 5
        torch.testing.assert_close(drawn.var(0), variance, rtol=0.1, atol=0)
        # Equal examples: under one mask for all of them the correlation would be 1.
        first, second = (sums - mean[None, :, None])[:, :, :2].unbind(2)
        correlation = (first * second).mean(0) / variance
        assert correlation.abs().max() < 5 / math.sqrt(n_steps)

    def test_a_batch_of_one_is_that_of_one_mask(self):
        task = made_up("regression", n=1, n_test=0, features=6)
        runs = [self.one_step(task, noise, 1) for noise in ("drop-connect", "drop-connect-each")]
        one, each = (plain.unpack_layers(trained([run], task)[run.key].weights) for run in runs)
        for a, b in zip(one, each, strict=True):
            torch.testing.assert_close(a.weight, b.weight, rtol=1e-12, atol=1e-14)
            torch.testing.assert_close(a.bias, b.bias, rtol=1e-12, atol=1e-14)

    def test_more_examples_do_not(self):
        task = made_up(n=9, n_test=0, features=6)
        runs = [self.one_step(task, noise, 9) for noise in ("drop-connect", "drop-connect-each")]
        one, each = (trained([run], task)[run.key].outcome.history["train_loss"] for run in runs)
        assert one != pytest.approx(each, rel=1e-6)

    @pytest.mark.parametrize("floats", [1, 1000])
    def test_how_many_are_drawn_at_a_time_changes_no_draw(self, floats, monkeypatch):
        task = made_up(n=53, features=6)
        run = of(task, net=noisy("drop-connect-each", dropout=0.4), fit=Fit(**DOUBLE), seed=3)
        before = plain.unpack_layers(trained([run], task)[run.key].weights)
        monkeypatch.setattr(drop_connect_each, "_FLOATS", floats)
        assert drop_connect_each.examples_at_once(16, 9, 16) == (4 if floats == 1000 else 1)
        for a, b in zip(before, plain.unpack_layers(trained([run], task)[run.key].weights),
                        strict=True):  # fmt: skip
            torch.testing.assert_close(a.weight, b.weight, rtol=1e-10, atol=1e-12)

    def test_runs_of_one_seed_share_what_is_drawn_and_no_bit(self):
        """Rates, and arms that differ in data: two groups of one place."""
        tasks = made_up(n=61, features=6, valid=7)
        runs = [
            of(tasks, net=noisy("drop-connect-each", rate), optim=SGD(lr=lr), seed=2, rows=rows,
               fit=Fit(epochs=2, batch_size=13))
            for rate in (0.3, 0.5) for lr in (0.1, 0.3)
            for rows in ({"kind": "first", "n": 54}, {"kind": "seed"})
        ]  # fmt: skip
        among = trained(runs, tasks)
        for run in runs:
            assert bits(trained([run], tasks)[run.key]) == bits(among[run.key])

    def test_it_clips_as_autograd_does(self):
        task = made_up(n=53, features=6)
        fit = Fit(**DOUBLE, measures=("grad_norm",))
        optim = SGD(lr=0.1, clip_norm=0.5)
        assert_as_plain(of(task, net=noisy("drop-connect-each"), optim=optim, fit=fit), task)

    def test_its_cost_is_foreseen(self):
        task = load_task("digits")
        plainly, each = (
            plan_cost([of(task, net=net, fit=Fit(epochs=10))], task).seconds
            for net in (MLP(hidden=(256,), norm="layer"),
                        noisy("drop-connect-each", hidden=(256,), norm="layer"))
        )  # fmt: skip
        assert each > 5 * plainly


class TestLimits:
    @pytest.mark.parametrize("noise", NOISES)
    def test_no_strength_is_no_noise(self, noise):
        assert noisy(noise, 0.0) == MLP(hidden=(9, 7))
        assert noisy(noise, (0.0, 0.0)).canonical() == MLP(hidden=(9, 7)).canonical()

    @pytest.mark.parametrize("noise", NOISES)
    def test_a_layer_without_strength_is_left_as_it_is(self, noise):
        task = made_up(n=53, features=6)
        fit = Fit(**DOUBLE)
        one = of(task, net=noisy(noise, (0.0, 0.3), activation="tanh"), fit=fit)
        assert_as_plain(one, task)

    @pytest.mark.parametrize(
        ("activation", "rtol"),
        # A product of three numbers is rounded in another order where the slope is not 0 or 1.
        [("relu", 0), ("identity", 0), ("leaky-relu", 1e-12)],
    )
    def test_before_and_after_are_the_same_for_what_is_positively_homogeneous(
        self, activation, rtol
    ):
        task = made_up(n=53, features=6, valid=10)
        fit = Fit(epochs=3, batch_size=16, test="epoch", dtype="float64" if rtol else "float32")
        common = {"hidden": (20, 7), "activation": activation}
        # Stacks for both: compiled loops train dropout alone, in another order of sums.
        before = noisy("dropout-before", (0.2, 0.5), norm="none", **common)
        after = MLP(dropout=(0.2, 0.5), **common)
        tiny = {"noise": "gaussian", "noise_strength": 1e-300}
        found = [
            trained([run], task)[run.key]
            for run in (of(task, net=before, fit=fit), of(task, net=after.replace(**tiny), fit=fit))
        ]
        weights = [plain.unpack_layers(one.weights) for one in found]
        for a, b in zip(*weights, strict=True):
            torch.testing.assert_close(a.weight, b.weight, rtol=rtol, atol=0)
            torch.testing.assert_close(a.bias, b.bias, rtol=rtol, atol=0)
        first, second = (one.outcome.history["valid_loss"] for one in found)
        assert first == pytest.approx(second, rel=rtol, abs=0)

    def test_they_differ_for_what_is_not(self):
        task = made_up(n=53, features=6)
        nets = (
            noisy("dropout-before", 0.5, activation="sigmoid"),
            MLP(hidden=(9, 7), dropout=0.5, activation="sigmoid"),
        )
        runs = [of(task, net=net, fit=Fit(**DOUBLE)) for net in nets]
        a, b = (trained([run], task)[run.key].outcome.history["train_loss"] for run in runs)
        assert a != pytest.approx(b, rel=1e-6)

    @pytest.mark.parametrize("noise", NOISES)
    def test_scores_are_without_it(self, noise):
        task = made_up(n=64, n_test=0, valid=0.5)
        run = of(task, net=noisy(noise, 0.5), optim=SGD(lr=1e-60), seed=1,
                 fit=Fit(epochs=1, batch_size=8))  # fmt: skip
        history = trained([run], task)[run.key].outcome.history
        rows = task.split(1).valid
        z = plain.forward(run, plain.first_params(run, task), plain.inputs(run, task, rows))
        expected = plain.example_losses(run, task, z, rows).mean().detach()
        assert history["valid_loss"][0] == pytest.approx(float(expected), rel=1e-5)


class TestCompanions:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("noise", NOISES)
    def test_alone_is_among_forty_others(self, noise, dtype):
        task = made_up(n=61, features=6, valid=7)
        rng = np.random.default_rng(0)
        runs = [
            of(
                task,
                net=noisy(noise, tuple(rng.choice([0.0, 0.1, 0.5, 0.9], 2)) or 0.1,
                          hidden=(17, 5), dropout=float(rng.choice([0.1, 0.5]))),
                optim=SGD(lr=float(rng.choice([0.01, 0.3]))),
                fit=Fit(epochs=int(rng.integers(1, 4)), batch_size=13, dtype=dtype),
                seed=int(rng.integers(0, 9)),
            )
            for _ in range(48)
        ]  # fmt: skip
        runs = list({run.key: run for run in runs if run.net.noise != "none"}.values())
        among = trained(runs, task)
        assert len({program_of(run, task, 54) for run in runs}) == 1
        for run in runs[:: len(runs) // 6]:
            assert bits(trained([run], task)[run.key]) == bits(among[run.key])

    def test_arms_of_one_seed_see_the_same_draws(self):
        """The change that noise makes to a first step is linear in its strength."""
        task = made_up("regression", n=32, features=6, outputs=1)
        fit = Fit(epochs=1, batch_size=32, dtype="float64", test="never")

        def first_loss(strength):
            # A bare sum of hidden values: what noise adds, the output shows.
            net = noisy("gaussian", strength, hidden=(8,), activation="identity", init="constant:1")
            run = of(task, net=net, optim=SGD(lr=1e-60), seed=3, fit=fit)
            return trained([run], task)[run.key].outcome.history["train_loss"][0]

        losses = [first_loss(s) for s in (1.0, 2.0, 3.0, 4.0)]
        # A square of something linear has third differences of 0.
        assert np.diff(losses, 3)[0] == pytest.approx(0, abs=1e-9 * max(losses))


class TestTelling:
    def test_compiled_loops_leave_it_to_stacks(self):
        task = load_task("digits")
        run = of(task, net=noisy("gaussian"))
        assert not is_native(run, task)
        assert outside(run, task) == "gaussian noise is not in the compiled loops"

    @pytest.mark.parametrize(
        ("fields", "says"),
        [
            ({"noise": "gaussian"}, "noise: gaussian needs noise_strength, such as 0.1"),
            ({"noise": "dropout-before", "noise_strength": 1.0}, "rates below 1"),
            ({"noise": "gaussian", "noise_strength": -0.1}, "greater than or equal to 0"),
            ({"noise": "gaussian", "noise_strength": (0.1, 0.2, 0.3)}, "each of 2 hidden layers"),
            ({"noise": "gausian", "noise_strength": 0.1}, "noise: expected"),
        ],
    )
    def test_what_is_wrong_is_one_line(self, fields, says):
        with pytest.raises(ConfigError, match=says) as caught:
            MLP(hidden=(9, 7), **fields)
        assert "\n" not in str(caught.value)

    def test_a_kind_may_be_varied_with_none(self):
        net = noisy("gaussian", 0.3)
        assert net.replace(noise="none").canonical() == MLP(hidden=(9, 7)).canonical()

    def test_one_strength_follows_the_layers(self):
        run = of(load_task("digits"), net=noisy("gaussian", 0.3))
        assert run.with_value("net.hidden", (4,)).net.noise_strength == (0.3,)


RESIDUAL = {"hidden": (9, 9, 7, 7), "residual": True, "activation": "tanh"}


class TestResidualNetworks:
    @pytest.mark.parametrize("norm", NORMS)
    @pytest.mark.parametrize(
        "noise",
        [
            {},
            {"dropout": 0.3},
            {"noise": "stochastic-depth", "noise_strength": (0.0, 0.4, 0.9, 0.2)},
            {"noise": "stochastic-depth", "noise_strength": 0.3, "dropout": 0.2},
            {"noise": "multiplicative", "noise_strength": 0.3},
            {"noise": "dropout-before", "noise_strength": 0.3},
            {"noise": "drop-connect-each", "noise_strength": 0.3},
        ],
        ids=str,
    )
    def test_train_as_autograd_does(self, noise, norm):
        task = made_up(n=53, features=6)
        net = MLP(**RESIDUAL, norm=norm, **noise)
        fit = Fit(**DOUBLE, measures=("grad_norm",))
        assert_as_plain(of(task, net=net, optim=SGD(lr=0.1), fit=fit, seed=3), task)

    @pytest.mark.parametrize("norm", NORMS)
    def test_score_and_predict_alike(self, norm):
        from mlplab.engine.weights import predict

        task = made_up(n=64, valid=20)
        run = of(task, net=MLP(**RESIDUAL, norm=norm), fit=Fit(**DOUBLE), seed=3)
        done = trained([run], task)[run.key]
        rows = task.split(run.seed).valid
        outputs = torch.from_numpy(predict(run, done.weights, task.inputs[rows], task.input_scale))
        wanted = plain.example_losses(run, task, outputs, rows).mean()
        assert done.outcome.history["valid_loss"][-1] == pytest.approx(float(wanted), rel=1e-9)

    def test_a_branch_that_is_always_dropped_is_not_there(self):
        """With rate almost 1 every branch is dropped, and a layer gives what it was given."""
        task = made_up(n=53, features=6)
        fit = Fit(**(DOUBLE | {"epochs": 1}))
        optim = SGD(lr=1e-60)
        deep = MLP(hidden=(9, 9, 9), residual=True, noise="stochastic-depth",
                   noise_strength=(0.0, 1 - 1e-12, 1 - 1e-12))  # fmt: skip
        found = trained([run := of(task, net=deep, optim=optim, fit=fit)], task)[run.key]
        params = plain.first_params(run, task)
        rows = order_of(run, task)
        h = torch.relu(plain.inputs(run, task, rows) @ params[0][0].t())
        z = h @ params[3][0].t()
        wanted = plain.example_losses(run, task, z, rows).mean().detach()
        assert found.outcome.history["train_loss"][0] == pytest.approx(float(wanted), rel=1e-9)

    def test_zero_branches_make_it_shallow(self):
        """Branches that give 0 leave a network of one hidden layer."""
        task = made_up(n=53, features=6, valid=10)
        fit = Fit(**(DOUBLE | {"epochs": 1}))
        common = {"optim": SGD(lr=1e-60), "fit": fit, "seed": 2}
        whole = of(task, net=MLP(hidden=(9, 9), residual=True, activation="identity"), **common)
        done = trained([whole], task)[whole.key]
        layers = plain.unpack_layers(done.weights)
        x = plain.inputs(whole, task, task.split(2).valid)
        h = x @ layers[0].weight.t()
        z = (h @ layers[1].weight.t() + h) @ layers[2].weight.t()
        wanted = plain.example_losses(whole, task, z, task.split(2).valid).mean()
        assert done.outcome.history["valid_loss"][0] == pytest.approx(float(wanted), rel=1e-9)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_alone_is_among_forty_others(self, dtype):
        task = made_up(n=61, features=6, valid=7)
        runs = [
            of(task, net=MLP(**RESIDUAL, noise="stochastic-depth", noise_strength=rate),
               optim=SGD(lr=lr), fit=Fit(epochs=2, batch_size=13, dtype=dtype), seed=seed)
            for rate in (0.1, 0.5) for lr in (0.01, 0.3) for seed in range(11)
        ]  # fmt: skip
        among = trained(runs, task)
        assert len({program_of(run, task, 54) for run in runs}) == 1
        for run in runs[::9]:
            assert bits(trained([run], task)[run.key]) == bits(among[run.key])

    @pytest.mark.parametrize(
        ("fields", "says"),
        [
            ({"hidden": (9, 7)}, "residual: expected neighbouring hidden layers of one width"),
            ({"hidden": (9,)}, "residual: expected neighbouring"),
            (
                {"hidden": (9, 9), "residual": False, "noise": "stochastic-depth",
                 "noise_strength": 0.1},
                "stochastic-depth drops residual branches; give residual too",
            ),
        ],
    )  # fmt: skip
    def test_what_cannot_be_is_one_line(self, fields, says):
        with pytest.raises(ConfigError, match=says):
            MLP(**({"residual": True} | fields))


def order_of(run, task):
    """The rows of a run's first epoch."""
    return order(run.seed, 0, task.split(run.seed, run.rows).train)
