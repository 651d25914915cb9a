"""Metrics are what plain numpy says of predictions; histories are as long as the training."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from tests.engine import made_modules, plain  # noqa: F401  (registers modules)
from tests.engine.population import made_up, of, populations, trained

from mlplab.engine import measures as measures_module
from mlplab.engine import memory, metric, predict, train
from mlplab.engine.program import Program
from mlplab.errors import ConfigError
from mlplab.specs import MLP, SGD, Adam, Fit, Module

few = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """Metrics of one test are not those of the next."""
    monkeypatch.setattr(measures_module, "_MEASURES", {})


def expected_metrics(task, run, weights, rows) -> dict[str, object]:
    """Compute loss and accuracy or RMSE from predictions in float64, as far as those are known."""
    z = predict(run, weights, np.array(task.inputs[rows]), task.input_scale).astype(np.float64)
    y, unsure = task.targets[rows], 1e-5 * (1 + np.abs(z).max())
    classes = task.kind == "classification"
    rmse = math.sqrt(((z - (np.eye(task.n_outputs)[y] if classes else y)) ** 2).mean())
    expected = {"loss": pytest.approx(rmse**2, rel=1e-4, abs=unsure * (rmse + unsure))}
    if not classes:
        return expected | {"rmse": pytest.approx(rmse, rel=1e-4, abs=unsure)}
    if run.fit.loss != "squared":
        shifted = z - z.max(1, keepdims=True)
        losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(y)), y]
        expected = {"loss": pytest.approx(losses.mean(), rel=1e-4, abs=unsure)}
    first, second = np.sort(z, 1)[:, -1], np.sort(z, 1)[:, -2]
    close = ((first - second < unsure) & (first != second)).mean()
    right = (z.argmax(1) == y).mean()
    return expected | {"accuracy": pytest.approx(right, abs=close + 1e-9)}


@few
@given(populations(most=4))
def test_scores_are_what_numpy_says_of_predictions(population):
    task, runs = population
    for run in runs:
        done = trained([run], task)[run.key]
        if done.weights is None:
            continue
        outcome, split = done.outcome, task.split(run.seed, run.rows)
        parts = {"valid": split.valid} if len(split.valid) else {}
        if task.n_test and run.fit.test != "never":
            parts["test"] = task.test_rows("tests")
        for name, rows in parts.items():
            for metric_name, value in expected_metrics(task, run, done.weights, rows).items():
                assert outcome.last(f"{name}_{metric_name}") == value


def test_accuracy_is_exact_where_no_two_outputs_are_close():
    task = made_up(n=200, features=10, outputs=4, n_test=300)
    runs = [of(task, seed=s, optim=Adam(lr=0.01), fit=Fit(epochs=3, batch_size=16))
            for s in range(5)]  # fmt: skip
    rows = task.test_rows("tests")
    for key, done in trained(runs, task).items():
        run = next(run for run in runs if run.key == key)
        z = predict(run, done.weights, np.array(task.inputs[rows]), 1.0)
        right = z.argmax(1) == task.targets[rows]
        assert done.outcome.last("test_accuracy") == pytest.approx(right.mean(), abs=1e-12)
        kept = np.unpackbits(np.frombuffer(done.outcome.correct["test"], np.uint8))[: len(rows)]
        assert np.array_equal(kept.astype(bool), right)


@pytest.mark.parametrize("hidden", [(), (8,)])
def test_ties_count_as_argmax_says(hidden):
    # All logits are 0: argmax answers the first class, so a dead network is right on it only.
    task = made_up(n=90, outputs=3, n_test=45, valid=0.2)
    run = of(task, net=MLP(hidden=hidden, init="zeros"), optim=SGD(lr=1e-60), seed=2,
             fit=Fit(epochs=1, batch_size=8))  # fmt: skip
    outcome = trained([run], task)[run.key].outcome
    for split, rows in (("valid", task.split(2).valid), ("test", task.test_rows("tests"))):
        share = (task.targets[rows] == 0).mean()
        assert outcome.last(f"{split}_accuracy") == pytest.approx(share)
        assert outcome.last(f"{split}_loss") == pytest.approx(math.log(3))
    from mlplab.engine.order import order

    seen = order(2, 0, task.split(2).train)[: len(task.split(2).train) // 8 * 8]
    assert outcome.last("train_accuracy") == pytest.approx((task.targets[seen] == 0).mean())


def test_the_training_loss_is_the_mean_over_examples_not_over_batches():
    task = made_up("regression", n=20)
    run = of(task, net=MLP(hidden=(3,)), optim=SGD(lr=1e-60), fit=Fit(
        epochs=1, batch_size=16, last_batch="keep", dtype="float64"))  # fmt: skip
    outcome = trained([run], task)[run.key].outcome
    rows = task.split(0).train
    z = plain.forward(run, plain.first_params(run, task), plain.inputs(run, task, rows))
    losses = plain.example_losses(run, task, z, rows)
    assert outcome.last("train_loss") == pytest.approx(float(losses.mean().detach()), rel=1e-12)
    assert outcome.last("train_rmse") == pytest.approx(float(losses.mean().sqrt().detach()))


@few
@given(populations(most=5))
def test_histories_are_as_long_as_the_training(population):
    task, runs = population
    for done in trained(runs, task).values():
        outcome = done.outcome
        run = next(run for run in runs if run.key == outcome.key)
        if outcome.status == "finished":
            patience, most = run.fit.patience, run.fit.epochs
            assert outcome.epochs == most or (patience and patience < outcome.epochs < most)
        assert {len(values) for values in outcome.history.values()} == {outcome.epochs}
        names = {name.split("_")[0] for name in outcome.history} - {"grad"}
        wanted = {"train"} | ({"valid"} if task.split(run.seed, run.rows).valid.size else set())
        wanted |= {"test"} if task.n_test and run.fit.test != "never" else set()
        wanted |= {"rewinds"} if run.fit.rewinds else set()
        assert names == wanted
        assert ("grad_norm" in outcome.history) == ("grad_norm" in run.fit.measures)


def test_when_the_test_split_is_scored_and_looked_at():
    for test, known in (("never", 0), ("end", 1), ("epoch", 3)):
        task = made_up(n=40)
        run = of(task, fit=Fit(epochs=3, batch_size=8, test=test))
        history = trained([run], task)[run.key].outcome.history
        values = history.get("test_accuracy", ())
        assert sum(not math.isnan(value) for value in values) == known
        assert len(values) == (0 if test == "never" else 3)
        if test == "end":
            assert not math.isnan(values[-1])
        assert len(task.looks) == (0 if test == "never" else 1)


@pytest.mark.parametrize("optim", [SGD(lr=0.3), SGD(lr=0.3, momentum=0.9), Adam()], ids=str)
def test_the_gradient_norm_is_the_mean_of_autograds_norms(optim):
    task = made_up(n=40, weights="some")
    run = of(task, net=MLP(hidden=(6, 4), dropout=0.2), optim=optim, fit=Fit(
        epochs=3, batch_size=8, dtype="float64", measures=("grad_norm",)))  # fmt: skip
    history = trained([run], task)[run.key].outcome.history
    assert history["grad_norm"] == pytest.approx(plain.train_plainly(run, task).norms, rel=1e-8)


def test_asking_for_the_gradient_norm_changes_nothing_else():
    task = made_up(n=40)
    for optim in (SGD(), SGD(momentum=0.5), Adam()):
        runs = [of(task, optim=optim, fit=Fit(epochs=2, batch_size=8, measures=names))
                for names in ((), ("grad_norm",))]  # fmt: skip
        plain_one, measured = (trained([run], task)[run.key] for run in runs)
        assert plain_one.weights == measured.weights


class TestUsersMetrics:
    def test_they_see_targets_and_outputs(self):
        seen = []

        @metric("worst")
        def worst(targets, outputs):
            seen.append((targets, outputs))
            return float(np.abs(targets - outputs).max())

        task = made_up("regression", n=40, outputs=2, valid=0.25)
        fit = Fit(epochs=2, batch_size=8, measures=("worst",))
        run = of(task, optim=SGD(lr=0.01), fit=fit, seed=1)
        done = trained([run], task)[run.key]
        history = done.outcome.history
        rows = task.split(1).valid
        outputs = predict(run, done.weights, np.array(task.inputs[rows]))
        expected = np.abs(task.targets[rows] - outputs).max()
        assert history["valid_worst"][-1] == pytest.approx(expected, rel=1e-4)
        assert math.isnan(history["test_worst"][0])
        assert not math.isnan(history["test_worst"][1])
        # Twice on validation, once on test: no more than the spec allows; once more to see that it
        # repeats.
        assert [len(targets) for targets, _ in seen] == [10, 10, 10, 25]
        assert all(outputs.shape == (len(targets), 2) for targets, outputs in seen)

    def test_classes_come_as_ids(self):
        @metric("share_first")
        def share_first(targets, outputs):
            assert targets.ndim == 1
            assert outputs.shape == (len(targets), 3)
            return (outputs.argmax(1) == 0).mean()

        task = made_up(n=40)
        run = of(task, fit=Fit(epochs=1, batch_size=8, measures=("share_first",)))
        assert 0 <= trained([run], task)[run.key].outcome.last("test_share_first") <= 1

    def test_unknown_names_are_refused_before_anything_trains(self):
        task = made_up(n=40)
        good = of(task, fit=Fit(epochs=1, batch_size=8))
        bad = of(task, fit=Fit(epochs=1, batch_size=8, measures=("nope",)))
        with pytest.raises(ConfigError, match="no metric 'nope'; known: grad_norm"):
            next(train([good, bad], task))
        with pytest.raises(ConfigError, match="no metric 'nope'"):
            next(train([good, bad], task, measures={"other": lambda t, o: 0.0}))

    @pytest.mark.parametrize("name", ["loss", "accuracy", "rmse", "grad_norm", "two words", ""])
    def test_names_that_are_taken_are_refused(self, name):
        with pytest.raises(ConfigError, match="metric: expected a name"):
            metric(name)(lambda targets, outputs: 0.0)

    @pytest.mark.parametrize("function", [
        lambda targets, outputs: 1 / 0, lambda targets, outputs: None, lambda targets: 0.0,
    ])  # fmt: skip
    def test_one_that_fails_is_one_clear_line(self, function):
        metric("broken")(function)
        task = made_up(n=40)
        run = of(task, fit=Fit(epochs=1, batch_size=8, measures=("broken",)))
        with pytest.raises(ConfigError, match="metric 'broken' failed with") as caught:
            trained([run], task)
        assert "\n" not in str(caught.value)

    def test_a_diverged_run_has_none(self):
        metric("always_one")(lambda targets, outputs: 1.0)
        task = made_up("regression", n=40, valid=0.2)
        fit = Fit(epochs=3, batch_size=8, measures=("always_one",))
        run = of(task, optim=SGD(lr=1e30), fit=fit)
        outcome = trained([run], task)[run.key].outcome
        assert outcome.status == "diverged"
        assert math.isnan(outcome.last("valid_always_one"))


def subtracts(targets, outputs):
    outputs -= outputs.max(1, keepdims=True)
    return 0.0


def assigns(targets, outputs):
    outputs[0] = 1
    return 0.0


def changes_targets(targets, outputs):
    targets += 1
    return 0.0


def sorts(targets, outputs):
    outputs.sort()
    return 0.0


def writes_by_torch(targets, outputs):
    torch.from_numpy(outputs).zero_()
    return 0.0


def writes_targets_by_torch(targets, outputs):
    torch.from_numpy(targets).zero_()
    return 0.0


def unlocks(targets, outputs):
    outputs.flags.writeable = True
    outputs[:] = 0
    return 0.0


def unlocks_a_view(targets, outputs):
    view = outputs.reshape(-1)[1:]
    view.setflags(write=True)
    view[:] = 0
    return 0.0


class TestMetricsThatWrite:
    @pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")
    @pytest.mark.parametrize("net", [MLP(hidden=(4,)), Module(name="two-linear")], ids=str)
    @pytest.mark.parametrize("function", [
        subtracts, assigns, changes_targets, sorts, writes_by_torch, writes_targets_by_torch,
        unlocks, unlocks_a_view,
    ])  # fmt: skip
    def test_are_named_and_told_to_copy(self, function, net):
        metric("a_first")(function)
        metric("largest")(lambda targets, outputs: outputs.max())
        task = made_up(n=40)
        run = of(task, net=net, fit=Fit(epochs=1, batch_size=8, measures=("a_first", "largest")))
        with pytest.raises(ConfigError, match=r"metric 'a_first' writes .*outputs\.copy\(\)"):
            trained([run], task)

    def test_what_a_metric_does_to_its_copy_reaches_no_other(self):
        def hides(targets, outputs):
            with contextlib.suppress(ValueError):
                outputs += 1
            outputs = outputs.copy()
            outputs[:] = 7
            return 0.0

        metric("a_first")(hides)
        metric("largest")(lambda targets, outputs: outputs.max())
        task = made_up(n=40, valid=0.2)
        alone, among = (
            of(task, fit=Fit(epochs=2, batch_size=8, measures=names))
            for names in (("largest",), ("a_first", "largest"))
        )
        histories = [trained([run], task)[run.key].outcome.history for run in (alone, among)]
        for name in ("valid_largest", "test_largest"):
            assert histories[0][name] == histories[1][name]


@pytest.mark.parametrize("net", [MLP(hidden=(4,)), MLP(hidden=()), Module(name="two-linear")],
                         ids=str)  # fmt: skip
def test_portions_of_slots_change_nothing(net, monkeypatch):
    metric("largest")(lambda targets, outputs: outputs.max())
    task = made_up(n=40, valid=0.2)
    runs = [of(task, net=net, seed=s, fit=Fit(epochs=2, batch_size=8, measures=("largest",)))
            for s in range(11)]  # fmt: skip
    whole = trained(runs, task)
    monkeypatch.setattr(memory, "KEPT_BYTES", 1)
    for key, done in trained(runs, task).items():
        assert done.outcome.history == whole[key].outcome.history
        assert done.outcome.correct == whole[key].outcome.correct


def test_gathering_targets_step_by_step_changes_nothing(monkeypatch):
    task = made_up(n=40, valid=0.2)
    runs = [of(task, seed=s, fit=Fit(epochs=2, batch_size=8, last_batch="keep",
               measures=("grad_norm",))) for s in range(5)]  # fmt: skip
    at_once = trained(runs, task)
    monkeypatch.setattr(Program, "keeps_targets", False)
    for key, done in trained(runs, task).items():
        assert done.outcome.history == at_once[key].outcome.history
        assert done.weights == at_once[key].weights
