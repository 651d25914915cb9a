"""HTML as values: text is escaped unless it already is HTML."""

from __future__ import annotations

import html
import re
from typing import Any

from mlplab.draw import Text, in_language
from mlplab.draw.words import LANGUAGES

# A line must not end between a number and its unit.
_BEFORE_UNIT = re.compile(r"(?<=[\d\]]) (?=%|pp\b)")
_EMPTY = {"br", "col", "hr", "img", "input", "link", "meta", "source"}


class Html(str):
    """Text that is HTML already, and is not escaped again."""

    __slots__ = ()


def escape(value: Any) -> Html:
    """Return a value as HTML.

    >>> escape("a < b"), escape(Html("<b>"))
    ('a &lt; b', '<b>')
    """
    return value if isinstance(value, Html) else Html(html.escape(str(value), quote=True))


def joined(text: str) -> str:
    """Return a text whose numbers stay on one line with their units; HTML as it is.

    >>> joined("a 95 % interval")
    'a 95\\xa0% interval'
    """
    return text if isinstance(text, Html) else _BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", text)


def tag(name: str, /, *inner: Any, **attributes: Any) -> Html:
    """Return an element; `class_` and `data_x` stand for `class` and `data-x`.

    An attribute that is None or False is left out; None among `inner` too.

    >>> tag("a", "x < y", href="#top", class_="quiet")
    '<a href="#top" class="quiet">x &lt; y</a>'
    """
    written = ""
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        written += f" {key}" if value is True else f' {key}="{escape(value)}"'
    if name in _EMPTY:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{group(*inner)}</{name}>")


def group(*parts: Any, between: str = "") -> Html:
    """Put parts one after the other."""
    return Html(escape(between).join(escape(part) for part in parts if part is not None))


def both(text: Text, name: str = "span", /, **attributes: Any) -> Html:
    """Return a text in every language that it has; the page shows one at a time.

    >>> both({"en": "seeds", "zh": "种子"})
    '<span class="t" lang="en">seeds</span><span class="t" lang="zh">种子</span>'
    """
    if isinstance(text, str):
        text = joined(text)
        return escape(text) if name == "span" and not attributes else tag(name, text, **attributes)
    added = attributes.pop("class_", "")
    return group(
        *(
            tag(
                name,
                joined(in_language(text, one)),
                class_=f"t {added}".strip(),
                lang=one,
                **attributes,
            )
            for one in LANGUAGES
        )
    )
