"""Exercises can be listed, planned and read before anything runs."""

from __future__ import annotations

import re
import string

import pytest

from mlplab.errors import ConfigError
from mlplab.exercises import PROFILES, get_exercise, list_exercises
from mlplab.exercises.text import LANGUAGES
from mlplab.specs import BestArm

EXERCISES = list_exercises()
IDS = [one.id for one in EXERCISES]


def test_ids_and_slugs_are_unique_and_found():
    names = [name for one in EXERCISES for name in (one.id, one.slug)]
    assert len(set(names)) == len(names)
    for one in EXERCISES:
        assert get_exercise(one.id) is get_exercise(one.slug) is one


def test_an_unknown_exercise_gets_a_suggestion():
    with pytest.raises(
        ConfigError, match=r"no exercise 'hidden-with'; did you mean 'hidden-width'"
    ):
        get_exercise("hidden-with")


@pytest.mark.parametrize("one", EXERCISES, ids=IDS)
def test_both_languages_hold_the_same_placeholders(one):
    found = {
        language: sorted(re.findall(r"\{\{([^}]+)\}\}", one.text(language).answer))
        for language in LANGUAGES
    }
    assert found["en"] == found["zh"]
    for language in LANGUAGES:
        text = one.text(language)
        assert text.title
        assert text.question


@pytest.mark.parametrize("one", EXERCISES, ids=IDS)
def test_no_measured_number_is_typed_into_an_answer(one):
    for language in LANGUAGES:
        outside = re.sub(r"\{\{[^}]+\}\}|\$[^$]*\$", "", one.text(language).answer)
        assert not re.search(r"\d\.\d", outside), "a decimal number that no result filled in"


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("one", EXERCISES, ids=IDS)
def test_designs_are_valid_and_selection_never_touches_the_test_split(one, profile):
    experiments = one.design(profile, None)
    assert experiments or one.kind == "exact"
    for experiment in experiments.values():
        for claim in experiment.claims:
            assert claim.says[-1] not in string.punctuation
            if isinstance(claim, BestArm):
                assert claim.metric.startswith("valid_")
    if one.kind == "trained":
        declared = sum(len(e.claims) for e in experiments.values())
        declared += len(one.later) + len(one.proofs) + len(one.measured)
        assert declared == one.n_claims


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
