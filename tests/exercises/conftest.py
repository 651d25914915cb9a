"""Tables that look like the house prices, small and made from a seed: no file is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mlplab.data import Task, house_prices
from mlplab.exercises.section_4_10 import folds, tables

N_ROWS = 300
COUNTS = ("FullBath", "BsmtFullBath", "BedroomAbvGr", "Fireplaces", "GarageCars")
YEARS = ("YearBuilt", "YearRemodAdd", "GarageYrBlt")
LEVELS = {"Neighborhood": 8, "HouseStyle": 4, "SaleCondition": 3, "MasVnrType": 3}


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """A table with prices and one without, 300 rows each."""
    rng = np.random.default_rng(0)
    n = 2 * N_ROWS
    size, quality = rng.lognormal(0, 0.3, n), rng.integers(1, 11, n)
    columns: dict[str, object] = {"Id": np.arange(1, n + 1)}
    for name in house_prices.UNITS:
        if name in COUNTS:
            columns[name] = rng.integers(0, 4, n)
        elif name in YEARS:
            columns[name] = 1900.0 + 10 * quality + rng.integers(0, 10, n)
        elif name in ("OverallQual", "OverallCond"):
            columns[name] = quality if name == "OverallQual" else rng.integers(1, 11, n)
        else:
            columns[name] = np.round(1000 * size * rng.lognormal(0, 0.2, n))
    for name in house_prices.LACKING:
        column = np.array(columns[name], float)
        column[rng.random(n) < 0.1] = np.nan
        columns[name] = column
    columns["MSSubClass"] = rng.choice([20, 30, 60], n)
    for name in tables.DECLARED:
        if name != "MSSubClass":
            columns[name] = rng.choice(np.array([*tables.QUALITY[1:], None], object), n)
    for name, n_levels in LEVELS.items():
        levels = ["None", *(f"L{i}" for i in range(1, n_levels))]
        columns[name] = rng.choice(np.array(levels, object), n)
    whole = pd.DataFrame(columns).replace({None: np.nan})
    whole["SalePrice"] = np.round(
        60_000 * size * np.exp(0.1 * quality + rng.normal(0, 0.1, n))
    ).astype(int)
    return whole[:N_ROWS].copy(), whole[N_ROWS:].drop(columns="SalePrice").reset_index(drop=True)


@pytest.fixture(scope="module")
def synthetic_houses() -> Iterator[None]:
    """Let the exercises see these tables instead of the real ones."""
    from mlplab.exercises.section_4_10.missing_values import gaps

    caches = (tables.houses, tables.published_features, gaps.gaps)

    def clear() -> None:
        for one in caches:
            one.cache_clear()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(house_prices, "load_frames", frames)
        patch.setattr(folds, "N_ROWS", N_ROWS)
        patch.setattr(gaps, "FOLDS", (2, 2, 2))
        clear()
        yield
    clear()


@pytest.fixture(scope="module")
def coarse_features() -> Iterator[None]:
    """Let the exercises on cartoons see 8 x 8 pixels: no network is needed."""
    from mlplab.exercises.section_4_9 import cartooned
    from mlplab.exercises.section_4_9.shift_correction import images
    from mlplab.exercises.section_4_9.shift_detector import domains, two_samples
    from mlplab.shift.features import pixels

    cached = [cartooned.collection, cartooned._features, domains.folds]
    cached += [two_samples.both_domains, two_samples.permuted]
    cached += [images.reduced, images.detector_odds, images.weights, images.estimated]

    def clear() -> None:
        for one in cached:
            one.cache_clear()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cartooned, "EXTRACTOR", pixels(side=8))
        clear()
        yield
    clear()


@pytest.fixture(scope="module")
def few_images() -> Iterator[None]:
    """Let the exercises see digits, 1,000 of them to train on, instead of Fashion-MNIST."""
    from mlplab.data import registry
    from mlplab.exercises import source_setting

    known = registry._REGISTRY
    digits = known["digits"]

    def small(*, n_test: int, label_noise: float) -> Task:
        return digits.load()

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(known, "fashion-mnist", digits)
        patch.setitem(known, "small-fashion-mnist", replace(digits, load=small))
        patch.setattr(source_setting, "QUICK_ROWS", 1000)
        yield
