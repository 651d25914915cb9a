"""Searches replayed on a table: 4.2.4 to 4.2.6, on made-up tables and on few digits."""

from __future__ import annotations

import subprocess
import sys
from itertools import combinations, pairwise

import numpy as np
import pytest

import mlplab as ml
from mlplab.exercises import PROFILES, get_exercise
from mlplab.exercises import source_setting as section
from mlplab.exercises.section_4_2.joint_search.published_settings import (
    PUBLISHED,
    beside_figures,
    mean_of,
)
from mlplab.exercises.section_4_2.many_hyper_parameters import measure as runs_needed
from mlplab.exercises.section_4_2.many_hyper_parameters.tell import variance_parts
from mlplab.exercises.section_4_2.many_hyper_parameters.tuning import tuned_apart, tuned_jointly
from mlplab.exercises.section_4_2.search_strategy import measure as regret
from mlplab.exercises.section_4_2.search_table import (
    METRIC,
    NAMES,
    Grid,
    grid_of,
    make_table,
    places_space,
    ranked_places,
    table_over,
)
from mlplab.search import Proposal, Replay, Terms, Trial, walk
from mlplab.search.strategies import strategy_of
from mlplab.stats import mean_interval
from mlplab.store import Store

LEVELS = {
    "rate": (0.03, 0.1, 0.3),
    "batch size": (64, 256),
    "width": (128, 256),
    "layers": (1, 2),
    "epochs": (1, 2, 3),
}


def made_up(seed=0, noise=0.01, n_seeds=3):
    """A table that is best at rate 0.1, batch 64, width 256, two layers, after all epochs."""
    shape = tuple(len(levels) for levels in LEVELS.values())
    rate, batch, width, layers, epoch = np.indices(shape)
    truth = 0.8 - 0.05 * abs(rate - 1) - 0.02 * batch + 0.01 * width
    truth = truth + 0.01 * layers + 0.02 * epoch
    drawn = np.random.default_rng(seed).normal(0, noise, (*shape, n_seeds))
    return Grid(LEVELS, truth[..., None] + drawn, 0)


@pytest.fixture(scope="module")
def table(tmp_path_factory, few_images):
    """The quick table, of digits."""
    store = Store(tmp_path_factory.mktemp("store") / "runs.sqlite")
    return make_table(PROFILES["quick"]).run(store, workers=1)


class TestTable:
    def test_the_array_holds_every_run_at_its_place(self, table):
        grid = grid_of(table)
        assert grid.scores[..., 0, :].size == len(table)
        for cell in table.cells[::7]:
            run = cell.run
            place = (
                grid.levels["rate"].index(run.optim.lr),
                grid.levels["batch size"].index(run.fit.batch_size),
                grid.levels["width"].index(run.net.hidden[0]),
                grid.levels["layers"].index(len(run.net.hidden)),
            )
            column = sorted({c.seed for c in table.cells}).index(cell.seed)
            outcome = table.outcomes[cell.key]
            curve = grid.scores[place][:, column]
            if outcome.status == "diverged":
                assert curve[-1] == 0.1
            else:
                assert tuple(curve) == outcome.history[METRIC]

    def test_what_is_replayed_is_what_was_trained(self, table):
        grid = grid_of(table)
        replay = Replay(grid.table())
        place = (1, 0, 1, 1)
        config = dict(zip(NAMES, place, strict=False))
        ((found,),) = replay.scores([_proposal(config, 2, (1,))])
        assert found == grid.scores[(*place, 1, 1)]

    def test_the_chapters_setting_and_an_arm_by_its_place(self, table):
        grid = grid_of(table)
        arm = grid.as_arm(grid.usual)
        assert arm == {"optim.lr": 0.1, "fit.batch_size": 256, "net.hidden": (256,)}
        assert grid.as_arm((*grid.usual, 0))["fit.epochs"] == 1
        assert table.experiment.find(arm)

    @pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
    def test_every_profile_has_the_chapters_setting(self, profile):
        arm = {"optim.lr": 0.1, "fit.batch_size": 256, "net.hidden": (256,)}
        assert make_table(profile).find(arm).run.fit.test == "never"

    def test_finalists_come_best_first_each_setting_once(self):
        grid = made_up()
        places = ranked_places(grid)
        mean = grid.scores.mean(axis=-1)
        assert len({place[:4] for place in places}) == len(places) == mean[..., 0].size
        scores = [mean[place] for place in places]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] == mean.max()


