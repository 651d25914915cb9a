"""Compiled loops: what stacks compute, bits without companions, checkpoints, threads."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.engine.kernel import call, in_order, words
from tests.engine.population import bits, ended, made_up, of, populations, trained

from mlplab.data import task_from_arrays
from mlplab.engine import Checkpointed, Ended, Progressed, predict, program, train
from mlplab.engine.native import portions
from mlplab.engine.native.coverage import CURVES, training_paths
from mlplab.engine.native.job import LANES
from mlplab.engine.order import order
from mlplab.engine.training import Splits, Training
from mlplab.specs import MLP, SGD, Adam, AdamW, Fit, Fold, Lion, Own, RMSprop
from mlplab.specs.keyed import philox, philox_key

NATIVE = True
few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def native_populations(most: int = 12):
    """Populations of which at least one run trains in compiled loops."""
    return populations(most).filter(
        lambda made: any(Training.begin(r, Splits(made[0])).program.native for r in made[1])
    )


def in_stacks(runs, task, **options):
    """Train without compiled loops."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program, "is_native", lambda *_: False)
        return trained(runs, task, **options)


class TestSameAsStacks:
    @pytest.mark.parametrize("kind", ["classification", "regression"])
    @pytest.mark.parametrize("hidden", [(), (9,), (17, 5)])
    @pytest.mark.parametrize(
        "optim",
        [
            SGD(lr=0.1),
            SGD(lr=0.05, momentum=0.9, weight_decay=0.01, schedule="cosine:warmup=1"),
            SGD(lr=0.05, momentum=0.5, nesterov=True, schedule="one-cycle"),
            Adam(lr=0.01, weight_decay=0.1, betas=(0.5, 0.9)),
            AdamW(lr=0.01, weight_decay=0.1, schedule="step:1,0.5"),
            SGD(lr=0.1, schedule="plateau:0,0.5"),
            RMSprop(lr=0.01, weight_decay=0.1, alpha=0.9, schedule="one-cycle"),
            Lion(lr=0.003, weight_decay=0.1, schedule="one-cycle"),
        ],
    )
    def test_histories_and_weights_in_double_precision(self, kind, hidden, optim):
        task = made_up(kind, n=60, features=7, outputs=3, valid=0.25, dtype="float64")
        runs = [
            of(
                task,
                net=MLP(hidden=hidden, activation=activation, dropout=0.3 if hidden else 0.0),
                optim=optim.replace(lr=optim.lr * factor),
                seed=seed,
                fit=Fit(epochs=4, batch_size=8, last_batch=last, test="epoch", dtype="float64"),
            )
            for activation in ("relu", "leaky-relu:0.2", "identity")
            for seed, factor in ((0, 1.0), (0, 0.5), (1, 1.0))
            for last in ("keep", "drop")
        ]
        assert all(Training.begin(run, Splits(task)).program.native for run in runs)
        loops, stacks = trained(runs, task), in_stacks(runs, task)
        for key, one in loops.items():
            other = stacks[key].outcome
            assert one.outcome.correct == other.correct
            assert set(one.outcome.history) == set(other.history)
            for name, values in one.outcome.history.items():
                assert values == pytest.approx(
                    other.history[name], rel=1e-8, abs=1e-12, nan_ok=True
                )

    @pytest.mark.parametrize("hidden", [(), (9,)])
    def test_hits_of_classes_are_counted_beside_squares(self, hidden):
        task = made_up(n=60, features=7, outputs=3, valid=0.25, dtype="float64")
        watch = {"patience": 1, "monitor": "valid_accuracy", "test": "epoch"}
        runs = [
            of(task, net=MLP(hidden=hidden), optim=SGD(lr=lr), seed=seed,
               fit=Fit(epochs=4, batch_size=8, dtype="float64", loss="squared", **watch))
            for lr in (0.01, 0.1) for seed in range(3)
        ]  # fmt: skip
        assert_same(runs, task)

    @pytest.mark.parametrize("test", ["never", "end", "epoch"])
    @pytest.mark.parametrize("valid", [0.0, 0.25])
    def test_the_same_names_and_gaps_whatever_is_scored(self, test, valid):
        task = made_up(n=40, features=5, outputs=3, valid=valid)
        runs = [
            of(task, net=MLP(hidden=hidden), optim=SGD(lr=lr),
               fit=Fit(epochs=3, batch_size=8, test=test))
            for hidden in ((), (4,)) for lr in (0.1, 1e30)
        ]  # fmt: skip
        loops, stacks = trained(runs, task), in_stacks(runs, task)
        for key, one in loops.items():
            mine, other = one.outcome, stacks[key].outcome
            assert (mine.status, mine.epochs, mine.diverged_epoch) == (
                other.status, other.epochs, other.diverged_epoch,
            )  # fmt: skip
            assert set(mine.history) == set(other.history)
            for name, values in mine.history.items():
                gaps = [math.isnan(value) for value in values]
                assert gaps == [math.isnan(value) for value in other.history[name]], name


