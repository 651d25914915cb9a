"""A real browser for pages: Debian's chromium, driven by Playwright; axe looks for barriers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), "")
VIEWS = [(1280, "light", "en"), (390, "dark", "zh")]


@dataclass(frozen=True)
class Shown:
    """A page in a tab, what it said on the console, and what it asked for."""

    tab: Any
    said: list[str]
    asked: list[str]

    def barriers(self) -> list[tuple[str, list[str]]]:
        """What axe finds: the rule, and the elements."""
        axe = pytest.importorskip("axe_playwright_python.sync_playwright")
        found = axe.Axe().run(self.tab).response["violations"]
        return [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found]

    def overhang(self) -> int:
        """By how many pixels something sticks out at the right."""
        element = "document.documentElement"
        return int(self.tab.evaluate(f"{element}.scrollWidth - {element}.clientWidth"))

    def fetched(self) -> list[str]:
        """What was asked of a network."""
        return [url for url in self.asked if not url.startswith(("file:", "data:", "blob:"))]


@contextmanager
def chromium() -> Iterator[Any]:
    """Start the browser; skip the test, with the reason, where there is none."""
    if not CHROMIUM:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra 'browser'")
    with playwright.sync_playwright() as running:
        # Root has no sandbox to go into.
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def show(browser: Any, page: Path, view: tuple[int, str, str]) -> Iterator[Shown]:
    """Open a page at a width in pixels, in light or dark, in a language, its charts drawn."""
    width, scheme, language = view
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=scheme, locale=language)
    shown = Shown(context.new_page(), [], [])
    shown.tab.on("console", lambda message: shown.said.append(message.text))
    shown.tab.on("pageerror", lambda error: shown.said.append(str(error)))
    shown.tab.on("request", lambda request: shown.asked.append(request.url))
    shown.tab.goto(page.as_uri())
    if shown.tab.query_selector(".live"):
        shown.tab.wait_for_selector(".live canvas, .live svg")
    yield shown
    context.close()
