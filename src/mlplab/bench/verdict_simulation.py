"""The table of simulated error rates of verdicts as a Markdown page; every number is computed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mlplab.bench.program import start, whole_from
from mlplab.bench.real_differences import PooledCell, simulate_real
from mlplab.bench.verdict_errors import (
    NOT_GATED,
    SPREADS,
    SYMMETRIC,
    THETAS,
    Cell,
    Sampler,
    simulate_verdicts,
)
from mlplab.bench.written import put_page
from mlplab.devices import refuse_device
from mlplab.errors import DataError
from mlplab.stats.interval import ALPHA
from mlplab.stats.quantiles import FloatArray
from mlplab.stats.sequential import LOOKS

_PROGRAM = "python -m mlplab.bench.verdict_simulation"
# At 4,000 the standard error of a rate of 5 % is 0.34 points, at 200,000 it is 0.05.
LONG_FAMILIES, SHORT_FAMILIES, RECHECK = 200_000, 4_000, 4

RULES = (
    "Each cell: {families:,} families of m claims. A family is false if any statement on any of "
    'its claims is: a wrong verdict, a wrong "at least d", a wrong note "not better by d" or '
    '"not worse by d"; with looks, at any look reached. Columns: the true mean theta and the '
    "standard deviation of y, in units of d. n: seeds; looks: at 8, 16, 32 and 64 seeds until "
    'decided. Rates in per cent. "same: worst": the largest rate of claims "same" over all '
    "columns."
)
NOT_GATED_TEXT = (
    "A t interval promises nothing for these. With strong skew and few seeds it is too short on "
    "the side of the long tail; where y has no tails at all, few seeds and many claims make it too "
    "short on both. Highest rate: {worst}. If the noise of two arms is exchangeable, their "
    "difference is symmetric; a metric minus a threshold need not be."
)


def exceeding(
    cells: Sequence[Cell], rng: np.random.Generator, samplers: Mapping[str, Sampler]
) -> list[Cell]:
    """Cells whose rate exceeds 5 %: excluded by the 99 % bound, and again with fresh numbers.

    Among hundreds of cells near 5 % some cross a 99 % bound by chance; the second run, with four
    times as many families, tells them from real ones.
    """
    found = []
    for cell in cells:
        if cell.excluded:
            (again,) = simulate_verdicts(
                rng,
                families=RECHECK * cell.families,
                shapes={cell.shape: samplers[cell.shape]},
                expects=(cell.expect,),
                seeds=() if cell.seeds is None else (cell.seeds,),
                claims=(cell.claims,),
                thetas=(cell.theta,),
                spreads=(cell.spread,),
                looks=LOOKS if cell.seeds is None else (),
            )
            found += [again] if again.excluded else []
    return found


def rate_table(cells: Sequence[Cell]) -> str:
    """False families in per cent, one row per n and m, one column per theta and sd."""
    columns = [(theta, spread) for theta in THETAS for spread in SPREADS]

    def row(seeds: int | None, m: int) -> list[str]:
        here = [cell for cell in cells if (cell.seeds, cell.claims) == (seeds, m)]
        rates = {(c.theta, c.spread): c.rate for c in here if c.expect == "higher"}
        same = max(cell.rate for cell in here if cell.expect == "same")
        return [
            _size(seeds),
            str(m),
            *(_percent(rates[column]) for column in columns),
            _percent(same),
        ]

    keys = sorted({(cell.seeds, cell.claims) for cell in cells}, key=lambda k: (k[0] or 99, k[1]))
    heads = ["n", "m", *(f"{_theta(theta)}, {spread:g}" for theta, spread in columns)]
    return markdown_table([*heads, "same: worst"], [row(*key) for key in keys])


def undecided_table(cells: Sequence[Cell]) -> str:
    """Claims "higher" left undecided in per cent, for m = 1: what the caution costs."""
    columns = [(theta, spread) for theta in (0.0, 1.0) for spread in SPREADS]
    shares = {
        (cell.seeds, cell.theta, cell.spread): cell.undecided
        for cell in cells
        if cell.claims == 1 and cell.expect == "higher"
    }
    sizes = sorted({seeds for seeds, _, _ in shares}, key=lambda n: n or 99)
    rows = [[_size(n), *(_percent(shares[n, *column]) for column in columns)] for n in sizes]
    return markdown_table(
        ["n", *(f"{_theta(theta)}, {spread:g}" for theta, spread in columns)], rows
    )


def page(
    families: int,
    seed: int,
    command: str,
    real: FloatArray | None = None,
    progress: Callable[[str], None] = lambda line: None,
) -> tuple[str, bool]:
    """The whole page, and whether every gated rate is accepted.

    Args:
        families: families per cell.
        seed: seed of the numpy generator.
        command: how the page was made, shown at its top.
        real: stored paired differences, (K, N), one row per comparison.
        progress: is told what is being simulated.
    """
    rng = np.random.default_rng(seed)
    results: dict[str, list[Cell]] = {}
    for name, sampler in {**SYMMETRIC, **NOT_GATED}.items():
        progress(f"simulating {name}")
        results[name] = simulate_verdicts(rng, families=families, shapes={name: sampler})
    tested = [cell for name in SYMMETRIC for cell in results[name]]
    progress("simulating again what a 99 % bound excludes")
    high = exceeding(tested, rng, SYMMETRIC)
    pooled = [] if real is None else simulate_real(real, rng, families=families)
    sections = [
        "# How often a verdict is wrong",
        f"Made by `{command}`; every number on this page is computed by it.",
        RULES.format(families=families),
        _gate(tested, high),
        *(f"## {name}\n\n{rate_table(results[name])}" for name in SYMMETRIC),
        *_real_section(pooled, 0 if real is None else len(real)),
        "## Other shapes (shown, not gated)",
        NOT_GATED_TEXT.format(worst=_worst([c for name in NOT_GATED for c in results[name]])),
        *(f"### {name}\n\n{rate_table(results[name])}" for name in NOT_GATED),
        "## What the caution costs",
        "Normal y, one claim (m = 1): per cent of claims left undecided.",
        undecided_table(results["normal"]),
        "## Control",
        _control(families, rng),
    ]
    return "\n\n".join(sections) + "\n", not high and not any(cell.excluded for cell in pooled)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: simulate, write or print the page, exit with 1 if a rate exceeds 5 %."""
    parser = argparse.ArgumentParser(
        "python -m mlplab.bench.verdict_simulation", description=__doc__
    )
    parser.add_argument("--long", action="store_true", help=f"{LONG_FAMILIES:,} families per cell")
    parser.add_argument("--families", type=whole_from(1), help="families per cell")
    parser.add_argument("--seed", type=whole_from(0), default=0, help="seed of the random numbers")
    parser.add_argument("--out", type=Path, help="file to write; standard output by default")
    parser.add_argument(
        "--differences", type=Path, help="text file of real differences, one comparison per line"
    )
    given = sys.argv[1:] if arguments is None else list(arguments)
    chosen = parser.parse_args(given)
    families = chosen.families or (LONG_FAMILIES if chosen.long else SHORT_FAMILIES)
    real = None if chosen.differences is None else _differences(chosen.differences)
    command = " ".join([_PROGRAM, *given])

    def progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    text, accepted = page(families, chosen.seed, command, real, progress)
    put_page(text, chosen.out)
    raise SystemExit(0 if accepted else 1)


