"""Workload E: its baselines train, take the same steps, and sample what the grid holds."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from mlplab.bench.arrays import N_FOLDS, houses
from mlplab.bench.baselines import chapter_grid, plain_grid
from mlplab.bench.baselines.chapter_linear import fold_data
from mlplab.bench.grid import Configuration, configurations, sample


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def table():
    features, prices = (torch.from_numpy(array) for array in houses(300, 90))
    return features, prices.reshape(-1, 1)


def test_the_sample_is_of_the_grid_and_has_both_extremes():
    chosen = sample()
    assert set(chosen) < set(configurations())
    for field in ("rate", "decay", "dropout"):
        values = {getattr(one, field) for one in configurations()}
        assert {min(values), max(values)} <= {getattr(one, field) for one in chosen}


def test_both_baselines_take_the_same_step(table):
    # With one batch of all rows the order does not matter, so equal weights must stay equal.
    data = fold_data(N_FOLDS, 1, *table)
    torch.manual_seed(0)
    net = chapter_grid.build_net(90, 0.0, (16, 8))
    settings = Configuration(rate=0.01, decay=0.1, dropout=0.0)
    nets, errors = [], []
    for baseline in (chapter_grid, plain_grid):
        nets.append(copy.deepcopy(net))
        errors.append(baseline.train(nets[-1], data, 3, settings, len(data[0])))
    assert errors[0] == pytest.approx(errors[1], rel=1e-4)
    for one, other in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
    undecayed = copy.deepcopy(net)
    without = Configuration(rate=0.01, decay=0.0, dropout=0.0)
    assert plain_grid.train(undecayed, data, 3, without, len(data[0])) != errors[1]


def test_tuning_goes_over_every_fold_of_every_configuration(table, monkeypatch):
    asked = []

    def train(net, data, n_epochs, settings, batch_size):
        asked.append((settings, float(data[3].sum())))
        assert [layer.p for layer in net if isinstance(layer, nn.Dropout)] == [settings.dropout] * 2
        return 1.0, 2.0

    monkeypatch.setattr(chapter_grid, "train", train)
    found = chapter_grid.tune(sample(), *table, n_epochs=1)
    assert found == [(1.0, 2.0)] * 4
    assert len(set(asked)) == 4 * N_FOLDS


def test_the_shape_is_that_of_the_workload():
    net = chapter_grid.build_net(330, 0.2)
    shapes = [tuple(p.shape) for p in net.parameters() if p.ndim == 2]
    assert shapes == [(256, 330), (128, 256), (1, 128)]


def test_the_chapters_way_learns(table):
    torch.manual_seed(0)
    settings = (Configuration(0.003, 1e-4, 0.1),)
    (first,) = chapter_grid.tune(settings, *table, n_epochs=1, hidden=(32, 16))
    (last,) = chapter_grid.tune(settings, *table, n_epochs=15, hidden=(32, 16))
    assert last[0] < 0.6 * first[0]
    assert last[1] < first[1]
