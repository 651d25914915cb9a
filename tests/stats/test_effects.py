"""Main effects and interactions of a full grid, with intervals from paired seeds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats as scipy_stats

from mlplab.errors import ConfigError, DataError
from mlplab.stats import factorial_effects

A, B = np.array([-0.02, 0.0, 0.05]), np.array([0.01, -0.03])


def additive(n_seeds=8, noise=0.0, seed=0):
    """A 3 x 2 surface without interaction; seeds shift all cells and add their own noise."""
    rng = np.random.default_rng(seed)
    surface = 0.8 + A[:, None] + B
    shared = rng.normal(0, 0.1, n_seeds)
    return surface[..., None] + shared + noise * rng.normal(size=(3, 2, n_seeds))


def test_a_known_surface_without_noise_is_found_exactly():
    found = factorial_effects(additive(), ["a", "b"])
    assert found.deviations["a"].interval.mean == pytest.approx(A - A.mean())
    assert found.deviations["b"].interval.mean == pytest.approx(B - B.mean())
    steps = found.differences["a"]
    assert steps.interval.mean == pytest.approx([A[i] - A[j] for i, j in steps.levels])
    assert steps.levels[steps.largest] == (2, 0)
    assert found.interactions["a", "b"].interval.mean == pytest.approx(0, abs=1e-12)


def test_an_interaction_is_the_difference_of_differences():
    grid = additive()
    grid[2, 1] += 0.04
    found = factorial_effects(grid, ["a", "b"]).interactions["a", "b"]
    for (i, j, k, m), mean in zip(found.levels, found.interval.mean, strict=True):
        wanted = 0.04 * ((i == 2) - (j == 2)) * ((k == 1) - (m == 1))
        assert mean == pytest.approx(wanted, abs=1e-12)
    # Deviations from the grand mean still add up to nothing.
    both = factorial_effects(grid, ["a", "b"]).deviations
    assert both["a"].interval.mean.sum() == pytest.approx(0, abs=1e-12)


def test_a_factor_of_two_levels_is_a_paired_t_test():
    y = np.random.default_rng(1).normal(size=(2, 9))
    found = factorial_effects(y, ["a"])
    test = scipy_stats.ttest_rel(y[1], y[0])
    ends = test.confidence_interval(0.95)
    step = found.differences["a"].interval
    assert found.n_intervals == 1
    assert (step.low[0], step.high[0], step.p[0]) == pytest.approx(
        (ends.low, ends.high, test.pvalue)
    )
    # The two deviations are halves of it, mirrored.
    half = found.deviations["a"].interval
    assert half.low == pytest.approx([-ends.high / 2, ends.low / 2])


def test_every_interval_is_a_t_interval_at_the_shared_level():
    grid = additive(noise=0.02)
    found = factorial_effects(grid, ["a", "b"])
    assert found.n_intervals == (3 + 3) + 1 + 3
    contrast = (grid[2, 1] - grid[0, 1]) - (grid[2, 0] - grid[0, 0])
    ends = scipy_stats.ttest_1samp(contrast, 0).confidence_interval(1 - 0.05 / found.n_intervals)
    twos = found.interactions["a", "b"]
    place = twos.levels.index((2, 0, 1, 0))
    assert (twos.interval.low[place], twos.interval.high[place]) == pytest.approx(tuple(ends))
    level = grid[1].mean(axis=0) - grid.mean(axis=(0, 1))
    ends = scipy_stats.ttest_1samp(level, 0).confidence_interval(found.level)
    one = found.deviations["a"].interval
    assert (one.low[1], one.high[1]) == pytest.approx(tuple(ends))


def test_three_factors_have_the_effects_of_their_margins():
    grid = np.random.default_rng(2).normal(size=(2, 3, 2, 6))
    found = factorial_effects(grid, ["a", "b", "c"])
    for name, axis in (("a", 0), ("b", 1), ("c", 2)):
        others = tuple({0, 1, 2} - {axis})
        alone = factorial_effects(grid.mean(axis=others), [name])
        assert found.deviations[name].interval.mean == pytest.approx(
            alone.deviations[name].interval.mean
        )
    assert set(found.interactions) == {("a", "b"), ("a", "c"), ("b", "c")}


def test_relabelling_factors_and_levels_changes_no_interval():
    grid = additive(noise=0.02)
    grid[0, 0] += 0.03
    found = factorial_effects(grid, ["a", "b"])
    order = [2, 0, 1]
    other = factorial_effects(grid[order].swapaxes(0, 1), ["b", "a"])
    assert other.n_intervals == found.n_intervals
    kept = found.deviations["a"].interval
    assert other.deviations["a"].interval.low == pytest.approx(kept.low[order])

    def ends(effects):
        (twos,) = effects.interactions.values()
        pairs = zip(twos.interval.low.tolist(), twos.interval.high.tolist(), strict=True)
        return sorted(tuple(sorted((abs(low), abs(high)))) for low, high in pairs)

    assert np.array(ends(other)) == pytest.approx(np.array(ends(found)))
    (twos,) = other.interactions.values()
    assert twos.decide(0.01) == found.interactions["a", "b"].decide(0.01)


def test_what_all_cells_of_a_seed_share_changes_nothing():
    grid = additive(noise=0.02)
    moved = grid + np.random.default_rng(3).normal(size=grid.shape[-1])
    one, other = factorial_effects(grid, ["a", "b"]), factorial_effects(moved, ["a", "b"])
    for kind in ("deviations", "differences", "interactions"):
        for name, found in getattr(one, kind).items():
            same = getattr(other, kind)[name].interval
            assert same.low == pytest.approx(found.interval.low)


@pytest.mark.parametrize("n_seeds", [5, 16])
def test_all_intervals_hold_together_at_least_as_often_as_said(n_seeds):
    rng = np.random.default_rng(4)
    truth = 0.8 + A[:, None] + B + 0.02 * rng.normal(size=(3, 2))
    centred = truth - truth.mean()
    exact = factorial_effects(truth[..., None] + np.zeros(2), ["a", "b"])
    repeats, held, single = 400, 0, 0
    for _ in range(repeats):
        noise = rng.normal(0, 0.05, n_seeds) + 0.02 * rng.normal(size=(3, 2, n_seeds))
        found = factorial_effects(centred[..., None] + noise, ["a", "b"])
        inside = [
            (one[name].interval.low <= true[name].interval.mean)
            & (true[name].interval.mean <= one[name].interval.high)
            for one, true in (
                (getattr(found, kind), getattr(exact, kind))
                for kind in ("deviations", "differences", "interactions")
            )
            for name in one
        ]
        held += all(part.all() for part in inside)
        single += bool(inside[0][0])
    # 99 % bounds: at least 95 % together; each alone at its own level.
    assert held >= scipy_stats.binom.ppf(0.01, repeats, 0.95)
    low, high = scipy_stats.binom.interval(0.99, repeats, exact.level)
    assert low <= single <= high


def test_an_additive_surface_is_seldom_told_to_interact():
    wrong = 0
    for seed in range(200):
        found = factorial_effects(additive(noise=0.02, seed=seed), ["a", "b"])
        wrong += found.interactions["a", "b"].decide(0.001) == "supported"
    assert wrong <= scipy_stats.binom.ppf(0.99, 200, 0.05)


@pytest.mark.parametrize(
    ("step", "noise", "n_seeds", "word"),
    [
        (0.0, 0.001, 8, "equivalent"),
        (0.002, 0.0001, 8, "equivalent"),
        (0.05, 0.001, 8, "supported"),
        (-0.05, 0.001, 8, "supported"),
        (0.0, 0.05, 8, "undecided"),
        (0.05, 0.001, 4, "none"),
    ],
)
def test_additive_or_not_in_a_word(step, noise, n_seeds, word):
    grid = additive(n_seeds, noise)
    grid[1, 1] += step
    assert factorial_effects(grid, ["a", "b"]).interactions["a", "b"].decide(0.01) == word


def test_the_same_means_as_least_squares_on_dummies():
    grid = np.random.default_rng(5).normal(size=(3, 2, 2, 4))
    cells = list(itertools.product(range(3), range(2), range(2)))
    design = np.array([[1, *np.eye(3)[i][:2] - np.eye(3)[i][2], 1 - 2 * j, 1 - 2 * k]
                       for i, j, k in cells])  # fmt: skip
    weights = np.linalg.lstsq(design, grid.mean(axis=-1).ravel(), rcond=None)[0]
    found = factorial_effects(grid, ["a", "b", "c"])
    assert found.deviations["a"].interval.mean[:2] == pytest.approx(weights[1:3])
    assert found.deviations["b"].interval.mean[0] == pytest.approx(weights[3])
    assert found.mean == pytest.approx(weights[0])


@pytest.mark.parametrize(
    ("values", "names", "error", "message"),
    [
        (np.ones((2, 2, 3)), ["a"], ConfigError, r"each of 2 factors.*got \['a'\]"),
        (np.ones((2, 2, 3)), ["a", "a"], ConfigError, "each once"),
        (np.ones((2, 1, 3)), ["a", "b"], ConfigError, r"two levels of each factor; got \(2, 1\)"),
        (np.ones((40, 40, 2)), ["a", "b"], ConfigError, "at most 100,000.*got 608,400 from 40 x"),
        (np.full((2, 2, 3), np.nan), ["a", "b"], DataError, "12 of 12 are not"),
    ],
)
def test_wrong_input_is_one_line(values, names, error, message):
    with pytest.raises(error, match=message):
        factorial_effects(values, names)
