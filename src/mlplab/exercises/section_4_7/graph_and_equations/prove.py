"""The source's equations and the derived ones, against autograd and difference quotients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import numpy as np

from mlplab.exercises.findings import Checked
from mlplab.exercises.section_4_7.graph_and_equations.example import (
    GIVEN,
    example_tape,
    example_values,
)
from mlplab.specs import MLP
from mlplab.theory import Graph, Values, derive, draw_example, graph_values, network_graph

_N_SOURCE = 60
_N_NETWORKS = 40
_ROUNDING = 1e-10
_STEP = 1e-6
_NEAR = 1e-6  # of difference quotients at this step, relative to the gradient
_ACTIVATIONS = ("tanh", "sigmoid", "softplus", "gelu", "silu")
_LOSSES = ("cross-entropy", "squared", "log-cosh")


def prove() -> Sequence[Checked]:
    """Check the source's equations, what they leave implicit, and the derivation by rule."""
    return (
        _forward(),
        _weights(),
        _biases(),
        _written_out(),
        _without_slope(),
        _by_rule(),
        _tape(),
    )


@cache
def _cases() -> tuple[tuple[Graph, Values, str], ...]:
    """Random networks of one hidden layer with biases and L2, each with one random example."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(_N_SOURCE):
        n_in, n_hidden, n_out = (int(one) for one in rng.integers(1, 9, 3))
        activation = str(rng.choice(_ACTIVATIONS))
        graph = network_graph(
            MLP(hidden=n_hidden, activation=activation), n_in, n_out + 1, l2=rng.uniform(0.01, 1)
        )
        drawn = {one.name: rng.standard_normal(one.shape) for one in graph.sources}
        drawn["y"] = np.eye(n_out + 1)[rng.integers(n_out + 1)]
        found.append((graph, graph_values(graph, drawn), activation))
    return tuple(found)


def _l2(graph: Graph) -> float:
    return float(next(o.settings["lambda"] for o in graph.operators if o.kind == "l2"))


def _largest(errors: Iterator[float]) -> tuple[float, int]:
    every = list(errors)
    return max(every), len(every)


def _checked(key: str, errors: Iterator[float]) -> Checked:
    error, n_cases = _largest(errors)
    return Checked(key, error < _ROUNDING, facts={"error": error}, n_cases=n_cases)


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    if one.shape != other.shape:
        return float("inf")
    return float(np.abs(one - other).max() / max(1.0, np.abs(other).max()))


def _forward() -> Checked:
    """The source's equations, in numpy."""

    def errors() -> Iterator[float]:
        for graph, found, activation in _cases():
            v = found.values
            z = v["b1"] + v["W1"] @ v["x"]
            o = v["b2"] + v["W2"] @ _PHI[activation](z)[0]
            loss = np.log(np.exp(o).sum()) - o @ v["y"]
            s = _l2(graph) / 2 * ((v["W1"] ** 2).sum() + (v["W2"] ** 2).sum())
            yield _apart(np.asarray(loss + s), v["J"])

    return _checked("forward", errors())


def _weights() -> Checked:
    def errors() -> Iterator[float]:
        for graph, found, _ in _cases():
            v, g = found.values, found.gradients
            yield _apart(np.outer(g["z1"], v["x"]) + _l2(graph) * v["W1"], g["W1"])
            yield _apart(np.outer(g["o"], v["h1"]) + _l2(graph) * v["W2"], g["W2"])

    return _checked("weights", errors())


def _biases() -> Checked:
    def errors() -> Iterator[float]:
        for _, found, _ in _cases():
            g = found.gradients
            yield _apart(g["z1"], g["b1"])
            yield _apart(g["o"], g["b2"])

    return _checked("biases", errors())


def _written_out() -> Checked:
    def errors() -> Iterator[float]:
        for _, found, activation in _cases():
            v, g = found.values, found.gradients
            yield _apart((v["W2"].T @ g["o"]) * _PHI[activation](v["z1"])[1], g["b1"])

    return _checked("written_out", errors())


def _without_slope() -> Checked:
    return _checked(
        "without_slope",
        (_apart(f.values["W2"].T @ f.gradients["o"], f.gradients["b1"]) for _, f, _ in _cases()),
    )


def _by_rule() -> Checked:
    """Derive the equations of random networks, and compare gradients with differences."""
    rng = np.random.default_rng(1)
    error, quotients = 0.0, 0.0
    for seed in range(_N_NETWORKS):
        width, depth = int(rng.integers(2, 6)), int(rng.integers(0, 4))
        net = MLP(
            hidden=(width,) * depth,
            activation=str(rng.choice(_ACTIVATIONS)),
            norm=str(rng.choice(["none", "layer"])),
            dropout=float(rng.choice([0.0, 0.5])),
            residual=depth > 1 and bool(rng.integers(2)),
        )
        graph = network_graph(
            net,
            int(rng.integers(1, 6)),
            int(rng.integers(2, 5)),
            bias=bool(rng.integers(2)),
            l2=0.1 if rng.integers(2) else None,
            loss=str(rng.choice(_LOSSES)),
        )
        try:
            error = max(error, derive(graph).error)
        except AssertionError:
            # What `derive` would not show.
            error = float("inf")
        quotients = max(quotients, _differences(graph, draw_example(graph, net, seed), rng))
    facts = {"error": error, "quotients": quotients}
    holds = error < _ROUNDING and quotients < _NEAR
    return Checked("by_rule", holds, facts=facts, n_cases=_N_NETWORKS)


def _differences(graph: Graph, drawn: Mapping[str, np.ndarray], rng: np.random.Generator) -> float:
    """Return how far difference quotients along a random direction are from the gradients."""
    names = [one.name for one in graph.sources if one.role == "parameter"]
    way = {name: rng.standard_normal(drawn[name].shape) for name in names}

    def objective(step: float) -> float:
        moved = {name: drawn[name] + step * way[name] for name in names}
        return float(graph_values(graph, {**drawn, **moved}).values[graph.objective.name])

    gradients = graph_values(graph, drawn).gradients
    along = sum(float((gradients[name] * way[name]).sum()) for name in names)
    quotient = (objective(_STEP) - objective(-_STEP)) / (2 * _STEP)
    return abs(quotient - along) / max(1.0, abs(along))


def _tape() -> Checked:
    values = example_values()
    _, nodes = example_tape()
    errors = [_apart(nodes[name].value, values.values[name]) for name in nodes]
    errors += [_apart(nodes[name].gradient, g) for name, g in values.gradients.items()]
    facts = {"error": max(errors), "n_variables": len(nodes), "n_given": len(GIVEN)}
    return Checked("tape", max(errors) < _ROUNDING, facts=facts, n_cases=1)


def _tanh(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.tanh(z), 1 - np.tanh(z) ** 2


def _sigmoid(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    h = 1 / (1 + np.exp(-z))
    return h, h * (1 - h)


def _softplus(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.log1p(np.exp(z)), _sigmoid(z)[0]


def _gelu(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    from scipy.stats import norm

    return z * norm.cdf(z), norm.cdf(z) + z * norm.pdf(z)


def _silu(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    s = _sigmoid(z)[0]
    return z * s, s + z * s * (1 - s)


# Written by hand, apart from the derivation that they check: phi and phi'.
_PHI = {"tanh": _tanh, "sigmoid": _sigmoid, "softplus": _softplus, "gelu": _gelu, "silu": _silu}