def assert_same(runs, task):
    """Loops and stacks: the same ends, and the same numbers to nine digits."""
    assert all(Training.begin(run, Splits(task)).program.native for run in runs)
    loops, stacks = trained(runs, task), in_stacks(runs, task)
    for run in runs:
        one, other = loops[run.key], stacks[run.key]
        mine, theirs = one.outcome, other.outcome
        assert (mine.status, mine.epochs, mine.diverged_epoch, mine.best_epoch) == (
            theirs.status, theirs.epochs, theirs.diverged_epoch, theirs.best_epoch,
        )  # fmt: skip
        assert mine.correct == theirs.correct
        assert set(mine.history) == set(theirs.history)
        for name, values in mine.history.items():
            assert values == pytest.approx(
                theirs.history[name], rel=1e-8, abs=1e-12, nan_ok=True
            ), name
        if one.weights is not None:
            X = task.inputs[:9]
            np.testing.assert_allclose(
                predict(run, one.weights, X), predict(run, other.weights, X), rtol=1e-7, atol=1e-11
            )
    return loops


class TestWeights:
    @pytest.mark.parametrize("kind", ["classification", "regression"])
    @pytest.mark.parametrize("hidden", [(), (9, 4)])
    @pytest.mark.parametrize("weights", ["some", "zeros"])
    def test_as_in_stacks(self, kind, hidden, weights):
        task = made_up(
            kind, n=60, features=7, outputs=3, valid=0.25, dtype="float64", weights=weights
        )
        assert_same(
            [
                of(task, net=MLP(hidden=hidden), optim=optim, seed=seed,
                   fit=Fit(epochs=4, batch_size=size, last_batch="keep", test="epoch",
                           dtype="float64"))
                for optim in (SGD(lr=0.1, momentum=0.9, weight_decay=0.1), Adam(lr=0.01))
                for seed in (0, 1) for size in (1, 8)
            ],
            task,
        )  # fmt: skip

    @pytest.mark.parametrize("kind", ["classification", "regression"])
    @pytest.mark.parametrize("hidden", [(), (5,)])
    def test_equal_weights_are_none(self, kind, hidden):
        whole = made_up(kind, n=48, features=3, outputs=2)
        X, y = whole.inputs[:48], whole.targets[:48]
        ends = []
        for weights in (None, np.full(48, 0.5)):
            task = task_from_arrays(X, y, weights=weights)
            run = of(task, net=MLP(hidden=hidden), optim=Adam(lr=0.01),
                     fit=Fit(epochs=3, batch_size=8))  # fmt: skip
            ends.append(bits(trained([run], task)[run.key]))
        assert ends[0] == ends[1]  # powers of two round nothing

    @pytest.mark.parametrize("kind", ["classification", "regression"])
    @pytest.mark.parametrize("hidden", [(), (5,)])
    def test_a_weight_is_a_number_of_copies_and_0_leaves_a_row_out(self, kind, hidden):
        whole = made_up(kind, n=30, features=4, outputs=2, dtype="float64")
        X, y, X_test, y_test = (
            part for rows in (slice(30), slice(30, None))
            for part in (whole.inputs[rows], whole.targets[rows])
        )  # fmt: skip
        copies = np.arange(30) % 4
        outputs = []
        for some, weights in (([1] * 30, copies), (copies, None)):
            task = task_from_arrays(
                np.repeat(X, some, 0), np.repeat(y, some, 0), X_test, y_test,
                weights=weights, kind=kind, dtype="float64",
            )  # fmt: skip
            run = of(task, net=MLP(hidden=hidden), optim=Adam(lr=0.05),
                     fit=Fit(epochs=20, batch_size=sum(some), dtype="float64"))  # fmt: skip
            assert Training.begin(run, Splits(task)).program.native
            outputs.append(predict(run, trained([run], task)[run.key].weights, X_test))
        np.testing.assert_allclose(*outputs, rtol=1e-8)

    @pytest.mark.parametrize("hidden", [(), (5,)])
    def test_a_batch_without_weight_moves_nothing(self, hidden):
        whole = made_up("regression", n=6, features=4, outputs=2, n_test=0)
        weighted = task_from_arrays(whole.inputs, whole.targets, weights=[0, 0, 3, 0, 0, 0])
        alone = task_from_arrays(whole.inputs[2:3], whole.targets[2:3])
        ends = []
        for task in (weighted, alone):
            run = of(task, net=MLP(hidden=hidden), optim=SGD(lr=0.1),
                     fit=Fit(epochs=5, batch_size=1))  # fmt: skip
            ends.append(trained([run], task)[run.key].weights)
        assert ends[0] == ends[1]


