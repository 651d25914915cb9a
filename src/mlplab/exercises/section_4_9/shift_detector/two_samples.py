"""Pairs of samples, with some share of cartoons in the second, and tests that compare them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.data import Task, dataset, task_from_arrays
from mlplab.exercises.one_thread import one_thread
from mlplab.exercises.section_4_9.cartooned import (
    FASHION,
    SQUARES,
    Array,
    Features,
    collection,
    coordinates,
    features,
    principal_axes,
)
from mlplab.experiment import Arm, Runs
from mlplab.specs import TaskRef
from mlplab.specs.keyed import philox

SIZES = (10, 20, 40, 80, 160)
"""Images of each sample; half of them train the classifier, half test it."""
LARGEST = max(SIZES)
N_PERMUTATIONS = 99
GROUPED_SIZE = 40


def n_images(source: str, wanted: int) -> int:
    """Return how many images are drawn from: those wanted, or as many as there are."""
    return min(wanted, len(collection(source).images))


def largest(source: str, wanted: int) -> int:
    """Return the largest sample that two disjoint ones of so many images can have."""
    return max(n for n in SIZES if n == SIZES[0] or 2 * n <= n_images(source, wanted))


@lru_cache(maxsize=2)
def both_domains(source: str, n: int) -> tuple[Features, Features]:
    """Return photographs and their cartoons along the photographs' principal axes, (N, 64)."""
    rows = np.arange(n)
    plain, drawn = features(source, rows), features(source, rows, drawn=True)
    axes = principal_axes(plain)
    return coordinates(plain, axes), coordinates(drawn, axes)


def pair(source: str, n: int, seed: int, share: float, size: int) -> tuple[Features, Features]:
    """Draw two samples of `size` different images; each of the second is a cartoon with `share`.

    Smaller shares' cartoons are among those of larger ones.
    """
    plain, drawn = both_domains(source, n)
    order = philox(seed, "drawn pairs/order").permutation(n)
    is_drawn = philox(seed, "drawn pairs/cartoon").random(size) < share
    first, second = order[:size], order[size : 2 * size]
    return plain[first], np.where(is_drawn[:, None], drawn[second], plain[second])


