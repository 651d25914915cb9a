"""`mlplab memory`: what it answers, and what it refuses."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from mlplab.cli import program

EXAMPLE = ["memory", "--features", "784", "--outputs", "10"]


def answer(*flags: str) -> dict:
    done = CliRunner().invoke(program, [*EXAMPLE, *flags, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_parts_add_up_and_weights_are_counted():
    found = answer("--hidden", "4096,4096", "--optimizer", "adam", "--runs", "64")
    assert found["train_bytes"] == sum(found["parts"].values())
    n_params = 785 * 4096 + 4097 * 4096 + 4097 * 10
    # A stack has an even number of slots.
    assert found["parts"]["parameters"] == pytest.approx(2 * 4 * n_params, rel=1e-3)
    assert found["parts"]["optimiser"] == 2 * found["parts"]["parameters"]
    assert found["fits"] is found["largest_runs"] is found["largest_batch"] is None


def test_the_largest_that_fits_fits_and_one_more_does_not():
    # What this process takes before any run depends on the tests that came before.
    budget = answer()["base_bytes"] + 200 * 2**20
    found = answer("--hidden", "256", "--runs", "4", "--fits", f"{budget}B")
    assert found["fits"] is True
    left = budget - found["base_bytes"]
    runs = found["largest_runs"]
    sizes = [answer("--hidden", "256", "--runs", str(n))["train_bytes"] for n in (runs, runs + 1)]
    assert sizes[0] <= left < sizes[1]
    batch = found["largest_batch"]
    sizes = [
        answer(
            "--hidden", "256", "--runs", "4", "--batch-size", str(n), "--rows", str(max(2560, n))
        )["train_bytes"]
        for n in (batch, batch + 1)
    ]
    assert sizes[0] <= left < sizes[1]


def test_what_does_not_fit_is_told_in_one_line():
    done = CliRunner().invoke(program, [*EXAMPLE, "--hidden", "1000000", "--fits", "1GiB"])
    assert done.exit_code == 0
    assert done.stdout.startswith("no: ")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--fits", "much"), "expected a size such as 2GiB"),
        (("--runs", "0"), "expected a whole number from 1"),
        (("--rows", "1" + 15 * "0"), "more than memory holds"),
        (("--hidden", "-3"), "hidden"),
    ],
)
def test_wrong_input_is_one_line(flags, says):
    done = CliRunner().invoke(program, [*EXAMPLE, *flags])
    assert done.exit_code in (1, 2)
    assert says in done.output
    assert "Traceback" not in done.output