class TestLabelSmoothing:
    @pytest.mark.parametrize("hidden", [(), (9, 4)])
    @pytest.mark.parametrize("weights", ["none", "some"])
    def test_as_in_stacks(self, hidden, weights):
        task = made_up(n=60, features=7, outputs=4, valid=0.25, dtype="float64", weights=weights)
        runs = [
            of(task, net=MLP(hidden=hidden), optim=Adam(lr=0.03), seed=seed,
               fit=Fit(epochs=4, batch_size=8, last_batch="keep", test="epoch", dtype="float64",
                       label_smoothing=part))
            for part in (0.0, 0.1, 0.5, 0.9) for seed in (0, 1)
        ]  # fmt: skip
        loops = assert_same(runs, task)
        assert len({end.outcome.last("train_loss") for end in loops.values()}) == len(runs)


class TestEarlyStopping:
    @pytest.mark.parametrize("kind", ["classification", "regression"])
    @pytest.mark.parametrize("hidden", [(), (9,)])
    @pytest.mark.parametrize("test", ["never", "end", "epoch"])
    def test_as_in_stacks(self, kind, hidden, test):
        task = made_up(kind, n=60, features=7, outputs=2, valid=0.25, dtype="float64")
        other = "valid_accuracy" if kind == "classification" else "valid_rmse"
        runs = [
            of(task, net=MLP(hidden=hidden), optim=SGD(lr=lr, schedule=schedule), seed=seed,
               fit=Fit(epochs=20, batch_size=8, test=test, dtype="float64", patience=patience,
                       monitor=monitor, restore_best=restores))
            for lr, schedule in ((0.1, "constant"), (0.9, "constant"), (0.3, "plateau:0,0.5"))
            for seed in (0, 1) for patience in (1, 4, 30) for restores in (True, False)
            for monitor in ("valid_loss", other)
        ]  # fmt: skip
        loops = assert_same(runs, task)
        assert len({one.outcome.epochs for one in loops.values()}) > 3
        shuffled = random.Random(0).sample(runs, 9)
        among = trained(shuffled + [r.replace(fit=r.fit.replace(patience=0)) for r in shuffled],
                        task, threads=2)  # fmt: skip
        assert all(bits(loops[run.key]) == bits(among[run.key]) for run in shuffled)

    @pytest.mark.parametrize("hidden", [(), (9,)])
    def test_what_gets_worse_from_the_start_ends_with_its_first_epoch(self, hidden):
        # It is stopped before it diverges; in its lane, steps go on with the others' epochs.
        task = made_up("regression", n=60, features=7, valid=0.25, dtype="float64")
        net = MLP(hidden=hidden, activation="identity")
        rates = [0.01, 0.02, 0.8 if hidden else 4.0]
        runs = [
            of(task, net=net, optim=SGD(lr=lr),
               fit=Fit(epochs=60, batch_size=45, dtype="float64", patience=patience))
            for lr in rates for patience in (1, 2, 60)
        ]  # fmt: skip
        loops = assert_same(runs, task)
        quick, slow, late = (loops[run.key].outcome for run in runs[-3:])
        assert (quick.epochs, quick.best_epoch) == (2, 1)
        assert (slow.epochs, slow.best_epoch) == (3, 1)
        assert late.status == "diverged"
        assert loops[runs[2].key].outcome.epochs == 60

    @pytest.mark.parametrize("hidden", [(), (9,)])
    def test_where_validation_is_not_finite_a_run_has_diverged(self, hidden):
        whole = made_up("regression", n=60, features=8, valid=0.25)
        X, y = np.array(whole.inputs[:60]), whole.targets[:60]
        X[whole.split(0, of(whole).rows).valid] = 3e38
        task = task_from_arrays(X, y, valid=0.25)
        runs = [
            of(task, net=MLP(hidden=hidden, init="uniform:5"), optim=SGD(lr=1e-4),
               fit=Fit(epochs=9, batch_size=8, patience=patience)) for patience in (1, 3, 20)
        ]  # fmt: skip
        for ends in (trained(runs, task), in_stacks(runs, task)):
            found = [ends[run.key].outcome for run in runs]
            assert [one.status for one in found] == ["diverged"] * 3
            assert [(one.epochs, one.diverged_epoch) for one in found] == [(1, 1)] * 3
            assert np.isnan([one.last("valid_loss") for one in found]).all()
            assert np.isfinite([one.last("train_loss") for one in found]).all()

    def test_progress_counts_the_epochs_that_were_trained(self):
        task = made_up(n=60, features=8, valid=20)
        runs = [of(task, net=MLP(hidden=hidden), optim=Adam(lr=0.1), seed=seed,
                   fit=Fit(epochs=50, batch_size=8, patience=2))
                for hidden in ((), (4,)) for seed in range(5)]  # fmt: skip
        events = list(train(runs, task, threads=2))
        done = sum(event.outcome.epochs for event in events if isinstance(event, Ended))
        assert sum(e.run_epochs for e in events if isinstance(e, Progressed)) == done < 500


