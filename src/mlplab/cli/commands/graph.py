"""`mlplab graph`: the computational graph of a network, as a picture, as data, as equations."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlplab.cli import options
from mlplab.cli.documents import write_json
from mlplab.cli.screen import write, write_line

if TYPE_CHECKING:
    from mlplab.specs import MLP
    from mlplab.theory import Derivation, Graph, Values

_NETWORK = ("hidden", "activation", "norm", "dropout", "residual", "noise", "noise_strength")


@click.command()
@click.option("--hidden", metavar="N,N,...", help="Units of each hidden layer.  [default: 256]")
@click.option("--activation", metavar="KIND", help="After each hidden layer.  [default: relu]")
@click.option("--norm", metavar="[none|layer]", help="Before each activation.  [default: none]")
@click.option("--dropout", metavar="N,N,...", help="Share of hidden outputs dropped; one for all.")
@click.option("--residual", metavar="[true|false]", help="Whether equal layers are added up.")
@click.option("--noise", metavar="KIND", help="On hidden layers, as in `mlplab train`.")
@click.option("--noise-strength", metavar="N,N,...", help="Of the noise; one for all.")
@click.option(
    "--net",
    "module",
    metavar="mlp|MODULE",
    default="mlp",
    show_default=True,
    help="mlp, or a module that --import brings, by its name or NAME(SETTING=VALUE,...).",
)
@click.option(
    "--features",
    metavar="N",
    default="784",
    show_default=True,
    callback=options.whole_from(1),
    help="Size of x.",
)
@click.option(
    "--outputs",
    metavar="N",
    default="10",
    show_default=True,
    callback=options.whole_from(1),
    help="Size of o.",
)
@click.option(
    "--bias/--no-bias", default=None, help="Whether an MLP's layers have biases.  [default: bias]"
)
@click.option(
    "--l2",
    metavar="[LAMBDA]",
    type=float,
    is_flag=False,
    flag_value=0.001,
    help="Add LAMBDA / 2 times the sum of squared weights; --l2 alone says 0.001.",
)
@click.option(
    "--loss",
    metavar="KIND",
    default="auto",
    show_default=True,
    help="cross-entropy, squared, absolute, huber or log-cosh; auto is cross-entropy, and squared "
    "for one output.",
)
@click.option(
    "--values",
    "with_values",
    is_flag=True,
    help="Write in one random example's values and gradients, at first weights.",
)
@click.option(
    "--seed",
    metavar="S",
    default="0",
    show_default=True,
    callback=options.whole_from(0),
    help="Of the example and the first weights.",
)
@click.option(
    "--equations",
    is_flag=True,
    help="Derive the forward and backward equations as LaTeX; each is checked against autograd.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE.svg",
    help="Write the picture, for light and dark pages.",
)
@options.imports
@options.as_json
def graph(
    module: str,
    features: int,
    outputs: int,
    bias: bool | None,
    l2: float | None,
    loss: str,
    with_values: bool,
    seed: int,
    equations: bool,
    out: Path | None,
    as_json: bool,
    **texts: str | None,
) -> None:
    """Draw the computational graph of a network's loss and regulariser; nothing is trained.

    Variables are squares and operators circles. The graph is that of one example; masks and noise
    are variables; the regulariser has weights and no biases.

    \b
    mlplab graph --hidden 256 --bias --l2 --out graph.svg
    mlplab graph --hidden 64,64 --residual true --dropout 0.2 --equations
    mlplab graph --import my.py --net two-layers --features 20 --outputs 3 --values --json
    """
    values: Values | None = None
    if module == "mlp":
        from mlplab.theory.graph.network import network_graph

        net = _network(texts)
        has_bias = True if bias is None else bias
        drawn = network_graph(net, features, outputs, bias=has_bias, l2=l2, loss=loss)
        if with_values:
            from mlplab.theory.graph.values import draw_example, graph_values

            values = graph_values(drawn, draw_example(drawn, net, seed))
    else:
        given = [name for name in _NETWORK if texts[name] is not None]
        given += ["bias"] if bias is not None else []
        given += ["equations"] if equations else []
        if given:
            raise click.UsageError(
                f"--{given[0].replace('_', '-')} is for an MLP; the module {module!r} has none"
            )
        drawn, values = _module(module, features, outputs, l2, loss, seed, with_values)
    derived: Derivation | None = None
    if equations:
        from mlplab.theory.derive.equations import derive

        derived = derive(drawn)
    if out is not None:
        _write_picture(drawn, values, out)
    if as_json:
        document = drawn.to_plain(values)
        write_json(document if derived is None else document | {"equations": _plain(derived)})
        return
    _tell(drawn, values, derived)
    if out is not None:
        write(f"picture: {out}")


def _network(texts: Mapping[str, str | None]) -> MLP:
    from mlplab.cli.values import read_field
    from mlplab.specs import MLP

    given = {
        name: read_field(MLP.model_fields[name].annotation, text)
        for name, text in texts.items()
        if text is not None
    }
    return MLP(**given)


def _module(
    text: str,
    n_features: int,
    n_outputs: int,
    l2: float | None,
    loss: str,
    seed: int,
    with_values: bool,
) -> tuple[Graph, Values | None]:
    from mlplab.cli.values import read_module

    spec = read_module(text)
    import torch

    from mlplab.engine.modules.factory import make_module
    from mlplab.theory.graph.module import trace_module

    model = make_module(spec, n_features, n_outputs, torch.float64, seed)
    traced = trace_module(model, n_features, l2=l2, loss=loss, name=spec.name)
    if not with_values:
        return traced.graph, None
    return traced.graph, traced.values(*traced.draw_example(seed))


def _write_picture(drawn: Graph, values: Values | None, out: Path) -> None:
    from mlplab.cli.text_file import write_text
    from mlplab.errors import ConfigError
    from mlplab.theory.graph.svg import graph_svg

    if out.suffix.lower() != ".svg":
        raise ConfigError(f"--out: expected a name that ends in .svg; got {out.name!r}")
    write_text(out, graph_svg(drawn, values))


def _plain(derived: Derivation) -> dict[str, Any]:
    return {
        "forward": {one.name: one.tex for one in derived.forward},
        "backward": {one.name: one.tex for one in derived.backward},
        "parameters": {one.name: one.tex for one in derived.parameters},
        "functions": dict(derived.functions),
        "largest_error": derived.error,
    }


def _tell(drawn: Graph, values: Values | None, derived: Derivation | None) -> None:
    for line in drawn.lines():
        write_line(line)
    if values is not None:
        from mlplab.cli.screen import write_table
        from mlplab.theory.graph.computation import number_text, shape_text

        write("")
        gradients = values.gradients
        rows = [
            (
                one.name,
                shape_text(one.shape),
                number_text(values.values[one.name]),
                number_text(gradients[one.name]) if one.name in gradients else "-",
            )
            for one in drawn.variables.values()
            if one.name in values.values
        ]
        write_table(("variable", "shape", "value", "gradient"), rows)
    if derived is not None:
        for title, equations in (
            ("forward", [one.tex for one in derived.forward]),
            ("where", [f"{left} = {right}" for left, right in derived.functions.items()]),
            ("backward", [one.tex for one in derived.backward]),
            ("written out", [one.tex for one in derived.parameters]),
        ):
            if equations:
                write_line(f"\n{title}:")
            for text in equations:
                write_line(f"  {text}")
        write("")
        write(
            f"computed in float64 on random examples, all differ from autograd by at most "
            f"{derived.error:.1g}"
        )