def _proposal(config, epochs, seeds):
    return Proposal(config, epochs, seeds)


class TestRunsNeeded:
    def needed(self, name, scores, repetitions):
        near = runs_needed.is_near(scores)
        lookup = table_over(NAMES[: near.ndim], scores)
        return np.array([runs_needed._needed(name, lookup, near, r) for r in range(repetitions)])

    def test_random_search_takes_what_the_formula_says(self):
        scores = made_up(noise=0.004).scores
        near = runs_needed.is_near(scores)
        needed = self.needed("random", scores, 300)
        expected = runs_needed.expected_runs(near.size, int(near.sum()))
        assert abs(needed.mean() - expected) < 4 * needed.std() / np.sqrt(300)
        assert needed.min() >= 1

    @pytest.mark.parametrize(("n", "good"), [(6, 1), (7, 3), (5, 5)])
    def test_the_formula_is_the_mean_over_all_orders(self, n, good):
        firsts = [min(places) + 1 for places in combinations(range(n), good)]
        assert runs_needed.expected_runs(n, good) == pytest.approx(np.mean(firsts))

    @pytest.mark.parametrize("name", runs_needed.STRATEGIES)
    def test_no_search_takes_more_than_all_settings_nor_misses_an_easy_one(self, name):
        scores = runs_needed.section_of(made_up(), 3)
        needed = self.needed(name, scores, 10)
        assert needed.max() <= scores[..., 0].size
        assert set(self.needed(name, np.zeros_like(scores), 5)) == {1}

    def test_a_section_keeps_the_others_at_the_chapters_values(self):
        grid = made_up()
        one = runs_needed.section_of(grid, 1)
        assert np.array_equal(one, grid.scores[:, 1, 1, 0, -1])
        assert np.array_equal(runs_needed.section_of(grid, 5), grid.scores)

    def test_a_grid_walks_every_setting_in_nested_loops(self):
        space = runs_needed._in_some_order(places_space({"rate": 3, "width": 2}), 4)
        terms = Terms(epochs=1, budget=6)
        lookup = table_over(("rate", "width"), np.zeros((3, 2, 1)))
        (trials,) = walk(strategy_of("grid"), space, terms, Replay(lookup), 4)
        outer = next(iter(space.factors))
        walked = [trial.config[outer] for trial in trials]
        assert len(trials) == 6
        assert walked == sorted(walked, reverse=walked[0] > walked[-1])


class TestApartAndJointly:
    def test_without_interaction_they_agree(self):
        grid = made_up(noise=0.0)
        assert tuned_apart(grid) == tuned_jointly(grid) == (1, 0, 1, 1, 2)

    def test_with_interaction_they_differ(self):
        grid = made_up(noise=0.0)
        grid.scores[2, 0, 1, 1, 2] = 0.99
        assert tuned_jointly(grid) == (2, 0, 1, 1, 2)
        assert tuned_apart(grid) == (1, 0, 1, 1, 2)

    def test_an_additive_table_has_main_effects_only(self):
        parts = variance_parts(made_up(noise=0.0), clipped=False)
        assert parts.order(1) == pytest.approx(1.0)
        assert variance_parts(made_up(noise=0.0), clipped=True).order(1) < 0.999


