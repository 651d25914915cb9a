"""The graph of an MLP's loss and regulariser, for one example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlplab.errors import ConfigError
from mlplab.hints import expected
from mlplab.specs import MLP
from mlplab.specs.activation import activation_settings
from mlplab.theory.graph.computation import Graph, Operator, Role, Variable

LOSSES = ("cross-entropy", "squared", "absolute", "huber", "log-cosh")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def network_graph(
    net: MLP,
    n_features: int = 784,
    n_outputs: int = 10,
    *,
    bias: bool = True,
    l2: float | None = None,
    loss: str = "auto",
    huber_delta: float = 1.0,
) -> Graph:
    """Return the graph of J = l(o, y) + (l2 / 2) sum ||W||^2 for one example of a network.

    Masks and noise are variables, as the weights are: dropout multiplies by a mask whose entries
    are 0 or 1 / (1 - rate). The regulariser has the weight matrices and no biases.

    Args:
        net: any MLP without batch norm.
        n_features, n_outputs: sizes of x and o.
        bias: whether layers have biases; networks that mlplab trains have them.
        l2: lambda; None leaves the regulariser out, and the loss L is the objective.
        loss: as in `Fit`; auto is cross-entropy, and squared for one output.
        huber_delta: error from which the huber loss grows linearly.

    Raises:
        ConfigError: batch norm, a size below 1, a negative lambda, an unknown loss, or
            cross-entropy of one output.

    >>> graph = network_graph(MLP(hidden=256), bias=False, l2=0.001)
    >>> graph.objective.name, len(graph.operators), graph["W1"].shape
    ('J', 6, (256, 784))
    """
    for name, size in (("features", n_features), ("outputs", n_outputs)):
        if size < 1:
            raise ConfigError(f"{name}: expected a whole number from 1; got {size}")
    if net.norm == "batch":
        raise ConfigError(
            "norm: batch norm ties an example to its batch, and the graph is that of one example; "
            "try --norm layer, or none"
        )
    made = _Builder(net, bias)
    below = made.variable("x", (n_features,), "input")
    for layer in range(len(net.hidden)):
        below = made.hidden(layer, below)
    o = made.affine("o", len(net.hidden), below, n_outputs)
    add_objective(made.variables, made.operators, o, made.weights, l2, loss, huber_delta)
    return Graph(made.variables, tuple(made.operators), f"{net!r}")


def add_objective(
    variables: dict[str, Variable],
    operators: list[Operator],
    o: str,
    weights: Sequence[str],
    l2: float | None,
    loss: str,
    huber_delta: float = 1.0,
) -> None:
    """Add L = l(o, y), and s = (l2 / 2) sum ||W||^2 and J = L + s where there is an l2.

    Raises:
        ConfigError: a negative l2, an unknown loss, or cross-entropy of one output.
    """
    (n_outputs,) = variables[o].shape
    loss = _loss(loss, n_outputs)
    if l2 is not None and not 0 <= l2 < float("inf"):
        raise ConfigError(f"l2: expected a number of at least 0; got {l2:g}")
    variables["y"] = Variable("y", "y", r"\mathbf{y}", (n_outputs,), "target")
    settings = {"delta": huber_delta} if loss == "huber" else {}
    operators.append(Operator(loss, "l", (o, "y"), "L", settings))
    added: list[tuple[str, Role]] = [("L", "objective" if l2 is None else "intermediate")]
    if l2 is not None:
        operators.append(Operator("l2", "ℓ₂", tuple(weights), "s", {"lambda": l2}))
        operators.append(Operator("add", "+", ("L", "s"), "J"))
        added += [("s", "intermediate"), ("J", "objective")]
    for name, role in added:
        variables[name] = Variable(name, name, name, (), role)


def _loss(loss: str, n_outputs: int) -> str:
    if loss == "auto":
        return "cross-entropy" if n_outputs > 1 else "squared"
    if loss not in LOSSES:
        raise ConfigError(f"loss: {expected(loss, ['auto', *LOSSES])}")
    if loss == "cross-entropy" and n_outputs < 2:
        raise ConfigError("loss: cross-entropy needs at least 2 outputs; got 1")
    return loss


class _Builder:
    """Adds the layers of a network one after another."""

    def __init__(self, net: MLP, bias: bool) -> None:
        self.variables: dict[str, Variable] = {}
        self.operators: list[Operator] = []
        self.weights: list[str] = []
        self._net, self._bias = net, bias

    def variable(self, name: str, shape: tuple[int, ...], role: Role = "intermediate") -> str:
        """Add a variable; what it is called says how it is written."""
        label, tex = _written(name, shape, single=len(self._net.hidden) < 2)
        self.variables[name] = Variable(name, label, tex, shape, role)
        return name

    def apply(
        self,
        kind: str,
        label: str,
        inputs: tuple[str, ...],
        output: str,
        shape: tuple[int, ...],
        settings: dict[str, Any] | None = None,
        role: Role = "intermediate",
    ) -> str:
        """Add an operator and the variable that it gives."""
        self.operators.append(Operator(kind, label, inputs, output, settings or {}))
        return self.variable(output, shape, role)

    def affine(self, name: str, layer: int, below: str, width: int) -> str:
        """Add W x, normalised where the network is, and + b."""
        number, shape = layer + 1, (width,)
        (n_in,) = self.variables[below].shape
        weight = self.variable(f"W{number}", (width, n_in), "parameter")
        self.weights.append(weight)
        net = self._net
        is_hidden = layer < len(net.hidden)
        if is_hidden and net.noise.startswith("drop-connect") and net.noise_strength[layer]:
            mask = self.variable(f"M{number}", (width, n_in), "noise")
            weight = self.apply("multiply", "⊙", (mask, weight), f"W{number}~", (width, n_in))
        normed = is_hidden and net.norm == "layer"
        first = f"{name}'" if self._bias or normed else name
        sums = self.apply("matmul", "×", (weight, below), first, shape)
        if normed:
            sums = self.apply("normalise", "norm", (sums,), f"n{number}", shape)
            gain = self.variable(f"g{number}", shape, "parameter")
            scaled = f"v{number}" if self._bias else name
            sums = self.apply("multiply", "⊙", (gain, sums), scaled, shape)
        if not self._bias:
            return sums
        return self.apply(
            "add", "+", (sums, self.variable(f"b{number}", shape, "parameter")), name, shape
        )

    def hidden(self, layer: int, below: str) -> str:
        """Add a hidden layer: dropout(noise(f(norm(W x) + b))), and what it skips."""
        net, number = self._net, layer + 1
        shape = (net.hidden[layer],)
        strength = net.noise_strength[layer] if net.noise_strength else 0.0
        noise = net.noise if strength else "none"
        z = self.affine(f"z{number}", layer, below, net.hidden[layer])
        if noise == "dropout-before":
            mask = self.variable(f"k{number}", shape, "noise")
            z = self.apply("multiply", "⊙", (mask, z), f"z{number}~", shape)
        h = self._activated(z, number, shape)
        if noise in ("gaussian", "uniform"):
            e = self.variable(f"e{number}", shape, "noise")
            h = self.apply("add", "+", (h, e), f"h{number}^", shape)
        elif noise == "multiplicative" or (noise == "stochastic-depth" and net.skips[layer]):
            # One number for all of an example's units where a whole branch is dropped.
            own = () if noise == "stochastic-depth" else shape
            factor = self.variable(f"c{number}" if own == () else f"e{number}", own, "noise")
            h = self.apply("multiply", "⊙", (factor, h), f"h{number}^", shape)
        if net.dropout and net.dropout[layer]:
            mask = self.variable(f"m{number}", shape, "noise")
            h = self.apply("multiply", "⊙", (mask, h), f"h{number}~", shape)
        if net.skips[layer]:
            h = self.apply("add", "+", (h, below), f"r{number}", shape)
        return h

    def _activated(self, z: str, number: int, shape: tuple[int, ...]) -> str:
        kind, settings = activation_settings(self._net.activation)
        inputs: tuple[str, ...] = (z,)
        if kind == "prelu":
            own = shape if settings["per"] == "unit" else ()
            inputs = (z, self.variable(f"a{number}", own, "parameter"))
        function = {"function": kind if kind == "prelu" else self._net.activation}
        return self.apply("activation", "φ", inputs, f"h{number}", shape, function)


def _written(name: str, shape: tuple[int, ...], single: bool) -> tuple[str, str]:
    """Return how a variable is drawn and how LaTeX writes it.

    With one hidden layer z and h have no number, as in the chapter; parameters always have one.
    """
    mark = name[-1] if name[-1] in "'~^" else ""
    stem = name.removesuffix(mark) if mark else name
    letter, number = stem[0], stem[1:]
    if single and letter in "znvhr":
        number = ""
    accents = {"'": "′", "~": "\u0303", "^": "\u0302", "": ""}
    raised = f"⁽{number.translate(_SUPERSCRIPTS)}⁾" if number else ""
    tex = rf"\mathbf{{{letter}}}" if shape else letter
    tex = {"'": f"{tex}'", "~": rf"\tilde{{{tex}}}", "^": rf"\hat{{{tex}}}", "": tex}[mark]
    if number:
        tex = (f"{{{tex}}}" if mark == "'" else tex) + f"^{{({number})}}"
    return letter + accents[mark] + raised, tex