@dataset(
    "two-samples-of-images",
    describe="Photographs as class 0, new images as class 1; a block of both for each seed",
    kind="classification",
    origin="made of other images",
)
def _two_samples(
    *, source: str = FASHION, n: int = 1000, n_seeds: int = 1, share: float = 0.0, size: int = 160
) -> Task:
    # First and second take turns, so that every even number of rows has as many of each.
    blocks = [np.stack(pair(source, n, seed, share, size), axis=1) for seed in range(n_seeds)]
    rows = np.concatenate(blocks).reshape(-1, blocks[0].shape[-1])
    labels = np.tile([0, 1], len(rows) // 2)
    return task_from_arrays(rows, labels, kind="classification")


@dataset(
    "two-groups-of-squares",
    describe="Squares of some photographs as class 0, of others as class 1, no cartoons",
    kind="classification",
    origin="made of free photographs",
)
def _two_groups(*, n_seeds: int = 1, size: int = GROUPED_SIZE, apart: bool = True) -> Task:
    groups = collection(SQUARES).groups
    every = features(SQUARES, np.arange(len(groups)))
    rows = coordinates(every, principal_axes(every))
    blocks = [
        rows[np.stack(grouped_rows(groups, seed, size, apart), axis=1).ravel()]
        for seed in range(n_seeds)
    ]
    labels = np.tile([0, 1], n_seeds * size)
    return task_from_arrays(np.concatenate(blocks), labels, kind="classification")


def grouped_rows(
    groups: NDArray[np.int64], seed: int, size: int, apart: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw two samples of squares; `apart`: of different photographs, or else of any."""
    rng = philox(seed, "drawn pairs/squares")
    order = rng.permutation(len(groups))
    if not apart:
        return order[:size], order[size : 2 * size]
    names = rng.permutation(int(groups.max()) + 1)
    half = np.isin(groups[order], names[: len(names) // 2])
    return order[half][:size], order[~half][:size]


def groups_of_squares(seeds: int, apart: bool) -> TaskRef:
    """Return pairs of samples of squares as a task, no cartoons among them."""
    return TaskRef(name="two-groups-of-squares", params={"n_seeds": seeds, "apart": apart})


def samples(source: str, n: int, seeds: int, share: float, size: int) -> TaskRef:
    """Return the pairs of so many seeds as a task."""
    params: dict[str, Any] = {"n": n, "n_seeds": seeds, "share": share, "size": size}
    return TaskRef(name="two-samples-of-images", params={"source": source, **params})


def held_out_aucs(runs: Runs, arm: Arm) -> Array:
    """Return how well each run's classifier ranks the images that it did not train on, (R,)."""
    from mlplab.experiment.weights import run_weights, unpack_weights
    from mlplab.shift.detection.classifier import auc

    task = runs.experiment.data
    cells = [cell for cell in runs.cells if cell.arm == arm]
    found = []
    for cell, blob in zip(cells, run_weights(cells, runs, False), strict=True):
        layer = unpack_weights(blob)["layers.0.weight"]
        rows = task.split(cell.seed, cell.run.rows).valid
        # The biases move every score alike.
        scores = task.inputs[rows] @ (layer[1] - layer[0]).astype(np.float64)
        found.append(auc(scores, task.targets[rows] == 1))
    return np.array(found)


@lru_cache(maxsize=16)
def rank_tail(n: int, m: int) -> Array:
    """Return P(U >= u) of the Mann-Whitney statistic for u = 0, ..., n m, exactly.

    P_nm(u) = n/(n+m) P_(n-1)m(u - m) + m/(n+m) P_n(m-1)(u), by which row is the largest.

    >>> rank_tail(1, 2).round(3).tolist()
    [1.0, 0.667, 0.333]
    """
    chances = [np.ones(1) for _ in range(m + 1)]
    for i in range(1, n + 1):
        row = [np.ones(1)]
        for j in range(1, m + 1):
            own = np.zeros(i * j + 1)
            own[j:] += i / (i + j) * chances[j]
            own[: i * (j - 1) + 1] += j / (i + j) * row[j - 1]
            row.append(own)
        chances = row
    return np.asarray(np.cumsum(chances[m][::-1])[::-1])


def auc_p(auc: Array, n: int, m: int) -> Array:
    """Return the exact one-sided p-values of AUCs of n and m held-out rows.

    Labels of rows that the classifier did not see are exchangeable where nothing has shifted,
    whatever it learnt.

    >>> auc_p(np.array([1.0]), 5, 5).round(5).tolist()
    [0.00397]
    """
    tail = rank_tail(n, m)
    u = np.ceil(np.asarray(auc) * n * m - 1e-6).astype(int)
    return np.asarray(tail[np.clip(u, 0, n * m)])


@one_thread
def permutation_ps(first: Features, second: Features, seed: int) -> dict[str, float]:
    """Return exact p-values of MMD, the energy distance and the largest column-wise KS distance.

    All three see the same permutations of the labels.
    """
    from mlplab.shift.detection.columns import kolmogorov_smirnov
    from mlplab.shift.detection.mmd import energy_statistics, mmd_statistics
    from mlplab.shift.detection.permutations import labellings, permutation_p

    rows = np.concatenate([first, second])
    labels = labellings(len(first), len(rows), N_PERMUTATIONS, seed)
    ks = kolmogorov_smirnov(rows, labels)
    found = {
        "mmd": mmd_statistics(rows, labels),
        "energy": energy_statistics(rows, labels),
        "ks": ks.max(axis=0),
    }
    return {name: permutation_p(values) for name, values in found.items()}


@lru_cache(maxsize=64)
def permuted(source: str, n: int, seeds: int, share: float, size: int) -> dict[str, Array]:
    """Return each test's p-values over seeds, (R,), at a share and size; see `permutation_ps`."""
    each = []
    top = largest(source, n)
    for seed in range(seeds):
        first, second = pair(source, n, seed, share, top)
        each.append(permutation_ps(first[:size], second[:size], seed))
    return {name: np.array([one[name] for one in each]) for name in each[0]}
