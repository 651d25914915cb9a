"""Our side of the workloads describes the runs that the targets speak of."""

from __future__ import annotations

from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import pytest

import mlplab
from mlplab import specs
from mlplab.bench.grid import configurations
from mlplab.bench.ours import NAMES, WARM_UP_SEEDS, ours, population
from mlplab.bench.workloads import WORKLOADS
from mlplab.errors import ConfigError


class FakeRuns:
    def __init__(self, n_runs: int, n_epochs: int) -> None:
        losses = tuple(1.0 / (1 + epoch) for epoch in range(n_epochs))
        self.outcomes = {
            f"run {run}": specs.Outcome(
                f"run {run}", "here", "finished", n_epochs, {"train_loss": losses}, 0.1, 5
            )
            for run in range(n_runs)
        }


class FakeExperiment:
    """Keeps what it is given; every run of it is recorded with its seeds."""

    ran: list[Any]

    def __init__(self, task: Any, base: specs.Run, vary: Any = None, seeds: Any = 8) -> None:
        self.task, self.base, self.vary = task, base, vary or {}
        self.seeds = range(seeds) if isinstance(seeds, int) else seeds

    @property
    def n_runs(self) -> int:
        return prod(len(values) for values in self.vary.values()) * len(self.seeds)

    def run(self, store: str) -> FakeRuns:
        FakeExperiment.ran.append((store, list(self.seeds)))
        return FakeRuns(self.n_runs, self.base.fit.epochs)


@pytest.fixture(autouse=True)
def public_face(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeExperiment.ran = []
    for name in ("Run", "MLP", "SGD", "Adam", "Fit", "Own", "First"):
        monkeypatch.setattr(mlplab, name, getattr(specs, name), raising=False)
    monkeypatch.setattr(mlplab, "Experiment", FakeExperiment, raising=False)
    monkeypatch.setattr(mlplab, "load_task", lambda name: name, raising=False)
    monkeypatch.setattr(mlplab, "task_from_arrays", lambda x, y: x.shape, raising=False)


@pytest.mark.parametrize(
    ("name", "n_runs", "epochs", "batch_size", "hidden"),
    [
        ("A", 32, 10, 256, (256,)),
        ("A-memory", 32, 1, 256, (256,)),
        ("B", 200, 400, 10, ()),
        ("B-many", 20_000, 40, 10, ()),
        ("C", 100, 100, 64, ()),
        ("D", 16, 100, 32, (256, 128, 64)),
        ("E", 500, 40, 64, (256, 128)),
    ],
)
def test_populations_are_those_of_the_targets(
    name: str, n_runs: int, epochs: int, batch_size: int, hidden: tuple[int, ...]
):
    experiment = population(name)
    base = experiment.base
    assert experiment.n_runs == n_runs
    assert (base.fit.epochs, base.fit.batch_size, base.net.hidden) == (epochs, batch_size, hidden)


def test_a_scores_the_test_split_every_epoch_as_its_baselines_do():
    experiment = population("A")
    assert (experiment.task, experiment.base.fit.test) == ("fashion-mnist", "epoch")
    assert isinstance(experiment.base.optim, specs.SGD)


def test_c_holds_out_every_fold_at_every_rate():
    vary = population("C").vary
    assert [fold.index for fold in vary["rows"]] == [0, 1, 2, 3, 4]
    assert len(set(vary["optim.lr"])) == 20
    assert isinstance(population("C").base.optim, specs.Adam)


def test_d_drops_a_fifth_of_every_hidden_layer():
    assert population("D").base.net.dropout == (0.2, 0.2, 0.2)
    assert population("D").task == (1460, 330)


def test_e_tries_a_hundred_configurations_on_every_fold():
    vary = population("E").vary
    settings = set(product(vary["optim.lr"], vary["optim.weight_decay"], vary["net.dropout"]))
    assert settings == {(c.rate, c.decay, c.dropout) for c in configurations()}
    assert len(settings) == 100
    assert [fold.index for fold in vary["rows"]] == [0, 1, 2, 3, 4]
    assert population("E").task == (1460, 330)


@pytest.mark.parametrize("name", NAMES)
def test_the_warm_up_computes_nothing_that_is_timed(name: str):
    timing = ours(name)
    (_, warm_up), (store, timed) = FakeExperiment.ran
    assert set(warm_up) == set(WARM_UP_SEEDS)
    assert not set(warm_up) & set(timed)
    assert (store == ":memory:") == (name not in ("A-memory", "B-many"))
    assert not Path(store).exists()
    assert timing.units == population(name).n_runs * population(name).base.fit.epochs


def test_seconds_are_per_run_epoch():
    timing = ours("D")
    seconds = float(timing.how.partition(" s,")[0].rpartition(" ")[2])
    assert timing.seconds * 1600 == pytest.approx(seconds, abs=0.006)
    assert timing.quality == {"train_loss": pytest.approx(0.01)}


def test_an_unknown_workload_is_named():
    with pytest.raises(
        ConfigError, match="no workload 'Z'; known: A, A-memory, B, B-many, C, D, E"
    ):
        population("Z")


def test_every_measure_of_ours_is_a_population():
    asked = {
        measure.arguments[0]
        for workload in WORKLOADS.values()
        for measure in (workload.ours, *workload.baselines)
        if measure.module == "mlplab.bench.ours"
    }
    assert asked == set(NAMES)
