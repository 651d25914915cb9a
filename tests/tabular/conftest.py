"""A small table of every kind of column, with gaps, and what is made of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from mlplab.tabular import Schema, infer_schema

# the machine may be busy: a slow example is no failure
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SIZES = ("S", "M", "L")


@pytest.fixture
def frame() -> pd.DataFrame:
    """Sixty rows: an id, two numbers with gaps, one without, categories, ranks, a date, a price."""
    rng = np.random.default_rng(0)
    n = 60
    area = rng.lognormal(4, 1, n)
    zone = rng.choice(["north", "south", "west"], n).astype(object)
    size = rng.choice(SIZES, n).astype(object)
    price = 3 * area + 50 * (zone == "north") + rng.normal(0, 1, n)
    front = rng.normal(0, 1, n)
    area[::7] = np.nan
    front[3::9] = np.nan
    zone[5::11] = np.nan
    size[4::13] = np.nan
    sold = pd.Series(pd.date_range("2006-01-01", periods=n, freq="17D"))
    sold[8::20] = pd.NaT
    return pd.DataFrame(
        {
            "Id": [str(i) for i in range(1, n + 1)],
            "area": area,
            "front": front,
            "rooms": rng.integers(1, 9, n).astype(float),
            "zone": zone,
            "size": size,
            "sold": sold,
            "price": price,
        }
    )


@pytest.fixture
def schema(frame) -> Schema:
    """What the columns of the frame are; `size` has an order."""
    return infer_schema(frame, target="price", types={"size": SIZES})
