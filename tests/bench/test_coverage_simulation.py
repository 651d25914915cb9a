"""The interval on new examples holds the truth in 93 to 97 of 100 test sets."""

import numpy as np
import pytest

from mlplab.bench.coverage_simulation import (
    ARMS,
    LONG_TIMES,
    WORLDS,
    Coverage,
    World,
    main,
    simulate_coverage,
)


def test_new_examples_are_covered_and_not_by_seeds_alone():
    rng = np.random.default_rng(0)
    cells = list(simulate_coverage(rng, times=400, seeds=(8,), examples=(200,)))
    gated = [cell for cell in cells if cell.gated]
    assert len(gated) == 5 * len(WORLDS)
    assert [cell for cell in gated if cell.outside] == []
    assert 0.94 < np.mean([cell.both for cell in gated]) < 0.97
    single = [cell.seeds for cell in gated if len(cell.accuracies) == 1]
    assert max(single) < 0.8, "the simulation must be able to find a bad rule"


@pytest.mark.slow
def test_new_examples_are_covered_at_length():
    cells = list(simulate_coverage(np.random.default_rng(0), times=LONG_TIMES))
    assert [cell for cell in cells if cell.gated and cell.outside] == []


@pytest.mark.parametrize("name", WORLDS)
def test_arms_are_as_accurate_as_they_should_be(name):
    rng = np.random.default_rng(0)
    means = [[arm.mean() for arm in WORLDS[name].answers(rng, ARMS, 8, 400)] for _ in range(200)]
    error = np.std(means, axis=0) / np.sqrt(len(means))
    assert np.all(np.abs(np.mean(means, axis=0) - ARMS) < 4 * error)


def test_arms_of_one_seed_share_its_luck_and_the_examples():
    world = World(difficulty=3.0, own=0.0, seed=3.0, own_seed=0.0)
    a, b = world.answers(np.random.default_rng(0), (0.7, 0.7), 40, 400)
    assert np.corrcoef(a.mean(axis=0), b.mean(axis=0))[0, 1] > 0.9
    assert np.corrcoef(a.mean(axis=1), b.mean(axis=1))[0, 1] > 0.9


@pytest.mark.parametrize(("share", "outside"), [(0.90, True), (0.95, False), (0.99, True)])
def test_what_is_outside(share, outside):
    cell = Coverage("w", (0.9,), 8, 200, 2000, share, 0.5)
    assert cell.outside == outside
    assert cell.gated
    assert not Coverage("w", (0.98, 0.99), 8, 200, 2000, share, 0.5).gated


def test_the_page_is_made_by_one_command(tmp_path):
    page = tmp_path / "page.md"
    with pytest.raises(SystemExit):
        main(["--times", "1", "--out", str(page)])
    text = page.read_text(encoding="utf-8")
    assert f"coverage_simulation --times 1 --out {page}`" in text
    for name in WORLDS:
        assert f"## {name}" in text
    assert "| 0.99 - 0.98 | (" in text
