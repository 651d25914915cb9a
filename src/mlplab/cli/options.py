"""The options that commands share, each written once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from mlplab.cli.imports import import_users
from mlplab.whole import parse_whole

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_SEEDS = 8
MOST_SEEDS = 10_000_000  # as `experiment.declare`, for the same memory


def whole_from(least: int) -> Callable[[click.Context, click.Parameter, str | None], int | None]:
    """Return what reads an option's whole number, from `least` on, or says what was expected."""

    def read(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
        if value is None:
            return None
        number = parse_whole(value)
        if number is None or number < least:
            raise click.BadParameter(f"expected a whole number from {least}; got {value!r}")
        return number

    return read


def names_of_data_sets(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a data set."""
    from mlplab.data import available

    return [info.name for info in available() if info.name.startswith(incomplete)]


def _device_that_is_there(ctx: click.Context, param: click.Parameter, value: str) -> str:
    if value != "cpu" and not ctx.resilient_parsing:
        from mlplab.engine.device import device_of

        device_of(value)
    return value


as_json = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One JSON document on standard output; all else goes to standard error.",
)
imports = click.option(
    "--import",
    multiple=True,
    is_eager=True,
    expose_value=False,
    metavar="FILE.py|MODULE",
    callback=import_users,
    help="Your own data sets, metrics, activations, initialisations, schedules, optimisers or "
    "modules, registered in a file or module; may be repeated.",
)
store = click.option(
    "--store",
    "store_place",
    metavar="FILE|URL",
    help="Where finished runs are kept: a file, sqlite:///FILE or postgresql://USER@HOST/DATABASE."
    "  [default: MLPLAB_STORE, else a file in the user's data folder]",
)
device = click.option(
    "--device",
    default="cpu",
    show_default=True,
    callback=_device_that_is_there,
    help="cpu, cuda, cuda:0, mps, ...",
)
threads = click.option(
    "--threads",
    "workers",
    metavar="N",
    callback=whole_from(1),
    help="Worker processes, one thread each; no result depends on it."
    "  [default: the cores, or one for small jobs]",
)
track = click.option(
    "--track",
    "destinations",
    multiple=True,
    metavar="NAME[=PLACE]",
    help="Hand runs on as they end to mlflow (mlflow=URI; else MLFLOW_TRACKING_URI, else mlflow.db "
    "here) or to tensorboard (tensorboard=FOLDER; else a folder tensorboard). May be repeated.",
)
quiet = click.option("--quiet", is_flag=True, help="No progress and no notes on standard error.")
plan = click.option(
    "--plan",
    "plan_only",
    is_flag=True,
    help="Print runs, flop, estimated time and memory, and what trains them; train nothing.",
)
seed = click.option("--seed", metavar="S", callback=whole_from(0), help="One seed, S, alone.")


def seeds(default: str = str(DEFAULT_SEEDS)) -> Callable[[F], F]:
    """Return the option `--seeds`; `default` is what its help says."""
    return click.option(
        "--seeds",
        "n_seeds",
        metavar="N",
        callback=whole_from(1),
        help=f"Seeds 0 to N-1 for every configuration.  [default: {default}]",
    )


def chosen_seeds(seed: int | None, n_seeds: int | None) -> tuple[int, ...]:
    """Return the seeds that `--seed` or `--seeds` name.

    Raises:
        click.UsageError: both are given, or more than memory holds.

    >>> chosen_seeds(None, 3), chosen_seeds(7, None)
    ((0, 1, 2), (7,))
    """
    if seed is not None and n_seeds is not None:
        raise click.UsageError("--seed names one seed, --seeds how many: give one of them")
    if seed is not None:
        return (seed,)
    if n_seeds is not None and n_seeds > MOST_SEEDS:
        raise click.UsageError(f"--seeds: expected at most {MOST_SEEDS}; got {n_seeds}")
    return tuple(range(n_seeds or DEFAULT_SEEDS))
