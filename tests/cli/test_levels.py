"""Configurations that differ are written differently."""

from mlplab.cli.levels import digits_of, show_factors
from mlplab.experiment import Experiment


def test_factors_that_differ_in_the_seventh_digit_are_told_apart():
    arms = Experiment("digits", vary={"lr": [0.12345671, 0.12345678, 0.5]}).design
    shown = [show_factors(arm.factors, digits_of(arms)) for arm in arms]
    assert shown == ["lr=0.1234567", "lr=0.1234568", "lr=0.5"]
