"""The facts of the real house price tables on which exercises rest; the files are fetched."""

from __future__ import annotations

import pytest

from mlplab.data import house_prices
from mlplab.data.fetching import obtain
from mlplab.exercises import get_exercise
from mlplab.exercises.section_4_10 import folds, tables
from mlplab.exercises.section_4_10.no_standardisation.prove import curvature

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def _files():
    obtain(house_prices.FILES)
    for one in (tables.houses, tables.published_features):
        one.cache_clear()


def test_the_design_knows_how_many_rows_there_are():
    assert len(tables.houses().prices) == folds.N_ROWS


@pytest.mark.parametrize("name", ["4.10.1", "4.10.2", "4.10.3", "4.10.6"])
def test_what_is_said_of_the_source_and_the_features_holds(name):
    for one in get_exercise(name).prove():
        assert one.holds, one.facts


def test_sgd_at_1e_8_lies_above_the_stable_rate_and_1e_9_below():
    assert 1e-9 < curvature(False)["rate"] < 1e-8
