"""What one call of the compiled loops is given, checked before C sees it."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlplab.engine.native.library import Library, library

LANES = 16
NEVER = 2**62  # an epoch after which nothing has ended: there is no run
_MOST_BITS = 20
Fields = Mapping[str, Any]


def train(fields: Fields, dtype: str, loops: Library | None = None) -> None:
    """Train vectors of linear models, or a network, for some epochs; arrays are written in place.

    Args:
        fields: numbers and arrays by name, see `kernel/job.h`; None for an array that the runs
            have no use for.
        dtype: of all arrays of the program's numbers.
        loops: other than this installation's.

    Raises:
        ValueError: an array is not of its kind or too small for the numbers, or a number in it
            lies beyond what it counts.
    """
    loops = loops or library()
    if fields.keys() != loops.fields.keys():
        raise ValueError(f"loops: fields {sorted(fields.keys() ^ loops.fields.keys())}")
    job = loops.job_type()
    for name, (kind, is_array) in loops.fields.items():
        value = fields[name]
        if is_array:
            value = _address(name, value, dtype if kind == "real" else kind)
        setattr(job, name, value)
    check_sizes(fields)
    loops.function("train", dtype)(ctypes.byref(job))


def room_for_order(n: int) -> dict[str, Any]:
    """Make room for an epoch's order of n rows: a count for each value of some upper bits."""
    bits = min(max(1, (n - 1).bit_length()), _MOST_BITS)
    drawn = np.empty((2, n), np.uint64)
    room = {"drawn": drawn[0], "sorted": drawn[1], "order": np.empty(n, np.int64)}
    return {**room, "counts": np.empty(1 << bits, np.int64), "shift": 64 - bits}


def _address(name: str, array: NDArray[Any] | None, dtype: str) -> int | None:
    if array is None:
        return None
    if array.dtype != dtype or not array.flags.c_contiguous:
        raise ValueError(f"loops: {name} must be whole {dtype}; got {array.dtype}")
    address = int(array.__array_interface__["data"][0])
    if name in ("p", "g", "h") and address % 64:
        raise ValueError(f"loops: {name} must begin at a 64-byte line")
    return address


def check_sizes(f: Fields) -> None:
    """Refuse numbers that would let C read or write beyond an array.

    Raises:
        ValueError: naming the array, its elements and how many it must have, or the numbers.
    """
    numbers = {name: value for name, value in f.items() if isinstance(value, int)}
    if min(numbers[name] for name in numbers if name != "curve") < 0 or min(
        f[name] for name in ("n_groups", "n_steps", "n_inputs", "n_outputs", "n_epochs", "size")
    ) < 1:  # fmt: skip
        raise ValueError(f"loops: {numbers}")
    steps = f["from_step"], f["to_step"], f["n_steps"]
    if not steps[0] < steps[1] <= steps[2] or (
        f["n_epochs"] > 1 and steps[1] - steps[0] < steps[2]
    ):
        raise ValueError(f"loops: steps {steps} of {f['n_epochs']} epochs")
    n_groups, n_in, n_out, epochs = f["n_groups"], f["n_inputs"], f["n_outputs"], f["n_epochs"]
    n_train, n_test = f["n_train"], f["n_test"]
    _need(
        f,
        x=n_in,
        sizes=f["n_steps"],
        vectors=n_groups + 1,
        order_keys=2 * n_groups,
        train=n_groups * n_train,
        valid=n_groups * f["n_valid"],
        test=n_test,
    )
    n_rows, sizes, vectors = len(f["x"]), f["sizes"], f["vectors"]
    for name in ("train", "valid", "test"):
        if f[name].size and not (f[name].min() >= 0 and f[name].max() < n_rows):
            raise ValueError(f"loops: {name} has rows beyond the {n_rows} of the task")
    if f["x"].shape != (n_rows, n_in) or not 1 <= sizes.min() <= sizes.sum() <= n_train:
        raise ValueError(f"loops: sizes {sizes.tolist()} of {n_train} rows, x {f['x'].shape}")
    if (np.diff(vectors) < 0).any() or vectors[0] != 0 or len(vectors) != n_groups + 1:
        raise ValueError(f"loops: vectors {vectors.tolist()} of {n_groups} groups")
    linear = f["plan"] is None
    lanes = LANES if linear else 1
    places = int(vectors[-1]) * lanes
    n_settings = (epochs if f["by_epoch"] else 1) * (f["n_steps"] if f["by_step"] else 1) * places
    if f["size"] * lanes % LANES or not 1 <= f["shift"] <= 63:
        raise ValueError(f"loops: size {f['size']}, shift {f['shift']}")
    _need(
        f,
        p=places * f["size"],
        first=places * f["size"],
        second=places * f["size"],
        y=n_rows * (1 if f["classes"] else n_out),
        settings=n_settings * (8 if f["rule"] else 4),
        bias_settings=n_settings * (8 if f["rule"] else 4),
        first_losses=places,
        ended=places,
        history=6 * epochs * places,
        drawn=n_train,
        sorted=n_train,
        order=n_train,
        counts=1 << (64 - f["shift"]),
        shares=max(f["row"], f["scored"]),
    )
    if f["kept"] is not None:
        watch = ("monitors", "patience", "restores", "best", "best_epochs", "stopped")
        _need(f, kept=places * f["size"], **dict.fromkeys(watch, places))
    optional: dict[str, int] = {
        "thresholds": n_settings,
        "smoothing": places,
        "marks": n_test * places,
        "example_weights": n_rows,
    }
    _need(f, **{name: size for name, size in optional.items() if f[name] is not None})
    if linear:
        _check_linear(f, int(vectors[-1]))
    else:
        _check_network(f)


