"""Losses of split trainings beside one process, and bytes counted beside closed forms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from mlplab.data import load_task
from mlplab.exercises.findings import Checked
from mlplab.specs import MLP, SGD, Adam, Fit, Run
from mlplab.theory.split import WAYS, Training, bytes_sent, split, starting

_SAME = 1e-10
_STEPS = 4
_N_DRAWN = 200


def prove() -> Sequence[Checked]:
    """Compare drawn networks split over 2, 3 and 4 processes with one process."""
    found = list(_compared())
    n_cases = len(found)
    largest = max(
        abs(a - b) for one, other in found for a, b in zip(one.losses, other.losses, strict=True)
    )
    bytes_by_way = {
        way: [
            (part.sent_bytes, part.formula_bytes)
            for _, training in found
            if training.way == way
            for part in training.parts
        ]
        for way in WAYS
    }
    counts = [
        Checked(
            f"{way}_bytes",
            all(abs(sent - formula) < 1e-6 for sent, formula in pairs),
            facts={f"n_{way}": len(pairs)},
            n_cases=len(pairs),
        )
        for way, pairs in bytes_by_way.items()
    ]
    return (
        Checked(
            "same",
            largest < _SAME,
            facts={"largest": largest, "n_trainings": n_cases, "steps": _STEPS},
            n_cases=n_cases,
        ),
        *counts,
        _ring(),
        *_square(),
    )


@cache
def _compared() -> Sequence[tuple[Training, Training]]:
    task, rng = load_task("digits"), np.random.default_rng(0)
    found = []
    with starting() as start:
        for n in (2, 3, 4):
            # As many layers as processes at least; widths that they need not divide.
            hidden = tuple(rng.integers(n, 40, n - 1 + int(rng.integers(0, 2))).tolist())
            run = Run(
                net=MLP(hidden=hidden, activation=str(rng.choice(["relu", "tanh", "gelu"]))),
                optim=SGD(lr=0.3, momentum=0.9) if n % 2 else Adam(lr=0.01),
                fit=Fit(dtype="float64", batch_size=int(rng.integers(2, 6)) * 12),
                seed=n,
            )
            given: dict[str, Any] = {"steps": _STEPS, "start": start, "patience_seconds": 300.0}
            one = split(run, task, "data", 1, **given)
            found += [(one, split(run, task, way, n, **given)) for way in WAYS]
    return found


def _ring() -> Checked:
    """Add up numbers around rings of 2 to 8 processes, and count what each of them sends."""
    rng = np.random.default_rng(0)
    holds = True
    for _ in range(_N_DRAWN):
        n = int(rng.integers(2, 9))
        given = rng.integers(-99, 99, (n, n, int(rng.integers(1, 6))))
        sums, sent = sum_around(given)
        holds &= bool((sums == given.sum(axis=0)).all())
        # Of S numbers, each sends 2 (P - 1) S / P.
        holds &= all(count * n == 2 * (n - 1) * given[0].size for count in sent)
    return Checked("ring", holds, facts={"n_rings": _N_DRAWN}, n_cases=_N_DRAWN)


def sum_around(given: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Add up what processes hold by passing parts to the next process only.

    Args:
        given: for each of P processes its P parts, (P, P, K).

    Returns:
        What each holds at the end, (P, P, K), and how many numbers each has sent.
    """
    n = len(given)
    held, sent = given.copy(), [0] * n
    for turn in range(2 * (n - 1)):
        passed = [(rank, (rank - turn) % n) for rank in range(n)]
        messages = [held[rank, part].copy() for rank, part in passed]
        for (rank, part), message in zip(passed, messages, strict=True):
            after = (rank + 1) % n
            # First around, parts grow to sums; then the sums replace what the others hold.
            held[after, part] = message + held[after, part] if turn < n - 1 else message
            sent[rank] += message.size
    return held, sent


def _square() -> Iterator[Checked]:
    """Compare the ways' bytes where all L layers are square, L even and P processes at most L."""
    rng = np.random.default_rng(1)
    crossing, share = True, True
    for _ in range(_N_DRAWN):
        n_layers = 2 * int(rng.integers(1, 5))
        width, batch = int(rng.integers(8, 300)), int(rng.integers(8, 300))
        n = int(rng.integers(2, min(n_layers, 8) + 1))
        widths = [width] * (n_layers + 1)
        data, tensor, pipeline = (sum(bytes_sent(way, widths, batch, n, 4)) for way in WAYS)
        more = n_layers * (width + 1) - batch * (n_layers - 1)
        # Rounding apart: both are whole numbers, and so is their difference.
        crossing &= int(np.sign(round(data - tensor))) == int(np.sign(more))
        share &= round(tensor) == round(pipeline * (n_layers - 1))
    facts = {"n_square": _N_DRAWN}
    yield Checked("crossing", crossing, facts=facts, n_cases=_N_DRAWN)
    yield Checked("share", share, facts=facts, n_cases=_N_DRAWN)
