"""A page stands on its own: well formed, in both languages, complete, reaching for nothing."""

import base64
import dataclasses
import itertools
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import vl_convert

from mlplab.pages import Report, page_html

HAN = re.compile(r"[\u4e00-\u9fff]")
VOID = {"br", "col", "hr", "img", "input", "link", "meta", "source"}


class Page(HTMLParser):
    """What a browser would find: elements in order, their nesting, texts per element."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.scripts: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs), f"<{tag}> repeats an attribute: {attrs}"
        self.elements.append((tag, given))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # Only MathML closes elements this way.
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            name = self.elements[-1][1].get("id", "")
            self.scripts[name] = self.scripts.get(name, "") + data
        elif self.open and self.open[-1] != "style" and data.strip():
            self.texts.append((self.open[-1], data.strip()))

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def words(self) -> str:
        return " ".join(text for _, text in self.texts)


@pytest.fixture(scope="module")
def source(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def parsed(source: str) -> Page:
    return Page(source)


def test_every_element_is_closed(parsed: Page) -> None:
    assert parsed.open == []
    assert [tag for tag, _ in parsed.elements[:2]] == ["html", "head"]


def test_ids_are_unique_and_what_refers_to_them_exists(parsed: Page) -> None:
    ids = Counter(given["id"] for _, given in parsed.elements if "id" in given)
    assert [name for name, count in ids.items() if count > 1] == []
    named = [given["aria-labelledby"] for _, given in parsed.elements if "aria-labelledby" in given]
    inner = [given["href"][1:] for given in parsed.of("a") if given["href"].startswith("#")]
    assert named
    assert set(named) | set(inner) <= set(ids)


def test_nothing_is_fetched(parsed: Page, source: str, page: Path) -> None:
    for tag, given in parsed.elements:
        for name in ("src", "srcset", "data", "poster", "action"):
            if name in given:
                assert given[name].startswith("data:"), (tag, name, given[name][:60])
    assert parsed.of("link") == []
    assert parsed.of("iframe") == []
    for given in parsed.of("a"):
        href = given["href"]
        assert href.startswith(("#", "data:")) or (page.parent / href).exists() or href[:2] == ".."
    styles = re.findall(r"<style>(.*?)</style>", source, flags=re.S)
    assert styles
    assert not re.search(r"@import|url\(|https?:", styles[0])
    policy = next(m for m in parsed.of("meta") if m.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in policy["content"]
    assert "http" not in policy["content"]


def test_every_text_comes_in_both_languages(parsed: Page) -> None:
    languages = [
        given["lang"] for _, given in parsed.elements if "t" in given.get("class", "").split()
    ]
    assert languages == ["en", "zh"] * (len(languages) // 2)
    assert len(languages) > 60
    html = parsed.of("html")[0]
    assert html["lang"] == "en"
    assert html["data-title-zh"].startswith("4.2.1 多宽")
    for words in ("What the runs prove", "实验结论", "Why", "原因", "A finding <with> & signs"):
        assert words in parsed.words()


def test_landmarks_headings_and_alternatives(parsed: Page) -> None:
    for landmark in ("header", "main", "footer"):
        assert len(parsed.of(landmark)) == 1
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert all(len(given["alt"]) > 10 for given in parsed.of("img"))
    assert len(parsed.of("img")) == len(parsed.of("figure")) == 2
    assert all(given.get("scope") in ("col", "row") for given in parsed.of("th"))


def test_verdicts_are_told_by_word_symbol_interval_and_level(parsed: Page) -> None:
    words = parsed.words()
    for told in (
        "≈", "equivalent", "等价", "∎", "proved", "+0.10 [−0.21, +0.43]\xa0pp",
        "97.5\xa0% interval", "d = 0.5\xa0pp",
        "0.400", "unprotected look 2", "about 40 seeds", "A 与 B 相同",
    ):  # fmt: skip
        assert told in words
    rows = [given for given in parsed.of("tr") if given.get("id", "").startswith("claim-")]
    assert [row["id"] for row in rows] == ["claim-aa", "claim-bb", "claim-bb.1", "claim-cc"]
    assert "part" in rows[2]["class"]


def test_the_quick_profile_is_announced_and_no_other(parsed: Page, report: Report) -> None:
    assert "Quick profile" in parsed.words()
    plain = dataclasses.replace(report, profile="standard", figures=(), verdicts=())
    plain = dataclasses.replace(plain, answer="")
    assert "Quick profile" not in Page(page_html(plain)).words()


def test_how_it_was_run_is_told(parsed: Page, report: Report) -> None:
    words = parsed.words()
    for told in (
        "1 min 12 s", "4 of them from the store", "made up", report.provenance[0].id,
        "Looks at the test split", "claims", "Failed runs", "digits", "0.1", "a, b",
        "mlplab run 4.2.1 --profile quick",
    ):  # fmt: skip
        assert told in words


def test_charts_are_the_figures_and_can_be_drawn(parsed: Page, report: Report) -> None:
    specs = json.loads(parsed.scripts["chart-specs"])
    looks = json.loads(parsed.scripts["chart-looks"])
    names = [figure.name for figure in report.figures]
    assert list(specs) == names
    assert [g["data-name"] for g in parsed.of("div") if g.get("class") == "chart"] == names
    for figure in report.figures:
        spec = specs[figure.name]
        assert spec["en"] == json.loads(json.dumps(figure.spec(titled=False)))
        drawn = vl_convert.vegalite_to_svg(
            {**spec["zh"], "config": looks["dark"]}, vl_version=figure.vegalite_version
        )
        assert "<svg" in drawn
    assert "vegaEmbed" in parsed.scripts[""]


def test_texts_never_become_elements(parsed: Page) -> None:
    """An arm called `</script><b>` is data everywhere."""
    assert parsed.of("b") == []
    assert parsed.of("with") == []


def test_every_number_is_kept_to_the_last_digit(page: Path, report: Report) -> None:
    frames = {figure.name: figure.data for figure in report.figures}
    frames["table-scores-all"] = report.tables["scores-all"].frame
    for name, frame in frames.items():
        kept = pd.read_csv(page.parent / f"{name}.csv", dtype=str, keep_default_na=False)
        assert list(kept.columns) == list(frame.columns)
        assert len(kept) == len(frame)
        for column in frame.select_dtypes("number"):
            assert [float(text) for text in kept[column]] == list(frame[column])
    assert (page.parent / "table-failures.csv").exists()


def test_numbers_in_the_page_are_those_beside_it(parsed: Page, page: Path) -> None:
    links = [given for given in parsed.of("a") if given["href"].startswith("data:text/csv")]
    assert {given["download"] for given in links} >= {
        "learning-curves.csv",
        "paired-differences.csv",
        "table-scores-all.csv",
    }
    for given in links:
        embedded = base64.b64decode(given["href"].partition(",")[2])
        assert embedded == (page.parent / given["download"]).read_bytes()


def test_figures_lie_beside_the_page(page: Path, report: Report) -> None:
    for figure in report.figures:
        english, chinese = (
            (page.parent / f"{figure.name}{ending}").read_text(encoding="utf-8")
            for ending in (".svg", ".zh.svg")
        )
        assert english == figure.svg(paper=True)
        assert chinese == figure.svg(language="zh", paper=True)
        assert HAN.search(chinese)
        assert not HAN.search(english)
        assert (page.parent / f"{figure.name}.png").read_bytes().startswith(b"\x89PNG")


def test_each_language_links_its_own_picture(source: str, report: Report) -> None:
    for figure in report.figures:
        for language, ending in (("en", ".svg"), ("zh", ".zh.svg")):
            link = f'<a href="{figure.name}{ending}" download class="t" lang="{language}">SVG</a>'
            assert link in source


def test_pictures_keep_their_words(source: str) -> None:
    """The lean copy of a picture in the page has the same texts as the drawn one."""
    found = re.search(r'<img src="data:image/svg\+xml;base64,([^"]+)"', source)
    assert found
    svg = base64.b64decode(found[1]).decode()
    assert ">epoch</text>" in svg
    assert "aria-label" not in svg


def test_a_page_stays_small(page: Path) -> None:
    assert page.stat().st_size < 1_600_000