class TestCurves:
    @pytest.mark.parametrize("kind", ["classification", "regression"])
    @pytest.mark.parametrize("dropout", [0.0, 0.3])
    def test_as_in_stacks(self, kind, dropout):
        task = made_up(kind, n=60, features=7, outputs=3, valid=0.25, dtype="float64")
        names = (*CURVES, "elu:0.3", "elu:0")
        runs = [
            of(task, net=MLP(hidden=(17, 5), activation=name, dropout=dropout), optim=optim,
               fit=Fit(epochs=4, batch_size=8, last_batch="keep", test="epoch", dtype="float64"))
            for name in names for optim in (SGD(lr=0.1, momentum=0.9), Adam(lr=0.01))
        ]  # fmt: skip
        assert_same(runs, task)

    def test_all_at_once_in_single_precision(self):
        task = made_up(n=60, features=7, valid=0.25, weights="some")
        runs = [
            of(task, net=MLP(hidden=(9, 4), activation=name, dropout=0.2), optim=Adam(lr=0.03),
               seed=seed, fit=Fit(epochs=30, batch_size=8, patience=3, test="epoch"))
            for name in CURVES for seed in (0, 1)
        ]  # fmt: skip
        among = trained(runs, task, threads=2)
        for run in runs[::3]:
            assert bits(trained([run], task)[run.key]) == bits(among[run.key])
        stacks = in_stacks(runs, task)
        for key, one in among.items():
            assert one.outcome.history["valid_loss"][0] == pytest.approx(
                stacks[key].outcome.history["valid_loss"][0], rel=1e-4
            )


