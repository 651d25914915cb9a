"""Exercises can be listed, planned and read before anything runs."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exercises.throwaway import write_texts

from mlplab.errors import ConfigError, MlplabError
from mlplab.exercises import PROFILES, answer, get_exercise, list_exercises, registry
from mlplab.exercises.rendering import render
from mlplab.exercises.wording_file import LANGUAGES, read_wording
from mlplab.experiment.wording import claim_words
from mlplab.specs import BestArm, Verdict

# Names in what a text places; the words of verdicts and the separators of lists differ.
PLACED = re.compile(r"\{\{(.+?)\}\}")
NAMES = re.compile(r"(?<![.\w\"'|])[a-z_]\w*(?:\.\w+)?")
EXERCISES = list_exercises()
IDS = [one.id for one in EXERCISES]


def test_ids_and_slugs_are_unique_and_found():
    names = [name for one in EXERCISES for name in (one.id, one.slug)]
    assert len(set(names)) == len(names)
    for one in EXERCISES:
        assert get_exercise(one.id) == get_exercise(one.slug) == one


def test_an_unknown_exercise_gets_a_suggestion():
    with pytest.raises(
        ConfigError, match=r"no exercise 'hidden-with'; did you mean 'hidden-width'"
    ):
        get_exercise("hidden-with")


@pytest.mark.parametrize("one", EXERCISES, ids=IDS)
def test_both_languages_tell_the_same_numbers(one):
    texts = {n: wording.answer for n, wording in one.wordings.items()}
    found = {n: {name for part in PLACED.findall(t) for name in NAMES.findall(part)}
             for n, t in texts.items()}  # fmt: skip
    assert found["en"] == found["zh"]


@pytest.mark.parametrize("one", EXERCISES, ids=IDS)
def test_no_measured_number_is_typed_into_an_answer(one):
    for language in LANGUAGES:
        told = one.wordings[language]
        outside = re.sub(r"\{\{.+?\}\}|\{%.+?%\}|\$[^$]*\$", "", told.answer)
        # The number of another exercise, or of a paper.
        outside = re.sub(r"\b4\.\d+\.\d+\b|arXiv \d+\.\d+", "", outside)
        assert not re.search(r"\d\.\d", outside), "a decimal number that no result filled in"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("one", EXERCISES, ids=IDS)
def test_designs_are_valid_and_selection_never_touches_the_test_split(one, profile):
    experiments = one.design(profile, None)
    assert experiments or one.kind == "exact"
    for experiment in experiments.values():
        for claim in experiment.claims:
            assert claim_words(claim)["en"][-1] not in string.punctuation
            assert claim.key in one.claims
            if isinstance(claim, BestArm):
                assert claim.metric.startswith("valid_")


def test_runs_keep_their_answers_for_exercises_that_take_them_up():
    # The grid of 4.6.1 has no claim about test accuracy, and arms that others compare by it.
    grid = get_exercise("4.6.1").design(PROFILES["standard"], None)["grid"]
    assert not any(claim.metric == "test_accuracy" for claim in grid.claims)
    assert grid.keeps_correct


def test_seeds_of_the_standard_profile_suffice_for_claims():
    assert PROFILES["quick"].n_seeds == 8
    assert PROFILES["standard"].n_seeds >= 10


def test_the_published_setting_is_an_arm_of_4_2_1():
    published = get_exercise("4.2.1").design(PROFILES["standard"], None)["published"]
    (arm,) = published.design
    assert arm.run.net.init.scale == 0.01
    assert arm.run.net.init.kind == "normal"
    assert arm.run.optim.lr == 0.1
    assert (arm.run.fit.batch_size, arm.run.fit.epochs, arm.run.fit.last_batch) == (256, 10, "keep")


def test_a_new_folder_is_a_new_exercise(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").touch()
    folder = tmp_path / "mine" / "section_9_9" / "throw_away"
    write_texts(folder, "9.9.9", ("two",))
    (folder / "prove.py").write_text(
        "from mlplab.exercises.findings import Checked\n\n\n"
        "def prove():\n    return [Checked('two', 1 + 1 == 2)]\n"
    )
    (folder / "tell.py").write_text(
        "from mlplab.exercises import Findings\n\n\n"
        "def tell(results):\n    return Findings({'n': 0})\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "HOMES", [*registry.HOMES, "mine"])
    made = get_exercise("throw-away")
    assert made in list_exercises()
    assert (made.id, made.kind, made.n_claims) == ("9.9.9", "exact", 1)
    found = answer(made, store=":memory:")
    assert [verdict.verdict for verdict in found.verdicts] == ["proved"]
    assert found.report().answer["en"] == "It took 0 runs."


def test_what_lies_beyond_the_chapter_is_asked_for_by_name(tmp_path, monkeypatch):
    (tmp_path / "further").mkdir()
    for name in ("a_first", "b_second"):
        write_texts(tmp_path / "further" / "afield" / name, f"afield.{name[2:]}", ("two",))
    monkeypatch.setattr(registry, "HOMES", [*registry.HOMES, "further"])
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "further" / "__init__.py").touch()
    assert [one.id for one in registry.find_exercises("afield")] == [
        "afield.first",
        "afield.second",
    ]
    assert not any(one.id.startswith("afield") for one in registry.find_exercises("all"))
    assert get_exercise("a-first").id == "afield.first"
    ids = [one.id for one in list_exercises()]
    assert ids.index("afield.first") > ids.index("4.10.1")


BROKEN = {
    "no head": ("It took long.", "expected a head between two lines"),
    "no TOML": ("+++\ntitle = How\n+++\n", "its head is no TOML"),
    "no title": ('+++\nquestion = "?"\n+++\n', "title is missing"),
    "a misspelt entry": ('+++\ntitle = "t"\nquestion = "?"\nclaim = 1\n+++\n',
                         "no entry 'claim'; did you mean 'claims'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_text_is_one_line(name, tmp_path):
    text, says = BROKEN[name]
    (tmp_path / "en.md").write_text(text)
    with pytest.raises(MlplabError, match=says):
        read_wording(tmp_path / "en.md")


def test_a_text_that_names_what_there_is_not_is_one_line():
    with pytest.raises(MlplabError, match="'bset' is undefined"):
        render("{{ bset }}", {"best": 1}, {})
    with pytest.raises(MlplabError, match="names a claim and a value"):
        render("{{ best }}", {"best": 1}, {"best": Verdict(id="a", says="", verdict="none")})


def test_texts_cannot_leave_their_sandbox():
    with pytest.raises(MlplabError, match="unsafe"):
        render("{{ x.__class__.__mro__ }}", {"x": 1}, {})


@given(
    value=st.floats(-1e-3, 1e-3) | st.floats(-1e5, 1e5) | st.just(-0.0),
    filter_=st.sampled_from(
        ["fmt('.2f')", "fmt('+.2f')", "fmt(',.0f')", "percent", "points", "scientific", "fmt('')"]
    ),
)
def test_no_filter_signs_a_number_that_is_written_as_0(value, filter_):
    text = render(f"{{{{ x | {filter_} }}}} {{{{ x }}}}", {"x": value}, {})
    for number in re.findall(r"[-+−]?[0-9][0-9.,]*", text):
        assert set(number) & set("123456789") or number[0] == "0", text
    assert "-" not in text.replace("e-", "")
