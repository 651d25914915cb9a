"""The options that say where runs are trained."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlplab.cli.flags import SpecOption, default_of
from mlplab.cli.options import whole_from
from mlplab.cli.unused import refuse_given
from mlplab.specs.clusters import CLUSTERS, HERE, Slurm, cluster_of

if TYPE_CHECKING:
    from mlplab.specs.clusters import Cluster

F = TypeVar("F", bound=Callable[..., Any])

_SECTION = "Clusters (no result depends on them)"
_FIELDS = ("partition", "time", "cpus", "gpus", "tasks", "spool")
_METAVARS = {"partition": "NAME", "time": "TIME", "spool": "FOLDER"}
_LEAST = {"cpus": 1, "gpus": 0, "tasks": 1}


def cluster_options(command: F) -> F:
    """Add the options that say where runs are trained; the command gets a `cluster`, or None."""

    @functools.wraps(command)
    def with_cluster(*args: Any, on: str, **settings: Any) -> Any:
        given = {name: settings.pop(name) for name in _FIELDS}
        return command(
            *args, cluster=read_cluster(click.get_current_context(), on, given), **settings
        )

    decorators = [
        click.option(
            "--on",
            cls=SpecOption,
            section=_SECTION,
            default=HERE,
            show_default=True,
            metavar=f"[{'|'.join((HERE, *CLUSTERS))}]",
            help="Where runs are trained: this machine, a Ray cluster (RAY_ADDRESS, else a Ray of "
            "this machine's own), or array jobs of a Slurm cluster.",
        ),
        *map(_option, _FIELDS),
    ]
    for decorate in reversed(decorators):
        with_cluster = decorate(with_cluster)
    return with_cluster  # type: ignore[return-value]


def read_cluster(ctx: click.Context, on: str, given: dict[str, Any]) -> Cluster | None:
    """Return the settings of the cluster that `--on` names; None is this machine.

    Raises:
        ConfigError: a word or a value that does not fit.
        click.UsageError: an option of another place was given.
    """
    cluster = cluster_of(on)
    if cluster is None:
        for name in _FIELDS:
            places = [place for place, kind in CLUSTERS.items() if name in kind.model_fields]
            refuse_given(ctx, [name], f"works with --on {' or '.join(places)} only")
        return None
    fields = type(cluster).model_fields
    refuse_given(
        ctx, [name for name in _FIELDS if name not in fields], "works with --on slurm only"
    )
    refuse_given(
        ctx,
        ["device"],
        f"is of this machine; with --on {on}, --gpus 1 asks for a GPU for each task",
    )
    said = {name: value for name, value in given.items() if value is not None and name in fields}
    return type(cluster)(**said)


def _option(name: str) -> Callable[[Any], Any]:
    field = Slurm.model_fields[name]
    default = default_of(field)
    said = "" if default is None else f"  [default: {default}]"
    callback = whole_from(_LEAST[name]) if name in _LEAST else None
    return click.option(
        f"--{name}",
        cls=SpecOption,
        section=_SECTION,
        metavar=_METAVARS.get(name, "N"),
        callback=callback,
        help=f"{field.description}{said}",
    )
