"""What exercise 4.7.4 counts, against small cases by hand, and that its timings see more work."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mlplab.exercises.profile import PROFILES
from mlplab.exercises.section_4_7.second_derivatives import timing
from mlplab.exercises.section_4_7.second_derivatives.counting import (
    first_order,
    graph_nodes,
    lost_nodes,
    multiplications,
    second_order,
)
from mlplab.exercises.section_4_7.second_derivatives.design import RATES, design
from mlplab.exercises.section_4_7.second_derivatives.networks import (
    CHAPTER,
    Network,
    draw_networks,
)
from mlplab.exercises.section_4_7.second_derivatives.prove import ACTIVATIONS, deep, prove
from mlplab.exercises.section_4_7.second_derivatives.sharpness import sharpness
from mlplab.experiment import Experiment


def test_everything_that_is_proved_holds():
    assert {one.key: one.holds for one in prove()} == dict.fromkeys(
        ("products", "counted", "bounds", "graph", "layers", "orders"), True
    )


@pytest.mark.parametrize(
    ("widths", "in_all"), [((7, 5), 2.0), ((1, 1000, 1000), 3.0), (CHAPTER, 2.02)], ids=str
)
def test_the_count_has_its_limits(widths, in_all):
    network = Network(widths, 2)
    ratio = 1 + network.further_products / network.gradient_products
    assert ratio == pytest.approx(in_all, abs=0.01)


def test_drawn_networks_lie_between_the_limits():
    drawn = draw_networks(50)
    counted = [1 + one.further_products / one.gradient_products for one in drawn]
    assert 2.2 < min(counted) < max(counted) < 3
    assert {len(one.widths) - 2 for one in drawn} == {2, 3, 4}
    assert {one.activation for one in drawn} == set(ACTIVATIONS)


def test_a_matrix_product_is_counted_as_it_is_written():
    a, b = torch.ones(3, 4), torch.ones(4, 5)
    assert multiplications(lambda: a @ b) == 3 * 4 * 5


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_autograds_product_is_the_difference_of_gradients(activation):
    network = Network((4, 5, 3), 6, activation, dtype="float64")
    numbers = [one.requires_grad_() for one in network.numbers()]
    vectors = [torch.ones_like(one) for one in numbers]
    found = second_order(network, numbers, vectors)
    step = 1e-6

    def at(sign):
        moved = [one.detach() + sign * step * v for one, v in zip(numbers, vectors, strict=True)]
        return first_order(network, [one.requires_grad_() for one in moved])

    for one, plus, minus in zip(found, at(1), at(-1), strict=True):
        torch.testing.assert_close(one, (plus - minus) / (2 * step), rtol=1e-5, atol=1e-7)


def test_nodes_are_those_of_the_graph():
    network = deep(0, "tanh")
    # log_softmax, nll_loss, and addmm with a transposed weight; two leaves' accumulators.
    assert graph_nodes(network, 0) == (6,)
    assert lost_nodes(network) == ["NllLossBackward0"]


def test_medians_are_taken_way_by_way(monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr(timing.time, "process_time", lambda: next(clock))
    found = timing._timed([lambda: None, lambda: next(clock)], 3, 5)
    np.testing.assert_array_equal(found, [[1, 2]] * 3)


def test_sharpness_stands_by_rate_epochs_and_seed():
    full = design(PROFILES["quick"], 2)["descent"]
    epochs = (1, 3)
    vary = {"optim.lr": RATES, "fit.epochs": epochs}
    runs = Experiment("digits", full.base, vary=vary, seeds=2).run(":memory:", workers=1)
    found = sharpness(runs)
    assert found.largest.shape == (2, 2, 2)
    assert found.epochs == epochs
    frame = runs.frame(last=True)
    assert list(frame["optim.lr"]) == [RATES[0]] * 4 + [RATES[1]] * 4
    assert list(frame["epoch"]) == [1, 1, 3, 3] * 2
    # One seed's first step begins at the same weights, whatever the rate: nearly the same there.
    np.testing.assert_allclose(found.largest[0, 0], found.largest[1, 0], rtol=0.5)
    np.testing.assert_array_less(found.gauss_newton, 1.5 * found.largest[:, -1])
    np.testing.assert_allclose(found.of_edge[1], RATES[1] * found.largest[1] / 2)
