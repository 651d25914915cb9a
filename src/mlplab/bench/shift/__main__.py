"""`python -m mlplab.bench.shift --out PAGE`: false alarms and power of all detectors."""

from __future__ import annotations

import argparse
import json
import os
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mlplab.bench.program import start, whole_from
from mlplab.bench.shift.problems import PROBLEMS, SIZES, no_shift
from mlplab.bench.versions import measured_with
from mlplab.bench.written import put_page
from mlplab.devices import refuse_device
from mlplab.errors import DataError

LEVEL = 0.05
N_ROWS = (200, 1000, 3000)
SHIFTED = (200, 100, 30)
"""Data sets of each problem, for each number of rows: larger ones cost more, and vary less."""
N_LARGE = 100_000
PERMUTATIONS = {"alike": 39, "shifted": 99}
_STREAM = 20261130
"""Of all draws; none of them was looked at while the tests were chosen."""
_MOST_OF_DCOR = 200  # rows; of 1,000 its test takes three seconds
PACKAGES = ("torch", "numpy", "dcor")
_VERSIONS = ("mlplab", "python", "system", *PACKAGES)
RIVALS = ("mmd", "classifier", "KS of scipy")
_HEAD = f"""# Shift detectors, measured

Made by `make shift`. Each data set is drawn anew, both samples with as many rows; a detector alarms
where its p-value is {LEVEL:g} at most ({PERMUTATIONS["alike"]} permutations where nothing shifts,
{PERMUTATIONS["shifted"]} where something does). `together` is what `shift.detect` decides by: of
`mmd`, `whitened` and `columns`, which is the largest standardised Anderson-Darling statistic.
`columns, Holm` is the smallest p-value of `shift.detect`'s columns, `KS of scipy` the smallest of
`ks_2samp` times the number of columns, `energy of dcor` its `energy_test`, on {_MOST_OF_DCOR:,}
rows. The draws are fresh: the tests were chosen and weighted on others.
"""

Task = tuple[str, str, int, int]
"""Section, problem, rows, number of the repetition."""


def answers(task: Task, classifier: bool = True) -> dict[str, float]:
    """Draw a data set and return every detector's p-value, or the AUC and its interval."""
    section, problem, n, number = task
    draw = {"alike": no_shift(), "shifted": PROBLEMS, "size": SIZES}[section][problem]
    rng = np.random.default_rng([_STREAM, number, n, zlib.crc32(problem.encode())])
    first, second = draw(rng, n)
    return (
        sizes(first, second, number)
        if section == "size"
        else p_values(task, first, second, classifier=classifier)
    )


def sizes(first: object, second: object, number: int) -> dict[str, float]:
    """Return the AUC that `shift.detect` compares with what matters, and its interval."""
    from mlplab.shift import encode
    from mlplab.shift.detection.detect import measured_size

    fitted, _ = measured_size(encode(first, second), number, workers=1)
    return {"auc": fitted.auc, "low": fitted.low, "high": fitted.high}


def p_values(
    task: Task, first: object, second: object, *, classifier: bool = True
) -> dict[str, float]:
    """Return every detector's p-value."""
    from scipy.stats import ks_2samp

    from mlplab.shift import encode
    from mlplab.shift.detection.columns import column_shifts
    from mlplab.shift.detection.combination import together
    from mlplab.shift.detection.detect import all_statistics
    from mlplab.shift.detection.permutations import labellings, permutation_p

    section, _, n, number = task
    encoded = encode(first, second)
    rows = np.concatenate([encoded.first, encoded.second])
    labels = labellings(n, 2 * n, PERMUTATIONS[section], number)
    statistics = all_statistics(rows, labels, number, 1, classifier=classifier)
    found = {name: permutation_p(values) for name, values in statistics.items()}
    singles = [
        ks_2samp(encoded.first[:, i], encoded.second[:, i], method="asymp").pvalue
        for i in range(rows.shape[1])
    ]
    found |= {
        "columns, Holm": min(one.p for one in column_shifts(encoded)),
        "KS of scipy": float(min(1, len(singles) * min(singles))),
    }
    if section == "shifted" and n <= _MOST_OF_DCOR and find_spec("dcor"):
        found["energy of dcor"] = _energy_of_dcor(encoded.first, encoded.second, number)
    return found | {"together": together(statistics)}