def _need(f: Fields, **sizes: int) -> None:
    for name, size in sizes.items():
        actual = -1 if f[name] is None else f[name].size
        if actual < size:
            raise ValueError(f"loops: {name} has {actual} elements; expected at least {size}")


def _check_network(f: Fields) -> None:
    _need(f, plan=6, score_plan=f["plan"].size)
    plan, row, scored, most = f["plan"], f["row"], f["scored"], int(f["sizes"].max())
    n_in, n_out, gap, weight, bias, values = plan.T
    chained = (n_in[1:] == n_out[:-1]).all() and n_in[0] == f["n_inputs"]
    chained = chained and n_out[-1] == f["n_outputs"] and f["n_layers"] == len(plan)
    aligned = not (row % LANES or scored % LANES or (gap % LANES).any())
    if not chained or not aligned or (plan < 0).any() or (gap < n_in).any():
        raise ValueError(f"loops: plan {plan.tolist()}, {row} and {scored} places")
    ends = np.concatenate([weight + n_out * gap, bias + -(-n_out // LANES) * LANES])
    if ends.max() > f["size"] or not most <= row or int(f["vectors"][-1]) != 1 or scored < 1:
        raise ValueError(
            f"loops: plan {plan.tolist()}, {f['size']} weights, sizes up to {most}, "
            f"vectors {f['vectors'].tolist()}, scored {scored}"
        )
    if (f["score_plan"][:, :5] != plan[:, :5]).any() or (f["score_plan"] < 0).any():
        raise ValueError(f"loops: score_plan {f['score_plan'].tolist()}, plan {plan.tolist()}")
    n_values = int((values + n_out * row).max())
    n_scored = int((f["score_plan"][:, 5] + n_out * scored).max())
    widest, units = int(gap.max()), int(n_out.max())
    _need(
        f,
        h=max(n_values, n_scored),
        d=n_values,
        g=max(LANES * widest, -(-units // LANES) * LANES),
        batch=max(row, scored) * int(gap[0]),
        inputs=max(row, scored) * f["n_inputs"],
        turned=row * widest,
    )
    if f["curve"] >= 0:
        _need(f, slopes=max(n_values, n_scored))
    if f["edges"] is not None:
        hidden = len(plan) - 1
        _need(f, edges=hidden, ups=hidden, keep=n_values, noise=units * row // 4, noise_key=2)


def _check_linear(f: Fields, n_vectors: int) -> None:
    _need(f, least=n_vectors, most=n_vectors)
    height, scored, least, most = f["n_inputs"] + 1, f["scored"], f["least"], f["most"]
    if f["sizes"].max() > scored or f["size"] != f["n_outputs"] * height:
        raise ValueError(f"loops: size {f['size']}, sizes up to {f['sizes'].max()} of {scored}")
    if min(least.min(), most.min()) < 0 or max(least.max(), most.max()) >= height:
        raise ValueError(f"loops: least {least.tolist()} to most {most.tolist()} inputs")
    _need(f, h=f["n_outputs"] * scored * LANES, g=height * LANES)
    if (least < most).any():
        _need(f, mask=n_vectors * height * LANES)
