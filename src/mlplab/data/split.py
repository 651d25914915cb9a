"""Which rows of the pool train and which validate: drawn by seed, never by arm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mlplab.errors import ConfigError, shown
from mlplab.specs.keyed import philox
from mlplab.specs.rows import Block, First, Fold, Holdout, Joined, Own, Relabelled, Rows

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Split:
    """The rows one run trains on and the rows it is validated on; disjoint, inside the pool.

    Attributes:
        train: (T,) int64.
        valid: (V,) int64; empty where nothing is held out.
    """

    train: Indices
    valid: Indices


def held_out_count(valid: float | int, n_pool: int) -> int:
    """Return how many of `n_pool` rows are held out: a share below 1, or a count from 1.

    Raises:
        ConfigError: neither a share nor a count, or nothing would be left on either side.

    >>> held_out_count(0.1, 60_000), held_out_count(500, 60_000), held_out_count(0, 10)
    (6000, 500, 0)
    """
    whole = isinstance(valid, int | np.integer) and not isinstance(valid, bool)
    share = isinstance(valid, float | np.floating) and 0 <= valid < 1
    if not (whole and valid >= 0) and not share:
        raise ConfigError(
            "valid: expected a share of at least 0 and below 1, or a whole count; "
            f"got {shown(valid)}"
        )
    count = int(valid) if whole else round(float(valid) * n_pool)
    if valid > 0 and count == 0:
        raise ConfigError(f"valid: a share of {valid} holds out none of {n_pool} training rows")
    if count >= n_pool:
        raise ConfigError(
            f"valid: {shown(valid)} leaves none of {n_pool} training rows to train on"
        )
    return count


def draw_split(pool: Indices, valid: float | int, seed: int, rows: Rows | None = None) -> Split:
    """Split a pool by seed: the rows with the smallest random keys are held out.

    Row `i` of the pool draws its key at place `i` of `philox(seed, "split")`. So the split knows
    nothing of the arm, a smaller validation set is part of a larger one, and rows added at the
    end of the pool leave the keys of the others as they were. Both parts keep the pool's order.

    `Fold(n_folds, index, seed)` deals the rows into folds in the order of keys of its own seed;
    `First(n)` keeps the `n` training rows that follow the held-out ones, in the order of the
    keys, so that a smaller training set is part of a larger one. `Own(n)` gives each seed a
    block of the pool for itself. `Holdout(valid, seed)` splits as run `seed` would with that
    share; `Block(start, n, valid)` names rows that lie one after the other; `Relabelled` takes each
    row as one class or the other, from a pool that holds it as both; `Joined` adds a random part of
    the last rows to the first ones.

    Args:
        pool: rows to draw from, (P,).
        valid: share or count held out; used by `SeedSplit` and `First`.
        seed: the run's seed; not used by `Fold`, `Holdout` and `Block`; `labelling` says which
            permutation it stands for in `Relabelled` and `Joined`.
        rows: which rows train; None stands for all that are not held out.

    Raises:
        ConfigError: more folds or rows asked for than there are rows.
    """
    if isinstance(rows, Fold):
        return _draw_fold(pool, rows)
    if isinstance(rows, Own):
        return _own_block(pool, rows, seed)
    if isinstance(rows, Block):
        return _block(pool, rows)
    if isinstance(rows, Relabelled):
        return _relabelled(pool, rows, labelling(seed, rows.observed))
    if isinstance(rows, Joined):
        return _joined(pool, rows, labelling(seed, rows.observed))
    if isinstance(rows, Holdout):
        valid, seed = rows.valid, rows.seed
    n_valid = held_out_count(valid, len(pool))
    if n_valid == 0 and not isinstance(rows, First):
        return Split(train=pool, valid=pool[:0])
    order = _order(len(pool), seed, "split")
    held_out = np.zeros(len(pool), dtype=bool)
    held_out[order[:n_valid]] = True
    if isinstance(rows, First):
        n_left = len(pool) - n_valid
        if rows.n > n_left:
            raise ConfigError(f"rows.n: expected at most {n_left} training rows; got {rows.n}")
        return Split(train=pool[order[n_valid : n_valid + rows.n]], valid=pool[held_out])
    return Split(train=pool[~held_out], valid=pool[held_out])


def _draw_fold(pool: Indices, fold: Fold) -> Split:
    if fold.n_folds > len(pool):
        raise ConfigError(f"rows.n_folds: expected at most {len(pool)} rows; got {fold.n_folds}")
    held_out = np.zeros(len(pool), dtype=bool)
    held_out[_order(len(pool), fold.seed, "fold")[fold.index :: fold.n_folds]] = True
    return Split(train=pool[~held_out], valid=pool[held_out])


def _own_block(pool: Indices, own: Own, seed: int) -> Split:
    stride = own.stride or own.n + own.valid
    block = pool[seed * stride : (seed + 1) * stride]
    if len(block) < stride:
        raise ConfigError(
            f"rows: seed {seed} owns rows {seed * stride} to {(seed + 1) * stride - 1} of the "
            f"pool, which has {len(pool)}; draw more data, or use fewer seeds"
        )
    return Split(train=block[: own.n], valid=block[stride - own.valid :])


def _block(pool: Indices, rows: Block) -> Split:
    end = rows.start + rows.n + rows.valid
    if end > len(pool):
        raise ConfigError(
            f"rows: a block from {rows.start} to {end - 1} does not fit a pool of {len(pool)} rows"
        )
    middle = rows.start + rows.n
    return Split(train=pool[rows.start : middle], valid=pool[middle:end])


def _relabelled(pool: Indices, rows: Relabelled, number: int) -> Split:
    n, rest = divmod(len(pool), 2)
    if rest or not rows.n_first < n or n < rows.n_folds:
        raise ConfigError(
            f"rows: a pool that holds each row twice was expected, of more than "
            f"{max(rows.n_first, rows.n_folds - 1)} rows; it has {len(pool)} in all"
        )
    is_second = second_sample(n, rows.n_first, number, rows.seed)
    held_out = np.zeros(n, dtype=bool)
    held_out[_order(n, rows.seed, "fold")[rows.index :: rows.n_folds]] = True
    picked = pool[np.arange(n) + n * is_second]
    return Split(train=picked[~held_out], valid=picked[held_out])


def _joined(pool: Indices, rows: Joined, number: int) -> Split:
    others = pool[rows.n_kept :]
    if len(others) < rows.n_joined:
        raise ConfigError(
            f"rows.n_joined: expected at most {len(others)} rows beside the {rows.n_kept} kept; "
            f"got {rows.n_joined}"
        )
    is_in = second_sample(len(others), len(others) - rows.n_joined, number, rows.seed)
    return Split(train=np.concatenate([pool[: rows.n_kept], others[is_in]]), valid=pool[:0])


def labelling(seed: int, observed: int) -> int:
    """Return the number of the permutation that a run's seed stands for; 0 permutes none.

    >>> [labelling(seed, observed=2) for seed in range(4)]
    [2, 1, 0, 3]
    """
    return {0: observed, observed: 0}.get(seed, seed)


def second_sample(n: int, n_first: int, number: int, seed: int) -> npt.NDArray[np.bool_]:
    """Return which of n rows a permutation counts as the second sample, (n,); 0 permutes none.

    >>> second_sample(4, 3, 0, seed=0), int(second_sample(4, 3, 7, seed=0).sum())
    (array([False, False, False,  True]), 1)
    """
    is_second = np.arange(n) >= n_first
    return is_second[_order(n, seed, f"permutation {number}")] if number else is_second


def _order(n: int, seed: int, purpose: str) -> Indices:
    # raw words rather than floats: numpy promises their stream for good
    keys = philox(seed, purpose).bit_generator.random_raw(n)
    return np.argsort(keys, kind="stable")
