"""Markdown with formulas."""

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.errors import ConfigError
from mlplab.pages import render_markdown

FORMULAS = [
    r"\bar y \pm t_{1-\alpha/2,\,n-1}\,\frac{s}{\sqrt{n}}",
    r"\operatorname{Var}(h) = \frac{h^2 p}{1-p}",
    r"\begin{aligned} a &= b + \max_{j} x\\ &= c\log x\end{aligned}",
    r"\begin{pmatrix} a & b\\ c & d\end{pmatrix}",
    r"f(x) = \begin{cases} x & x>0\\ \alpha x & x\le 0\end{cases}",
    r"\mathbf{W}^\top \in \mathbb{R}^{n\times m}",
    r"\lVert W \rVert_F^2 = \operatorname{tr}(W^\top W)",
    r"\mathcal{N}(0,\sigma^2)\odot \tanh x + 1 = 2\,\sigma(2x)",
    r"\left.\frac{\partial L}{\partial \theta}\right|_{\theta=0}",
    r"\nabla_\theta L, \hat y, \tilde x",
    r"\prod_{l=1}^{L} \sigma_{\max}(W_l) \ge \text{gain}, \boldsymbol{\epsilon} \sim \mathcal{U}",
]


@pytest.mark.parametrize("tex", FORMULAS)
def test_the_chapters_mathematics_is_understood(tex: str) -> None:
    inline, own = render_markdown(f"so ${tex}$ it is"), render_markdown(f"$$\n{tex}\n$$")
    assert inline.count("<math") == own.count("<math") == 1
    assert "$" not in inline + own
    assert 'display="block"' in own
    assert own.startswith('<div class="formula" tabindex="0">')


def test_a_formula_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ConfigError, match=r"formula '\\\\nothing\{x\}': .*nothing"):
        render_markdown(r"$\nothing{x}$")
    with pytest.raises(ConfigError, match="formula"):
        render_markdown(r"$\frac{a$")


def test_lines_of_a_formula_are_no_list_and_no_heading() -> None:
    shown = render_markdown("before\n$$\na\n- b\n# c\n= d\n$$\nafter".replace("# c", "+ c"))
    assert shown.count("<math") == 1
    assert "<li>" not in shown
    assert "<h" not in shown
    assert "after" in shown


def test_prices_and_code_are_no_formulas() -> None:
    assert "<math" not in render_markdown("from $5 to $6, `$x$`, \\$x\\$")
    assert "<math" not in render_markdown("```\n$$x$$\n```")
    assert render_markdown("$x$ and $y$").count("<math") == 2


def test_headings_stand_below_those_of_the_page() -> None:
    assert "<h3>a</h3>" in render_markdown("# a\n\n## b")
    assert "<h4>b</h4>" in render_markdown("# a\n\n## b")
    assert "<h3>a</h3>" in render_markdown("### a")


def test_tables_are_understood_and_raw_html_and_pictures_are_not() -> None:
    assert "<td>1</td>" in render_markdown("|a|\n|-|\n|1|")
    assert "<script" not in render_markdown("<script>x</script>")
    assert "<img" not in render_markdown("![x](https://example.org/x.png)")


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="a $\n<>&*`#-|\\{}", max_size=40))
def test_any_text_gives_closed_elements_or_a_named_formula(text: str) -> None:
    try:
        shown = render_markdown(text)
    except ConfigError:
        return

    class Nesting(HTMLParser):
        open: list[str]

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.open.append(tag)

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    reader = Nesting()
    reader.open = []
    reader.feed(shown)
    assert reader.open == []


@pytest.mark.parametrize("ending", [".", ",", "),", "。", "）。"])
def test_what_ends_a_clause_stays_with_its_formula(ending):
    shown = render_markdown(f"at rates $a$ and $b${ending} Then")
    assert f"</math>{ending}</span> Then" in shown
    assert '<span class="kept"><math' in shown
