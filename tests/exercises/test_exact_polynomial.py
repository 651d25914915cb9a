"""What exercise 4.4.1 computes, against relations that must hold."""

from __future__ import annotations

import numpy as np
import pytest

from mlplab.data.draws import draw_polynomial
from mlplab.exercises import get_exercise
from mlplab.exercises.profile import PROFILES
from mlplab.exercises.section_4_4.exact_polynomial.prove import prove
from mlplab.exercises.section_4_4.exact_polynomial.solvers import (
    SCALED,
    TERMS,
    UNIT,
    above_least,
    solved,
)
from mlplab.exercises.section_4_4.polynomial_draws import N, geometric_lines, mean_lines
from mlplab.theory.features import monomials
from mlplab.theory.linear import condition_number


def test_the_normal_equations_hold_and_the_printed_matrix_has_no_inverse():
    normal, unique, printed = prove()
    assert normal.holds
    assert unique.holds
    assert not printed.holds


def test_geometric_means_are_means_of_logarithms():
    numbers = np.array([1.0, 10.0, 100.0])
    line = geometric_lines({("a", 1.0): numbers}).iloc[0]
    plain = mean_lines({("a", 1.0): np.log10(numbers)}).iloc[0]
    assert line["mean"] == pytest.approx(10.0)
    for end in ("mean", "low", "high"):
        assert np.log10(line[end]) == pytest.approx(plain[end])


def test_digits_are_lost_with_every_further_term_and_fewer_draws_are_a_prefix():
    few, more = solved(2), solved(3)
    for place, numbers in more["digits"].items():
        assert numbers[:2] == pytest.approx(few["digits"][place])
    means = [more["digits"]["QR", terms].mean() for terms in TERMS]
    assert means == sorted(means, reverse=True)


def test_descent_never_ends_below_the_least_loss():
    runs = get_exercise("4.4.1").design(PROFILES["quick"], 3)["descent"].run(":memory:", workers=1)
    above = above_least(runs)
    assert set(above) == {4, 20}
    for values in above.values():
        # The losses that training reports are of single precision.
        assert (values > -1e-6).all()


def test_the_condition_number_that_counts_is_the_same_however_columns_are_scaled():
    found = solved(2)["condition"]
    x, _ = draw_polynomial(range(2), N)
    for terms in TERMS:
        X = monomials(x, terms, scaled=False)
        plain = condition_number(X / np.linalg.norm(X, axis=1)[:, None])
        assert found[UNIT, terms] == pytest.approx(plain, rel=1e-4)
        assert (found[UNIT, terms] < found[SCALED, terms]).all()
