"""Pages in a real browser: nothing is complained of, nothing is fetched, nothing sticks out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser import VIEWS, Shown, chromium, show


@pytest.fixture(scope="module", params=VIEWS, ids=lambda view: " ".join(map(str, view)))
def shown(request: pytest.FixtureRequest, page: Path) -> Iterator[Shown]:
    with chromium() as browser, show(browser, page, request.param) as opened:
        yield opened


def test_nothing_is_said_on_the_console(shown: Shown) -> None:
    assert shown.said == []


def test_nothing_is_fetched(shown: Shown) -> None:
    assert shown.fetched() == []


def test_axe_finds_nothing(shown: Shown) -> None:
    assert shown.barriers() == []


def test_nothing_sticks_out(shown: Shown) -> None:
    assert shown.overhang() <= 0
