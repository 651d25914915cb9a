"""Two samples, three verdicts: shifted, by more than what matters, harmful."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data.split import second_sample
from mlplab.errors import ConfigError, DataError
from mlplab.experiment.progress import Count, ProgressOption
from mlplab.experiment.progress_bar import reporting
from mlplab.reading import read_flag, read_number, read_whole
from mlplab.shift.detection.changes import column_changes
from mlplab.shift.detection.classifier import (
    N_FOLDS,
    SCORE_FOLDS,
    SCORE_SEEDS,
    CrossFitted,
    classifier_statistics,
    cross_fitted,
)
from mlplab.shift.detection.columns import anderson_darling, column_shifts
from mlplab.shift.detection.combination import together
from mlplab.shift.detection.copies import copied_rows
from mlplab.shift.detection.labels import N_NETWORKS, judge_harm
from mlplab.shift.detection.mmd import energy_statistics, mmd_statistics
from mlplab.shift.detection.networks import NOT_COUNTED, NetworkProgress
from mlplab.shift.detection.permutations import LEVEL, Array, Labels, labellings, permutation_p
from mlplab.shift.detection.report import Detection, ShiftVerdict, Word
from mlplab.shift.detection.whitened import whitened_statistics
from mlplab.shift.encoding import Encoded, encode

Rows = NDArray[np.float32]

FEWEST_ROWS = 20
MOST_ROWS = 5_000
"""Rows of each sample that permutation tests see."""
MOST_SCORED = 50_000
"""Rows of each sample on which the size is measured."""
_MOST_COLUMNS, _MOST_ENCODED = 300, 600
"""Beyond so many, columns are features, and are not tested one by one."""


def detect(
    first: Any,
    second: Any,
    *,
    target: Any = None,
    second_target: Any = None,
    model: Any = None,
    epsilon: float = 0.05,
    n_permutations: int = 199,
    classifier: bool = True,
    seed: int = 0,
    workers: int | None = None,
    progress: ProgressOption = True,
) -> Detection:
    """Say whether a second sample is distributed like the first, by how much, and where.

    Three tests share their permutations, and one exact p-value is made of them: the maximum mean
    discrepancy over many kernels, the same in whitened features, and the columns one by one. A
    classifier that learns every labelling anew has a p-value beside them. Of more than `MOST_ROWS`
    rows so many are permuted, and the columns are tested on all rows too. How large the shift is,
    is another question: the AUC with which networks tell rows apart that they did not see. A large
    sample shows any trifle; what matters is declared.

    Args:
        first: (N, I), numbers or a pandas frame; entries may be missing, columns texts.
        second: (M, I), the same columns.
        target: labels of the first sample, (N,), classes or numbers; with them the third verdict,
            on harm, is given.
        second_target: labels of the second sample, where they are known, (M,).
        model: what has `predict`, and saw none of these rows; None trains networks on half of the
            first sample.
        epsilon: an AUC more than so much above one half matters.
        n_permutations: labellings beside the observed one.
        classifier: whether networks learn every labelling, for a p-value beside those that decide;
            most of the time goes into them.
        seed: of permutations, folds and the choice of rows where there are more than
            `MOST_ROWS`.
        workers: processes or threads that train; None takes the machine's cores.
        progress: True for a bar in a terminal or a notebook; False for none; or what is called
            with a `Progress`.

    Raises:
        ConfigError: a setting out of its range.
        DataError: fewer than `FEWEST_ROWS` rows, or tables that do not fit; see `encode`.

    Cost: `n_permutations` * 3 trainings on at most 10,000 rows, unless without the classifier, and
    kernels of 10,000 rows.

    >>> rng = np.random.default_rng(0)
    >>> old, new = rng.normal(size=(200, 3)), rng.normal(size=(200, 3)) + [0, 0, 1]
    >>> found = detect(old, new, n_permutations=99)
    >>> found.shifted.verdict, found.matters.verdict, found.columns[0].name
    ('supported', 'supported', 'x2')
    """
    start = time.monotonic()
    epsilon, n_permutations, seed = _check(epsilon, n_permutations, seed)
    classifier = read_flag("classifier", classifier)
    if workers is not None:
        workers = read_whole("workers", workers)
    if target is None and (second_target is not None or model is not None):
        raise ConfigError("target: needed with second_target or model; it labels the first sample")
    encoded = encode(first, second)
    sizes = len(encoded.first), len(encoded.second)
    for name, n in zip(("first", "second"), sizes, strict=True):
        if n < FEWEST_ROWS:
            raise DataError(f"{name} sample: expected at least {FEWEST_ROWS} rows; got {n}")
    n_labellings = 1 + n_permutations
    n_networks = N_FOLDS * n_labellings * classifier + SCORE_FOLDS * SCORE_SEEDS
    if target is not None:
        n_networks += N_NETWORKS * (model is None) + n_labellings * (second_target is None)
    harmful = None
    with reporting(progress, "detect") as report:
        count = Count(report, n_networks, NetworkProgress)
        tests, judged = _tests(
            encoded.first, encoded.second, n_permutations, classifier, seed, workers, count
        )
        fitted, scored = measured_size(encoded, seed, workers, count)
        if target is not None:
            harmful = judge_harm(
                encoded, (first, second), target, second_target, model,
                n_permutations=n_permutations, seed=seed, workers=workers, count=count,
            )  # fmt: skip
    by_column = len({column.original for column in encoded.columns}) <= _MOST_COLUMNS
    columns = column_shifts(encoded) if by_column else ()
    p = tests["together"]
    if columns and sizes != judged:
        # Permuted are some rows only; columns one by one see all. Two tests share the level.
        tests["columns of all rows"] = columns[0].p
        p = min(1.0, 2 * min(p, columns[0].p))
    return Detection(
        rows=sizes,
        copies=copied_rows(first, second),
        shifted=_shifted(p, fitted, n_permutations),
        matters=_matters(fitted, epsilon),
        harmful=harmful,
        epsilon=epsilon,
        tests=tests,
        columns=columns,
        changes=column_changes(encoded, columns),
        scores=(fitted.scores[: len(scored[0])], fitted.scores[len(scored[0]) :]),
        scored=scored,
        detectable=detectable_auc(*judged),
        judged=judged,
        n_permutations=n_permutations,
        left_out=encoded.left_out,
        seconds=time.monotonic() - start,
    )


def detectable_auc(n_first: int, n_second: int, power: float = 0.8) -> float:
    """Return the smallest AUC that a rank test at 5 % shows with this power.

    1/2 + (z_0.95 + z_power) sqrt((n + m + 1) / (12 n m)): the Mann-Whitney test of a score that is
    given, such as one column; a classifier must learn its score first, and sees less.

    >>> round(detectable_auc(200, 200), 3), round(detectable_auc(5000, 5000), 3)
    (0.572, 0.514)
    """
    from scipy.stats import norm

    n_first, n_second = read_whole("n_first", n_first), read_whole("n_second", n_second)
    power = read_number("power", power, "a share between 0 and 1", lambda share: 0 < share < 1)
    error = np.sqrt((n_first + n_second + 1) / (12 * n_first * n_second))
    return float(min(1.0, 0.5 + (norm.ppf(1 - LEVEL) + norm.ppf(power)) * error))


def _check(epsilon: Any, n_permutations: Any, seed: Any) -> tuple[float, int, int]:
    wanted = "an AUC's distance from 0.5, below 0.5"
    epsilon = read_number("epsilon", epsilon, wanted, lambda distance: 0 <= distance < 0.5)
    # fewer have no p-value of 0.05
    return epsilon, read_whole("n_permutations", n_permutations, 19), read_whole("seed", seed, 0)


def _some(n: int, most: int, seed: int) -> NDArray[np.int64]:
    """Return the numbers of at most so many rows, drawn by seed, in their order."""
    return np.flatnonzero(second_sample(n, max(0, n - most), seed + 1, seed))


def measured_size(
    encoded: Encoded, seed: int, workers: int | None = None, count: Count = NOT_COUNTED
) -> tuple[CrossFitted, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return the AUC of networks on rows that they did not see, and which rows of each sample."""
    halves = encoded.first, encoded.second
    first, second = (_some(len(half), MOST_SCORED, seed) for half in halves)
    rows = np.concatenate([encoded.first[first], encoded.second[second]])
    fitted = cross_fitted(rows, len(first), seed=seed, workers=workers, count=count)
    return fitted, (first, second)


