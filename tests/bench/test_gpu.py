"""Every part of the measurements on a GPU, on a CPU at tiny sizes."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
import torch
from click.testing import CliRunner
from tests.engine.tape import Tape

from mlplab.bench.gpu import command, stacks, throughput
from mlplab.bench.gpu.agreement import TOLERANCES, Agreement, agreement, surroundings, trained
from mlplab.bench.gpu.baselines import PlainTorch, TorchFunc
from mlplab.bench.gpu.command import gpu
from mlplab.bench.gpu.memory import Bytes, taken
from mlplab.bench.gpu.shapes import FULL, SMALL
from mlplab.bench.gpu.stacks import Ready
from mlplab.bench.gpu.tables import agreement_table, aim_line, memory_table, rate_table
from mlplab.bench.gpu.throughput import Rate, rates
from mlplab.bench.gpu.words import names, populations
from mlplab.engine import workshop
from mlplab.engine.optimisers import FORMULAS
from mlplab.specs.vocabulary import GROUPS

needs_no_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")


@pytest.fixture
def as_device(monkeypatch):
    """Train by the device's kernels where another device than the CPU is asked for."""
    usual = workshop.kernel_kind

    def trains(runs, task, device):
        with monkeypatch.context() as patch:
            patch.setattr(workshop, "kernel_kind", usual if device == "cpu" else lambda: "device")
            return trained(runs, task, "cpu")

    return trains


class TestAgreement:
    def test_every_word_has_a_population_that_says_it(self):
        assert names() == [f"{group.name}/{word.name}" for group in GROUPS for word in group.words]
        found = {one.name: one.runs for one in populations("float64")}
        assert list(found) == names()
        assert all(run.fit.dtype == "float64" for runs in found.values() for run in runs)
        assert found["optimisers/nesterov"][0].optim.nesterov
        assert found["training/dropout"][0].mlp.dropout == (0.2, 0.5)
        assert found["schedules/warmup"][0].optim.schedule.warmup == 3
        # Two words say what a run says anyway.
        assert len({runs[0].key for runs in found.values()}) > len(found) - 6

    @pytest.mark.parametrize("dtype", ["float64", "float32"])
    def test_words_agree_by_the_kernels_of_devices(self, as_device, dtype):
        some = ("norms/batch", "noises/gaussian", "optimisers/lion", "training/image-moves",
                "losses/huber", "optimisers/adam")  # fmt: skip
        for one in populations(dtype, some):
            row = agreement(one, dtype, "other", trains=as_device)
            assert row.holds, row
            assert 0 < row.weights + row.metrics < TOLERANCES[dtype]

    @pytest.mark.slow
    def test_all_words_agree_by_the_kernels_of_devices(self, as_device):
        for one in populations("float64"):
            row = agreement(one, "float64", "other", trains=as_device)
            assert row.holds, row

    def test_a_word_that_computes_something_else_is_named(self, as_device, monkeypatch):
        formula = FORMULAS["lion"]

        def faster(weight, gradient, rate, *kept, **settings):
            formula.function(weight, gradient, rate * 1.000001, *kept, **settings)

        def wrong(runs, task, device):
            with monkeypatch.context() as patch:
                if device != "cpu":
                    patch.setitem(FORMULAS, "lion", replace(formula, function=faster))
                return as_device(runs, task, device)

        rows = [
            agreement(one, "float64", "other", trains=wrong)
            for one in populations("float64", ("optimisers/lion", "optimisers/adam"))
        ]
        assert [row.holds for row in rows] == [True, False]
        assert rows[1].word == "optimisers/lion"
        text = agreement_table(rows)
        assert "1 of 2 words agree" in text
        assert "not: optimisers/lion." in text

    def test_a_word_that_fails_is_named_and_the_others_go_on(self, as_device):
        def broken(runs, task, device):
            if device != "cpu" and runs[0].mlp.norm == "layer":
                raise RuntimeError("no kernel image\nfor this device")
            return as_device(runs, task, device)

        rows = [
            agreement(one, "float32", "other", trains=broken)
            for one in populations("float32", ("norms/layer", "norms/batch"))
        ]
        assert {row.word: row.holds for row in rows} == {"norms/batch": True, "norms/layer": False}
        assert "**failed**: RuntimeError: no kernel image |" in agreement_table(rows)

    def test_what_is_no_number_does_not_agree(self):
        assert not Agreement("a", "float32", False, float("nan"), 0.0).holds
        assert not Agreement("a", "float32", False, 0.0, float("inf")).holds

    def test_surroundings_are_put_back(self, monkeypatch):
        monkeypatch.setenv("MLPLAB_NUMERICS", "loop")
        monkeypatch.delenv("MLPLAB_GRAPHS", raising=False)
        with surroundings("bf16", graphs=True):
            assert (os.environ["MLPLAB_NUMERICS"], os.environ["MLPLAB_GRAPHS"]) == ("bf16", "1")
        assert os.environ["MLPLAB_NUMERICS"] == "loop"
        assert "MLPLAB_GRAPHS" not in os.environ