def _energy_of_dcor(first: object, second: object, seed: int) -> float:
    import dcor  # pyright: ignore[reportMissingImports]

    rng = np.random.default_rng(seed)
    test: Any = dcor.homogeneity.energy_test(
        first, second, num_resamples=PERMUTATIONS["shifted"], random_state=rng
    )
    return float(test.pvalue)


def measured(
    tasks: list[Task], kept: Path | None, classified: int
) -> Iterator[tuple[Task, dict[str, float]]]:
    """Yield each task's answers; those that a file keeps are not computed again.

    Args:
        tasks: what to draw.
        kept: the file, one line a task; None keeps nothing.
        classified: repetitions of each shift in which the classifier learns the labellings.
    """
    known = {} if kept is None or not kept.exists() else read_kept(kept)
    yield from ((task, known[task]) for task in tasks if task in known)
    todo = [task for task in tasks if task not in known]
    classifiers = [task[0] == "alike" or task[3] < classified for task in todo]
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        computed = pool.map(answers, todo, classifiers, chunksize=4)
        for task, values in zip(todo, computed, strict=True):
            if kept is not None:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([task, values]) + "\n")
            yield task, values


def read_kept(kept: Path) -> dict[Task, dict[str, float]]:
    """Return the answers that a file keeps.

    Raises:
        DataError: another file.
    """
    refuse_device(kept, "a file that --kept has written")
    try:
        lines = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
        return {tuple(task): dict(values) for task, values in lines}
    except OSError as problem:
        raise DataError(f"{kept}: cannot be read ({problem.strerror or problem})") from None
    except (ValueError, TypeError):  # no UTF-8, no JSON, or no pairs
        raise DataError(f"{kept}: expected a file that --kept has written") from None


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--alike", type=whole_from(0), default=2000, help="data sets without a shift"
    )
    parser.add_argument("--rows", type=whole_from(2), nargs="*", default=list(N_ROWS))
    parser.add_argument(
        "--shifted",
        type=whole_from(0),
        nargs="*",
        default=list(SHIFTED),
        help="of each problem, as --rows",
    )
    parser.add_argument(
        "--classified",
        type=whole_from(0),
        default=100,
        help="of these, with networks for each labelling",
    )
    parser.add_argument("--sizes", type=whole_from(0), default=100, help="large data sets")
    parser.add_argument("--problems", nargs="*", choices=list(PROBLEMS), default=list(PROBLEMS))
    parser.add_argument("--kept", type=Path, help="a file that keeps what was computed")
    parser.add_argument("--out", type=Path, help="the page; default: standard output")
    options = parser.parse_args()
    if len(options.shifted) != len(options.rows):
        parser.error("--shifted: one number for each of --rows")
    tasks: list[Task] = [
        ("alike", kind, N_ROWS[0], number) for kind in no_shift() for number in range(options.alike)
    ]
    tasks += [
        ("shifted", problem, n, number)
        for n, times in zip(options.rows, options.shifted, strict=True)
        for problem in options.problems
        for number in range(times)
    ]
    tasks += [("size", name, N_LARGE, number) for name in SIZES for number in range(options.sizes)]
    found: dict[tuple[str, str, int], list[dict[str, float]]] = {}
    for place, (task, values) in enumerate(measured(tasks, options.kept, options.classified)):
        found.setdefault(task[:3], []).append(values)
        if place % 100 == 99:
            print(f"{place + 1} of {len(tasks)}", file=sys.stderr, flush=True)
    text = page(found)
    put_page(text, options.out)


