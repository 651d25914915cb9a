"""From an estimator's parameters to runs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.random import BitGenerator, Generator, RandomState, SeedSequence

from mlplab.errors import ConfigError, shown
from mlplab.experiment.declare import MOST_SEEDS
from mlplab.experiment.progress import ProgressOption
from mlplab.specs import MLP, Custom, Fit, Run, Schedule, optimiser_spec
from mlplab.specs.numbers import LARGEST

_LEAST_BATCH, _MOST_BATCH = 16, 256
_STEPS = 16
# by how much a step at the highest rate shrinks the weights (docs/defaults-measured.md)
_SHRINKS_NUMBERS, _SHRINKS_CLASSES = 0.002, 0.0006


def plain(value: Any) -> Any:
    """Return numpy's scalars, which grids are made of, as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return type(value)(plain(one) for one in value)
    return value


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Return a parameter that is a whole number.

    Raises:
        ConfigError: it is not, or it is too small or too large.
    """
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"{name}: expected a whole number from {least}; got {shown(value)}")
    if most is not None and value > most:
        raise ConfigError(f"{name}: expected at most {most}; got {shown(value)}")
    return value


def n_seeds_of(value: Any) -> int:
    """Return how many networks an estimator trains.

    Raises:
        ConfigError: no whole number from 1, or more than an experiment's seeds may be.
    """
    return whole("n_seeds", value, 1, MOST_SEEDS)


def share(name: str, value: Any, *, zero: bool = False) -> float:
    """Return a parameter that is a share between 0 and 1.

    Raises:
        ConfigError: it is not.
    """
    value = plain(value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value < 1 or (value == 0 and not zero):
        wanted = "a share from 0 and below 1" if zero else "a share between 0 and 1"
        raise ConfigError(f"{name}: expected {wanted}; got {shown(value)}")
    return float(value)


def workers_of(n_jobs: Any) -> int | None:
    """Return how many workers train; None where the engine may take the cores there are.

    One inside a job of joblib, in a thread or in a process: that job has taken the cores.

    Raises:
        ConfigError: neither None, -1 nor a whole number from 1.
    """
    if n_jobs not in (None, -1):
        return whole("n_jobs", n_jobs, 1)
    return 1 if _is_in_a_job() else None


def progress_of(progress: ProgressOption) -> ProgressOption:
    """Return what is shown of a fit: no bar inside a job of joblib, whose bars would overlap."""
    return False if progress is True and _is_in_a_job() else progress


def _is_in_a_job() -> bool:
    from joblib.parallel import get_active_backend

    backend, _ = get_active_backend()
    return bool(backend.nesting_level)


def batch_size_of(value: Any, n_rows: int) -> int:
    """Return the batch size for `n_rows` rows; never more than there are.

    `"auto"`: the power of 2 nearest to n_rows / 16, from 16 to 256.

    >>> batch_size_of("auto", 400), batch_size_of("auto", 10), batch_size_of(512, 100_000)
    (32, 10, 512)
    """
    if isinstance(value, str) and value == "auto":
        value = 2 ** round(math.log2(max(1.0, n_rows / _STEPS)))
        value = min(_MOST_BATCH, max(_LEAST_BATCH, value))
    elif isinstance(value, str):
        raise ConfigError(f"batch_size: expected 'auto' or a whole number; got {value!r}")
    return min(whole("batch_size", value, 1), n_rows)


def weight_decay_of(value: Any, optimizer: str, lr: Any, *, classes: bool) -> Any:
    """Return the weight decay; `"auto"` shrinks weights by the same share whatever the rate.

    `"auto"` with `adamw`: 0.002 / lr for numbers, 0.0006 / lr for classes, since a step shrinks
    the weights by lr x weight_decay; with the others, whose decay is an L2 penalty: 0.

    >>> weight_decay_of("auto", "adamw", 0.002, classes=False)
    1.0
    """
    if not isinstance(value, str):
        return value
    if value != "auto":
        raise ConfigError(f"weight_decay: expected 'auto' or a number from 0; got {value!r}")
    if optimizer != "adamw" or not isinstance(lr, int | float) or not 0 < lr <= LARGEST:
        return 0.0
    return (_SHRINKS_CLASSES if classes else _SHRINKS_NUMBERS) / lr


def run_of(params: Mapping[str, Any], n_rows: int, *, continued: bool = False) -> Run:
    """Return the run that an estimator's parameters describe, with seed 0.

    Args:
        params: as `get_params` returns them.
        n_rows: that train.
        continued: for `partial_fit`: a constant rate and no early stopping.

    Raises:
        ConfigError: a parameter that does not fit; the line names it.
    """
    given = {name: plain(value) for name, value in params.items()}
    net = MLP(**{name: given[name] for name in ("hidden", "activation", "norm", "init", "dropout")})
    optim = (
        _custom(own, continued)
        if isinstance(own := given["optimizer"], Custom)
        else _named(given, continued)
    )
    fit: dict[str, Any] = {name: given[name] for name in ("epochs", "ema", "dtype")}
    for optional in ("label_smoothing", "loss", "huber_delta"):
        if optional in given:
            fit[optional] = given[optional]
    if given["early_stopping"] and not continued:
        fit["patience"] = whole("patience", given["patience"], 1)
    return Run(
        net=net,
        optim=optim,
        fit=Fit(batch_size=batch_size_of(given["batch_size"], n_rows), test="never", **fit),
    )


def _custom(optim: Custom, continued: bool) -> Custom:
    return optim.replace(schedule=Schedule()) if continued else optim


def _named(given: Mapping[str, Any], continued: bool) -> Any:
    name = str(given["optimizer"])
    kind = optimiser_spec(name)
    fields = ["lr", "clip_norm"] if continued else ["lr", "clip_norm", "schedule"]
    fields += ["momentum"] if "momentum" in kind.model_fields else []
    own = {field: given[field] for field in fields}
    own["weight_decay"] = weight_decay_of(
        given["weight_decay"], name, given["lr"], classes="label_smoothing" in given
    )
    return kind(**({"name": name} if kind is Custom else {}), **own)


def entropy_of(random_state: Any) -> int:
    """Return the number from which seeds are drawn; of None, one that nobody else has.

    Raises:
        ConfigError: neither None, a whole number from 0, nor a generator of numpy's.
    """
    state = plain(random_state)
    if state is None:
        return int(np.asarray(SeedSequence().generate_state(1, np.uint64))[0])
    if isinstance(state, RandomState):
        # As scikit-learn: one draw from the caller's generator, so a second fit differs.
        return int(state.randint(2**31))
    if isinstance(state, BitGenerator):
        state = Generator(state)
    if isinstance(state, Generator):
        return int(state.integers(2**63))
    return whole("random_state", state, 0)


def seeds_of(entropy: int, n_seeds: int) -> tuple[int, ...]:
    """Return the seeds of the networks; fewer networks have the first of more.

    >>> seeds_of(7, 4)[:2] == seeds_of(7, 2)
    True
    """
    # Hashed rather than counted: neighbouring random states share no networks.
    drawn = SeedSequence(entropy).generate_state(n_seeds, np.uint32)
    return tuple(int(seed) for seed in drawn)


def held_out_rows(n: int, size: float, entropy: int) -> np.ndarray:
    """Draw which of n rows are held out for calibration, (n,) bool; at least one on either side.

    Raises:
        ConfigError: there are too few rows.
    """
    if n < 2:
        raise ConfigError(f"calibration={size:g}: needs at least 2 rows to hold some out; got {n}")
    count = min(max(1, round(size * n)), n - 1)
    # A stream of its own: rows held out do not depend on what else is drawn.
    order = np.random.default_rng([entropy, 0xCA1B]).permutation(n)
    held = np.zeros(n, dtype=bool)
    held[order[:count]] = True
    return held
