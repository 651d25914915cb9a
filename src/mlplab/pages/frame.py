"""The frame of every page: head, bar, switches, styles and scripts, all inlined."""

from __future__ import annotations

import functools
from importlib.resources import files

from mlplab.draw import THEMES, Text, Theme, in_language
from mlplab.draw.words import LANGUAGES
from mlplab.pages.tags import Html, both, tag
from mlplab.pages.wording import UI, say
from mlplab.version import __version__

# A page fetches nothing, and this says so to the browser. Vega compiles its expressions.
_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline' 'unsafe-eval'; base-uri 'none'; form-action 'none'"
)
_SUN = (
    '<svg viewBox="0 0 24 24" aria-hidden="true" class="icon"><path d="M12 3a9 9 0 1 0 0 18z" '
    'fill="currentColor"/><circle cx="12" cy="12" r="8.5" fill="none" stroke="currentColor" '
    'stroke-width="1.6"/></svg>'
)


def whole_page(title: Text, main: Html, *, home: str = "", scripts: Html | None = None) -> str:
    """Return a complete document.

    Args:
        title: of the browser's tab, in each language.
        main: the content of the page's one `<main>`.
        home: where the ledger is; empty on the ledger itself.
        scripts: data and libraries, before the page's own script.
    """
    names = {f"data-title-{one}": in_language(title, one) for one in LANGUAGES}
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content=f"mlplab {__version__}"),
        tag("title", in_language(title)),
        tag("style", Html(_colours() + _asset("page.css"))),
        tag("script", Html(_asset("early.js"))),
    )
    mark = tag("span", "mlplab", class_="mark")
    left = (
        tag("a", mark, tag("span", both(UI["ledger"])), href=home, class_="home") if home else mark
    )
    bar = tag(
        "header",
        left,
        tag(
            "div",
            tag("button", "中文", type="button", id="switch-language", lang="zh"),
            tag(
                "button",
                Html(_SUN),
                tag("span", both(UI["theme"]), class_="unseen"),
                type="button",
                id="switch-theme",
            ),
            class_="switches",
        ),
        class_="top-bar",
    )
    body = tag(
        "body",
        tag("a", both(UI["skip"]), href="#content", class_="skip"),
        bar,
        tag("main", main, id="content"),
        tag("footer", both(say("made", version=__version__))),
        scripts,
        tag("script", Html(_asset("page.js"))),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en', data_language='en', **names)}\n"


def section(key: str, *content: Html | None, heading: Text = "") -> Html | None:
    """Return a section of a page, if it holds something; by default the page names it by `key`."""
    if not any(content):
        return None
    heading = tag("h2", both(heading or UI[key]), id=f"heading-{key}")
    return tag("section", heading, *content, id=key, aria_labelledby=f"heading-{key}")


def _colours() -> str:
    light, dark = (_variables(THEMES[name]) for name in ("light", "dark"))
    return (
        f":root{{color-scheme:light;{light}}}\n"
        "@media (prefers-color-scheme: dark){"
        f":root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f":root[data-theme=dark]{{color-scheme:dark;{dark}}}\n"
        f"@media print{{:root:root:root{{color-scheme:light;{light}}}}}\n"
    )


def _variables(theme: Theme) -> str:
    named = {
        "paper": theme.paper,
        "ink": theme.ink,
        "quiet": theme.quiet,
        "line": theme.line,
        "wash": theme.wash,
        "link": theme.verdicts["equivalent"],
        **theme.verdicts,
    }
    return "".join(f"--{name}:{colour};" for name, colour in named.items())


@functools.cache
def _asset(name: str) -> str:
    return files("mlplab.pages").joinpath("assets", name).read_text(encoding="utf-8")