def page(found: dict[tuple[str, str, int], list[dict[str, float]]]) -> str:
    """Return the page of answers by section, problem and rows, in Markdown."""
    lines = [_HEAD]
    titles = {
        "alike": "## False alarms\n\nShare of data sets without a shift, and its 99 % interval.\n",
        "shifted": "## Power\n\nShare of data sets with a shift; the classifier on the first "
        "hundred of each. `best` is the largest share of `mmd`, `classifier` and `KS of scipy`.\n",
        "size": _size_title(),
    }
    for section, title in titles.items():
        some = {key[1:]: rows for key, rows in found.items() if key[0] == section}
        if some:
            table = {"alike": _alarms, "shifted": _powers, "size": _sizes}[section]
            lines += [title, *table(some)]
    return "\n".join([*lines, measured_with(_VERSIONS, PACKAGES), ""])


Found = dict[tuple[str, int], list[dict[str, float]]]


def _alarms(found: Found) -> Iterable[str]:
    names = _names(found)
    yield from _head("data", *names)
    for (problem, n), rows in found.items():
        cells = [_interval(*_hits(rows, name)) for name in names]
        yield _row(problem, n, rows, cells)
    yield ""


def _powers(found: Found) -> Iterable[str]:
    names = _names(found)
    yield from _head("data", *names, "best", "together less best")
    for (problem, n), rows in found.items():
        shares = {
            name: hits / n_sets for name in names for hits, n_sets in [_hits(rows, name)] if n_sets
        }
        best = max(shares[name] for name in RIVALS if name in shares)
        cells = [f"{shares[name]:.2f}" if name in shares else "-" for name in names]
        yield _row(problem, n, rows, [*cells, f"{best:.2f}", f"{shares['together'] - best:+.2f}"])
    yield ""


def _size_title() -> str:
    from mlplab.shift.detection.detect import MOST_SCORED

    return (
        f"## The size of a shift\n\nSamples of {N_LARGE:,} rows, of which {MOST_SCORED:,} each are "
        "scored. `true AUC` is that of the best score that there is, by formula; a shift matters "
        "above 0.55. `matters` is how often that is said (`supported`), with its 99 % interval.\n"
    )


def _sizes(found: Found) -> Iterable[str]:
    yield from _head("true AUC", "mean AUC", "interval holds the true one", "matters", "does not")
    for (name, n), rows in found.items():
        true, bar = float(name), 0.55
        held = sum(row["low"] <= true <= row["high"] for row in rows) / len(rows)
        matters, not_so = (
            sum(row["low"] > bar for row in rows),
            sum(row["high"] < bar for row in rows),
        )
        mean = float(np.mean([row["auc"] for row in rows]))
        cells = [
            f"{mean:.4f}",
            f"{held:.3f}",
            _interval(matters, len(rows)),
            _interval(not_so, len(rows)),
        ]
        yield _row(name, n, rows, cells)
    yield ""


def _names(found: Found) -> list[str]:
    names = dict.fromkeys(name for rows in found.values() for row in rows for name in row)
    return [name for name in names if name != "together"] + ["together"]


def _head(first: str, *names: str) -> Iterable[str]:
    yield f"| {first} | rows | data sets | {' | '.join(names)} |"
    yield "|---" * (3 + len(names)) + "|"


def _row(name: str, n: int, rows: Sequence[object], cells: Sequence[str]) -> str:
    return f"| {name} | {n:,} | {len(rows):,} | {' | '.join(cells)} |"


def _hits(rows: list[dict[str, float]], name: str) -> tuple[int, int]:
    ps = [row[name] for row in rows if name in row]
    return sum(p <= LEVEL for p in ps), len(ps)


def _interval(hits: int, n: int) -> str:
    """Return a share and its exact 99 % interval."""
    from scipy.stats import beta

    if not n:
        return "-"
    low = beta.ppf(0.005, hits, n - hits + 1) if hits else 0.0
    high = beta.ppf(0.995, hits + 1, n - hits) if hits < n else 1.0
    return f"{hits / n:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    start(main)
