"""`python -m mlplab.bench.shift --out PAGE`: false alarms and power of all detectors."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from mlplab.bench.shift.problems import PROBLEMS, no_shift
from mlplab.bench.versions import versions

LEVEL = 0.05
N_ROWS = (200, 1000, 3000)
_PERMUTATIONS = 99
_VERSIONS = ("mlplab", "python", "system", "torch", "numpy")
_HEAD = f"""# Shift detectors, measured

Made by `make shift`. Each data set is drawn anew, both samples with as many rows; a detector alarms
where its p-value is {LEVEL:g} at most ({_PERMUTATIONS} permutations). `columns` is the largest
standardised Anderson-Darling statistic by permutations, `columns, Holm` the smallest p-value of
`shift.detect`'s columns, `KS of scipy` the smallest of `ks_2samp` times the number of columns;
`together` is what `shift.detect` decides by.
"""

Task = tuple[str, str, int, int]
"""Section, problem, rows, number of the repetition."""


def p_values(task: Task) -> dict[str, float]:
    """Draw a data set and return every detector's p-value."""
    from scipy.stats import ks_2samp

    from mlplab.shift import encode
    from mlplab.shift.detection.columns import column_shifts
    from mlplab.shift.detection.combination import together
    from mlplab.shift.detection.detect import all_statistics
    from mlplab.shift.detection.permutations import labellings, permutation_p

    section, problem, n, number = task
    draw = (no_shift() if section == "alike" else PROBLEMS)[problem]
    first, second = draw(np.random.default_rng([number, n, len(problem)]), n)
    encoded = encode(first, second)
    rows = np.concatenate([encoded.first, encoded.second])
    statistics = all_statistics(rows, labellings(n, 2 * n, _PERMUTATIONS, number), number, 1)
    found = {name: permutation_p(values) for name, values in statistics.items()}
    singles = [
        ks_2samp(encoded.first[:, i], encoded.second[:, i], method="asymp").pvalue
        for i in range(rows.shape[1])
    ]
    return found | {
        "columns, Holm": min(one.p for one in column_shifts(encoded)),
        "KS of scipy": float(min(1, len(singles) * min(singles))),
        "together": together(statistics),
    }


def measured(tasks: list[Task], kept: Path | None) -> Iterator[tuple[Task, dict[str, float]]]:
    """Yield each task's p-values; those that a file keeps are not computed again."""
    known = {}
    if kept is not None and kept.exists():
        for line in kept.read_text(encoding="utf-8").splitlines():
            task, values = json.loads(line)
            known[tuple(task)] = values
    yield from ((task, known[task]) for task in tasks if task in known)
    todo = [task for task in tasks if task not in known]
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for task, values in zip(todo, pool.map(p_values, todo, chunksize=4), strict=True):
            if kept is not None:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([task, values]) + "\n")
            yield task, values


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alike", type=int, default=2000, help="data sets without a shift")
    parser.add_argument("--shifted", type=int, default=100, help="of each problem and size")
    parser.add_argument("--rows", type=int, nargs="*", default=list(N_ROWS))
    parser.add_argument("--problems", nargs="*", default=list(PROBLEMS))
    parser.add_argument("--kept", type=Path, help="a file that keeps what was computed")
    parser.add_argument("--out", type=Path, help="the page; default: standard output")
    options = parser.parse_args()
    tasks: list[Task] = [
        ("alike", kind, N_ROWS[0], number) for kind in no_shift() for number in range(options.alike)
    ]
    tasks += [
        ("shifted", problem, n, number)
        for n in options.rows
        for problem in options.problems
        for number in range(options.shifted)
    ]
    found: dict[tuple[str, str, int], list[dict[str, float]]] = {}
    for place, (task, values) in enumerate(measured(tasks, options.kept)):
        found.setdefault(task[:3], []).append(values)
        if place % 100 == 99:
            print(f"{place + 1} of {len(tasks)}", file=sys.stderr, flush=True)
    text = page(found)
    if options.out is None:
        print(text)
    else:
        options.out.write_text(text, encoding="utf-8")


def page(found: dict[tuple[str, str, int], list[dict[str, float]]]) -> str:
    """Return the page of p-values by section, problem and rows, in Markdown."""
    lines = [_HEAD]
    titles = {
        "alike": "## False alarms\n\nShare of data sets without a shift, and its 99 % interval.\n",
        "shifted": "## Power\n\nShare of data sets with a shift.\n",
    }
    for section, title in titles.items():
        some = {key[1:]: rows for key, rows in found.items() if key[0] == section}
        if some:
            lines += [title, *_table(some, intervals=section == "alike")]
    seen = ", ".join(f"{name} {number}" for name, number in versions().items() if name in _VERSIONS)
    return "\n".join([*lines, "", f"Measured with {seen}.", ""])


def _table(
    found: dict[tuple[str, int], list[dict[str, float]]], *, intervals: bool
) -> Iterable[str]:
    names = list(dict.fromkeys(name for rows in found.values() for row in rows for name in row))
    yield f"| data | rows | data sets | {' | '.join(names)} |"
    yield "|---" * (3 + len(names)) + "|"
    for (problem, n), rows in found.items():
        cells = [_share([row[name] for row in rows if name in row], intervals) for name in names]
        yield f"| {problem} | {n:,} | {len(rows):,} | {' | '.join(cells)} |"
    yield ""


def _share(ps: list[float], interval: bool) -> str:
    from scipy.stats import beta

    if not ps:
        return "-"
    n, hits = len(ps), sum(p <= LEVEL for p in ps)
    if not interval:
        return f"{hits / n:.2f}"
    low = beta.ppf(0.005, hits, n - hits + 1) if hits else 0.0
    high = beta.ppf(0.995, hits + 1, n - hits) if hits < n else 1.0
    return f"{hits / n:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
