"""Options that would have no effect: each is refused by name, before anything is trained."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import click
from click.core import ParameterSource

from mlplab.cli.flags import dashed
from mlplab.specs import MLP, Run

_OF_SEARCHES = ("budget", "trial_seeds", "finalists", "search_seed", "study")
_OF_GRIDS = {
    "seed": "finalists get fresh seeds; --seeds says how many, --trial-seeds those of the search",
    "plan_only": "what a search trains depends on what it finds",
}


def refuse_unused(ctx: click.Context, search: str) -> None:
    """Refuse what the chosen way to search has no use for.

    Raises:
        click.UsageError: an option that only works with, or only without, that search.
    """
    if search == "grid":
        refuse_given(
            ctx,
            _OF_SEARCHES,
            "a grid tries every combination; works with the other searches",
        )
        return
    for name, reason in _OF_GRIDS.items():
        refuse_given(ctx, [name], f"works without --search only: {reason}")
    if ctx.params.get("test") != "never":
        refuse_given(
            ctx, ["test"], "a search never scores the test split; --score-test scores the choice"
        )
    if search == "racing":
        refuse_given(
            ctx,
            ["trial_seeds"],
            "a race gives each configuration 2, 4, 8, 16 seeds; works with the other searches",
        )


def refuse_idle(ctx: click.Context, base: Run, varied: Collection[str] = ()) -> None:
    """Refuse settings of a run that nothing in it would look at.

    Args:
        ctx: of the command.
        base: the run that its flags describe.
        varied: dotted paths of what is varied besides.

    Raises:
        click.UsageError: such a setting was given.
    """
    fit, optim = base.fit, base.optim
    if not fit.patience and not {"fit", "fit.patience"} & set(varied):
        refuse_given(ctx, ["monitor", "restore_best"], "works with --patience only")
    if not fit.rewinds and not {"fit", "fit.rewinds"} & set(varied):
        refuse_given(ctx, ["rewind_factor"], "works with --rewinds only")
    if fit.loss != "huber" and not {"fit", "fit.loss"} & set(varied):
        refuse_given(ctx, ["huber_delta"], "works with --loss huber only")
    if not optim.weight_decay and not {"optim", "optim.weight_decay"} & set(varied):
        refuse_given(ctx, ["decay_biases"], "works with --weight-decay only")
    if fit.input_noise == "none" and not {"fit", "fit.input_noise"} & set(varied):
        refuse_given(ctx, ["input_strength"], "works with --input-noise only")
    quiet = isinstance(base.net, MLP) and base.net.noise == "none"
    if quiet and not {"net", "net.noise"} & set(varied):
        refuse_given(ctx, ["noise_strength"], "works with --noise only")
    linear = isinstance(base.net, MLP) and not base.net.hidden
    if linear and not {"net", "net.hidden"} & set(varied):
        refuse_given(
            ctx,
            ["activation", "norm", "dropout", "noise", "probes"],
            "--hidden none is linear: no layer for it",
        )


def refuse_page_of_plan(ctx: click.Context) -> None:
    """Refuse a page of results, or runs handed on, where only the plan is asked for.

    Raises:
        click.UsageError: both were given.
    """
    if ctx.params["plan_only"]:
        refuse_given(ctx, ["out"], "--plan trains nothing, so that there is no page")
        refuse_given(ctx, ["destinations"], "--plan trains nothing that could be handed on")


def overruled(ctx: click.Context, varied: Iterable[str]) -> list[str]:
    """Return the flags given for fields whose values `--vary` says, and which it overrules."""
    names = ["optimizer" if path == "optim" else path.rpartition(".")[2] for path in varied]
    return [f"--{dashed(name)}" for name in names if _is_given(ctx, name)]


def refuse_given(ctx: click.Context, names: Iterable[str], reason: str) -> None:
    """Refuse options that were given rather than left to their defaults.

    Raises:
        click.UsageError: the first of them, and the reason.
    """
    for name in names:
        if _is_given(ctx, name):
            flag = next((p.opts[0] for p in ctx.command.params if p.name == name), dashed(name))
            raise click.UsageError(f"{flag}: {reason}")


def _is_given(ctx: click.Context, name: str) -> bool:
    return ctx.get_parameter_source(name) not in (ParameterSource.DEFAULT, None)
