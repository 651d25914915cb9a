"""4.1.2: regions of a network in the plane against areas, counts and the network itself."""

from __future__ import annotations

import numpy as np
import pytest

from mlplab.exercises.section_4_1.piecewise_linear.constructions import (
    COMPARED,
    constructed,
    forward,
    random_network,
)
from mlplab.exercises.section_4_1.piecewise_linear.measure import errors
from mlplab.exercises.section_4_1.piecewise_linear.prove import prove
from mlplab.exercises.section_4_1.piecewise_linear.regions import regions


def area(corners):
    x, y = corners.T
    return abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


@pytest.mark.parametrize("seed", range(5))
def test_regions_cover_the_square_and_are_the_networks_own(seed):
    rng = np.random.default_rng(seed)
    layers = random_network(rng, 2)
    found = regions(layers, 2.0, 0.25)
    assert sum(area(one.corners) for one in found) == pytest.approx(16.0)
    for one in found:
        inside = rng.dirichlet(np.ones(len(one.corners)), 20) @ one.corners
        affine = (inside @ one.weight.T + one.bias)[:, 0]
        assert forward(layers, inside, 0.25) == pytest.approx(affine, abs=1e-9)


def test_parallel_lines_and_lines_through_one_point_make_fewer_regions():
    out = (np.ones((1, 3)), np.zeros(1))
    parallel = [(np.array([[1.0, 0.0]] * 3), np.array([-1.0, 0.0, 1.0])), out]
    pencil = [(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.zeros(3)), out]
    general = [(pencil[0][0], np.array([0.0, 0.0, 0.5])), out]
    assert [len(regions(one, 9.0)) for one in (parallel, pencil, general)] == [4, 6, 7]


def test_only_the_sources_equivalence_and_its_count_are_wrong():
    found = {one.key: one.holds for one in prove()}
    assert [key for key, holds in found.items() if not holds] == ["needed", "norms"]


def test_the_claims_name_the_widths_that_are_compared():
    built = [constructed(epsilon) for epsilon in COMPARED]
    assert [one.n_units for one in built] == [13, 37]
    for one in built:
        assert errors(one, one)[0] <= one.bound
