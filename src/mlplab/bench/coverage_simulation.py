"""How often the interval on new examples holds what it is about; every number is computed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from mlplab.bench.program import start, whole_from
from mlplab.bench.verdict_simulation import markdown_table
from mlplab.bench.written import put_page
from mlplab.stats.interval import mean_interval
from mlplab.stats.new_examples import new_examples_interval
from mlplab.stats.quantiles import FloatArray, t_upper

_PROGRAM = "python -m mlplab.bench.coverage_simulation"
LONG_TIMES, SHORT_TIMES = 2_000, 100
SEEDS, EXAMPLES = (8, 16, 64), (200, 2_000, 10_000)
LOW, HIGH = 0.93, 0.97
# With fewer wrong answers than this in expectation, no interval comes near its level.
FEWEST_WRONG = 10


@dataclass(frozen=True, slots=True)
class World:
    """Standard deviations of what makes an answer right, beside a noise of 1 of each answer.

    Attributes:
        difficulty: of the examples, shared by the arms.
        own: of each arm's own liking for examples.
        seed: of the seeds, shared by the arms.
        own_seed: of each arm's own luck with a seed.
    """

    difficulty: float
    own: float
    seed: float
    own_seed: float

    @property
    def spread(self) -> float:
        """Standard deviation of all together."""
        parts = (1.0, self.difficulty, self.own, self.seed, self.own_seed)
        return float(np.sqrt(np.square(parts).sum()))

    def answers(
        self, rng: np.random.Generator, accuracies: Sequence[float], n_seeds: int, n_test: int
    ) -> list[FloatArray]:
        """Right (1) and wrong (0) answers of every arm, (n_seeds, n_test) each.

        An arm's accuracy over all seeds and examples is exactly the one given.
        """
        difficulty = self.difficulty * rng.standard_normal(n_test)
        luck = self.seed * rng.standard_normal(n_seeds)
        arms = []
        for accuracy in accuracies:
            ease = difficulty - t_upper(accuracy, np.inf) * self.spread
            ease = ease + self.own * rng.standard_normal(n_test)
            own_luck = luck + self.own_seed * rng.standard_normal(n_seeds)
            noise = rng.standard_normal((n_seeds, n_test), dtype=np.float32)
            arms.append((noise + ease + own_luck[:, None] > 0).astype(np.float64))
        return arms


# Two seeds of one arm at 90 % disagree on 6 % of the examples, in the last world on 3 %.
WORLDS: Mapping[str, World] = {
    "seeds are equally good": World(3.0, 0.7, 0.0, 0.0),
    "seeds differ": World(3.0, 0.7, 0.03, 0.05),
    "seeds differ much": World(3.0, 0.7, 0.1, 0.2),
    "examples decide": World(6.0, 1.0, 0.03, 0.1),
}
ARMS = (0.7, 0.7, 0.9, 0.9, 0.88, 0.99, 0.99, 0.98)
# Places in ARMS: one arm against a threshold, or a difference of two.
CLAIMS: tuple[tuple[int, ...], ...] = ((0,), (2,), (5,), (0, 1), (2, 3), (2, 4), (5, 6), (5, 7))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals of one kind of claim held the truth.

    Attributes:
        world: name in `WORLDS`.
        accuracies: of the one arm, or of the two that differ.
        n_seeds, n_test: of each repetition.
        times: repetitions.
        both: share of intervals over seeds and examples that held the truth.
        seeds: the same of intervals over seeds alone, which promise nothing here.
    """

    world: str
    accuracies: tuple[float, ...]
    n_seeds: int
    n_test: int
    times: int
    both: float
    seeds: float

    @property
    def gated(self) -> bool:
        """Whether there are wrong answers enough to ask for its level."""
        return self.n_test * (1.0 - max(self.accuracies)) >= FEWEST_WRONG - 1e-9

    @property
    def outside(self) -> bool:
        """Whether 93 to 97 % is excluded by three standard errors."""
        error = 3.0 * np.sqrt(LOW * (1.0 - LOW) / self.times)
        return not LOW - error <= self.both <= HIGH + error


def simulate_coverage(
    rng: np.random.Generator,
    *,
    times: int,
    worlds: Sequence[str] = tuple(WORLDS),
    seeds: Sequence[int] = SEEDS,
    examples: Sequence[int] = EXAMPLES,
) -> Iterator[Coverage]:
    """Yield the coverage of 95 % intervals in every world, for every claim, n and N.

    Args:
        rng: where the answers come from; the claims of a repetition share them.
        times: repetitions of each cell.
        worlds: names in `WORLDS`.
        seeds, examples: numbers of them.

    Cost: about 20 ns for each answer of 8 arms.

    >>> cells = simulate_coverage(np.random.default_rng(0), times=20, seeds=(8,), examples=(200,))
    >>> len(list(cells)) == len(WORLDS) * len(CLAIMS)
    True
    """
    for name, n_seeds, n_test in product(worlds, seeds, examples):
        held = np.zeros((len(CLAIMS), 2))
        for _ in range(times):
            right = WORLDS[name].answers(rng, ARMS, n_seeds, n_test)
            for row, places in enumerate(CLAIMS):
                y = right[places[0]] - (right[places[1]] if len(places) > 1 else 0.0)
                theta = ARMS[places[0]] - (ARMS[places[1]] if len(places) > 1 else 0.0)
                both = new_examples_interval(y, ends=(0.0, 1.0) if len(places) == 1 else None)
                alone = mean_interval(y.mean(axis=1), n_test=n_test)
                held[row] += [one.low <= theta <= one.high for one in (both, alone)]
        for places, (both_held, alone_held) in zip(CLAIMS, held / times, strict=True):
            accuracies = tuple(ARMS[place] for place in places)
            yield Coverage(
                name, accuracies, n_seeds, n_test, times, float(both_held), float(alone_held)
            )


