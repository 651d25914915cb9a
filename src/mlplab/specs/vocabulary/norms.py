"""The norms, in words and formulas."""

from __future__ import annotations

from mlplab.specs.vocabulary.word import Group, Varied, Word

NORM_WORDS = Group(
    "norms",
    "Norms: `net.norm`",
    "z is what comes out of a layer's product, y what its activation is given. The layer's bias "
    "comes after the norm and is its shift b; the gain g is learned, from 1. Epsilon is 1e-5.",
    "Gradient",
    (
        Word(
            "batch",
            "Batch norm",
            "--norm batch",
            "Gives each unit mean 0 and variance 1 over the examples of a batch.",
            r"y_i = g \, n_i + b, \quad n_i = \frac{z_i - \mu}{\sqrt{v + \varepsilon}}, \quad "
            r"\mu = \frac1B \sum_i z_i, \quad v = \frac1B \sum_i (z_i - \mu)^2",
            r"\frac{\partial L}{\partial z_i} = \frac{g}{\sqrt{v + \varepsilon}} \left( \delta_i - "
            r"\overline{\delta} - n_i \, \overline{\delta n} \right), \quad \delta_i = "
            r"\frac{\partial L}{\partial y_i}",
            source="Ioffe and Szegedy (2015), [arXiv 1502.03167](https://arxiv.org/abs/1502.03167)",
            checked="Training equals torch's `batch_norm` by autograd in double precision, for "
            "every activation and optimiser tried there; scoring uses the running statistics "
            "(`tests/engine/test_vocabulary.py`).",
            remarks="Bars are means over the batch. When scored, running means of both stand in, "
            "renewed by a tenth in each step as in torch, the variance with B - 1; an example's "
            "output then depends on no other.",
        ),
        Word(
            "layer",
            "Layer norm",
            "--norm layer",
            "Gives each example mean 0 and variance 1 over the units of a layer.",
            r"y_u = g_u \, n_u + b_u, \quad n_u = \frac{z_u - \mu}{\sqrt{v + \varepsilon}}, \quad "
            r"\mu = \frac1U \sum_u z_u, \quad v = \frac1U \sum_u (z_u - \mu)^2",
            r"\frac{\partial L}{\partial z_u} = \frac{1}{\sqrt{v + \varepsilon}} \left( g_u "
            r"\delta_u - \overline{g \delta} - n_u \, \overline{g \delta n} \right), \quad "
            r"\delta_u = \frac{\partial L}{\partial y_u}",
            source="Ba, Kiros and Hinton (2016), "
            "[arXiv 1607.06450](https://arxiv.org/abs/1607.06450)",
            checked="Training equals torch's `layer_norm` by autograd in double precision; its "
            "outputs have mean 0 and variance 1 (`tests/engine/test_vocabulary.py`).",
            remarks="Bars are means over the units. It is the same in training and when scored.",
        ),
    ),
    Varied("net.norm", "batch", "layer"),
)