class TestBits:
    @few
    @given(native_populations(20), st.integers(0, 99), st.sampled_from([1, 2, 3]))
    def test_alone_is_among_others_on_any_number_of_threads(self, population, how, threads):
        task, runs = population
        shuffled = random.Random(how).sample(runs, len(runs))
        among = trained(shuffled, task, threads=threads)
        for run in shuffled[:4]:
            assert bits(trained([run], task)[run.key]) == bits(among[run.key])

    @pytest.mark.parametrize("hidden", [(), (8,)])
    def test_calls_of_any_length(self, hidden, monkeypatch):
        task = made_up(n=40, features=6, outputs=3, valid=0.2)
        runs = [
            of(task, net=MLP(hidden=hidden), seed=seed, optim=Adam(lr=0.01),
               fit=Fit(epochs=7, batch_size=8))
            for seed in range(3)
        ]  # fmt: skip
        whole = trained(runs, task)
        monkeypatch.setattr(portions, "CALL_SECONDS", 1e-9)
        for key, one in trained(runs, task).items():
            assert bits(one) == bits(whole[key])

    def test_a_diverged_run_leaves_its_lane_neighbours_alone(self):
        task = made_up("regression", n=40, features=6, outputs=2, valid=0.2)
        rates = [0.01, 1e6, 0.02, 1e30, 0.03]
        runs = [of(task, net=MLP(hidden=()), optim=SGD(lr=lr),
                   fit=Fit(epochs=4, batch_size=8)) for lr in rates]  # fmt: skip
        among = trained(runs, task)
        statuses = [among[run.key].outcome.status for run in runs]
        assert statuses == ["finished", "diverged", "finished", "diverged", "finished"]
        calm = trained([runs[0], runs[2], runs[4]], task)
        assert all(bits(one) == bits(among[key]) for key, one in calm.items())


class TestCheckpoints:
    @few
    @given(native_populations(6), st.integers(0, 30))
    def test_a_stopped_population_goes_on_to_the_same_bits(self, population, after):
        task, runs = population
        whole = trained(runs, task)
        kept, done, asked = {}, {}, 0

        def stop() -> bool:
            nonlocal asked
            asked += 1
            return asked > after

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(portions, "CALL_SECONDS", 1e-9)
            for event in train(runs, task, keep_weights=True, keep_correct=True, stop=stop):
                done |= ended([event])
                if isinstance(event, Checkpointed):
                    kept[event.key] = event.blob
        # How far it came is a matter of time: now and then, all have ended.
        left = [run for run in runs if run.key not in done]
        done |= trained(left, task, resume=kept)
        assert {key: bits(one) for key, one in done.items()} == {
            key: bits(one) for key, one in whole.items()
        }

    @pytest.mark.parametrize("where", [trained, in_stacks])
    @pytest.mark.parametrize("hidden", [(), (5, 8)])
    def test_outputs_that_overflow_are_noted_as_one_nan(self, where, hidden):
        # The first epoch's only step leaves finite weights whose outputs are inf - inf.
        task = made_up("regression", n=60, features=5, outputs=2, valid=20)
        runs = [of(task, net=MLP(hidden=hidden, activation="identity", init="uniform:0.5"),
                   optim=SGD(lr=1e38, weight_decay=decay), seed=seed,
                   fit=Fit(epochs=3, batch_size=40, test="epoch"))
                for seed in range(12) for decay in (0.0, 0.5)]  # fmt: skip
        signs = [
            math.copysign(1.0, value)
            for one in where(runs, task).values()
            for values in one.outcome.history.values()
            for value in values
            if math.isnan(value)
        ]
        assert signs
        assert min(signs) == 1.0

    def test_vectors_of_several_groups_share_a_call(self, monkeypatch):
        task = made_up("regression", n=96, features=6, outputs=2)
        runs = [of(task, net=MLP(hidden=(), inputs=inputs), optim=SGD(lr=0.05), seed=seed,
                   rows=Own(n=24), fit=Fit(epochs=3, batch_size=8))
                for inputs in (*range(1, 7), 0) for seed in range(4)]  # fmt: skip
        runs += [run.replace(optim=SGD(lr=lr)) for run in runs for lr in (0.01, 1e6)]
        monkeypatch.setattr(portions, "_UNIT_SECONDS", 1e9)
        among = trained(runs, task)
        monkeypatch.setattr(portions, "_UNIT_SECONDS", 0.0)
        alone = trained(runs, task, threads=2)
        assert {key: bits(one) for key, one in among.items()} == {
            key: bits(one) for key, one in alone.items()
        }
        statuses = [one.outcome.status for one in among.values()]
        assert sorted(set(statuses)) == ["diverged", "finished"]

    def test_progress_adds_up(self):
        task = made_up(n=40, features=6, outputs=3)
        runs = [of(task, net=MLP(hidden=hidden), seed=seed, fit=Fit(epochs=5, batch_size=8))
                for hidden in ((), (4,)) for seed in range(3)]  # fmt: skip
        events = list(train(runs, task, threads=2))
        assert sum(e.run_epochs for e in events if isinstance(e, Progressed)) == 30

    def test_a_run_goes_on_with_others_that_begin(self):
        task = made_up(n=40, features=6, outputs=3, valid=0.2)
        runs = [of(task, net=MLP(hidden=()), optim=SGD(lr=lr),
                   fit=Fit(epochs=6, batch_size=8)) for lr in (0.1, 0.2)]  # fmt: skip
        whole = trained(runs, task)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(portions, "CALL_SECONDS", 1e-9)
            asked = iter([False, False, True])
            events = list(train(runs[:1], task, stop=lambda: next(asked, True)))
        kept = {e.key: e.blob for e in events if isinstance(e, Checkpointed)}
        assert kept
        again = trained(runs, task, resume=kept)
        assert all(bits(one) == bits(whole[key]) for key, one in again.items())


