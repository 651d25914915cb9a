"""How random tests draw: the same examples every time where they gate, fresh ones elsewhere."""

from __future__ import annotations

import gc
import random
import time

import pytest
from hypothesis import HealthCheck, settings

# No database: what one run has found would decide every later run in that checkout alone.
# No deadlines and no check of how long drawing takes: both are clocks.
settings.register_profile(
    "gate",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("fuzz", settings.get_profile("gate"), derandomize=False)
settings.load_profile("gate")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--until",
        type=float,
        metavar="SECONDS",
        help="start no test after this time since the epoch; order them by --hypothesis-seed",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--until") is not None:
        # Every worker must come to the same order, and every round should begin elsewhere.
        random.Random(config.getoption("--hypothesis-seed")).shuffle(items)


def pytest_collection_finish() -> None:
    # Six thousand tests and what they import stay to the end: looking through them again and
    # again for garbage took 5 % of the time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_runtest_setup(item: pytest.Item) -> None:
    until = item.config.getoption("--until")
    if until is not None and time.time() > until:
        pytest.skip("the time is up")
