"""The record: what its search tries, what is chosen by whom, and which runs are shared."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from mlplab.exercises import PROFILES, find_exercises
from mlplab.exercises.record.augmented.design import design as augmented
from mlplab.exercises.record.augmented.design import then as after_moves
from mlplab.exercises.record.augmented.moves import BESIDE, NO_OTHER_NOISE
from mlplab.exercises.record.ensemble.design import STUDENT
from mlplab.exercises.record.ensemble.design import design as ensemble
from mlplab.exercises.record.ensemble.mixtures import EACH, LEAST, mixtures
from mlplab.exercises.record.ensemble.sizes import STUDENTS, n_members, size
from mlplab.exercises.record.permutation_invariant.design import design as first_track
from mlplab.exercises.record.permutation_invariant.parts import without_each
from mlplab.exercises.record.permutation_invariant.rounds import ROUNDS
from mlplab.exercises.record.permutation_invariant.search import LEVELS, arms, factors
from mlplab.exercises.record.recipe import BINS, FIRST, RECIPE, SCREENED, fresh_seeds, sized
from mlplab.exercises.tuned import TUNING_SEEDS
from mlplab.experiment.arms import apply_factors
from mlplab.specs import MLP, Fit

STANDARD = PROFILES["standard"]


def test_one_command_runs_its_three_tracks():
    ids = ["record.augmented", "record.ensemble", "record.permutation-invariant"]
    assert [one.id for one in find_exercises("record")] == ids
    assert not any(one.in_chapter for one in find_exercises("record"))


def test_the_search_begins_at_the_first_recipe_and_tries_each_change_in_half_of_its_runs():
    runs = [apply_factors(FIRST, arm) for arm in arms(FIRST)]
    assert SCREENED in runs
    assert len({run.text for run in runs}) == 16
    assert runs[0] == FIRST
    for place, factor in enumerate(factors(FIRST)):
        changed = [run == apply_factors(run, factor.high) for run in runs]
        np.testing.assert_array_equal(changed, LEVELS[:, place] > 0)
        assert sum(changed) == 8


def test_rounds_of_single_changes_lead_from_the_first_runs_to_the_recipe():
    tried = [SCREENED, *(recipe for one in ROUNDS.values() for recipe in one.recipes)]
    starts = [one.start for one in ROUNDS.values()]
    assert starts[0] == SCREENED
    for before, following in zip(ROUNDS.values(), [*starts[1:], RECIPE], strict=True):
        assert following in before.recipes
    per_round = [len({run.text for run in one.recipes}) for one in ROUNDS.values()]
    assert per_round == [1 + len(one.changes) for one in ROUNDS.values()]
    assert all(run.fit.epochs == RECIPE.fit.epochs for run in tried)


@pytest.mark.parametrize(
    "recipe",
    [
        RECIPE,
        FIRST.replace(net=MLP(hidden=(64, 64, 64), residual=True, norm="batch", dropout=0.3,
                              activation="silu"),
                      fit=Fit(input_noise="dropout", input_strength=0.2, mixup=0.2, ema=0.9)),
    ],
)  # fmt: skip
def test_each_part_is_taken_away_alone(recipe):
    without = {name: apply_factors(recipe, arm) for name, arm in without_each(recipe).items()}
    assert all(run != recipe for run in without.values())
    assert len({run.text for run in without.values()}) == len(without)
    assert ("mixup" in without) == (recipe.fit.mixup > 0)
    assert ("residual connections" in without) == recipe.mlp.residual


def test_nothing_that_chooses_scores_the_test_split_or_shares_a_seed_with_what_is_scored():
    found = {**first_track(STANDARD, None), **augmented(STANDARD, None)}
    names = ("search", *ROUNDS, "levels", "bins", "parts", "without bins", *BESIDE)
    choosing = [found[name] for name in names]
    assert all(arm.run.fit.test == "never" for one in choosing for arm in one.design)
    scored = {*found["recipe"].seeds, *ensemble(STANDARD, None)["members"].seeds}
    assert scored.isdisjoint(seed for one in choosing for seed in one.seeds)
    assert scored.isdisjoint(TUNING_SEEDS)


def test_the_noise_that_moves_replace_is_all_that_the_recipe_has():
    quiet = apply_factors(RECIPE, NO_OTHER_NOISE)
    without = without_each(RECIPE)
    for part in ("hidden dropout", "noise on inputs", "mixup"):
        assert apply_factors(quiet, without.pop(part)) == quiet
    assert not {"hidden noise", "label smoothing"} & without.keys()


@pytest.mark.parametrize("best", BESIDE)
def test_the_best_moves_are_compared_with_the_recipe_and_by_themselves(best):
    def runs(at):
        arms = [(0, False, 0.95), (1, False, 0.7), (0, True, 0.8 if at == best else 0.75)]
        return SimpleNamespace(
            summary=lambda metric: [
                SimpleNamespace(
                    factors={"fit.shift": shift, "fit.flip": flip}, mean=mean, n_seeds=2
                )
                for shift, flip, mean in arms
            ]
        )

    compared = after_moves({name: runs(name) for name in BESIDE}, STANDARD, None)["compared"]
    moves = {"fit.shift": 0, "fit.flip": True}
    quiet = apply_factors(RECIPE, NO_OTHER_NOISE)
    alone, moved = apply_factors(quiet, moves), apply_factors(RECIPE, {**BESIDE[best], **moves})
    assert [arm.run for arm in compared.design][:3] == [RECIPE, quiet, alone]
    assert compared.design[-1].run == moved

    def made(changes):
        return apply_factors(RECIPE, changes)

    *differences, bar, stretch = compared.claims
    pairs = [(made(claim.arm), made(claim.baseline)) for claim in differences]
    assert pairs == [(moved, RECIPE), (alone, quiet), (RECIPE, quiet)]
    assert made(bar.arm) == made(stretch.arm) == moved


def test_bins_are_taken_away_by_the_data_alone():
    found = first_track(STANDARD, None)
    for binned, plain in (("bins", "levels"), ("parts", "without bins")):
        assert found[plain].design[0] == found[binned].design[0]
        assert found[plain].seeds == found[binned].seeds
        assert found[binned].task.params == {**found[plain].task.params, "bins": BINS}
    assert found["recipe"].task.params["bins"] == found["permuted"].task.params["bins"] == BINS


def test_tracks_share_the_runs_of_the_recipe():
    recipe = first_track(STANDARD, None)["recipe"]
    members = ensemble(STANDARD, None)["members"]
    assert members.seeds[: len(recipe.seeds)] == recipe.seeds
    assert members.design == recipe.design
    assert members.task == recipe.task
    assert recipe.seeds == tuple(fresh_seeds(20))


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("seeds", [None, 1, 3, 23])
def test_ensembles_are_whole_and_their_students_have_other_seeds(profile, seeds):
    n = n_members(profile, seeds)
    assert n % size(profile) == 0
    assert n // size(profile) >= 2
    students = fresh_seeds(STUDENTS * n // size(profile), 100)
    assert set(students).isdisjoint(fresh_seeds(n))
    assert STUDENT.mlp.hidden == RECIPE.mlp.hidden


def test_mixtures_lie_between_each_image_and_one_other():
    images = np.arange(0, 250, 10, dtype=np.uint8)[:, None].repeat(3, axis=1)
    images[:, 1] = 250 - images[:, 0]
    made = mixtures(images).reshape(EACH, *images.shape).astype(float)
    np.testing.assert_array_equal(made, mixtures(images).reshape(made.shape))
    for turn in made:
        np.testing.assert_allclose(turn[:, 0] + turn[:, 1], 250, atol=1)  # rounded
        np.testing.assert_array_equal(turn[:, 0], turn[:, 2])
        # The first image has the larger share, so that none goes further than halfway.
        assert (np.abs(turn[:, 0] - images[:, 0]) <= (1 - LEAST) * 240 + 1).all()
    assert len(np.unique(made - images)) > 10


def test_the_quick_form_is_small_and_the_standard_one_is_the_recipe():
    assert sized(RECIPE, STANDARD) is RECIPE
    quick = sized(RECIPE, PROFILES["quick"])
    assert quick.mlp.dropout == RECIPE.mlp.dropout
    assert quick.fit.epochs == RECIPE.fit.epochs // 8
    assert set(quick.mlp.hidden) == {128}