class TestParts:
    @settings(deadline=None)
    @given(st.integers(0, 2**40), st.integers(0, 99), st.integers(0, 99), st.integers(1, 300))
    def test_words_are_those_of_numpy(self, seed, layer, step, n):
        key = philox_key(seed, "dropout", 2)
        expected = philox(seed, "dropout", layer, step).bit_generator.random_raw(n)
        np.testing.assert_array_equal(words(key, layer, step, n), expected)

    @settings(deadline=None)
    @given(st.integers(0, 99), st.lists(st.integers(0, 400), min_size=1), st.integers(0, 9))
    def test_rows_lie_in_the_engine_s_order(self, seed, rows, epoch):
        rows, key = np.array(rows), philox_key(seed, "order", 1)
        drawn = in_order(key, epoch, rows)[1]
        np.testing.assert_array_equal(drawn, words(key, epoch, 0, int(rows.max()) + 1)[rows])
        rows = np.unique(rows)
        np.testing.assert_array_equal(in_order(key, epoch, rows)[0], order(seed, epoch, rows))

    def test_keys_that_fall_into_one_part_are_sorted_too(self):
        rows = np.arange(3000)
        found, _ = in_order(philox_key(5, "order", 1), 4, rows, bits=1)
        np.testing.assert_array_equal(found, order(5, 4, rows))

    @settings(deadline=None)
    @given(*[st.integers(1, 40)] * 3, st.sampled_from(["f4", "f8"]), st.booleans())
    def test_tiles_multiply(self, rows, columns, inner, dtype, turned):
        rng = np.random.default_rng(rows + 50 * columns + 2500 * inner)
        gap = -(-columns // LANES) * LANES
        a = rng.standard_normal((inner, rows) if turned else (rows, inner)).astype(dtype)
        b = np.zeros((inner, gap), dtype=dtype)
        b[:, :columns] = rng.standard_normal((inner, columns))
        c = np.full((rows, gap), 7, dtype=dtype)
        row, step = (1, rows) if turned else (inner, 1)
        call("multiply", a, row, step, b, gap, c, gap, rows, columns, inner, dtype=dtype)
        expected = (a.T if turned else a).astype("f8") @ b.astype("f8")
        near = inner * 40 * np.finfo(dtype).eps
        np.testing.assert_allclose(c[:, :columns], expected[:, :columns], rtol=0, atol=near)


class TestWhatSuits:
    @pytest.mark.parametrize(
        "fields",
        [
            {"net": MLP(hidden=(4,), activation="prelu")},
            {"net": MLP(hidden=(4,), norm="batch")},
            {"net": MLP(hidden=(4,)), "fit": Fit(batch_size=8, ema=0.9)},
            {"net": MLP(hidden=(4,)), "fit": Fit(batch_size=8, measures=("grad_norm",))},
            {"net": MLP(hidden=(600, 600)), "fit": Fit(batch_size=8)},
            {"net": MLP(hidden=(4,)), "optim": SGD(clip_norm=1.0)},
        ],
    )
    def test_everything_else_trains_in_stacks(self, fields):
        task = made_up(n=40)
        run = of(task, **({"fit": Fit(batch_size=8)} | fields))
        assert not Training.begin(run, Splits(task)).program.native
        ((path, _),) = training_paths([run], task).items()
        assert path.startswith("stack: ")

    def test_every_run_has_one_way_and_a_stack_its_reason(self):
        task = made_up(n=40)
        nets = [MLP(hidden=(4,)), MLP(hidden=(4,), norm="batch")]
        runs = [of(task, net=net, seed=s, fit=Fit(batch_size=8)) for net in nets for s in range(3)]
        in_stack = "stack: the norm batch is not in the compiled loops"
        assert training_paths(runs, task) == {"compiled loop": 3, in_stack: 3}
        elsewhere = {"stack: compiled loops are for the CPU": 3, in_stack: 3}
        assert training_paths(runs, task, "cuda") == elsewhere

    def test_folds_share_a_program_and_not_a_vector(self):
        task = made_up(n=41, features=6, outputs=3)
        runs = [of(task, net=MLP(hidden=()), rows=Fold(n_folds=4, index=i),
                   fit=Fit(epochs=2, batch_size=8)) for i in range(4)]  # fmt: skip
        among = trained(runs, task, threads=2)
        for run in runs:
            assert bits(trained([run], task)[run.key]) == bits(among[run.key])


class TestFurtherSettings:
    @pytest.mark.parametrize("hidden", [(), (6,)])
    @pytest.mark.parametrize(
        "optim",
        [
            SGD(lr=0.1, l1=0.05, weight_decay=0.1, decay_biases=False, schedule="one-cycle"),
            SGD(lr=0.1, momentum=0.9, l1=0.01),
            Adam(lr=0.05, l1=0.02, weight_decay=0.3, decay_biases=False),
            AdamW(lr=0.05, weight_decay=0.5, decay_biases=False, schedule="warmup:1"),
            RMSprop(lr=0.01, l1=0.02, weight_decay=0.3, decay_biases=False),
        ],
    )
    def test_penalties_and_fewer_inputs_as_in_stacks(self, hidden, optim):
        task = made_up("regression", n=60, features=7, outputs=2, valid=0.25, dtype="float64")
        runs = [
            of(task, net=MLP(hidden=hidden, inputs=inputs), optim=optim, seed=seed,
               fit=Fit(epochs=4, batch_size=8, test="epoch", dtype="float64"))
            for inputs in (0, 3, 5) for seed in (0, 1)
        ]  # fmt: skip
        assert all(Training.begin(run, Splits(task)).program.native for run in runs)
        loops, stacks = trained(runs, task), in_stacks(runs, task)
        for run in runs:
            one, other = loops[run.key], stacks[run.key]
            assert one.outcome.n_params == other.outcome.n_params
            for name, values in one.outcome.history.items():
                assert values == pytest.approx(other.outcome.history[name], rel=1e-8, abs=1e-12)
            X = task.inputs[:9]
            np.testing.assert_allclose(
                predict(run, one.weights, X), predict(run, other.weights, X), rtol=1e-7, atol=1e-12
            )