def coverage_table(cells: Sequence[Coverage]) -> str:
    """Coverage in per cent, one row per claim, one column per n and N; what is not gated in ()."""
    columns = list(dict.fromkeys((cell.n_test, cell.n_seeds) for cell in cells))
    columns.sort()
    rows = []
    for accuracies in dict.fromkeys(cell.accuracies for cell in cells):
        here = {(c.n_test, c.n_seeds): c for c in cells if c.accuracies == accuracies}
        shown = [f"{100 * here[at].both:.1f}" for at in columns]
        texts = [
            text if here[at].gated else f"({text})" for at, text in zip(columns, shown, strict=True)
        ]
        rows.append([" - ".join(f"{value:g}" for value in accuracies), *texts])
    heads = [f"{n_test:,} x {n_seeds}" for n_test, n_seeds in columns]
    return markdown_table(["claim", *heads], rows)


def page(
    times: int, seed: int, command: str, progress: Callable[[str], None] = lambda line: None
) -> tuple[str, bool]:
    """Return the whole page, and whether every gated cell is accepted."""
    rng = np.random.default_rng(seed)
    results: dict[str, list[Coverage]] = {}
    for name in WORLDS:
        progress(f"simulating: {name}")
        results[name] = list(simulate_coverage(rng, times=times, worlds=(name,)))
    cells = [cell for name in results for cell in results[name]]
    gated = [cell for cell in cells if cell.gated]
    outside = [cell for cell in gated if cell.outside]
    sections = [
        "# How often the interval on new examples is right",
        f"Made by `{command}`; every number on this page is computed by it.",
        f"Each cell: {times:,} times a new test set and new seeds, and whether the 95 % interval "
        "holds the accuracy (or the difference of two) over all examples and seeds there are; per "
        "cent. Columns: test examples x seeds. Examples differ in difficulty, arms in which "
        "examples suit them, seeds in their luck; an answer is right where the sum of these and a "
        "noise of its own is above 0, so the true accuracies are known exactly.",
        f"**Gate.** {len(gated)} cells with {FEWEST_WRONG} wrong answers or more in expectation; "
        f"accepted unless three standard errors exclude 93 to 97 %. Coverage from "
        f"{_extreme(gated, min)} to {_extreme(gated, max)}; excluded: {len(outside)}.",
        "In brackets: fewer wrong answers, two to four of 200. No interval comes near its level "
        "there: where no example is hard nothing tells how many are.",
        *(f"## {name}\n\n{_describe(name)}\n\n{coverage_table(results[name])}" for name in results),
        "## What the interval over seeds alone covers",
        "It speaks of this one test set, and is no interval on new examples. Per cent of the time "
        f"it holds the truth over all examples: {_extreme(cells, min, 'seeds')} to "
        f"{_extreme(cells, max, 'seeds')}.",
    ]
    return "\n\n".join(sections) + "\n", not outside


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line: simulate, write or print the page, exit with 1 if a cell is not accepted."""
    parser = argparse.ArgumentParser(_PROGRAM, description=__doc__)
    parser.add_argument("--long", action="store_true", help=f"{LONG_TIMES:,} times each cell")
    parser.add_argument("--times", type=whole_from(1), help="repetitions of each cell")
    parser.add_argument("--seed", type=whole_from(0), default=0, help="seed of the random numbers")
    parser.add_argument("--out", type=Path, help="file to write; standard output by default")
    given = sys.argv[1:] if arguments is None else list(arguments)
    chosen = parser.parse_args(given)
    times = chosen.times or (LONG_TIMES if chosen.long else SHORT_TIMES)

    def progress(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    text, accepted = page(times, chosen.seed, " ".join([_PROGRAM, *given]), progress)
    put_page(text, chosen.out)
    raise SystemExit(0 if accepted else 1)


def _describe(name: str) -> str:
    world = WORLDS[name]
    return (
        f"Standard deviations: difficulty {world.difficulty:g}, an arm's own {world.own:g}; luck "
        f"of a seed {world.seed:g}, an arm's own {world.own_seed:g}; noise 1."
    )


def _extreme(
    cells: Sequence[Coverage], choose: Callable[..., Coverage], share: str = "both"
) -> str:
    cell = choose(cells, key=lambda one: getattr(one, share))
    claim = " - ".join(f"{value:g}" for value in cell.accuracies)
    return (
        f"{100 * getattr(cell, share):.1f} % ({cell.world}, {claim}, {cell.n_test:,} x "
        f"{cell.n_seeds})"
    )


if __name__ == "__main__":
    start(main)
