"""`mlplab relu`: a ReLU network that approximates a function, with a certificate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli import options
from mlplab.cli.documents import write_json
from mlplab.cli.screen import write

if TYPE_CHECKING:
    from mlplab.theory import Approximation


@click.command()
@click.option(
    "--function",
    "text",
    required=True,
    metavar="F(X)",
    help="A function of x: numbers, x, pi, e, + - * / ^, brackets, sin, cos, exp, log, sqrt, tanh, "
    "sigmoid, atan, abs, relu.",
)
@click.option("--interval", nargs=2, type=float, required=True, metavar="A B", help="Its ends.")
@click.option("--eps", type=float, required=True, help="The largest error allowed.")
@click.option(
    "--lipschitz",
    type=float,
    help="A Lipschitz constant that you know.  [default: what interval arithmetic finds]",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the network's weights to a JSON file.",
)
@options.as_json
def relu(
    text: str,
    interval: tuple[float, float],
    eps: float,
    lipschitz: float | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Build a network of one hidden ReLU layer whose error is certainly at most EPS.

    The network interpolates the function at knots; its error is bounded by interval arithmetic,
    not sampled.

    \b
    mlplab relu --function 'sin(3*x)' --interval -2 2 --eps 0.01
    mlplab relu --function 'abs(x) + exp(-x^2)' --interval -1 1 --eps 0.001 --out net.json
    """
    from mlplab.theory import approximate, parse

    found = approximate(parse(text), interval, eps, lipschitz)
    if out is not None:
        _write_network(found, out)
    if as_json:
        write_json(_document(found))
        return
    a, b = found.interval
    write(f"{text} on [{a:g}, {b:g}]: {found.n_units} hidden ReLU units")
    write(f"error at most {found.bound:.6g}, certified ({eps:g} allowed)")
    write(f"largest error on a fine grid: {found.measured:.6g}")
    write(
        f"its slope is at most {found.lipschitz:.6g}: segments of one length would need "
        f"{found.even_units} units, pieces of length eps/L with two units each {found.source_units}"
    )
    if out is not None:
        write(f"network: {out}")


def _document(found: Approximation) -> dict[str, Any]:
    return {
        "function": found.function.text,
        "interval": list(found.interval),
        "eps": found.epsilon,
        "units": found.n_units,
        "certified_error": found.bound,
        "measured_error": found.measured,
        "lipschitz": found.lipschitz,
        "units_of_even_segments": found.even_units,
        "units_of_two_per_piece": found.source_units,
        "knots": found.knots.tolist(),
        "slope_changes": found.changes.tolist(),
        "bias": found.bias,
    }


def _write_network(found: Approximation, out: Path) -> None:
    from mlplab.cli.text_file import write_text

    layers = [{"weight": weight.tolist(), "bias": bias.tolist()} for weight, bias in found.layers()]
    write_text(out, json.dumps({"activation": "relu", "layers": layers}))
