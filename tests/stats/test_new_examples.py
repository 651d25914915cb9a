"""Intervals over seeds and test examples crossed."""

import numpy as np
import pytest
from scipy import stats

from mlplab.errors import DataError
from mlplab.stats import mean_interval, new_examples_interval, unpack_correct


def bits(rng, n_seeds=6, n_test=200, hard=0.3):
    """Correct/wrong bits: each example has its own chance of being right."""
    chance = np.where(rng.random(n_test) < hard, rng.random(n_test), 1.0)
    return (rng.random((n_seeds, n_test)) < chance).astype(float)


def test_equals_the_two_way_table_written_out():
    y = np.random.default_rng(0).normal(size=(6, 3000)) + np.linspace(-1, 1, 3000)
    n, n_test = y.shape
    of_seeds = n_test * sum((row.mean() - y.mean()) ** 2 for row in y) / (n - 1)
    of_examples = n * sum((column.mean() - y.mean()) ** 2 for column in y.T) / (n_test - 1)
    rest = y - y.mean(axis=0) - y.mean(axis=1)[:, None] + y.mean()
    of_rest = np.sum(rest**2) / ((n - 1) * (n_test - 1))
    A, B = of_seeds / y.size, (of_examples - of_rest) / y.size
    df = (A + B) ** 2 / (A**2 / (n - 1) + B**2 / (n_test - 1))
    half = stats.t.ppf(0.975, df) * np.sqrt(A + B)
    interval = new_examples_interval(y)
    assert float(interval.mean) == pytest.approx(y.mean())
    # Two imagined examples beside 3,000 are hardly seen.
    assert float(interval.high - interval.low) == pytest.approx(2 * half, rel=2e-3)


def test_a_single_arm_gets_right_and_wrong_examples_as_agresti_and_coull_say():
    row = np.repeat([1.0, 0.0], [197, 3])
    z = stats.norm.ppf(0.975)
    share = (197 + z**2 / 2) / (200 + z**2)
    half = z * np.sqrt(share * (1 - share) / (200 + z**2))
    interval = new_examples_interval(np.tile(row, (8, 1)), ends=(0, 1))
    assert float(interval.low) == pytest.approx(share - half, rel=1e-3)
    assert float(interval.high) == pytest.approx(share + half, rel=1e-3)


def test_predicts_how_much_new_test_sets_differ():
    rng = np.random.default_rng(1)
    drawn = [bits(rng) for _ in range(600)]
    grand = np.var([sample.mean() for sample in drawn])
    intervals = [new_examples_interval(sample, ends=(0, 1)) for sample in drawn]
    assert np.mean([float(i.se) ** 2 for i in intervals]) == pytest.approx(grand, rel=0.15)
    fixed = np.mean([float(mean_interval(sample.mean(axis=1)).se) ** 2 for sample in drawn])
    assert fixed < 0.5 * grand


@pytest.mark.parametrize("n_seeds", [2, 5, 8, 64])
def test_is_never_narrower_than_over_seeds_alone(n_seeds):
    rng = np.random.default_rng(n_seeds)
    for _ in range(40):
        y = bits(rng, n_seeds) - bits(rng, n_seeds) + 0.1 * rng.normal(size=(n_seeds, 1))
        for claims in (1, 12):
            both = new_examples_interval(y, claims=claims)
            seeds = mean_interval(y.mean(axis=1), claims=claims)
            assert both.low <= seeds.low
            assert both.high >= seeds.high
            assert both.p >= seeds.p
            assert both.level == seeds.level


def test_zero_lies_outside_exactly_if_p_is_small():
    rng = np.random.default_rng(3)
    seen = set()
    for shift in np.linspace(0, 0.15, 60):
        y = bits(rng, 8) - bits(rng, 8) + shift
        interval = new_examples_interval(y, claims=3)
        outside = bool(interval.low > 0 or interval.high < 0)
        assert outside == (float(interval.p) < 0.05)
        seen.add(outside)
    assert seen == {True, False}


def test_more_seeds_do_not_shrink_what_examples_add():
    rng = np.random.default_rng(4)
    chance = rng.random(400)
    added = [
        new_examples_interval((rng.random((n, 400)) < chance) * 1.0, ends=(0, 1)).extra_variance
        for n in (8, 512)
    ]
    assert added[1] == pytest.approx(np.var(chance) / 400, rel=0.1)
    assert added[0] == pytest.approx(added[1], rel=0.2)


def test_pure_seed_noise_is_not_taken_for_examples():
    rng = np.random.default_rng(3)
    noise = [(rng.random((8, 400)) < 0.5) * 1.0 for _ in range(50)]
    added = [new_examples_interval(sample, ends=(0, 1)).extra_variance for sample in noise]
    assert np.mean(added) < 0.1 * 0.25 / 8 / 400 + 4 * 0.25 / 400**2


def test_arms_that_agree_on_every_example_may_still_differ_on_others():
    # The rule of three: nothing seen among N leaves about 3 in N.
    interval = new_examples_interval(np.zeros((8, 1000)))
    assert float(interval.high) == pytest.approx(3 / 1000, rel=0.1)
    assert float(interval.low) == -float(interval.high)


@pytest.mark.parametrize("shape", [(0, 30), (1, 30), (4, 1)])
def test_too_little_says_nothing(shape):
    interval = new_examples_interval(np.ones(shape))
    assert (interval.low, interval.high, interval.p) == (-np.inf, np.inf, 1.0)


def test_packed_bits_come_back():
    sample = bits(np.random.default_rng(4), n_test=203) > 0
    packed = [np.packbits(row).tobytes() for row in sample]
    assert np.array_equal(unpack_correct(packed, 203), sample)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: unpack_correct([b"ab"], 30), "expected 4 bytes for 30 examples; got 2 bytes"),
        (lambda: unpack_correct([], 30), "got no runs"),
        (lambda: new_examples_interval([1.0, 0.0]), "expected \\(seeds, examples\\)"),
        (lambda: new_examples_interval(np.ones((3, 0))), "expected \\(seeds, examples\\)"),
    ],
)
def test_bad_bits_are_named(call, words):
    with pytest.raises(DataError, match=words):
        call()
