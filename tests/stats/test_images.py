"""What new test images add."""

import numpy as np
import pytest

from mlplab.errors import DataError
from mlplab.stats import mean_interval, new_images_interval, new_images_variance, unpack_correct


def bits(rng, n_seeds=6, n_test=200, hard=0.3):
    """Correct/wrong bits: each image has its own chance of being right."""
    chance = np.where(rng.random(n_test) < hard, rng.random(n_test), 1.0)
    return rng.random((n_seeds, n_test)) < chance


def test_equals_the_formula_written_out():
    rng = np.random.default_rng(0)
    a, b = bits(rng), bits(rng)
    y = a.astype(float) - b
    means = [np.mean(column) for column in y.T]
    spreads = [np.var(column, ddof=1) for column in y.T]
    expected = max(0.0, np.var(means, ddof=1) - np.mean(spreads) / 6) / 200
    assert new_images_variance(a, b) == pytest.approx(expected)


def test_predicts_how_much_new_test_sets_differ():
    rng = np.random.default_rng(1)
    drawn = [bits(rng) for _ in range(600)]
    grand = np.var([sample.mean() for sample in drawn])
    intervals = [new_images_interval(sample) for sample in drawn]
    assert np.mean([float(i.se) ** 2 for i in intervals]) == pytest.approx(grand, rel=0.15)
    fixed = np.mean([float(mean_interval(sample.mean(axis=1)).se) ** 2 for sample in drawn])
    assert fixed < 0.5 * grand


def test_arms_that_agree_on_every_image_add_nothing():
    sample = bits(np.random.default_rng(2))
    assert new_images_variance(sample, sample) == 0.0
    assert new_images_variance(np.ones((3, 50), bool)) == 0.0


def test_pure_seed_noise_is_not_taken_for_images():
    rng = np.random.default_rng(3)
    noise = [new_images_variance(rng.random((8, 400)) < 0.5) for _ in range(50)]
    plain = 0.25 / 8 / 400
    assert np.mean(noise) < 0.1 * plain


def test_packed_bits_come_back():
    sample = bits(np.random.default_rng(4), n_test=203)
    packed = [np.packbits(row).tobytes() for row in sample]
    assert np.array_equal(unpack_correct(packed, 203), sample)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: unpack_correct([b"ab"], 30), "expected 4 bytes for 30 examples; got 2 bytes"),
        (lambda: unpack_correct([], 30), "got no runs"),
        (lambda: new_images_variance([[True, False]]), "at least 2 seeds"),
        (lambda: new_images_variance([[True]] * 3, [[True]]), "expected \\(seeds, examples\\)"),
    ],
)
def test_bad_bits_are_named(call, words):
    with pytest.raises(DataError, match=words):
        call()
