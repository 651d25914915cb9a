"""What finds English on a Chinese page finds it, and lets names and code be."""

import json

import pytest
from tests.chinese import chinese_texts, latin_rows

SHOWN = {
    "a paragraph": "<p>结论是 the rate is too large 而已</p>",
    "words around a tag": "<p>the <b>rate</b> is large</p>",
    "a cell": "<table><tr><td>score of the arm</td></tr></table>",
    "in neither language": '<span class="t" lang="zh">every run finished early</span>',
}
HIDDEN = {
    "the other language": '<span class="t" lang="en">every run finished</span><p>全部完成</p>',
    "code": "<p>运行 <code>mlplab run all exercises</code></p>",
    "a formula": "<p><math><mi>the rate of it</mi></math></p>",
    "two words": "<p>用 Debian package 安装</p>",
    "blocks": "<td>the</td><td>rate</td><td>is</td>",
    "settings": "<p>optim.lr=0.1 net.hidden=64 init=he batch_size=32</p>",
    "names": "<a>SVG</a> <a>PNG</a> <a>CSV</a>",
}


@pytest.mark.parametrize("name", SHOWN)
def test_english_that_is_shown_is_found(name):
    assert latin_rows(chinese_texts(SHOWN[name]))


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_hidden_or_a_name_is_left_alone(name):
    assert latin_rows(chinese_texts(HIDDEN[name])) == []


def test_a_chart_is_read_in_chinese():
    spec = {"axis": {"title": "share of all runs"}, "data": [{"key": "not shown at all"}]}
    specs = {"one": {"en": spec, "zh": spec}}
    html = f'<script type="application/json" id="chart-specs">{json.dumps(specs)}</script>'
    assert latin_rows(chinese_texts(html)) == ["share of all runs"]