def _tests(
    first: Rows,
    second: Rows,
    n_permutations: int,
    classifier: bool,
    seed: int,
    workers: int | None,
    count: Count,
) -> tuple[dict[str, float], tuple[int, int]]:
    first, second = (half[_some(len(half), MOST_ROWS, seed)] for half in (first, second))
    rows = np.concatenate([first, second])
    labels = labellings(len(first), len(rows), n_permutations, seed)
    statistics = all_statistics(rows, labels, seed, workers, count, classifier=classifier)
    found = {name: permutation_p(values) for name, values in statistics.items()}
    return found | {"together": together(statistics)}, (len(first), len(second))


def all_statistics(
    rows: Rows,
    labels: Labels,
    seed: int,
    workers: int | None = None,
    count: Count = NOT_COUNTED,
    *,
    classifier: bool = True,
) -> dict[str, Array]:
    """Return the statistic of every test and labelling."""
    found = {}
    if classifier:
        found["classifier"] = classifier_statistics(rows, labels, seed, workers, count)
    found |= {
        "mmd": mmd_statistics(rows, labels),
        "whitened": whitened_statistics(rows, labels, seed),
        "energy": energy_statistics(rows, labels),
    }
    if rows.shape[1] <= _MOST_ENCODED:
        found["columns"] = largest_column(rows, labels)
    return found


def largest_column(rows: Rows, labels: Labels) -> Array:
    """Return the largest standardised Anderson-Darling statistic over columns, (P + 1,)."""
    statistics = anderson_darling(rows, labels)
    mean, spread = statistics.mean(axis=1, keepdims=True), statistics.std(axis=1, keepdims=True)
    return np.asarray(((statistics - mean) / np.where(spread > 0, spread, 1)).max(axis=0))


def _shifted(p: float, fitted: CrossFitted, n_permutations: int) -> ShiftVerdict:
    word: Word = "supported" if p <= LEVEL else "undecided"
    least = f"; no smaller one is possible with {n_permutations} permutations"
    note = f"all tests together give p = {p:.3g}"
    if round(p * (n_permutations + 1), 9) == 1:
        note += least
    if word == "undecided":
        note += "; that no difference was seen is no proof that there is none"
    return ShiftVerdict(word, p, fitted.auc, (fitted.low, fitted.high), note)


def _matters(fitted: CrossFitted, epsilon: float) -> ShiftVerdict:
    bar = 0.5 + epsilon
    word: Word = (
        "supported" if fitted.low > bar else "refuted" if fitted.high < bar else "undecided"
    )
    note = (
        f"networks tell new rows apart with an AUC of {fitted.auc:.3f} "
        f"[{fitted.low:.3f}, {fitted.high:.3f}]; what matters begins at {bar:g}"
    )
    return ShiftVerdict(word, None, fitted.auc, (fitted.low, fitted.high), note)
