"""How often the verdict procedure is wrong, by simulation on drawn numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlplab.stats.decision import WORDS, Expect, classify
from mlplab.stats.failures import clopper_pearson
from mlplab.stats.interval import ALPHA, alpha_per_claim, bounds
from mlplab.stats.quantiles import FloatArray
from mlplab.stats.sequential import LOOKS, SPLIT

Sampler = Callable[[np.random.Generator, tuple[int, int, int]], FloatArray]
Flags = NDArray[np.bool_]

SEEDS = (8, 16, 32)
CLAIMS = (1, 3, 12)
SPREADS = (0.5, 1.0, 2.0)
THETAS = (-1.0, 0.0, 1.0)
# Simulated experiments at a time: 2,000 x 12 claims x 64 seeds are 12 MB.
CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Cell:
    """What happened to simulated families of claims at one setting.

    Attributes:
        shape: distribution of y.
        expect: what the claims say.
        seeds: number of seeds, or None for all looks.
        claims: m, claims in a family.
        theta, spread: the true mean and the standard deviation, in units of d.
        families: families simulated.
        false_families: families with at least one false statement.
        undecided: share of single claims without a decision.
    """

    shape: str
    expect: Expect
    seeds: int | None
    claims: int
    theta: float
    spread: float
    families: int
    false_families: int
    undecided: float

    @property
    def rate(self) -> float:
        """Share of families with a false statement."""
        return self.false_families / self.families

    @property
    def excluded(self) -> bool:
        """Whether a one-sided 99 % bound excludes a true rate of 5 % or less."""
        low, _ = clopper_pearson(self.false_families, self.families, level=0.98)
        return bool(low > ALPHA)


def _normal(rng: np.random.Generator, size: tuple[int, int, int]) -> FloatArray:
    return rng.standard_normal(size)


def _t3(rng: np.random.Generator, size: tuple[int, int, int]) -> FloatArray:
    return np.asarray(rng.standard_t(3, size) / np.sqrt(3.0))


def _common_baseline(rng: np.random.Generator, size: tuple[int, int, int]) -> FloatArray:
    families, claims, seeds = size
    arms = rng.standard_normal((families, claims + 1, seeds))
    return np.asarray((arms[:, 1:] - arms[:, :1]) / np.sqrt(2.0))


def _exponential(rng: np.random.Generator, size: tuple[int, int, int]) -> FloatArray:
    return rng.standard_exponential(size) - 1.0


def _lognormal(rng: np.random.Generator, size: tuple[int, int, int]) -> FloatArray:
    centred = rng.lognormal(0.0, 1.0, size) - np.exp(0.5)
    return np.asarray(centred / np.sqrt((np.e - 1.0) * np.e))


def _uniform(rng: np.random.Generator, size: tuple[int, int, int]) -> FloatArray:
    return np.asarray((rng.random(size) - 0.5) * np.sqrt(12.0))


SYMMETRIC: Mapping[str, Sampler] = {
    "normal": _normal,
    "t3": _t3,
    "normal, one baseline for all claims": _common_baseline,
}
NOT_GATED: Mapping[str, Sampler] = {
    "exponential (skewed)": _exponential,
    "lognormal (strongly skewed)": _lognormal,
    "uniform (no tails)": _uniform,
}


def is_false(row: NDArray[np.int64], expect: Expect, theta: float) -> Flags:
    """Which rows of `WORDS` state something false when the truth is `theta`, in units of d.

    With g = theta in the direction of the claim: "supported" is false if g <= 0, "refuted" if
    g >= 0, "equivalent" if |g| >= 1; "at least d" is false if |g| < 1; "not better by d" is false
    if g >= 1 and "not worse by d" if g <= -1. For "same", "supported" is false if |g| >= 1 and
    "refuted" if |g| < 1. "undecided" without a note and "open" state nothing more.

    >>> bool(is_false(np.array(4), "higher", 0.0)), bool(is_false(np.array(4), "higher", 1.0))
    (True, False)
    """
    g = -theta if expect == "lower" else theta
    wrong = []
    for verdict, size, note in WORDS:
        if expect == "same":
            verdict_wrong = verdict == ("supported" if abs(g) >= 1 else "refuted")
        else:
            verdict_wrong = (
                (verdict == "supported" and g <= 0)
                or (verdict == "refuted" and g >= 0)
                or (verdict == "equivalent" and abs(g) >= 1)
            )
        size_wrong = size == "at least d" and abs(g) < 1
        note_wrong = (note == "not better by d" and g >= 1) or (
            note == "not worse by d" and g <= -1
        )
        wrong.append(verdict_wrong or size_wrong or note_wrong)
    return np.asarray(np.array(wrong)[row])


def simulate_verdicts(
    rng: np.random.Generator,
    *,
    families: int,
    shapes: Mapping[str, Sampler] = SYMMETRIC,
    expects: Sequence[Expect] = ("higher", "same"),
    seeds: Sequence[int] = SEEDS,
    claims: Sequence[int] = CLAIMS,
    thetas: Sequence[float] = THETAS,
    spreads: Sequence[float] = SPREADS,
    looks: Sequence[int] = LOOKS,
    split: Sequence[float] = SPLIT,
) -> list[Cell]:
    """Rates of false statements of the verdict procedure, for every combination of settings.

    A family is m claims, all with the same theta; it is false if any statement on any of its
    claims is (`is_false`). With looks, every look a claim reaches counts, not only the last.
    The numbers of a family are drawn once and used at every theta, spread, n and m: rates of
    different cells are dependent, each one is valid.

    Does not license: more than the shapes, sizes and thetas it was run for.

    Args:
        rng: where the numbers come from.
        families: families per cell.
        shapes: name -> sampler of (families, claims, seeds) with mean 0 and variance 1.
        expects, seeds, claims, thetas, spreads: settings; theta and spread in units of d.
        looks, split: the look plan; empty looks leave it out.

    Cost: `families * max(claims) * max(seeds)` random numbers per shape, about 0.2 ms a family.

    >>> cells = simulate_verdicts(np.random.default_rng(0), families=100, claims=(1,), seeds=(8,))
    >>> any(cell.excluded for cell in cells)
    False
    """
    most, longest = max(claims), max([*seeds, *looks])
    settings = [
        (expect, theta, spread, m)
        for expect in expects
        for theta in thetas
        for spread in spreads
        for m in claims
    ]
    cells = []
    for shape, sampler in shapes.items():
        counts: dict[tuple[int, int | None], NDArray[np.int64]] = {}
        for start in range(0, families, CHUNK):
            # Drawn once: theta and spread shift and scale them, n and m are prefixes.
            z = sampler(rng, (min(CHUNK, families - start), most, longest))
            moments = {n: _moments(z[..., :n]) for n in {*seeds, *looks}}
            for number, setting in enumerate(settings):
                for n in seeds:
                    tally = _tally([_rows(moments[n], n, setting, 1.0)], setting)
                    counts[number, n] = counts.get((number, n), 0) + tally
                if looks:
                    plan = zip(looks, split, strict=True)
                    rows = [_rows(moments[n], n, setting, share) for n, share in plan]
                    counts[number, None] = counts.get((number, None), 0) + _tally(rows, setting)
        for (number, size), (wrong, still_open) in counts.items():
            expect, theta, spread, m = settings[number]
            share = float(still_open) / (families * m)
            cells.append(Cell(shape, expect, size, m, theta, spread, families, int(wrong), share))
    return cells


def _moments(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    return z.mean(axis=-1), z.std(axis=-1, ddof=1)


def _rows(
    moments: tuple[FloatArray, FloatArray],
    n_seeds: int,
    setting: tuple[Expect, float, float, int],
    spend: float,
) -> NDArray[np.int64]:
    """Rows of the verdict table for y = theta + spread z, with d = 1; (families, claims)."""
    expect, theta, spread, m = setting
    mean, std = (part[:, :m] * spread for part in moments)
    low, high, _ = bounds(mean + theta, std, n_seeds, alpha_per_claim(m, spend=spend))
    return classify(low, high, 1.0, expect)


def _tally(
    looks: Sequence[NDArray[np.int64]], setting: tuple[Expect, float, float, int]
) -> NDArray[np.int64]:
    """Families with a false statement at any look reached, and claims left undecided."""
    expect, theta, _, _ = setting
    settled = np.array([size in ("below d", "at least d") for _, size, _ in WORDS])
    undecided = np.array([verdict == "undecided" for verdict, _, _ in WORDS])
    going = np.ones(looks[0].shape, dtype=bool)
    wrong = np.zeros(looks[0].shape, dtype=bool)
    for row in looks:
        wrong |= going & is_false(row, expect, theta)
        going &= ~settled[row]
    return np.array([wrong.any(axis=1).sum(), (going & undecided[looks[-1]]).sum()])
