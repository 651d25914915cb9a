"""Markdown with TeX as HTML; formulas become MathML, which browsers show without help."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from mlplab.errors import ConfigError
from mlplab.pages.tags import Html, joined

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.ruler import RuleOptionsType
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_core import StateCore
    from markdown_it.rules_inline import StateInline

# The highest heading of a text stands just below the page's own, whatever it is written as.
_TOP_LEVEL = 3
_MARKS = r"[\\`*_\[\]<&$~#]"


def render_markdown(text: str) -> Html:
    """Return Markdown as HTML.

    `$...$` is a formula in the line and `$$...$$` one of its own; tables are understood; raw
    HTML and pictures are not, so a page fetches nothing.

    Raises:
        ConfigError: a formula that cannot be read.

    >>> print(render_markdown("**bold** and `$x$`").strip())
    <p><strong>bold</strong> and <code>$x$</code></p>
    """
    # An empty corner of a table is no head of anything.
    return Html(_parser().render(text).replace("<th></th>", "<td></td>"))


def render_inline(text: str) -> Html:
    """Return one line of Markdown as HTML, without a paragraph around it."""
    return Html(_parser().renderInline(text))


def literal(text: str) -> str:
    r"""Return Markdown that shows a text as it is.

    >>> literal("a_b from $c$"), bare(literal("a_b from $c$"))
    ('a\\_b from \\$c\\$', 'a_b from $c$')
    """
    return re.sub(f"({_MARKS})", r"\\\1", text)


def bare(text: str) -> str:
    """Return Markdown without the marks that `literal` put there, where none is read."""
    return re.sub(rf"\\({_MARKS})", r"\1", text)


def formula(tex: str, *, display: bool) -> Html:
    """Return a TeX formula as MathML.

    Raises:
        ConfigError: names the formula and what is wrong with it.
    """
    from math_core import LatexError

    try:
        return Html(_converter().convert_with_local_state(tex.strip(), displaystyle=display))
    except LatexError as error:
        reason = " ".join(str(error).split())
        raise ConfigError(f"formula {tex.strip()!r}: {reason}") from None


@functools.cache
def _converter() -> Any:
    from math_core import LatexToMathML

    return LatexToMathML(fancy_error=False)


@functools.cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # A page fetches nothing, and runs nothing that a text brings.
    parser.disable(["image", "html_block", "html_inline"])
    parser.inline.ruler.before("escape", "formula", _inline_formula)
    # A formula may begin in a paragraph's next line; its own lines are no lists or headings.
    interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("fence", "formula", _block_formula, interrupts)
    parser.add_render_rule("formula", _show)
    parser.core.ruler.push("lower_headings", _lower_headings)
    parser.core.ruler.push("join_units", _join_units)
    return parser


def _join_units(state: StateCore) -> None:
    for token in state.tokens:
        for child in token.children or ():
            if child.type == "text":
                child.content = joined(child.content)


def _show(_: Any, tokens: Any, place: int, *__: Any) -> str:
    token = tokens[place]
    display = token.meta["display"]
    shown = formula(token.content, display=display)
    if token.block:
        return f'<div class="formula" tabindex="0">{shown}</div>\n'
    after = token.meta["after"]
    return f'<span class="kept">{shown}{after}</span>' if after else str(shown)


def _inline_formula(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source[start] != "$":
        return False
    mark = "$$" if source.startswith("$$", start) else "$"
    begin = start + len(mark)
    end = source.find(mark, begin)
    while end > 0 and source[end - 1] == "\\":
        end = source.find(mark, end + 1)
    if end <= begin:
        return False
    tex = source[begin:end]
    stop = end + len(mark)
    after = source[stop : stop + 1]
    # "$5 and $6" are prices, and what code says is no formula.
    if mark == "$" and (tex[0].isspace() or tex[-1].isspace() or after.isdigit() or "`" in tex):
        return False
    if not silent:
        token = state.push("formula", "math", 0)
        token.content = tex
        # A line never begins with what ends a formula's clause.
        ending = re.match(r"[.,;:!?)。，、；：！？）]*", source[stop:])
        token.meta = {"display": mark == "$$", "after": ending.group() if ending else ""}
        stop += len(token.meta["after"])
    state.pos = stop
    return True


def _block_formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    def line(number: int) -> str:
        return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]

    if not line(start).startswith("$$"):
        return False
    taken, last = [line(start)[2:]], start
    while not taken[-1].rstrip().endswith("$$"):
        last += 1
        if last >= end:
            return False
        taken.append(line(last))
    tex = "\n".join(taken).rstrip()[:-2]
    # Words after a formula: it stands in the line.
    if not tex.strip() or "$$" in tex:
        return False
    if silent:
        return True
    token = state.push("formula", "math", 0)
    token.block = True
    token.content = tex
    token.meta = {"display": True}
    token.map = [start, last + 1]
    state.line = last + 1
    return True


def _lower_headings(state: Any) -> None:
    headings = [token for token in state.tokens if token.type.startswith("heading_")]
    highest = min((int(token.tag[1]) for token in headings), default=0)
    for token in headings:
        token.tag = f"h{min(6, int(token.tag[1]) - highest + _TOP_LEVEL)}"
