"""Exercises from the command line: verdicts, pages and the ledger."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from mlplab.exercises import find_exercises, list_exercises
from mlplab.store import Store

CLAIM = {
    *("id", "says", "verdict", "effect", "interval", "p", "n_seeds"),
    *("scope", "this_test_set", "new_examples"),
}


def test_the_list_is_that_of_the_room(document, invoke):
    said = document("list")
    exercises = list_exercises()
    assert [one["id"] for one in said] == [one.id for one in exercises]
    for one, exercise in zip(said, exercises, strict=True):
        assert set(one) == {"id", "slug", "title", "claims", "kind"}
        assert (one["slug"], one["claims"]) == (exercise.slug, exercise.n_claims)
        assert one["title"] == exercise.title["en"]
        assert one["kind"] in ("trained", "exact")
    shown = invoke("list").stdout
    places = {line.split()[0] for line in shown.splitlines() if line.strip()}
    for one in exercises:
        assert one.slug in shown
        # Beyond the chapter a section stands in the place of a number.
        assert (one.id if one.in_chapter else one.id.partition(".")[0]) in places


def test_a_run_prints_a_verdict_per_claim_and_ends_with_its_page(tiny_exercise, invoke, home):
    result = invoke("run", tiny_exercise, "--out", "pages")
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "9.9.1 tiny-rates, quick: Rates (en)"
    assert lines[1].split(maxsplit=1) == [
        "supported",
        "a rate of 0.5 gives a higher test accuracy than 0.001",
    ]
    assert "5 seeds" in lines[2]
    assert "10 runs" in result.stdout
    assert "quick is small enough to try" in " ".join(result.stdout.split())
    assert lines[-1] == "page: pages/9.9.1/index.html"
    assert "tiny-rates" in (home / "pages/9.9.1/index.html").read_text()
    assert "9.9.1" in (home / "pages/index.html").read_text()
    assert all(len(line) <= 80 for line in lines)


def test_the_document_of_a_run(tiny_exercise, document):
    said = document("run", "tiny-rates")
    assert set(said) == {"exercise", "claims", "n_runs", "seconds", "report"}
    (claim,) = said["claims"]
    assert set(claim) == CLAIM
    assert said["exercise"] == tiny_exercise
    assert (said["n_runs"], claim["n_seeds"]) == (10, 5)
    low, high = claim["interval"]
    assert low <= claim["effect"] <= high
    assert Path(said["report"]).is_file()
    more = document("run", tiny_exercise, "--seeds", "6", "--profile", "quick")
    assert (more["n_runs"], more["claims"][0]["n_seeds"]) == (12, 6)


def test_several_exercises_make_a_list_and_one_named_twice_runs_once(tiny_exercise, document):
    assert document("run", tiny_exercise, "tiny-rates")["exercise"] == tiny_exercise
    plans = document("run", tiny_exercise, "4.2.1", "--plan", "--seeds", "1")
    assert plans[0]["experiment"] == "rates"
    assert len(plans) > 1


@pytest.mark.parametrize("name", ["9.9", "9.9.*", "9", "9.9.1"])
def test_a_section_stands_for_its_exercises(name, tiny_exercise, document):
    assert document("run", name, "--plan") == document("run", tiny_exercise, "--plan")


def test_sections_hold_every_exercise_once_and_all_is_the_chapter():
    every = list_exercises()
    sections = dict.fromkeys(one.id.rpartition(".")[0] for one in every)
    assert sum((find_exercises(section) for section in sections), ()) == every
    assert find_exercises("all") == tuple(one for one in every if one.in_chapter)
    assert not set(find_exercises("4.1")) & set(find_exercises("4.10"))


def test_what_an_exercise_lacks_is_said_before_any_of_them_runs(tiny_exercise, invoke, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    result = invoke("run", tiny_exercise, "4.2.6")
    assert result.exit_code == 2
    assert "pip install" in result.stderr
    assert result.stdout == ""
    assert Store().info().rows["outcomes"] == 0


def test_a_plan_of_an_exercise_writes_nothing(tiny_exercise, document, home):
    said = document("run", tiny_exercise, "--plan")
    assert (said["experiment"], said["runs"], said["finished"]) == ("rates", 10, 0)
    assert Store().info().rows["outcomes"] == 0
    assert not (home / "reports").exists()


def test_a_page_that_cannot_be_written_is_one_line(tiny_exercise, invoke, home):
    (home / "pages").write_text("in the way")
    result = invoke("run", tiny_exercise, "--out", "pages")
    (line,) = result.stderr.splitlines()
    assert "pages" in line
    assert result.exit_code != 0


def test_the_ledger_lists_what_was_not_run(tiny_exercise, document, invoke):
    said = document("claims")
    assert {line["verdict"] for line in said} == {"not run"}
    assert len(said) == sum(one.n_claims for one in list_exercises())
    assert all(line["effect"] is None and line["report"] is None for line in said)
    assert "not run" in invoke("claims").stdout


def test_the_ledger_tells_each_verdict_and_where_its_page_is(tiny_exercise, document, invoke):
    run = document("run", tiny_exercise)
    said = document("claims")
    (line,) = [one for one in said if one["exercise"] == tiny_exercise]
    (claim,) = run["claims"]
    assert {name: line[name] for name in CLAIM} == claim
    assert (line["profile"], line["report"]) == ("quick", run["report"])
    assert line["time"][:2] == "20"
    shown = invoke("claims").stdout
    assert f"9.9.1 tiny-rates: {run['report']}" in shown
    assert "supported" in shown
    assert f"quick, {line['time'][:10]}" in " ".join(shown.split())


def test_the_most_thorough_profile_speaks(tiny_exercise, document):
    document("run", tiny_exercise, "--profile", "standard")
    document("run", tiny_exercise, "--profile", "quick")
    (line,) = [one for one in document("claims") if one["exercise"] == tiny_exercise]
    assert (line["profile"], line["n_seeds"]) == ("standard", 6)


def test_claims_of_other_experiments_follow(document, invoke):
    verdict = {"id": "abc", "says": "wider is better", "verdict": "undecided", "n_seeds": 8}
    Store().put_verdicts("my own", [verdict | {"seeds_needed": 40}])
    *_, line = document("claims")
    assert (line["exercise"], line["experiment"], line["says"]) == (None, "my own", verdict["says"])
    shown = invoke("claims").stdout
    assert "my own" in shown
    assert "about 40 seeds would likely decide it" in shown


def test_a_page_names_the_command_that_makes_it(tiny_exercise, document, home):
    said = document("run", tiny_exercise, "--seeds", "6")
    page = (home / said["report"]).read_text()
    assert "mlplab run 9.9.1 --profile quick --seeds 6" in page
    assert json.loads((home / "reports/9.9.1/report.json").read_text())["n_runs"] == 12


def test_what_was_remembered_is_computed_anew_on_demand(invoke, home, monkeypatch):
    monkeypatch.setattr("mlplab.exercises.answer_cache.code_has_changed", lambda: False)
    said = [
        " ".join(invoke("run", "4.1.3", *more).stdout.split())
        for more in ((), (), ("--recompute",))
    ]
    told = ["the rest was remembered (--recompute)" in one for one in said]
    assert told == [False, True, False]
    verdicts = [one[: one.index("0 runs")] for one in said]
    assert verdicts[0] == verdicts[1] == verdicts[2]
    assert "proved" in verdicts[0]


@pytest.mark.parametrize("command", [("train",), ("sweep", "--vary", "lr=0.1,0.3")])
def test_a_population_gets_a_page_too(command, invoke, home, monkeypatch):
    from mlplab.draw import Figure

    monkeypatch.setattr(Figure, "png", lambda self, *_, **__: b"")
    monkeypatch.setattr(sys, "argv", ["mlplab", *command, "xor"])
    name, *more = command
    wanted = (name, "xor", *more, "--seeds", "3", "--epochs", "2", "--out", "pages")
    result = invoke(*wanted)
    assert result.exit_code == 0, result.stderr
    page = home / result.stdout.splitlines()[-1].removeprefix("page: ")
    assert "ml.Experiment(" in page.read_text(encoding="utf-8")
    said = invoke(*wanted, "--json")
    json.loads(said.stdout)
    assert str(page.relative_to(home)) in said.stderr
    refused = invoke(*wanted, "--plan")
    assert refused.exit_code == 2
    assert "--out" in refused.stderr
