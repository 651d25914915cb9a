"""The command and the page: one document, figures only between the markers."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlplab.bench import harness
from mlplab.bench.command import bench
from mlplab.bench.markdown import BEGIN, END, to_markdown, update_page
from mlplab.bench.process import Sample
from mlplab.bench.timing import Timing
from mlplab.bench.workloads import FEWEST_ROUNDS, WORKLOADS, Measure
from mlplab.errors import ConfigError, MlplabError

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def fake(measure: Measure) -> Sample:
    if measure.module.endswith("chapter_mlp_adam"):
        raise MlplabError("chapter_mlp_adam failed: no table")
    seconds = 0.001 if measure.module.endswith("ours") else 0.5
    peak_bytes = 300_000_000 if measure.watch_memory else None
    return Sample(Timing(measure.name, seconds, 1, f"how {measure.name} was timed"), peak_bytes)


@pytest.fixture
def fake_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    real = harness.run_bench
    monkeypatch.setattr(
        harness, "run_bench", lambda names, rounds, report: real(names, rounds, report, fake)
    )


@pytest.mark.usefixtures("fake_machine")
def test_json_is_one_document_on_standard_output():
    result = CliRunner().invoke(bench, ["C", "--json", "--rounds", "4"])
    assert result.exit_code == 0
    (row,) = json.loads(result.stdout)
    assert row["workload"] == "C"
    assert row["ratios"] == {"chapter's way": 500.0}
    assert row["reached"] == {"at least 150 x faster than chapter's way": True}
    assert result.stderr.splitlines()[-1] == "8/8 round 4: C, chapter's way"


@pytest.mark.usefixtures("fake_machine")
def test_quiet_says_nothing_on_standard_error():
    result = CliRunner().invoke(bench, ["C", "--quiet"])
    assert result.stderr == ""
    assert (
        "| C | at least 150 x faster than chapter's way | 500.0 (500.0 to 500.0) | reached |"
        in (result.stdout)
    )


@pytest.mark.usefixtures("fake_machine")
def test_what_was_not_measured_is_a_failure():
    result = CliRunner().invoke(bench, ["D", "--json", "--quiet"])
    assert isinstance(result.exception, MlplabError)
    assert "D, chapter's way: chapter_mlp_adam failed: no table" in str(result.exception)
    assert json.loads(result.stdout)[0]["reached"] == {
        "at least 7 x faster than chapter's way": None
    }


def test_an_unknown_workload_is_wrong_usage():
    result = CliRunner().invoke(bench, ["Z"])
    assert result.exit_code == 2
    assert "'Z'" in result.stderr


@pytest.mark.usefixtures("fake_machine")
def test_a_bad_page_is_found_before_anything_runs(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("no markers here")
    result = CliRunner().invoke(bench, ["C", "--quiet", "--markdown", str(page)])
    assert isinstance(result.exception, ConfigError)
    assert BEGIN in str(result.exception)
    assert result.stdout == ""


def test_only_the_section_between_the_markers_changes(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold figures\n{END}\nafter\n")
    rows = harness.run_bench(measure=fake)
    update_page(page, rows)
    once = page.read_text()
    assert once == f"before\n{BEGIN}\n{to_markdown(rows)}{END}\nafter\n"
    update_page(page, rows)
    assert page.read_text() == once


def test_a_missing_page_is_a_users_mistake(tmp_path: Path):
    with pytest.raises(ConfigError, match="expected a page to write the figures into"):
        update_page(tmp_path / "none.md", [])


def test_the_table_names_every_target_and_every_failure():
    text = to_markdown(harness.run_bench(measure=fake))
    for workload in WORKLOADS.values():
        for target in workload.targets:
            assert f"| {workload.name} | {target.says()} |" in text
    assert "| D | at least 7 x faster than chapter's way | - | not measured |" in text
    assert "chapter's way: not measured: chapter_mlp_adam failed: no table" in text
    assert "(300 MB)" in text


def test_the_projects_page_has_its_markers_and_every_workload():
    text = PAGE.read_text(encoding="utf-8")
    assert text.index(BEGIN) < text.index(END)
    assert [name for name in WORKLOADS if f"`{name}`" not in text] == []


def test_every_figure_of_the_projects_page_has_a_spread_over_rounds():
    section = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rounds = dict(re.findall(r"^- \*\*(\S+)\*\*: .*; (\d+) rounds\.$", section, flags=re.MULTILINE))
    assert all(int(number) >= FEWEST_ROUNDS for number in rounds.values())
    ratios = re.findall(r"^\| (\S+) \| .* \(.* to .*\) \| .* \|$", section, flags=re.MULTILINE)
    seconds = re.findall(r"^\| (\S+) \| .* per \S+ \|$", section, flags=re.MULTILINE)
    assert ratios
    assert {*ratios, *seconds} - {"workload"} <= rounds.keys()


def test_a_page_of_too_few_rounds_is_not_written(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(f"{BEGIN}\nold figures\n{END}\n")
    row, other = harness.run_bench(["B", "C"], measure=fake)
    with pytest.raises(ConfigError, match="C: expected at least 3 rounds on a page; got 1"):
        update_page(page, [row, replace(other, rounds=1)])
    assert "old figures" in page.read_text()


@pytest.mark.parametrize("rounds", ["0", "1", "2"])
def test_the_command_takes_no_fewer_rounds_than_have_a_spread(rounds: str):
    result = CliRunner().invoke(bench, ["C", "--rounds", rounds])
    assert result.exit_code == 2
    assert "x>=3" in result.stderr
    with pytest.raises(ConfigError, match=f"rounds: expected at least 3; got {rounds}"):
        harness.run_bench(["C"], rounds=int(rounds), measure=fake)


def test_rounds_that_differ_are_seen_to_differ():
    seconds = iter([0.1, 1.4, 0.1, 1.396, 0.1, 1.404])
    rows = harness.run_bench(
        ["C"], measure=lambda m: Sample(Timing(m.name, next(seconds), 1, "by hand"))
    )
    assert "14.00 (13.96 to 14.04)" in to_markdown(rows)
