"""Random networks, for tests of their graphs and equations."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st

from mlplab.specs import MLP
from mlplab.specs.activation import ACTIVATION_FORMS
from mlplab.theory.graph.network import LOSSES

NOISES = ("none", "gaussian", "uniform", "multiplicative", "dropout-before", "drop-connect")


@st.composite
def networks(draw):
    """A network, its sizes, and what else its graph depends on."""
    hidden = draw(st.lists(st.sampled_from([1, 3, 4, 4]), max_size=3))
    residual = any(a == b for a, b in pairwise(hidden)) and draw(st.booleans())
    noise = draw(st.sampled_from(NOISES + (("stochastic-depth",) if residual else ())))
    activation = draw(st.sampled_from([*ACTIVATION_FORMS, "prelu:0.3,unit", "elu:0.5"]))
    net = MLP(
        hidden=hidden,
        activation=activation,
        norm=draw(st.sampled_from(["none", "layer"])),
        dropout=draw(st.sampled_from([0.0, 0.4])),
        residual=residual,
        noise=noise,
        noise_strength=0.0 if noise == "none" else 0.3,
    )
    n_outputs = draw(st.integers(1, 3))
    losses = [one for one in LOSSES if n_outputs > 1 or one != "cross-entropy"]
    more = {
        "bias": draw(st.booleans()),
        "l2": draw(st.sampled_from([None, 0.1])),
        "loss": draw(st.sampled_from(["auto", *losses])),
    }
    return net, draw(st.integers(1, 4)), n_outputs, more