class TestThroughput:
    @pytest.mark.parametrize("shape", SMALL, ids=lambda shape: shape.name)
    def test_every_way_trains(self, shape):
        torch.manual_seed(0)
        for way in (PlainTorch, TorchFunc):
            for kernels in ("", "bf16"):
                trains = way(shape, "cpu", kernels)
                trains.epoch()
                assert (trains.n_runs, trains.n_steps) == (
                    1 if way is PlainTorch else shape.n_runs,
                    shape.steps,
                )

    def test_torch_func_moves_as_plain_torch_does(self):
        shape = replace(SMALL[0], rates=(0.1,), seeds=1)
        plain, stacked = PlainTorch(shape, "cpu"), TorchFunc(shape, "cpu")
        for trains in (plain, stacked):
            torch.manual_seed(5)
            trains.epoch()
        for name, param in plain._net.named_parameters():
            torch.testing.assert_close(stacked._params[name][0], param)

    def test_recorded_steps_are_those_that_are_timed_without(self, monkeypatch):
        usual = Ready(SMALL[1], "cpu")
        tape = Tape()
        monkeypatch.setattr(stacks, "recorder_of", lambda program, device: tape)
        recorded = Ready(SMALL[1], "cpu")
        for _ in range(2):
            usual.epoch()
            recorded.epoch()
        assert tape.n_replays == 2 * SMALL[1].steps - 1
        for one, other in zip(usual.weights(), recorded.weights(), strict=True):
            assert torch.equal(one, other)

    def test_many_seeds_take_as_many_calls_as_two(self):
        few, many = (Ready(replace(SMALL[1], seeds=seeds), "cpu").calls() for seeds in (2, 12))
        assert few == many

    def test_rates_are_medians_of_rounds_and_failures_are_named(self, monkeypatch):
        class Broken:
            def __init__(self, *_):
                raise RuntimeError("CUBLAS_STATUS_NOT_SUPPORTED")

        monkeypatch.setattr(throughput, "TorchFunc", Broken)
        rows = rates(SMALL[0], "cpu", rounds=3)
        assert {(row.way, row.precision) for row in rows} == {
            (way, precision)
            for way in ("ours", "torch.func", "plain torch")
            for precision in ("float32", "bf16")
        }
        for row in rows:
            if row.way == "torch.func":
                assert row.problem == "RuntimeError: CUBLAS_STATUS_NOT_SUPPORTED"
            else:
                assert row.steps_per_second == sorted(row.rounds)[1] > 0
                assert (row.calls is not None) == (row.way == "ours")
        text = rate_table(SMALL[0], rows)
        assert "not measured: RuntimeError" in text
        assert "x plain torch" in text
        assert "x torch.func" not in text

    def test_the_aim_is_judged(self):
        def row(speed):
            return Rate("W384", "ours, graphs", "bf16", (speed,))

        assert "s a second: reached" in aim_line([row(30_001.0), row(100.0)])
        assert "**not reached**" in aim_line([row(29_999.0)])
        assert "not measured" in aim_line([Rate("W384", "plain torch", "bf16", (1e6,))])

    def test_shapes_are_those_of_the_page(self):
        a, wide = FULL
        assert a.title == "32 x 784-256-10, batch 256, sgd"
        assert wide.title == "64 x 384-384-384-384-10, batch 256, adamw"
        # Forward and backward, less the delta that no layer below needs.
        assert a.flop_per_step == 256 * (6 * 784 * 256 - 2 * 784 * 256 + 6 * 256 * 10)


def test_memory_is_predicted_for_the_device_and_measured_there_alone():
    row = taken(SMALL[0], "cpu")
    assert row.peak is None
    assert row.ratio is None
    assert row.stack > 1000
    assert row.data == SMALL[0].task().inputs.nbytes + SMALL[0].task().targets.nbytes
    assert "| not measured | - |" in memory_table([row])
    assert "| 110.0 MB | 1.10 |" in memory_table(
        [Bytes("A", "", 90_000_000, 10**7, 1, 110 * 10**6)]
    )


class TestCommand:
    @needs_no_gpu
    def test_without_a_gpu_one_line_says_so(self):
        result = CliRunner().invoke(gpu, [])
        assert result.exit_code == 0
        assert result.stdout.startswith("no GPU")
        assert result.stdout.count("\n") == 1

    def test_what_is_no_device_is_wrong_usage(self):
        result = CliRunner().invoke(gpu, ["--device", "gpu"])
        assert result.exit_code == 2
        assert "expected cpu, cuda" in result.stderr

    def test_all_parts_on_the_cpu(self):
        result = CliRunner().invoke(gpu, ["--device", "cpu", "--small"])
        assert result.exit_code == 0, result.output
        for part in ("## Agreement", "3 of 3 words agree", "## Memory", "## Throughput", "W384: "):
            assert part in result.stdout
        assert "Aim of" not in result.stdout  # tiny shapes say nothing of it

    def test_a_word_that_differs_ends_with_1(self, monkeypatch):
        wrong = Agreement("optimisers/lion", "float64", False, 1e-3, 0.0)
        monkeypatch.setattr(command, "agreement", lambda *_: wrong)
        result = CliRunner().invoke(gpu, ["--device", "cpu", "--small", "--part", "agreement"])
        assert result.exit_code == 1
        assert "error: optimisers/lion: not equal to the CPU" in result.stderr
        assert "## Memory" not in result.stdout
