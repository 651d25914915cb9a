"""What every strategy promises, and what each one is known for, on made-up scores."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlplab.errors import ConfigError
from mlplab.search import STRATEGIES, Range, Replay, ScoreTable, Space, Terms, walk
from mlplab.search.space import name_of, read_space
from mlplab.search.strategies import strategy_of
from mlplab.search.strategies.halving import bracket_cost, rung_epochs

SPACE = Space({"a": Range(low=0.01, high=1.0, log=True), "b": tuple(range(5))})


class Made:
    """Scores by a formula: best at a = 0.1, b = 3; longer is better; a little noise by seed."""

    def __init__(self, noise: float = 0.0) -> None:
        self.noise = noise
        self.asked: list = []

    def scores(self, proposals):
        self.asked += proposals
        return [
            tuple(
                -((math.log10(p.config["a"]) + 1) ** 2) - (p.config["b"] - 3) ** 2 / 10
                - 1 / p.epochs + self.noise * np.random.default_rng(seed).standard_normal()
                for seed in p.seeds
            )
            for p in proposals
        ]  # fmt: skip


def search(name, budget=300, seed=0, evaluator=None, space=SPACE, **terms):
    made = Terms(epochs=9, budget=budget, **terms)
    return [
        t for step in walk(strategy_of(name), space, made, evaluator or Made(), seed) for t in step
    ]


@pytest.mark.parametrize("name", STRATEGIES)
class TestEvery:
    @settings(deadline=None, max_examples=15)
    @given(budget=st.integers(9, 900), seed=st.integers(0, 99), continues=st.booleans())
    def test_spends_no_more_than_its_budget(self, name, budget, seed, continues):
        trials = search(name, budget, seed, continues=continues)
        assert sum(trial.run_epochs for trial in trials) <= budget
        spent = [trial.spent for trial in trials]
        assert spent == list(np.cumsum([trial.run_epochs for trial in trials]))

    def test_the_same_seed_takes_the_same_steps(self, name):
        assert search(name, seed=5) == search(name, seed=5)
        if name not in ("grid", "coordinate"):
            assert search(name, seed=5) != search(name, seed=6)

    def test_stays_in_the_space(self, name):
        for trial in search(name):
            assert 0.01 <= trial.config["a"] <= 1.0
            assert trial.config["b"] in range(5)

    def test_finds_something_good(self, name):
        best = max(search(name, 600), key=lambda trial: (trial.epochs, trial.score))
        assert best.score > -0.5 - 1 / 9

    def test_bears_runs_that_fail(self, name):
        class Failing(Made):
            def scores(self, proposals):
                found = super().scores(proposals)
                return [
                    tuple(-math.inf if p.config["a"] > 0.2 else s for s in scores)
                    for p, scores in zip(proposals, found, strict=True)
                ]

        trials = search(name, 600, evaluator=Failing())
        assert max(trial.score for trial in trials) > -math.inf

    def test_a_small_space_is_used_up_and_that_is_all(self, name):
        space = Space({"a": (0.1, 0.2), "b": (1, 3)})
        trials = search(name, 100_000, space=space)
        assert {name_of(trial.config) for trial in trials} <= {
            name_of({"a": a, "b": b}) for a in (0.1, 0.2) for b in (1, 3)
        }


class TestGrid:
    def test_tries_every_combination_once(self):
        trials = search("grid", 10_000, per_range=4)
        assert len({name_of(t.config) for t in trials}) == len(trials) == 20

    def test_a_part_of_it_is_drawn_at_random(self):
        first = [search("grid", 90, seed, per_range=4) for seed in (0, 1)]
        assert len(first[0]) == len(first[1]) == 10
        assert first[0] != first[1]


class TestCoordinate:
    def test_one_factor_at_a_time_cheapest_first(self):
        made = Made()
        search("coordinate", 200, evaluator=made, start={"a": 1.0, "b": 0},
               costs=(("a", 9.0), ("b", 2.0)))  # fmt: skip
        first = made.asked[:5]
        assert {p.config["a"] for p in first} == {1.0}
        assert [p.config["b"] for p in first] == [0, 1, 2, 3, 4]
        then = made.asked[5:9]
        assert {p.config["b"] for p in then} == {3}

    def test_ends_where_no_single_change_helps(self):
        space = Space({"a": (0.01, 0.1, 1.0), "b": tuple(range(5))})
        trials = search("coordinate", 10_000, space=space, start={"a": 1.0, "b": 0})
        assert max(trials, key=lambda t: t.score).config == {"a": 0.1, "b": 3}


class TestHalving:
    def test_a_third_goes_on_each_time(self):
        trials = search("halving", 300)
        sizes = [sum(t.epochs == epochs for t in trials) for epochs in rung_epochs(9)]
        assert all(after == max(1, before // 3) for before, after in pairwise(sizes))
        for epochs, longer in pairwise(rung_epochs(9)):
            went_on = {name_of(t.config) for t in trials if t.epochs == longer}
            rung = sorted((t for t in trials if t.epochs == epochs), key=lambda t: -t.score)
            assert went_on == {name_of(t.config) for t in rung[: len(went_on)]}

    @given(st.integers(1, 500), st.integers(1, 81), st.booleans())
    def test_what_a_bracket_costs(self, n, epochs, continues):
        terms = Terms(epochs=epochs, budget=10**9, continues=continues)
        lengths = rung_epochs(epochs)
        rungs = [max(1, n // 3**r) for r in range(len(lengths))]
        before = [0, *lengths[:-1]] if continues else [0] * len(lengths)
        wanted = sum(k * (e - b) for k, e, b in zip(rungs, lengths, before, strict=True))
        assert bracket_cost(n, lengths, terms) == pytest.approx(wanted, abs=len(lengths) * epochs)

    def test_continuing_pays_more_configurations(self):
        again, on = (search("halving", 300, continues=c) for c in (False, True))
        assert len(on) > len(again)


def test_hyperband_ends_with_random_search():
    trials = search("hyperband", 900)
    first = {name_of(t.config): t for t in reversed(trials)}
    assert {t.epochs for t in first.values()} == {1, 3, 9}


class TestRacing:
    def race(self, means, sd, seed, correlation=0.0, budget=10**6):
        """Race arms of known means; return which configurations had the most seeds."""
        rng = np.random.default_rng(seed)
        shared = rng.standard_normal(16) * sd * math.sqrt(correlation)
        own = rng.standard_normal((len(means), 16)) * sd * math.sqrt(1 - correlation)
        scores = np.array(means)[:, None] + shared + own
        table = ScoreTable(
            tuple({"arm": k} for k in range(len(means))), tuple(range(16)), scores[..., None]
        )
        space = Space({"arm": tuple(range(len(means)))})
        terms = Terms(epochs=1, budget=budget)
        return [
            t for step in walk(STRATEGIES["racing"], space, terms, Replay(table), 0) for t in step
        ]

    def last_rung(self, trials):
        last = max(trial.step for trial in trials)
        return {trial.config["arm"] for trial in trials if trial.step == last}, last

    @pytest.mark.parametrize("correlation", [0.0, 0.8])
    @pytest.mark.parametrize("gap", [0.0, 0.5, 2.0])
    def test_the_best_is_dropped_in_at_most_one_race_of_twenty(self, gap, correlation):
        means = [0.0, -gap, -gap, -2 * gap, -4 * gap, -4 * gap]
        lost = 0
        for seed in range(400):
            trials = self.race(means, 1.0, seed, correlation)
            arms, last = self.last_rung(trials)
            # A race that ends early ends with one arm, whose next rung is not run.
            if last < 3:
                first_seeds = [t for t in trials if t.step == last]
                totals = {t.config["arm"]: [] for t in first_seeds}
                for t in trials:
                    if t.config["arm"] in totals:
                        totals[t.config["arm"]] += t.scores
                arms = {max(totals, key=lambda arm: np.mean(totals[arm]))}
            lost += 0 not in arms
        # 5 % of 400 is 20; a binomial of that rate exceeds 32 once in a thousand.
        assert lost <= 32

    def test_clearly_worse_arms_save_seeds(self):
        trials = self.race([0.0, -50.0, -50.0, -50.0, -0.1], 1.0, 3, correlation=0.9)
        seeds = {
            arm: sum(len(t.seeds) for t in trials if t.config["arm"] == arm) for arm in range(5)
        }
        assert max(seeds[arm] for arm in (1, 2, 3)) < seeds[0] == seeds[4] == 16

    def test_equal_arms_are_all_kept(self):
        trials = self.race([0.0] * 4, 0.0, 0)
        assert self.last_rung(trials) == ({0, 1, 2, 3}, 3)


class TestReplay:
    def test_a_shift_moves_the_seeds(self):
        table = ScoreTable(({"a": 1},), (0, 1, 2), np.arange(6.0).reshape(1, 3, 2))
        from mlplab.search import Proposal

        asked = [Proposal({"a": 1}, 2, (0, 1))]
        assert Replay(table).scores(asked) == [(1.0, 3.0)]
        assert Replay(table, shift=2).scores(asked) == [(5.0, 1.0)]

    def test_what_is_not_there_is_said(self):
        from mlplab.search import Proposal

        table = ScoreTable(({"a": 1},), (0,), np.zeros((1, 1, 3)))
        with pytest.raises(ConfigError, match="has no a=2 after 1 epochs"):
            Replay(table).scores([Proposal({"a": 2}, 1, (0,))])
        with pytest.raises(ConfigError, match="after 4 epochs"):
            Replay(table).scores([Proposal({"a": 1}, 4, (0,))])
        with pytest.raises(ConfigError, match="1 configurations and 2 seeds"):
            ScoreTable(({"a": 1},), (0, 1), np.zeros((1, 1, 3)))


class TestSpace:
    @given(st.floats(1e-6, 1.0), st.floats(1.01, 1e6), st.floats(0, 1), st.booleans())
    def test_a_range_keeps_its_bounds_and_order(self, low, high, share, log):
        levels = Range(low=low, high=high, log=log)
        assert low <= levels.at(share) <= high
        assert levels.at(share / 2) <= levels.at(share)
        assert levels.at(0) == pytest.approx(low)
        assert levels.at(1) == pytest.approx(high)

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda: Range(low=2, high=1), "expected low < high; got 2 to 1"),
            (lambda: Range(low=0, high=1, log=True), "a logarithm needs low > 0"),
            (lambda: read_space({}), "at least one factor"),
            (lambda: read_space({"optim.lr": []}), r"optim.lr: expected a Range or a list"),
            (lambda: read_space({"optim.lr": [1, 1]}), "each value once"),
            (lambda: strategy_of("annealing"), "expected one of grid, .*got 'annealing'"),
        ],
    )
    def test_mistakes(self, make, message):
        with pytest.raises(ConfigError, match=message):
            make()