class TestRegret:
    def course(self, name, grid, repetition=0, trainings=8):
        costs = dict(zip(NAMES[:4], (1.0, 1.2, 2.0, 3.0), strict=True))
        way = regret.WAYS[name]
        return regret._regret(way, grid, grid.table(), costs, repetition, trainings)

    @pytest.mark.parametrize("name", regret.WAYS)
    def test_without_noise_regret_never_rises_and_ends_at_nothing_if_all_is_paid(self, name):
        grid = made_up(noise=0.0)
        found = self.course(name, grid, trainings=200)
        assert all(after <= before + 1e-12 for before, after in pairwise(found))
        assert min(found) >= 0
        assert found[-1] == pytest.approx(0.0)

    def test_the_source_begins_at_the_chapters_setting(self):
        grid = made_up(noise=0.0)
        full = grid.scores[..., -1, 0]
        assert self.course("source", grid)[0] == pytest.approx(full.max() - full[grid.usual])

    def test_the_recommendation_is_the_best_among_the_longest_paid_by_then(self):
        def trial(rate, epochs, score, spent):
            return Trial({"rate": rate}, epochs, (0,), (score,), 0, spent)

        trials = [
            trial(0, 1, 0.9, 1),
            trial(1, 1, 0.8, 2),
            trial(1, 3, 0.7, 5),
            trial(2, 3, 0.75, 8),
        ]
        found = regret.recommended(trials, 3, 3)
        assert [one["rate"] for one in found] == [0, 1, 2]

    @pytest.mark.parametrize("most", [1, 5, 8, 20, 1000])
    def test_a_coarse_grid_fits_the_budget_and_no_axis_could_grow(self, most):
        space = places_space({"rate": 5, "batch size": 3, "width": 4, "layers": 2})
        found = regret.coarse(space, most, 1)
        counts = {path: len(levels) for path, levels in found.factors.items()}
        assert found.size <= most
        for path, n in counts.items():
            assert set(found.factors[path]) <= set(space.factors[path])
            if n < len(space.factors[path]):
                assert found.size / n * (n + 1) > most

    def test_dearer_values_cost_more(self, table):
        costs = regret.relative_costs(table)
        assert costs["rate"] == pytest.approx(1.0)
        assert costs["layers"] > costs["rate"]


def test_the_sources_tables_are_arms_as_published():
    design = get_exercise("4.2.4").design(PROFILES["standard"], None)
    arms = [arm for n, one in design.items() if n.startswith("published") for arm in one.design]
    settings = [(arm.run.net.hidden, arm.run.fit.batch_size) for arm in arms]
    assert len(settings) == 10
    assert set(settings) == set(PUBLISHED)
    for arm in arms:
        assert (arm.run.fit.last_batch, arm.run.fit.epochs, arm.run.optim.lr) == ("keep", 10, 0.1)
        assert (arm.run.net.init.kind, arm.run.net.init.scale) == ("normal", 0.01)


def test_the_three_exercises_share_their_table():
    tables = [
        get_exercise(name).design(PROFILES["standard"], None)["table"]
        for name in ("4.2.4", "4.2.5", "4.2.6")
    ]
    runs = [[arm.run for arm in one.design] for one in tables]
    assert runs[0] == runs[1] == runs[2]
    assert tables[0].seeds == tables[1].seeds == tables[2].seeds


def test_without_optuna_one_line_says_what_to_install():
    code = (
        "import sys; sys.modules['optuna'] = None\n"
        "from mlplab.exercises import answer, get_exercise\n"
        "from mlplab.errors import ConfigError\n"
        "try: answer(get_exercise('4.2.6'), store=':memory:')\n"
        "except ConfigError as e: print(e)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "python -m pip install 'optuna'" in done.stdout
    assert done.stdout.count("\n") == 1


def test_the_sources_figures_stand_beside_the_same_settings():
    settings = [((256,), 32), ((512, 256), 256)]
    base = section.AS_PUBLISHED.with_value("fit.epochs", 2)
    arms = [{"net.hidden": hidden, "fit.batch_size": size} for hidden, size in settings]
    runs = ml.Experiment("digits", base, arms=arms, seeds=3).run(":memory:", workers=1)
    beside = beside_figures([runs])
    for row, setting in enumerate(settings):
        accuracies = runs.values("test_accuracy")[row]
        one = beside.iloc[row]
        interval = mean_interval(accuracies, n_test=runs.experiment.data.n_test)
        assert one["published"] == PUBLISHED[setting]
        assert mean_of(beside, setting) == pytest.approx(accuracies.mean())
        assert (one["low"], one["high"]) == pytest.approx((interval.low, interval.high))
        assert (one["least"], one["largest"]) == (accuracies.min(), accuracies.max())
        assert one["in_range"] == (accuracies.min() <= PUBLISHED[setting] <= accuracies.max())