def _differences(path: Path) -> npt.NDArray[np.float64]:
    refuse_device(path, "a text file of numbers")
    try:
        return np.loadtxt(path, ndmin=2)
    except OSError as problem:
        raise DataError(f"{path}: cannot be read ({problem.strerror or problem})") from None
    except ValueError as problem:
        why = str(problem).splitlines()[0][:200]
        raise DataError(f"{path}: expected a text file of numbers, a line each ({why})") from None


def _gate(tested: Sequence[Cell], high: Sequence[Cell]) -> str:
    lines = [
        f"**Gate.** {len(tested)} cells of {len(SYMMETRIC)} distributions; accepted unless a "
        f"one-sided 99 % bound excludes {100 * ALPHA:g} %, and does so again with {RECHECK} times "
        f"as many fresh families. Highest rate: {_worst(tested)}. Excluded at first: "
        f"{sum(cell.excluded for cell in tested)}; excluded again: {len(high)}."
    ]
    return "\n".join([*lines, *(f"- exceeds: {_worst([cell])}" for cell in high)])


def _real_section(pooled: Sequence[PooledCell], comparisons: int) -> list[str]:
    if not pooled:
        return []
    cells = [one.cell for one in pooled]
    text = (
        f"{comparisons} stored comparisons, centred, with random signs. Highest mean rate: "
        f"{_worst(cells)}. Cells whose joint 99 % bound over comparisons excludes 5 %: "
        f"{sum(one.excluded for one in pooled)} of {len(pooled)}."
    )
    return ["## Real differences", text, rate_table(cells)]


def _control(families: int, rng: np.random.Generator) -> str:
    cells = simulate_verdicts(
        rng,
        families=families,
        shapes={"normal": SYMMETRIC["normal"]},
        expects=("higher",),
        seeds=(),
        claims=(1,),
        thetas=(0.0,),
        split=(1.0,) * len(LOOKS),
    )
    rates = ", ".join(f"{_percent(cell.rate)} % at sd/d = {cell.spread:g}" for cell in cells)
    return (
        "The simulation must be able to find a bad rule. Four looks without sharing out the "
        f"level, normal y, m = 1, theta = 0: {rates}."
    )


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write rows as a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _worst(cells: Sequence[Cell]) -> str:
    cell = max(cells, key=lambda one: one.rate)
    return (
        f"{_percent(cell.rate)} % ({cell.shape}, {cell.expect}, n = {_size(cell.seeds)}, "
        f"m = {cell.claims}, theta = {_theta(cell.theta)}, sd/d = {cell.spread:g})"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"


def _size(seeds: int | None) -> str:
    return "looks" if seeds is None else str(seeds)


def _theta(theta: float) -> str:
    return {0.0: "0", 1.0: "+d", -1.0: "-d"}.get(theta, f"{theta:g} d")


if __name__ == "__main__":
    start(main)
