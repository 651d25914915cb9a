"""The first weights, in words and formulas."""

from __future__ import annotations

from mlplab.specs.vocabulary.word import Group, Varied, Word

_CHECKED = (
    "Mean, spread and bounds of large draws; a narrower layer holds the first units of a wider "
    "one (`tests/engine/test_common_numbers.py`, `tests/engine/test_initialise.py`)."
)
_HE = "He, Zhang, Ren and Sun (2015), [arXiv 1502.01852](https://arxiv.org/abs/1502.01852)"
_XAVIER = (
    "Glorot and Bengio (2010), Understanding the difficulty of training deep networks, AISTATS"
)
_PREFIX = "Up to the scale, a narrower layer holds the first units of a wider one of the same seed."
_SCALE = Varied("net.init.scale", 1.0, 0.5, says="A factor of every weight.")

INITIALISATION_WORDS = Group(
    "initialisations",
    "First weights: `net.init`",
    "I and O are a layer's inputs and outputs. Weights are drawn by (seed, layer, unit, input); "
    "biases begin at 0, gains at 1.",
    "Variance",
    (
        Word(
            "he",
            "He, normal",
            "--init he",
            "Normal weights that keep the mean square of signals through ReLU layers.",
            r"w \sim N(0, s^2 \cdot 2 / I)",
            r"\mathrm{var}(w) = 2 s^2 / I",
            source=_HE,
            checked=_CHECKED,
            remarks="The default. " + _PREFIX,
            varied=(_SCALE,),
        ),
        Word(
            "he-uniform",
            "He, uniform",
            "--init he-uniform",
            "Uniform weights with the variance of He's.",
            r"w \sim U(-b, b), \quad b = s \sqrt{6 / I}",
            r"\mathrm{var}(w) = b^2 / 3 = 2 s^2 / I",
            source=_HE,
            checked=_CHECKED,
            remarks=_PREFIX,
            varied=(_SCALE,),
        ),
        Word(
            "xavier",
            "Xavier, normal",
            "--init xavier",
            "Normal weights between what keeps signals going forward and gradients going back.",
            r"w \sim N(0, s^2 \cdot 2 / (I + O))",
            r"\mathrm{var}(w) = 2 s^2 / (I + O)",
            source=_XAVIER,
            checked=_CHECKED,
            remarks=_PREFIX,
            varied=(_SCALE,),
        ),
        Word(
            "xavier-uniform",
            "Xavier, uniform",
            "--init xavier-uniform",
            "Uniform weights with the variance of Xavier's.",
            r"w \sim U(-b, b), \quad b = s \sqrt{6 / (I + O)}",
            r"\mathrm{var}(w) = b^2 / 3 = 2 s^2 / (I + O)",
            source=_XAVIER,
            checked=_CHECKED,
            remarks=_PREFIX,
            varied=(_SCALE,),
        ),
        Word(
            "normal",
            "Normal",
            "--init normal:0.01",
            "Normal weights of one standard deviation, whatever the layer.",
            r"w \sim N(0, s^2)",
            r"\mathrm{var}(w) = s^2",
            checked=_CHECKED,
            remarks="A narrower layer holds the first units of a wider one of the same seed.",
            varied=(Varied("net.init.scale", 0.01, 0.1, "STD (s)"),),
        ),
        Word(
            "uniform",
            "Uniform",
            "--init uniform:-1,1",
            "Uniform weights between two bounds, whatever the layer.",
            r"w \sim U(l, h), \quad \text{or } U(-b, b) \text{ with one number}",
            r"\mathrm{var}(w) = (h - l)^2 / 12",
            checked=_CHECKED,
            remarks="`uniform:0.1` is `uniform:-0.1,0.1`. A narrower layer holds the first units "
            "of a wider one of the same seed.",
            varied=(
                Varied(
                    "net.init", "uniform:-1,1", "uniform:0.1", "LOW, HIGH or BOUND", "The bounds."
                ),
            ),
        ),
        Word(
            "orthogonal",
            "Orthogonal",
            "--init orthogonal",
            "Orthonormal rows or columns: lengths are kept on the way through a linear layer.",
            r"W = s Q, \quad Q Q^\top = 1 \ (O \le I) \ \text{ or } \ Q^\top Q = 1 \ (O \ge I)",
            r"\mathrm{var}(w) = s^2 / \max(I, O)",
            source="Saxe, McClelland and Ganguli (2014), "
            "[arXiv 1312.6120](https://arxiv.org/abs/1312.6120); Mezzadri (2007), "
            "[math-ph/0609050](https://arxiv.org/abs/math-ph/0609050)",
            checked="Q times its transpose is the unit matrix (`tests/engine/test_initialise.py`).",
            remarks="Uniform over all such matrices: QR of normal numbers, with the signs that "
            "make it so. Layers of different width share no prefix.",
            varied=(_SCALE,),
        ),
        Word(
            "identity",
            "Identity",
            "--init identity",
            "Ones on the diagonal: each unit begins with one input, units beyond them with none.",
            r"w_{ui} = s \cdot [u = i]",
            r"\text{nothing is drawn}",
            source="Le, Jaitly and Hinton (2015), on recurrent networks of ReLUs, "
            "[arXiv 1504.00941](https://arxiv.org/abs/1504.00941)",
            checked="Equal to numpy's `eye` (`tests/engine/test_initialise.py`).",
            varied=(_SCALE,),
        ),
        Word(
            "constant",
            "Constant",
            "--init constant:0.01",
            "All weights alike, so that the units of a layer stay alike.",
            "w = c",
            r"\mathrm{var}(w) = 0",
            checked="Every weight is c (`tests/engine/test_initialise.py`); exercise 4.3.3 shows "
            "what comes of it.",
            remarks="Units that begin alike and are given the same gradient never part; dropout, "
            "which draws for each unit apart, parts them.",
            varied=(Varied("net.init.value", 0.01, 0.1, "VALUE (c)"),),
        ),
        Word(
            "zeros",
            "Zeros",
            "--init zeros",
            "No weight at all: with ReLU hidden units only the last biases ever move.",
            "w = 0",
            r"\mathrm{var}(w) = 0",
            checked="Every weight is 0 (`tests/engine/test_common_numbers.py`); exercise 4.3.3 "
            "shows what comes of it.",
        ),
    ),
    Varied("net.init", "he", "xavier"),
)
