"""Weights that make training rows count as target rows would."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mlplab.errors import DataError
from mlplab.reading import read_flag, read_number, read_whole, read_word
from mlplab.shift.correction.support import share_outside
from mlplab.shift.correction.weights import Floats, Weights, effective_rows, tame
from mlplab.shift.encoding import MISSING_LEVEL, Encoded, encode

Calibration = Literal["platt", "temperature", "none"]
Method = Literal["odds", "ulsif", "rulsif", "kliep", "kmm"]
LEAST_EFFECTIVE = 30.0
# Of the target rows outside; and how far the mean ratio, which is 1, may be off.
MOST_OUTSIDE, LEAST_MEAN = 0.2, 0.5


def correct(
    inputs: Any,
    target_inputs: Any,
    method: Method = "odds",
    *,
    clip: float | None = None,
    flatten: float = 1.0,
    normalise: bool = True,
    relative: float = 0.1,
    n_centres: int = 200,
    n_folds: int = 5,
    n_seeds: int = 4,
    calibration: Calibration = "platt",
    least_effective: float = LEAST_EFFECTIVE,
    seed: int = 0,
    progress: Any = False,
) -> Weights:
    """Estimate the density ratio p_target(x) / p_train(x) at the training rows.

    Weighted by it, a mean over training rows is the mean over target rows, if the target differs
    in its inputs only (covariate shift): P(label | x) is the same, and training rows lie wherever
    target rows do. The first cannot be seen from inputs. The second is checked: the correction is
    *declined* where the effective number of rows is below `least_effective`, where more than 20 %
    of the target rows lie outside the training rows, or where the ratios, whose mean over training
    rows should be 1, have a mean below 0.5. `declined` then says why, and asking for `values`
    raises.

    Args:
        inputs: (N, I), numbers or a pandas frame, without the label; see `encode`.
        target_inputs: (M, I), the same columns.
        method: "odds" of cross-fitted networks; "ulsif" and "rulsif", least squares; "kliep",
            likelihood; "kmm", kernel mean matching. "rulsif" estimates the ratio to a mixture,
            p_target / (a p_target + (1 - a) p_train), which never exceeds 1 / a.
        clip: largest ratio; None: sqrt(N) times the mean ratio.
        flatten: exponent of the ratios, from 0 (all equal) to 1.
        normalise: whether the weights have mean 1.
        relative: a of "rulsif".
        n_centres: kernels of all methods but "odds".
        n_folds, n_seeds, calibration: folds, networks each, and calibration of "odds".
        least_effective: effective training rows below which the correction is declined.
        seed: draws folds, networks and centres.
        progress: whether "odds" shows a progress bar.

    Returns:
        The weights, and what they are worth.

    Raises:
        ConfigError: a setting out of range.
        DataError: tables that cannot be compared, or too few rows.

    Cost: memory grows as (N + M) I, never as N M: kernels are evaluated in blocks against
    `n_centres` rows. "odds" trains `n_folds` x `n_seeds` networks.

    Source: Shimodaira, Journal of Statistical Planning and Inference 90, 2000; the methods' papers
    are named in docs/shift-correction.md.

    >>> rng = np.random.default_rng(0)
    >>> train, target = rng.normal(size=(500, 1)), rng.normal(0.5, size=(500, 1))
    >>> weights = correct(train, target, "ulsif")
    >>> true = np.exp(0.5 * train[:, 0] - 0.125)
    >>> bool(np.corrcoef(weights.values, true)[0, 1] > 0.9)
    True
    >>> correct(train, target + 20, "ulsif").declined[:40]
    '100 % of the target rows lie outside the'
    """
    seed = _require(
        method, calibration, relative, n_centres, n_folds, n_seeds, least_effective, seed
    )
    normalise = read_flag("normalise", normalise)
    encoded = encode(inputs, target_inputs)
    _require_entries(encoded)
    train, target = encoded.first, encoded.second
    least = max(2, n_folds) if method == "odds" else 2
    for name, rows in (("inputs", train), ("target_inputs", target)):
        if len(rows) < least:
            raise DataError(f"{name}: expected at least {least} rows; got {len(rows)}")
    tame(np.ones(1), clip=clip, flatten=flatten, normalise=normalise)  # settings, before the work
    rng = np.random.default_rng(seed)
    outside = share_outside(train, target, rng)
    ratios, settings = _ratios(
        method, train, target, rng,
        relative=relative, n_centres=n_centres, n_folds=n_folds, n_seeds=n_seeds,
        calibration=calibration, seed=seed, progress=progress,
    )  # fmt: skip
    if encoded.left_out:
        settings["left_out"] = encoded.left_out
    values, edge, clipped = tame(ratios, clip=clip, flatten=flatten, normalise=normalise)
    effective = effective_rows(np.minimum(ratios, edge))
    # The ratio to a mixture has a mean below 1.
    mean = 1.0 if method == "rulsif" else float(ratios.mean())
    return Weights(
        ratios=ratios,
        method=method,
        clip=edge,
        clipped=clipped,
        effective=effective,
        outside=outside,
        declined=_reason(effective, least_effective, outside, mean, len(train)),
        settings=settings,
        _values=values,
    )


def _ratios(
    method: str,
    train: NDArray[Any],
    target: NDArray[Any],
    rng: np.random.Generator,
    *,
    relative: float,
    n_centres: int,
    **of_odds: Any,
) -> tuple[Floats, dict[str, Any]]:
    if method == "odds":
        from mlplab.shift.correction.odds import classifier_odds

        return classifier_odds(train, target, **of_odds)
    if method == "kliep":
        from mlplab.shift.correction.likelihood import likelihood_ratios

        return likelihood_ratios(train, target, n_centres=n_centres, rng=rng)
    if method == "kmm":
        from mlplab.shift.correction.mean_matching import matched_means

        return matched_means(train, target, n_centres=n_centres, rng=rng)
    from mlplab.shift.correction.least_squares import least_squares_ratios

    a = relative if method == "rulsif" else 0.0
    return least_squares_ratios(train, target, relative=a, n_centres=n_centres, rng=rng)


def _reason(effective: float, least: float, outside: float, mean_ratio: float, n_rows: int) -> str:
    """Return why weights should not be used, the plainest reason first; empty if none."""
    if outside > MOST_OUTSIDE:
        return (
            f"{100 * outside:.0f} % of the target rows lie outside the training rows; weights "
            "cannot say what happens there: label some of those rows"
        )
    if mean_ratio < LEAST_MEAN:
        return (
            f"the ratios have mean {mean_ratio:.2g} over the training rows, where 1 is expected: "
            "most target rows lie where hardly a training row does"
        )
    if effective < least:
        return (
            f"the weights leave {effective:.1f} effective training rows of {n_rows}, fewer than "
            f"{least:g}; collect training rows like the target's, or flatten the weights knowingly"
        )
    return ""


def _require_entries(encoded: Encoded) -> None:
    """Refuse a column that one table has no entry of: no weight makes up for it."""
    for name, rows in (("inputs", encoded.first), ("target_inputs", encoded.second)):
        for place, column in enumerate(encoded.columns):
            is_gap = column.kind == "missing" or column.name.endswith(f" = {MISSING_LEVEL}")
            if is_gap and (rows[:, place] > 0).all():
                raise DataError(
                    f"{name}, column {column.original!r}: every entry is missing; leave it out of "
                    "both tables"
                )


def _require(
    method: str,
    calibration: str,
    relative: float,
    n_centres: int,
    n_folds: int,
    n_seeds: int,
    least_effective: float,
    seed: int,
) -> int:
    read_word("method", method, get_args(Method))
    read_word("calibration", calibration, get_args(Calibration))
    read_number("relative", relative, "a number between 0 and 1", lambda share: 0 < share < 1)
    for name, value, least in (
        ("n_centres", n_centres, 1),
        ("n_folds", n_folds, 2),
        ("n_seeds", n_seeds, 1),
    ):
        read_whole(name, value, least)
    read_number("least_effective", least_effective, "at least 0", lambda rows: rows >= 0)
    return read_whole("seed", seed, 0)
