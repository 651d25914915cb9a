"""The verdict procedure is wrong at most once in twenty families of claims."""

import numpy as np
import pytest

from mlplab.bench.real_differences import random_signs, simulate_real
from mlplab.bench.verdict_errors import NOT_GATED, SYMMETRIC, is_false, simulate_verdicts
from mlplab.bench.verdict_simulation import LONG_FAMILIES, exceeding, main
from mlplab.errors import ConfigError
from mlplab.stats import LOOKS, SPLIT, WORDS, decide, walk_looks

NORMAL = {"normal": SYMMETRIC["normal"]}


def test_false_verdicts_stay_at_five_per_cent():
    rng = np.random.default_rng(0)
    cells = simulate_verdicts(rng, families=3000)
    assert len(cells) == 3 * 2 * 3 * 3 * 3 * 4
    assert exceeding(cells, rng, SYMMETRIC) == []


@pytest.mark.slow
def test_false_verdicts_stay_at_five_per_cent_at_length():
    rng = np.random.default_rng(0)
    assert exceeding(simulate_verdicts(rng, families=LONG_FAMILIES), rng, SYMMETRIC) == []


def test_finds_a_rule_that_looks_four_times_at_full_level():
    cells = simulate_verdicts(
        np.random.default_rng(0),
        families=4000,
        shapes=NORMAL,
        expects=("higher",),
        seeds=(),
        claims=(1,),
        thetas=(0.0,),
        spreads=(2.0,),
        split=(1.0,) * 4,
    )
    assert cells[0].excluded
    assert exceeding(cells, np.random.default_rng(1), SYMMETRIC) == []


def test_finds_skew():
    cells = simulate_verdicts(
        np.random.default_rng(0),
        families=2000,
        shapes={name: NOT_GATED[name] for name in NOT_GATED if "skewed" in name},
        spreads=(2.0,),
    )
    assert sum(cell.excluded for cell in cells) > 10


@pytest.mark.parametrize("expect", ["higher", "lower", "same"])
@pytest.mark.parametrize("theta", [-1.0, 0.0, 1.0])
def test_counts_what_the_public_functions_say(expect, theta):
    drawn = {}

    def remember(rng, size):
        drawn["z"] = rng.standard_normal(size)
        return drawn["z"]

    cells = simulate_verdicts(
        np.random.default_rng(7),
        families=150,
        shapes={"normal": remember},
        expects=(expect,),
        seeds=(8,),
        claims=(2,),
        thetas=(theta,),
        spreads=(1.0,),
    )
    y = theta + drawn["z"]

    def wrong(decision):
        words = (decision.verdict, decision.size, decision.note)
        return bool(is_false(np.array(WORDS.index(words)), expect, theta))

    plain = [[decide(row[:8], 1.0, expect=expect, claims=2) for row in family] for family in y]

    def at_looks(row):
        def evaluate(n, share):
            return decide(row[:n], 1.0, expect=expect, claims=2, spend=share)

        return walk_looks(evaluate, len(row))

    looked = [[at_looks(row) for row in family] for family in y]
    by_size = {cell.seeds: cell for cell in cells}
    assert by_size[8].false_families == sum(any(map(wrong, family)) for family in plain)
    undecided = [decision.verdict == "undecided" for family in plain for decision in family]
    assert by_size[8].undecided == pytest.approx(np.mean(undecided))
    assert by_size[None].false_families == sum(
        any(wrong(decision) for claim in family for decision in claim.history) for family in looked
    )


def test_what_comes_after_a_stop_does_not_count():
    def drifting(rng, size):
        z = 0.1 * rng.standard_normal(size)
        z[..., 8:] += 5.0
        return z

    cells = simulate_verdicts(
        np.random.default_rng(0),
        families=10,
        shapes={"drifting": drifting},
        expects=("higher",),
        seeds=(32,),
        claims=(1,),
        thetas=(0.0,),
        spreads=(1.0,),
    )
    assert {cell.seeds: cell.rate for cell in cells} == {32: 1.0, None: 0.0}


