"""Every activation, norm, loss, optimiser and schedule = torch's autograd and torch.optim."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.engine import plain
from tests.engine.population import bits, made_up, of, trained

from mlplab.specs import LARS, MLP, SGD, Adam, AdamW, Fit, Lion, RMSprop, Run, Schedule

few = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))

ACTIVATIONS = (*plain.ACTS, "prelu", "prelu:0.1,unit", "prelu:-0.5")
NORMS = ("none", "batch", "layer")
LOSSES = ("absolute", "huber", "log-cosh", "squared")
SCHEDULES = (
    "polynomial:2,0.1",
    "warmup:2",
    "cosine:0.1,warmup=1.5",
    "one-cycle",
    "one-cycle:0.5,0.1,0.01",
    "plateau:0,0.5",
)


def assert_as_torch(run: Run, task, rtol: float = 1e-8, atol: float = 1e-9) -> None:
    done = trained([run], task)[run.key]
    reference = plain.train_plainly(run, task)
    history = done.outcome.history
    assert history["train_loss"] == pytest.approx(reference.losses, rel=rtol, abs=atol)
    if "grad_norm" in run.fit.measures:
        assert history["grad_norm"] == pytest.approx(reference.norms, rel=rtol, abs=atol)
    plain.assert_same_weights(done.weights, reference, rtol=rtol, atol=atol)


def in_double(**fields):
    return Fit(
        **({"epochs": 3, "batch_size": 16, "dtype": "float64", "last_batch": "keep"} | fields)
    )


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activations_and_norms(activation, norm):
    task = made_up(n=53, features=6)
    net = MLP(hidden=(9, 7), activation=activation, norm=norm)
    run = of(task, net=net, optim=SGD(lr=0.1), fit=in_double(measures=("grad_norm",)), seed=3)
    assert_as_torch(run, task)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    "optim",
    [
        SGD(lr=0.1, momentum=0.9, nesterov=True),
        SGD(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
        SGD(lr=0.1, clip_norm=0.3),
        SGD(lr=0.1, clip_value=0.02),
        SGD(lr=0.1, clip_value=0.05, clip_norm=0.2, momentum=0.9),
        RMSprop(lr=0.01),
        RMSprop(lr=0.01, alpha=0.9, eps=1e-4, weight_decay=0.1),
        Lion(lr=0.003),
        Lion(lr=0.003, betas=(0.5, 0.8), weight_decay=0.1),
        Adam(lr=0.01, clip_norm=0.3),
        AdamW(lr=0.01, weight_decay=0.1, clip_norm=0.3),
    ],
    ids=str,
)
def test_optimisers_with_norms_and_slopes(optim, norm):
    task = made_up(n=53, features=6)
    net = MLP(hidden=(9, 7), activation="prelu:0.25,unit", norm=norm)
    run = of(task, net=net, optim=optim, fit=in_double(measures=("grad_norm",)), seed=3)
    assert_as_torch(run, task, rtol=1e-6, atol=1e-7)


def test_the_fused_adam_moves_gains_and_slopes_too():
    task = made_up(n=53, features=60)
    net = MLP(hidden=(270,), activation="prelu", norm="batch", dropout=0.2)
    run = of(task, net=net, optim=Adam(lr=0.01, weight_decay=0.1), fit=in_double(), seed=3)
    assert_as_torch(run, task, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("kind", ["classification", "regression"])
@pytest.mark.parametrize("loss", LOSSES)
def test_losses(loss, kind):
    task = made_up(kind, n=53, features=6, outputs=3, weights="some")
    run = of(task, net=MLP(hidden=(9,)), optim=SGD(lr=0.3), seed=1,
             fit=in_double(loss=loss, huber_delta=0.4, measures=("grad_norm",)))  # fmt: skip
    assert_as_torch(run, task)


@pytest.mark.parametrize("smoothing", [0.1, 0.9])
def test_label_smoothing_trains_smoothed_and_scores_plainly(smoothing):
    task = made_up(n=53, features=6, valid=10)
    fit = in_double(label_smoothing=smoothing)
    run = of(task, net=MLP(hidden=(9,)), optim=SGD(lr=0.3), fit=fit, seed=1)
    assert_as_torch(run, task)
    history = trained([run], task)[run.key].outcome.history
    reference = plain.train_plainly(run, task)
    rows = task.split(run.seed).valid
    z = plain.forward(run, reference.params, plain.inputs(run, task, rows))
    unsmoothed = run.with_value("fit.label_smoothing", 0.0)
    wanted = float(plain.example_losses(unsmoothed, task, z, rows).mean().detach())
    assert history["valid_loss"][-1] == pytest.approx(wanted, rel=1e-9)


MOVERS = (SGD(lr=0.1), SGD(lr=0.1, momentum=0.9), Adam(), AdamW(), RMSprop())


@pytest.mark.parametrize("optim", MOVERS, ids=str)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules(schedule, optim):
    task = made_up(n=53, features=6)
    run = of(task, net=MLP(hidden=(9,)), optim=optim.replace(schedule=schedule), seed=1,
             fit=in_double(epochs=6))  # fmt: skip
    assert_as_torch(run, task, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("ema", [0.5, 0.99])
@pytest.mark.parametrize("norm", NORMS)
def test_weight_averaging(ema, norm):
    task = made_up(n=53, features=6)
    net = MLP(hidden=(9,), activation="prelu", norm=norm)
    run = of(task, net=net, optim=SGD(lr=0.3), fit=in_double(ema=ema), seed=1)
    assert_as_torch(run, task)


class TestPublishedSchedules:
    """The factors are those of torch.optim.lr_scheduler."""

    def rates(self, make, epochs, steps=1):
        parameter = torch.nn.Parameter(torch.zeros(1))
        optimiser = torch.optim.SGD([parameter], lr=1.0)
        scheduler = make(optimiser)
        out = []
        for _ in range(epochs * steps):
            out.append(optimiser.param_groups[0]["lr"])
            optimiser.step()
            scheduler.step()
        return out

    @given(st.integers(1, 20), st.floats(0.5, 3))
    def test_polynomial(self, epochs, power):
        ours = Schedule(kind="polynomial", power=power)
        theirs = self.rates(
            lambda o: torch.optim.lr_scheduler.PolynomialLR(o, epochs, power), epochs
        )
        assert [ours.factor(e, epochs) for e in range(epochs)] == pytest.approx(theirs, abs=1e-12)

    @given(st.integers(2, 6), st.integers(3, 9), st.floats(0.1, 0.9))
    def test_one_cycle(self, epochs, steps, peak):
        assume(peak * (epochs * steps + 1) > 1.5)  # torch divides by the length of the rise
        ours = Schedule(kind="one-cycle", peak=peak, start=0.04, final=4e-6)
        theirs = self.rates(
            lambda o: torch.optim.lr_scheduler.OneCycleLR(
                o, max_lr=1.0, total_steps=epochs * steps + 1, pct_start=peak
            ),
            epochs, steps,
        )  # fmt: skip
        # torch counts one step more than it takes.
        found = [ours._cycle(t, epochs * steps + 1) for t in range(epochs * steps)]
        assert found == pytest.approx(theirs, rel=1e-9, abs=1e-12)

    @given(st.lists(st.floats(0.1, 2.0), min_size=1, max_size=30), st.integers(0, 4))
    def test_plateau(self, losses, patience):
        optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimiser, factor=0.5, patience=patience, eps=0.0
        )
        ours = Schedule(kind="plateau", patience=patience, gamma=0.5)
        for epoch, loss in enumerate(losses):
            rate = optimiser.param_groups[0]["lr"]
            assert ours.factor(epoch, 99, losses) == pytest.approx(rate, rel=1e-12)
            theirs.step(loss)

    def test_warm_up_grows_linearly_to_full_strength(self):
        found = [f for e in range(4) for f in Schedule(warmup=2).factors(e, 4, 5)]
        assert found == pytest.approx([min(1, (t + 1) / 10) for t in range(20)])


class TestLimits:
    """Where a setting makes one thing another."""

    def histories(self, *runs, task):
        return [trained([run], task)[run.key] for run in runs]

    def same(self, one, other, task, tolerance=1e-6, **fit):
        made = [of(task, net=net, optim=optim, fit=in_double(**fit)) for net, optim in (one, other)]
        first, second = self.histories(*made, task=task)
        assert first.outcome.history["train_loss"] == pytest.approx(
            second.outcome.history["train_loss"], rel=tolerance
        )

    @pytest.mark.parametrize(("slope", "like"), [(0.0, "relu"), (1.0, "identity")])
    def test_prelu_at_its_ends(self, slope, like):
        # One epoch of one step: the slope is learned from then on.
        task = made_up(n=16)
        one = MLP(hidden=(9, 5), activation=f"prelu:{slope}"), SGD(lr=0.1)
        self.same(one, (MLP(hidden=(9, 5), activation=like), SGD(lr=0.1)), task, epochs=1)

    def test_leaky_relu_at_its_ends(self):
        task = made_up(n=40)
        for slope, like in ((0.0, "relu"), (1.0, "identity")):
            one = MLP(hidden=(9, 5), activation=f"leaky-relu:{slope}"), SGD(lr=0.1)
            self.same(one, (MLP(hidden=(9, 5), activation=like), SGD(lr=0.1)), task)

    def test_huber_of_a_large_delta_is_half_the_squares(self):
        task = made_up("regression", n=40)
        runs = [
            of(task, net=MLP(hidden=(9,)), optim=SGD(lr=lr),
               fit=in_double(loss=loss, huber_delta=1e6))
            for loss, lr in (("huber", 0.1), ("squared", 0.05))
        ]  # fmt: skip
        huber, squared = self.histories(*runs, task=task)
        halves = [loss / 2 for loss in squared.outcome.history["train_loss"]]
        assert huber.outcome.history["train_loss"] == pytest.approx(halves, rel=1e-9)

    def test_averaging_with_decay_0_is_the_last_weights(self):
        task = made_up(n=40, valid=10)
        net, optim = MLP(hidden=(9,)), SGD(lr=0.1)
        runs = [of(task, net=net, optim=optim, fit=in_double(ema=ema)) for ema in (1e-14, 0.0)]
        almost, last = self.histories(*runs, task=task)
        for name in ("train_loss", "valid_loss"):
            found, wanted = almost.outcome.history[name], last.outcome.history[name]
            assert found == pytest.approx(wanted, rel=1e-9)

    def test_averaging_does_not_change_the_training_itself(self):
        task = made_up(n=40, valid=10)
        net, optim = MLP(hidden=(9,), norm="batch"), Adam(lr=0.05)
        runs = [of(task, net=net, optim=optim, fit=in_double(ema=ema)) for ema in (0.9, 0.0)]
        averaged, last = self.histories(*runs, task=task)
        assert averaged.outcome.history["train_loss"] == last.outcome.history["train_loss"]
        assert averaged.outcome.history["valid_loss"] != last.outcome.history["valid_loss"]

    def test_bounds_that_are_never_reached_change_nothing(self):
        task = made_up(n=40)
        net = MLP(hidden=(9,))
        for optim in (SGD(lr=0.1), SGD(lr=0.1, momentum=0.9), Adam(), LARS()):
            self.same((net, optim), (net, optim.replace(clip_norm=1e9)), task, tolerance=1e-12)


class TestLARS:
    @pytest.mark.parametrize("decay", [0.0, 0.05])
    def test_it_is_the_papers_algorithm(self, decay):
        """With the rate that falls with the square of what is left, as the paper has it."""
        task = made_up(n=53, features=6)
        optim = LARS(lr=2.0, trust=0.05, momentum=0.9, weight_decay=decay,
                     schedule="polynomial:2,0")  # fmt: skip
        run = of(task, net=MLP(hidden=(9, 7)), optim=optim, fit=in_double(epochs=5), seed=1)
        assert_as_torch(run, task)

    def test_one_step_moves_each_layer_by_its_share(self):
        task = made_up(n=32)
        run = of(task, net=MLP(hidden=(9, 5)), optim=LARS(lr=0.5, trust=0.02, momentum=0.0),
                 fit=in_double(epochs=1, batch_size=32))  # fmt: skip
        blob = trained([run], task)[run.key].weights
        before = [w.detach() for w, _ in plain.first_params(run, task)]
        for layer, old in zip(plain.unpack_layers(blob), before, strict=True):
            moved = (layer.weight - old).norm() / old.norm()
            assert float(moved) == pytest.approx(0.5 * 0.02, rel=1e-9)

    @pytest.mark.parametrize("scale", [1e-3, 1e3])
    def test_the_scale_of_the_loss_does_not_matter(self, scale):
        """Targets and outputs scaled together scale every gradient; LARS moves the same way."""
        task = made_up("regression", n=32, outputs=1)
        run = of(task, net=MLP(hidden=()), optim=LARS(momentum=0.9, weight_decay=0.0),
                 fit=in_double(epochs=1, batch_size=32, loss="squared"))  # fmt: skip
        larger = task._with(weights=None, targets=task.targets * scale, _content=None)
        one = trained([run], task)[run.key].weights
        start = [w.detach() for w, _ in plain.first_params(run, task)]
        again = run.replace(task=of(larger).task, net=run.net)
        other = trained([again], larger)[again.key].weights
        for a, b, old in zip(
            plain.unpack_layers(one), plain.unpack_layers(other), start, strict=True
        ):
            assert float((a.weight - old).norm()) == pytest.approx(float((b.weight - old).norm()))

    def test_a_matrix_of_zeros_moves_at_the_plain_rate(self):
        task = made_up(n=32)
        common = {"net": MLP(hidden=(), init="zeros"), "fit": in_double(epochs=1, batch_size=32)}
        lars = of(task, optim=LARS(lr=0.3, momentum=0.0), **common)
        sgd = of(task, optim=SGD(lr=0.3), **common)
        found = [plain.unpack_layers(trained([run], task)[run.key].weights) for run in (lars, sgd)]
        torch.testing.assert_close(found[0][0].weight, found[1][0].weight)


class TestNorms:
    def test_rows_of_a_layer_norm_have_mean_0_and_variance_1(self):
        from mlplab.engine.norms import LayerNorm

        norm = LayerNorm(2, 50, 16, torch.zeros(2, 50, dtype=torch.float64))
        z = torch.randn(2, 50, 16, dtype=torch.float64) * 3 + 5
        norm.forward(z, 16)
        torch.testing.assert_close(z.mean(1), torch.zeros(2, 16, dtype=torch.float64))
        torch.testing.assert_close(
            z.square().mean(1), torch.ones(2, 16, dtype=torch.float64), rtol=1e-4, atol=1e-4
        )

    def test_batch_norm_scores_by_running_statistics(self):
        task = made_up(n=60, valid=20)
        net = MLP(hidden=(9, 7), norm="batch", activation="tanh")
        run = of(task, net=net, optim=SGD(lr=0.3), fit=in_double(epochs=2))
        done = trained([run], task)[run.key]
        reference = plain.train_plainly(run, task)
        rows = task.split(run.seed).valid
        x = plain.inputs(run, task, rows)
        z = plain.forward(run, reference.params, x, None, reference.further, training=False)
        wanted = float(plain.example_losses(run, task, z, rows).mean().detach())
        assert done.outcome.history["valid_loss"][-1] == pytest.approx(wanted, rel=1e-8)

    @pytest.mark.parametrize("size", [1, 2])
    def test_a_batch_of_one_is_no_error(self, size):
        task = made_up(n=21)
        run = of(task, net=MLP(hidden=(4,), norm="batch"), fit=in_double(batch_size=size))
        losses = trained([run], task)[run.key].outcome.history["train_loss"]
        assert all(math.isfinite(loss) for loss in losses)


@st.composite
def rich_runs(draw):
    task = made_up(
        n=draw(st.sampled_from([20, 33])),
        features=draw(st.sampled_from([3, 17, 40])),
        valid=draw(st.sampled_from([5, 7])),
        seed=draw(st.integers(0, 9)),
    )
    static = {
        "hidden": tuple(draw(st.lists(st.sampled_from([1, 3, 8, 16, 33]), min_size=1, max_size=3))),
        "activation": draw(st.sampled_from(ACTIVATIONS)),
        "norm": draw(st.sampled_from(NORMS)),
    }
    kind = draw(
        st.sampled_from([SGD(), SGD(momentum=0.9, nesterov=True), RMSprop(), LARS(), Adam()])
    )
    clip = draw(st.sampled_from([0.0, 0.5]))
    fit = {
        "batch_size": draw(st.sampled_from([2, 5, 13])),
        "last_batch": draw(st.sampled_from(["keep", "drop"])),
        "loss": draw(st.sampled_from(["auto", "huber", "absolute", "log-cosh"])),
    }
    drops = draw(st.booleans())
    ema = draw(st.sampled_from([0.0, 0.9]))
    runs = []
    for _ in range(draw(st.integers(2, 7))):
        smoothing = draw(st.sampled_from([0.1, 0.3])) if fit["loss"] == "auto" else 0.0
        net = MLP(**static, dropout=draw(st.sampled_from([0.1, 0.5])) if drops else ())
        optim = kind.replace(
            lr=draw(st.sampled_from([0.001, 0.1, 1e6])),
            clip_norm=clip and draw(st.sampled_from([0.1, 1.0])),
            schedule=draw(st.sampled_from(("constant", *SCHEDULES))),
        )
        own = Fit(**fit, label_smoothing=smoothing, ema=ema and draw(st.sampled_from([0.5, 0.9])),
                  epochs=draw(st.sampled_from([1, 2, 4])), patience=draw(st.sampled_from([0, 1])),
                  test=draw(st.sampled_from(["never", "end", "epoch"])))  # fmt: skip
        runs.append(of(task, net=net, optim=optim, fit=own, seed=draw(st.integers(0, 3))))
    return task, list({run.key: run for run in runs}.values())


@few
@given(rich_runs(), st.sampled_from([None, 1, 3]))
def test_alone_is_among_whatever_the_words(drawn, slots):
    task, runs = drawn
    among = trained(runs, task, slots=slots)
    for run in runs:
        assert bits(trained([run], task)[run.key]) == bits(among[run.key])
