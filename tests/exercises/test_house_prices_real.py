"""The facts of the real house price tables on which exercises rest; the files are fetched."""

from __future__ import annotations

import pytest

from mlplab.data import house_prices
from mlplab.data.fetching import obtain
from mlplab.exercises import house_baseline, house_gaps, house_log_price, house_raw, house_tables

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True, scope="module")
def _files():
    obtain(house_prices.FILES)
    for one in (house_tables.houses, house_tables.published_features):
        one.cache_clear()


def test_the_design_knows_how_many_rows_there_are():
    assert len(house_tables.houses().prices) == house_tables.N_ROWS


@pytest.mark.parametrize(
    "checked",
    [
        lambda: house_baseline.prove("width"),
        lambda: house_log_price.prove("flat", "twice"),
        lambda: house_gaps.prove("nothing"),
        lambda: house_raw.prove("condition", "stable"),
    ],
)
def test_what_is_said_of_the_source_and_the_features_holds(checked):
    for one in checked():
        assert one.holds, one.note


def test_sgd_at_1e_8_lies_above_the_stable_rate_and_1e_9_below():
    assert 1e-9 < house_raw._curvature(False)["rate"] < 1e-8