@pytest.mark.parametrize(
    ("words", "expect", "false_at"),
    [
        (("supported", "open", ""), "higher", (-1.0, 0.0)),
        (("supported", "at least d", ""), "higher", (-1.0, 0.0)),
        (("refuted", "open", ""), "higher", (0.0, 1.0)),
        (("equivalent", "below d", ""), "higher", (-1.0, 1.0)),
        (("undecided", "", "not better by d"), "higher", (1.0,)),
        (("undecided", "", "not worse by d"), "higher", (-1.0,)),
        (("undecided", "", ""), "higher", ()),
        (("supported", "open", ""), "lower", (0.0, 1.0)),
        (("supported", "below d", ""), "same", (-1.0, 1.0)),
        (("refuted", "at least d", ""), "same", (0.0,)),
        (("undecided", "", ""), "same", ()),
    ],
)
def test_what_counts_as_false(words, expect, false_at):
    row = np.array(WORDS.index(words))
    assert tuple(t for t in (-1.0, 0.0, 1.0) if is_false(row, expect, t)) == false_at


def test_at_least_d_is_false_when_the_difference_is_smaller():
    row = np.array(WORDS.index(("supported", "at least d", "")))
    assert is_false(row, "higher", 0.5)
    assert not is_false(np.array(WORDS.index(("supported", "open", ""))), "higher", 0.5)


def test_shapes_have_mean_zero_and_variance_one():
    for sampler in (*SYMMETRIC.values(), *NOT_GATED.values()):
        z = sampler(np.random.default_rng(0), (4000, 3, 64))
        assert z.mean() == pytest.approx(0, abs=0.02)
        assert z.var() == pytest.approx(1, abs=0.25)


def test_the_same_generator_gives_the_same_rates():
    one, two = (
        simulate_verdicts(np.random.default_rng(4), families=50, seeds=(8,)) for _ in range(2)
    )
    assert one == two


def test_random_signs_keep_sizes_and_lose_the_effect():
    real = 0.01 + 0.002 * np.random.default_rng(0).normal(size=32)
    z = random_signs(real)(np.random.default_rng(1), (500, 4, 32))
    noise = np.abs(real - real.mean())
    sizes = np.sort(np.abs(z), axis=-1) * np.sqrt(np.mean(noise**2))
    assert np.allclose(sizes, np.sort(noise))
    assert abs(z.mean()) < 4 / np.sqrt(z.size)


def test_real_differences_are_gated_as_a_sample_of_comparisons():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(12, 32))
    assert not any(pooled.excluded for pooled in simulate_real(noise, rng, families=2400))
    two_point = np.sign(noise) + 1e-3 * noise
    found = simulate_real(two_point, rng, families=12_000, expects=("higher",), thetas=(0.0,))
    assert any(pooled.excluded for pooled in found)
    assert {pooled.cell.seeds for pooled in found} == {8, 16, 32, None}
    alone = simulate_real(two_point[:1], rng, families=200)
    assert not any(pooled.excluded for pooled in alone)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: random_signs([1.0, 1.0]), "at least two different numbers"),
        (lambda: random_signs([1.0, 2.0])(np.random.default_rng(), (1, 1, 3)), "at most 2"),
        (
            lambda: simulate_real([[1.0, 2.0]], np.random.default_rng(), families=10),
            "rows of at least 8 numbers",
        ),
    ],
)
def test_bad_differences_are_named(call, words):
    with pytest.raises(ConfigError, match=words):
        call()


def test_the_page_is_made_by_one_command(tmp_path):
    page, real = tmp_path / "page.md", tmp_path / "real.txt"
    np.savetxt(real, np.random.default_rng(0).normal(size=(3, 16)))
    given = ["--families", "200", "--out", str(page), "--differences", str(real)]
    with pytest.raises(SystemExit) as done:
        main(given)
    text = page.read_text(encoding="utf-8")
    assert done.value.code == 0
    assert f"`python -m mlplab.bench.verdict_simulation {' '.join(given)}`" in text
    for heading in ("## normal", "## t3", "## Real differences", "## Other shapes", "## Control"):
        assert heading in text
    tables = [line for line in text.splitlines() if line.startswith("| looks | 12 |")]
    assert len(tables) == 7
    assert sum(SPLIT) == pytest.approx(1.0)
    assert len(SPLIT) == len(LOOKS)


def test_global_randomness_is_neither_read_nor_changed():
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = simulate_verdicts(np.random.default_rng(0), families=20)
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002
    assert simulate_verdicts(np.random.default_rng(0), families=20) == first
